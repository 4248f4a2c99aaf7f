"""The Python API: rows, coverage, explanations and the dictionary of one place, for people who compute with them.

It reads, and creates nothing. It knows no Dagster.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, get_args

import pandas as pd
from rich.console import Console

from nba_assets.api.asked import (
    AskedError,
    NotThereError,
    columns_asked,
    columns_offered,
    days_asked,
    listed,
    one_of,
    players_asked,
    read_range,
    required_days,
    teams_asked,
)
from nba_assets.api.evaluating import Compared, compared
from nba_assets.api.frames import Kind, as_kind, rows_of, typed, whom
from nba_assets.api.nulls import NoWholeRowWarning
from nba_assets.api.readiness import readiness
from nba_assets.api.season_drift import limits_of
from nba_assets.api.standing import Missing, Standing, standing
from nba_assets.api.training import (
    FEATURES,
    OUTCOMES,
    READINESS,
    STORE,
    NotPlayed,
    Request,
    TrainingSet,
    days_by_season,
    features_named,
    in_splits,
    joined_rows,
    request,
    request_of,
)
from nba_assets.api.training_files import changes_since, manifest_of, read_manifest
from nba_assets.evaluation.drift import Drift, drift
from nba_assets.evaluation.evaluate import Evaluation, evaluated
from nba_assets.evaluation.leaks import Known
from nba_assets.evaluation.models import require_extra
from nba_assets.overview.as_json import cell_as_dict
from nba_assets.overview.explain import Explanation
from nba_assets.overview.explain import explain as explanation_of
from nba_assets.overview.explain_text import as_dict, as_tree
from nba_assets.overview.matrix import matrix
from nba_assets.planning.history import history
from nba_assets.schema.contract import column_as_dict
from nba_assets.session import Session, open_session
from nba_assets.settings import Settings, load_settings
from nba_assets.tables import TABLES
from nba_assets.tables.named import table_named
from nba_assets.text import counted, unpadded
from nba_assets.warehouse.registry import WAREHOUSES

Day = date | str
Names = str | Iterable[str]

_WIDE = 160
_COVERAGE_TYPES = {
    **dict.fromkeys(("table", "status", "reason", "code_version"), "string"),
    **dict.fromkeys(("rows", "expected", "required", "complete"), "Int64"),
    **dict.fromkeys(("share", "production_ready_share"), "float64"),
}


class OutOfDateWarning(UserWarning):
    """Rows that were read would come out differently today, or are not those that were asked for."""


@dataclass(frozen=True)
class Explained:
    """Why a partition is what it is: a tree when it is printed, and as JSON has it by `as_dict`."""

    explanation: Explanation

    def __repr__(self) -> str:
        """The tree, as `nba-assets explain` prints it."""
        text = StringIO()
        Console(file=text, width=_WIDE).print(as_tree(self.explanation))
        return unpadded(text.getvalue()).rstrip("\n")

    def as_dict(self) -> dict[str, Any]:
        """What docs/json.md describes."""
        return as_dict(self.explanation)


class Reader:
    """Reads what one place has: that of the given settings, or of the environment's as they are at each call."""

    def __init__(self, settings: Settings | None = None, *, skipped_by: str = "missing='skip'") -> None:
        """`skipped_by` is how the caller's user asks for what is there: errors name it."""
        self._settings = settings
        self._skipped_by = skipped_by

    def __repr__(self) -> str:
        """Source and warehouse; connects to neither."""
        return f"<nba_assets: {self._session().describe()}>"

    def _session(self) -> Session:
        return open_session(self._settings)

    def read(
        self,
        table: str,
        start: Day | None = None,
        end: Day | None = None,
        *,
        season: Names | None = None,
        columns: Names | None = None,
        players: int | str | Iterable[int | str] | None = None,
        teams: Names | None = None,
        missing: Missing = "error",
        as_: Kind = "pandas",
    ) -> Any:
        """The rows of a table from `start` to `end`, both included, or of one season or several, as a DataFrame.

        The types are the same whether or not there are rows: Int64, boolean, string, float64 and datetime64, lists as
        lists. Every table has its date as `game_date`, too. Players go by id or name, teams by code or name. `as_` can
        be "arrow" or "polars". `attrs["statuses"]` counts the dates by status.

        Dates that are not published, or whose rows have been altered since, raise NotThereError; with missing="skip"
        it is a warning, and what is there is returned. Rows that are out of date are an OutOfDateWarning. What cannot
        be asked for raises a ValueError: AskedError, UnknownTableError, NoPartitionError or SettingsError.
        """
        spec = table_named(table)
        chosen = columns_asked(spec, columns)
        session = self._session()
        found = self._standing(session, spec.name, required_days(session, start, end, season), missing, season is None)
        rows = found.rows
        if players is not None:
            rows = rows_of(rows, whom(spec, "player"), players_asked(session, found.days, players))
        if teams is not None:
            rows = rows_of(rows, whom(spec, "team"), teams_asked(teams))
        frame = typed(rows, spec, chosen)
        frame.attrs = {"table": spec.name, "statuses": found.statuses()}
        return as_kind(frame, chosen, as_)

    def _standing(self, session: Session, table: str, days: list[date], missing: Missing, is_typed: bool) -> Standing:
        """The rows that stand; what is to be said of them is said."""
        one_of(missing, get_args(Missing), f"missing='{missing}' is not possible")
        found = standing(session, TABLES[table], days, typed=is_typed)
        for lack in found.lacks():
            if missing == "error":
                raise NotThereError(
                    f"{lack.what} {lack.next_step}. Or take what is there, with {self._skipped_by}. "
                    f"({session.describe()})"
                )
            _warn(f"{lack.what} {lack.next_step}")
        if outdated := found.outdated():
            _warn(f"{table}: {outdated.what} {outdated.next_step}")
        return found

    def training_set(
        self,
        *,
        features: Names | None = None,
        label: str = "points",
        seasons: Names | None = None,
        split: Day | Iterable[Day] = "season",
        not_played: NotPlayed = "drop",
        missing: Missing = "error",
        manifest: str | Path | None = None,
    ) -> TrainingSet:
        """What was known before each game, joined to what became of it: `train`, `validation`, `test`.

        `features` are columns of the feature store, by default all of its vector; `label` is a column of
        player_game_summary, or a sum like "points+rebounds+assists". Of `seasons` (default: all that was built) the
        last one tests and the one before it validates; or `split` is one date or two, where validation and test begin.
        Who was expected and did not play is left out, or with not_played="keep" has no label and `played` False. Where
        no row of a split has all features, so that `dropna` would leave nothing, a NoWholeRowWarning says so.

        With `manifest`, a directory or file of an older set, the set is made again as it says; where it comes out
        otherwise, `changes` says why, and an OutOfDateWarning. It is given alone: AskedError for anything beside it.
        """
        session = self._session()
        others: dict[str, Any] = {"split": split, "not_played": not_played, "missing": missing}
        if manifest is not None:
            _require_alone(features=features, label=label, seasons=seasons, **others)
            return self._repeated(session, read_manifest(manifest))
        return self._made(session, request(session, features=features, label=label, seasons=seasons, **others))

    def _repeated(self, session: Session, older: dict[str, Any]) -> TrainingSet:
        """The set of a manifest as it comes out today, with what has changed."""
        made = self._made(session, request_of(older))
        made = replace(made, changes=changes_since(older, made.manifest))
        for change in made.changes:
            _warn(f"the training set is not that of its manifest: {change}")
        return made

    def _made(self, session: Session, asked: Request) -> TrainingSet:
        """The set that is asked for, of the rows that stand."""
        outcomes = self._standing(session, OUTCOMES.name, asked.all_days, asked.missing, False)
        if not outcomes.days:
            raise NotThereError(f"no results are due yet of {asked.all_days[0]} … {asked.all_days[-1]}")
        store = self._standing(session, STORE.name, list(outcomes.days), asked.missing, False)
        rows, left_out = joined_rows(asked, store, outcomes)
        frames = in_splits(asked, rows)
        reasons = {name: of_split.pop(READINESS) for name, of_split in frames.items()}
        made = TrainingSet(asked, frames, reasons, left_out, {})
        _warn_where_none_is_whole(made)
        return replace(made, manifest=manifest_of(session, made, store, outcomes))

    def evaluate(
        self,
        *,
        label: str = "points",
        features: Names | None = None,
        seasons: Names | None = None,
        known: Known = "morning",
        extra: pd.DataFrame | None = None,
        missing: Missing = "error",
        progress: Callable[[str], None] = lambda _: None,
    ) -> Evaluation:
        """How good features are on the last of `seasons`, after training on the others: all built, by default.

        Two plain models beside simple means, on everybody who played (A) and on who plays much (C): mean absolute
        errors, their ratios to the last-10 mean with a bootstrap error, by month and by role, which features count, and
        alarms for what knows the result. `extra` has more features, by game_date and player_id; `known` says from when
        on the features are known. Takes scikit-learn and matplotlib: `pip install 'nba-assets[ml]'`.

        Raises AskedError, NotThereError, ExtraMissingError, and TooFewError without games to learn from or to test on.
        """
        require_extra()
        session = self._session()
        wanted = compared(label, features, known, extra)
        days = days_by_season(session, seasons)
        if len(days) < 2:
            what = f"{', '.join(days)} is one season, and the last one tests what the others teach"
            raise AskedError(f"{what}: name another, or build it with nba-assets backfill --season")
        return self._evaluated(session, wanted, days, missing, progress)

    def _evaluated(
        self,
        session: Session,
        wanted: Compared,
        days: dict[str, list[date]],
        missing: Missing,
        progress: Callable[[str], None],
    ) -> Evaluation:
        every = _in_order(days)
        progress("reading")
        outcomes = self._standing(session, OUTCOMES.name, every, missing, False)
        if not outcomes.days:
            raise NotThereError(f"no results are due yet of {', '.join(days)}")
        store = self._standing(session, STORE.name, list(outcomes.days), missing, False)
        rows = wanted.rows(store, outcomes)
        return evaluated(rows, wanted.names, label=wanted.label, test=max(days), known=wanted.known, progress=progress)

    def drift(
        self, *, baseline: Names, current: Names, features: Names | None = None, missing: Missing = "error"
    ) -> Drift:
        """How the features of some seasons differ from those of others: shares of NULL, means, and a stability index.

        All rows of the feature store that are published count. From where on one has drifted, NBA_DRIFT_PSI and
        NBA_DRIFT_NULL_SHARE say. Raises AskedError, also where a season is on both sides, and NotThereError.
        """
        session = self._session()
        names = features_named(features)
        of_both = [days_by_season(session, seasons) for seasons in (baseline, current)]
        if common := [season for season in of_both[0] if season in of_both[1]]:
            raise AskedError(f"{', '.join(common)} is in baseline and current: a season has not drifted from itself")
        old, new = (self._features_on(session, days, missing) for days in map(_in_order, of_both))
        named = {"baseline": ", ".join(of_both[0]), "current": ", ".join(of_both[1])}
        return drift(old, new, names, **named, limits=limits_of(session))

    def _features_on(self, session: Session, days: list[date], missing: Missing) -> pd.DataFrame:
        """The rows of the feature store; NotThereError if there are none."""
        rows = self._standing(session, STORE.name, days, missing, False).rows
        if rows.empty:
            raise NotThereError(f"{STORE.name} has no row from {days[0]} to {days[-1]}. ({session.describe()})")
        return rows

    @staticmethod
    def readiness(rows: pd.DataFrame) -> pd.Series:
        """What each row of the feature store, as `read` gives it, is short of: "ready", or a comma list of reasons.

        "history short": fewer than 5 games; "zones unknown": shots that are not loaded; "report missing": no injury
        report; "games missing": box scores that are not loaded; "no points" in his last 10 games; "rest by team": a Cup
        final whose box score is not loaded; "gap accepted": a person has published the date as it is. AskedError if the
        rows lack missing_features, data_quality_issues or is_production_ready.
        """
        return readiness(rows, FEATURES)

    def coverage(
        self,
        start: Day | None = None,
        end: Day | None = None,
        *,
        season: Names | None = None,
        tables: Names | None = None,
    ) -> pd.DataFrame:
        """What every table has for every date: one row each, with its status and why, and its numbers.

        All history and all tables, where nothing else is named.
        """
        session = self._session()
        names = [table_named(name).name for name in listed(tables)] if tables is not None else list(TABLES)
        days = days_asked(session, start, end, season) or history(session)
        if not days:
            raise NotThereError(
                f"nothing has been built yet: run nba-assets backfill START END. ({session.describe()})"
            )
        found = matrix(session, days[0], days[-1], tables=names)
        asked = set(days)
        cells = [cell_as_dict(cell) for cell in found.cells() if cell.partition.day in asked]
        frame = pd.DataFrame(cells, columns=["date", *_COVERAGE_TYPES]).astype(_COVERAGE_TYPES)
        frame.insert(0, "game_date", pd.to_datetime(frame.pop("date")).astype("datetime64[ns]"))
        return frame

    def explain(self, table: str, day: Day) -> Explained:
        """Why a partition is what it is, down to the roots, and the commands that repair it; printed, a tree."""
        session = self._session()
        name = table_named(table).name
        [partition_day] = read_range(session, day, day, names=("day", "day"))
        return Explained(explanation_of(session, name, partition_day))

    def dictionary(self, table: str) -> pd.DataFrame:
        """The columns of a table: type, unit, whether and when it is NULL, lowest and highest value, what it means."""
        columns = columns_offered(table_named(table))
        texts = dict.fromkeys(("column", "type", "unit", "null_when", "description"), "string")
        return pd.DataFrame([column_as_dict(column) for column in columns]).astype(texts | _BOUNDS)


