"""Training sets: what was known before each game, joined to what became of it, in splits one after the other in time.

How a set is written, and compared with an older one, is in `training_files`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from functools import cached_property, reduce
from operator import add
from pathlib import Path
from typing import Any, Literal, get_args

import pandas as pd

from nba_assets.api.asked import GAME_DATE, AskedError, days_of_season, one_of, read_date, read_season, some
from nba_assets.api.frames import DTYPES, typed
from nba_assets.api.nulls import as_lines, null_shares
from nba_assets.api.readiness import READY, counted_reasons, readiness
from nba_assets.api.standing import Missing, Standing, published_in_both
from nba_assets.league.calendar import seasons_between
from nba_assets.planning.history import history
from nba_assets.schema.contract import NEVER, Column, ColumnType, columns_of
from nba_assets.schema.reads import GAME, PLAYER
from nba_assets.schema.table import Phase
from nba_assets.session import Session
from nba_assets.tables import TABLES, WITH_FEATURES
from nba_assets.text import counted, joined

NotPlayed = Literal["drop", "keep"]

STORE, FEATURES = WITH_FEATURES[-1]
"""What is known before a game."""

OUTCOMES = next(t for t in TABLES.values() if t.phase == Phase.POST_GAME and PLAYER in t.keys)
"""What became of it."""

TRAIN, VALIDATION, TEST = SPLITS = ("train", "validation", "test")
LABEL, PLAYED = "label", "played"
READINESS = "readiness"

_KEYS = (GAME_DATE, "season", GAME, PLAYER, "team", "opponent")
_JOINED_BY = [GAME_DATE, GAME, PLAYER]
_NUMBERS = (ColumnType.INTEGER, ColumnType.FLOAT, ColumnType.BOOLEAN)
_ALSO_CALLED = {"rebounds": "reb", "assists": "ast", "steals": "stl", "blocks": "blk", "turnovers": "tov"}
_MOST_NAMED = 5
_NOTHING_BUILT = "nothing has been built yet: run nba-assets backfill START END"


@dataclass(frozen=True)
class Request:
    """What a training set is to be made of; with the same rows stored, the same request gives the same set.

    `splits` are the ranges of dates, first and last, of each split; `label` is a column or a sum like "points+reb".
    """

    features: tuple[str, ...]
    label: str
    splits: Mapping[str, tuple[tuple[str, str], ...]]
    not_played: NotPlayed
    missing: Missing

    def days(self, split: str) -> list[date]:
        """The dates of a split."""
        ranges = self.splits[split]
        return [day.date() for first, last in ranges for day in pd.date_range(first, last)]

    @property
    def all_days(self) -> list[date]:
        """The dates of all splits."""
        return sorted(day for split in self.splits for day in self.days(split))

    def as_dict(self) -> dict[str, Any]:
        """As the manifest has it."""
        return asdict(self)


def request(
    session: Session,
    *,
    features: str | Iterable[str] | None,
    label: str,
    seasons: str | Iterable[str] | None,
    split: date | str | Iterable[date | str],
    not_played: NotPlayed,
    missing: Missing,
) -> Request:
    """What is asked for, with all that was left open; AskedError for what cannot be."""
    _require_possible(not_played, missing)
    days = days_by_season(session, seasons)
    splits = _by_season(days) if split == "season" else _by_date(days, split)
    return Request(features_named(features), label_named(label), splits, not_played, missing)


def _require_possible(not_played: NotPlayed, missing: Missing) -> None:
    one_of(missing, get_args(Missing), f"missing='{missing}' is not possible")
    one_of(not_played, get_args(NotPlayed), f"not_played='{not_played}' is not possible")


def days_by_season(session: Session, seasons: str | Iterable[str] | None) -> dict[str, list[date]]:
    """The dates of the seasons that are named; of all that has been attempted, where none is.

    AskedError where nothing has been built at all.
    """
    if seasons is not None:
        found = {name: days_of_season(session, name) for name in sorted(map(read_season, some(seasons, "season")))}
        if not history(session):
            raise AskedError(_NOTHING_BUILT)
        return found
    attempted = history(session)
    found = {name: sorted({*attempted} & {*days_of_season(session, name)}) for name in seasons_between(attempted)}
    if not any(found.values()):
        raise AskedError(_NOTHING_BUILT)
    return {name: days for name, days in found.items() if days}


def request_of(manifest: Mapping[str, Any]) -> Request:
    """What the set of a manifest was made of; AskedError if it is damaged, or names what is no longer there."""
    try:
        asked = manifest["request"]
        splits = {
            name: tuple((str(read_date(first)), str(read_date(last))) for first, last in ranges)
            for name, ranges in asked["splits"].items()
            if name in SPLITS
        }
        features, label = features_named(asked["features"]), label_named(asked["label"])
        _require_possible(asked["not_played"], asked["missing"])
        return Request(features, label, splits, asked["not_played"], asked["missing"])
    except AskedError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise AskedError(f"the manifest is damaged: its request cannot be read ({error})") from error


def features_named(names: str | Iterable[str] | None) -> tuple[str, ...]:
    """The features of these names, by default all of the vector; AskedError for others."""
    if names is None:
        return FEATURES.names
    known = [c.name for c in columns_of(STORE.contract) if c.type in _NUMBERS and not c.is_key]
    return tuple(one_of(name, known, f"{STORE.name} has no feature '{name}'") for name in some(names, "feature"))


def label_named(text: str) -> str:
    """A label or a sum of labels by their columns' names: "points+rebounds" is "points+reb"; AskedError for others."""
    if not isinstance(text, str):
        raise AskedError(
            f"a label is the name of a column of {OUTCOMES.name}, or a sum like 'points+reb', not {text!r}"
        )
    known = [c.name for c in columns_of(OUTCOMES.contract) if c.type in _NUMBERS and not c.is_key]
    offered, parts = [*known, *_ALSO_CALLED], [part.strip() for part in text.split("+")]
    names = [one_of(part, offered, f"{OUTCOMES.name} has no label '{part or text}'") for part in parts]
    return "+".join(_ALSO_CALLED.get(name, name) for name in names)