def _in_order(days: dict[str, list[date]]) -> list[date]:
    return sorted(day for of_season in days.values() for day in of_season)


def _require_alone(**beside: Any) -> None:
    """AskedError unless the arguments of `training_set` beside a manifest are those that it has by itself."""
    usual = Reader.training_set.__kwdefaults__ or {}
    if any(type(given) is not type(usual[name]) or given != usual[name] for name, given in beside.items()):
        raise AskedError("the manifest says what the set is made of: give it alone")


def _warn_where_none_is_whole(made: TrainingSet) -> None:
    splits = [name for name in made.frames if not made.whole(name)]
    if not splits:
        return
    what = f"in no row of {' or of '.join(splits)} all of {counted(len(made.features), 'feature')} are known"
    never = sorted({feature for name in splits for feature in made.unknown(name)}, key=made.features.index)
    instead = f", or leave out what never is: {', '.join(never)}" if never else ""
    _warn(f"{what}: dropna would leave nothing. Fill what is NULL{instead}", NoWholeRowWarning)


_BOUNDS = {"minimum": "float64", "maximum": "float64"}


def _warn(text: str, category: type[UserWarning] = OutOfDateWarning) -> None:
    """Shown with the line that has called the API."""
    level, frame = 1, inspect.currentframe()
    while frame is not None and frame.f_globals["__name__"].startswith("nba_assets."):
        level, frame = level + 1, frame.f_back
    warnings.warn(text, category, stacklevel=level)


def open_reader(home: str | Path | None = None, *, warehouse: str | Path | None = None, **settings: Any) -> Reader:
    """A reader of another place than the environment's: of a home, or of a warehouse.

    `warehouse` is "duckdb", "bigquery" or a DuckDB file. Any other setting of the README can be given without its
    NBA_, in lower case: source="files", data_dir="…", bigquery_project="…".
    """
    for name in settings:
        one_of(name, Settings.model_fields, f"there is no setting '{name}'")
    given: dict[str, Any] = {**settings}
    if home is not None:
        given["home"] = _existing(Path(home))
    if warehouse is not None and str(warehouse) not in WAREHOUSES:
        given |= {"warehouse": "duckdb", "duckdb_path": _existing(Path(warehouse))}
    elif warehouse is not None:
        given["warehouse"] = str(warehouse)
    return Reader(load_settings(**given))


def _existing(place: Path) -> Path:
    if not place.exists():
        raise AskedError(f"there is no {place.absolute()}: nothing has been built there")
    return place