def _by_season(days: Mapping[str, Sequence[date]]) -> dict[str, tuple[tuple[str, str], ...]]:
    """The last season tests, the one before validates; of two the first trains."""
    if len(days) < 2:
        raise AskedError(f"{', '.join(days)} is one season: give more, or split it at dates, like split='2022-02-01'")
    ranges = [(str(of_season[0]), str(of_season[-1])) for of_season in days.values()]
    if len(ranges) == 2:
        return {TRAIN: (ranges[0],), TEST: (ranges[1],)}
    return {TRAIN: tuple(ranges[:-2]), VALIDATION: (ranges[-2],), TEST: (ranges[-1],)}


def _by_date(
    days: Mapping[str, Sequence[date]], split: date | str | Iterable[date | str]
) -> dict[str, tuple[tuple[str, str], ...]]:
    """From the last of the dates on it tests, from the first of two it validates."""
    given = [split] if isinstance(split, str) or not isinstance(split, Iterable) else split
    cuts = [read_date(one, "split") for one in given]
    if len(cuts) not in (1, 2) or cuts != sorted(set(cuts)):
        raise AskedError("split is 'season', or one or two dates, the earlier first: where validation and test begin")
    names = (TRAIN, TEST) if len(cuts) == 1 else SPLITS
    bounds = [date.min, *cuts, date.max]
    splits = {}
    for name, first, end in zip(names, bounds, bounds[1:], strict=False):
        inside = [[day for day in of_season if first <= day < end] for of_season in days.values()]
        splits[name] = tuple((str(some[0]), str(some[-1])) for some in inside if some)
        if not splits[name]:
            raise AskedError(f"split at {', '.join(map(str, cuts))}: no date of {', '.join(days)} is left for {name}")
    return splits


@dataclass(frozen=True)
class TrainingSet:
    """The rows by split, in `features` and `label`, and what was left out. Printed, a report.

    `readiness` has for the rows of each split "ready", or what they are short of, whichever features were chosen.
    `changes` says how it differs from the set of the manifest that it repeats.
    """

    request: Request
    frames: Mapping[str, pd.DataFrame]
    readiness: Mapping[str, pd.Series]
    left_out: Mapping[str, int]
    manifest: Mapping[str, Any]
    changes: tuple[str, ...] = ()

    @property
    def features(self) -> list[str]:
        """The names of the features, in their order."""
        return list(self.request.features)

    @property
    def live(self) -> list[str]:
        """The features to begin with: known and varying in the rows to learn from, and known in every other split."""
        others = {name for split in self.frames for name in self.unknown(split)}
        return [name for name in self.features if name not in others and name not in self.constant(TRAIN)]

    @property
    def train(self) -> pd.DataFrame:
        """What to learn from."""
        return self.frames[TRAIN]

    @property
    def validation(self) -> pd.DataFrame:
        """What to choose by; AskedError if the set was split in two."""
        if VALIDATION not in self.frames:
            raise AskedError("this set has no validation: it takes three seasons, or two dates to split at")
        return self.frames[VALIDATION]

    @property
    def test(self) -> pd.DataFrame:
        """What to be judged by, once."""
        return self.frames[TEST]

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """What its columns are."""
        return columns_of_set(self.request)

    def unknown(self, split: str) -> list[str]:
        """The features that no row of a split has: `dropna` would leave nothing of it."""
        return [name for name in self.features if self.frames[split][name].isna().all()]

    def constant(self, split: str) -> list[str]:
        """The features that have one value in all rows of a split."""
        return [name for name in self.features if self.frames[split][name].nunique() == 1]

    def whole(self, split: str) -> int:
        """How many rows of a split have all features: what `dropna` leaves of it."""
        return len(self.frames[split].dropna(subset=self.features))

    @cached_property
    def nulls(self) -> pd.DataFrame:
        """A line per feature: its share of NULL in each season's rows, and as `null_when` the reason."""
        columns = {column.name: column for column in self.columns}
        return null_shares(self.all_rows, [columns[name] for name in self.features])

    @property
    def all_rows(self) -> pd.DataFrame:
        """The rows of all splits, one after the other."""
        return pd.concat(self.frames.values(), ignore_index=True)

    def write(self, directory: str | Path) -> None:
        """Write Parquet files, dictionary.csv and manifest.json; AskedError for a directory with anything else."""
        from nba_assets.api.training_files import write  # which has to know what a set is

        write(self, Path(directory))

    def __repr__(self) -> str:
        """Rows, dates, what was left out, what no model can learn from, and what is NULL in which season, and why."""
        lines = [f"{self.request.label} by {counted(len(self.features), 'feature')}"]
        for name, rows in self.frames.items():
            ranges = self.request.splits[name]
            lines.append(
                f"{name}: {counted(len(rows), 'row')}, {ranges[0][0]} … {ranges[-1][1]}, "
                f"{self.whole(name):,} without NULL"
            )
            same = [_with_reason(feature) for feature in self.constant(name)]
            lines.append(f"  rows by readiness: {_reasons(self.readiness[name])}")
            for what, found in (("never known", self.unknown(name)), ("always the same", same)):
                lines += [f"  {what}: {joined(found, _MOST_NAMED)}"] if found else []
        lines += [f"left out: {number:,} {why}" for why, number in self.left_out.items() if number]
        lines += as_lines(self.nulls)
        return "\n".join([*lines, *(f"changed: {change}" for change in self.changes)])


def _reasons(readiness: pd.Series) -> str:
    """ "20,000 ready, 3,000 zones unknown": those that are ready first, also if there are none."""
    found = counted_reasons(readiness)
    return ", ".join(f"{number:,} {reason}" for reason, number in ({READY: 0} | found).items())


def _with_reason(name: str) -> str:
    """ "playoff_game (but for the playoffs)" """
    reason = next((feature.constant_when for feature in FEATURES if feature.name == name), None)
    return name if reason is None else f"{name} ({reason})"


def columns_of_set(asked: Request) -> tuple[Column, ...]:
    """Keys, features, whether he played, and the label."""
    of_store = {c.name: c for c in columns_of(STORE.contract)}
    parts = _parts(asked.label)
    label = replace(
        parts[0],
        name=LABEL,
        type=_type_of(parts),
        nullable=(unknown := _label_unknown(asked, parts)) is not None,
        null_when=unknown,
        description=f"What became of it: {' + '.join(asked.label.split('+'))} of {OUTCOMES.name}",
    )
    played = replace(
        of_store["is_production_ready"], name=PLAYED, nullable=False, description="Played in the game", unit=None
    )
    return (*(of_store[name] for name in (*_KEYS, *asked.features)), played, label)


def _label_unknown(asked: Request, parts: Sequence[Column]) -> str | None:
    reasons = [c.null_when for c in parts if c.null_when is not None]
    reasons += ["if he did not play"] if asked.not_played == "keep" else []
    return ", or ".join(reason for reason in dict.fromkeys(reasons) if reason != NEVER) or (NEVER if reasons else None)


def joined_rows(asked: Request, store: Standing, outcomes: Standing) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows of all splits, in order of date, game and player, and how many were left out, by reason.

    Beside the columns of the set each row has its readiness.

    Dates that are not published in both tables are left out: there, nobody can be said not to have played. For the same
    reason rows of games without any outcome.
    """
    known = published_in_both(store, outcomes)
    results = outcomes.rows[[*_JOINED_BY]].assign(**{LABEL: summed(outcomes.rows, asked.label), PLAYED: True})
    rows = store.rows[store.rows[GAME_DATE].isin(known)].merge(results, on=_JOINED_BY, how="left", validate="1:1")
    rows[PLAYED] = rows[PLAYED].eq(True)
    has_outcome = rows[GAME].isin(results[GAME])
    is_left = has_outcome & (rows[PLAYED] | (asked.not_played == "keep"))
    left_out = {
        "did not play": int((has_outcome & ~is_left).sum()),
        "of games without outcomes": int((~has_outcome).sum()),
        "played without features": int(results[GAME_DATE].isin(known).sum() - rows[PLAYED].sum()),
    }
    in_order = rows[is_left].sort_values(_JOINED_BY, kind="stable")
    ready = readiness(in_order, FEATURES).array
    return typed(in_order, STORE, columns_of_set(asked)).assign(**{READINESS: ready}), left_out


def summed(rows: pd.DataFrame, label: str) -> pd.Series:
    """The sum of the label's columns, NULL where one of them is; a single column as it is."""
    parts = _parts(label)
    dtype = DTYPES.get(_type_of(parts), "float64")
    return reduce(add, [rows[part.name].astype(dtype) for part in parts])


def _parts(label: str) -> list[Column]:
    """The columns whose sum a label is."""
    of_outcomes = {c.name: c for c in columns_of(OUTCOMES.contract)}
    return [of_outcomes[name] for name in label.split("+")]


def _type_of(parts: Sequence[Column]) -> ColumnType:
    """Of a single column its own, of a sum the one that takes them all."""
    if len(parts) == 1:
        return parts[0].type
    return ColumnType.FLOAT if ColumnType.FLOAT in {c.type for c in parts} else ColumnType.INTEGER


def in_splits(asked: Request, rows: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The rows of each split; AskedError if one has none."""
    frames = {}
    for name in asked.splits:
        inside = rows[GAME_DATE].isin(pd.DatetimeIndex(asked.days(name)).as_unit("ns"))
        frames[name] = rows[inside].reset_index(drop=True)
        if frames[name].empty:
            first, last = asked.splits[name][0][0], asked.splits[name][-1][1]
            raise AskedError(f"{name}, {first} … {last}, would have no row: nobody has a row and an outcome there")
    return frames
