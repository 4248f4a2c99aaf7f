"""What a source is: something that reads nba_api-shaped result sets, one season at a time.

The shape of every result set is declared here once, and every source's frames pass `conform` before anybody
computes with them. How a result set becomes a raw table is the business of `tables/raw_*.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.clocks import clock_text
from nba_assets.league.game_ids import is_game_id, normal_game_ids

log = logging.getLogger(__name__)


class ResultSet(StrEnum):
    """The result sets that the raw tables are made of, named after the endpoint they come from."""

    SCHEDULE = "scheduleleaguev2"
    TEAM_LOG = "leaguegamelog_team"
    PLAYER_LOG = "leaguegamelog_player"
    BOX_SCORES = "boxscore_players"
    INACTIVES = "inactive_players"
    SHOTS = "shotchartdetail"
    PLAY_BY_PLAY = "playbyplayv3_shots"
    INJURY_REPORTS = "injury_report"
    GAME_LINES = "game_lines"
    BIRTH_DATES = "commonteamroster"


GAME_LOGS = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG)

OPTIONAL_RESULT_SETS = frozenset(
    {ResultSet.PLAY_BY_PLAY, ResultSet.INJURY_REPORTS, ResultSet.GAME_LINES, ResultSet.BIRTH_DATES}
)

OF_NO_DATE = frozenset({ResultSet.BIRTH_DATES})
"""Result sets whose rows are of no game and no date: they are true of all of their season."""


class SourceError(Exception):
    """A source cannot deliver what was asked of it; nothing was published from it."""


class SeasonNotCoveredError(SourceError):
    """A source has nothing at all of a season."""


class SourceSchemaError(SourceError):
    """A result set does not have the declared columns or types."""


class SourceSettingsError(ValueError):
    """The settings do not say enough for a source to be opened; the message names the setting."""


class Snapshot(NamedTuple):
    """A result set of a season as it is at hand, and a mark that changes whenever it does."""

    version: str
    frame: pd.DataFrame


class Shortfall(NamedTuple):
    """What of a date was incomplete: result sets, and of which games; None is all of them."""

    result_sets: frozenset[ResultSet]
    games: frozenset[str] | None


class OutOfReach(NamedTuple):
    """A source that was asked from one moment to another and gave no good answer: why, and what to do about it."""

    site: str
    since: datetime
    tried: datetime
    why: str
    advice: str
    commands: tuple[str, ...]


class Source(Protocol):
    """Where raw data comes from. Implementations: see `registry`."""

    name: str
    counting_types: frozenset[str]
    """Game types that the source has box scores for; others are not expected."""
    is_asked: bool
    """Whether there is somebody who may say something else when asked again."""

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """The rows of one season, at least those of games on `dates` (all, if None); more may come.

        Of no dates at all (an empty sequence) it is whatever is at hand: nobody is asked for more.

        None where the source does not have that result set for that season. The frame has the columns of
        `COLUMNS[result_set]`, conformed. Raises SourceError, never returns a part in silence.
        """
        ...

    def would_ask(self, result_set: ResultSet, season: str, dates: Sequence[date] | None) -> bool:
        """Whether `read` would ask somebody, what is at hand being not all of it."""
        ...

    def version(self, result_set: ResultSet, season: str) -> str | None:
        """A mark of what is at hand, quick to get, that changes whenever it does.

        None where nothing is at hand, or where the source cannot tell: then nothing is compared.
        """
        ...

    def snapshot(self, result_set: ResultSet, season: str) -> Snapshot | None:
        """What is at hand, nobody being asked; None where `version` is. Raises SourceError."""
        ...

    def never_asked(self, result_set: ResultSet, season: str, games: Collection[str]) -> set[str]:
        """Those of some games of which nothing is at hand because nobody has asked for it yet."""
        ...

    def schedule_fetched_on(self, season: str) -> date | None:
        """The Eastern date on which the schedule at hand was fetched; None if nobody can be asked for a newer one."""
        ...

    def renew(self, dates: Collection[date], result_sets: Collection[ResultSet] = tuple(ResultSet)) -> bool:
        """Have what is read of these dates and result sets next asked for again, though it is at hand.

        False if there is nothing to be asked again. Raises SourceError.
        """
        ...

    def renew_short(self, short: Mapping[date, Shortfall]) -> bool:
        """The same of what was incomplete alone, and of that not what was asked for a moment ago."""
        ...

    def out_of_reach(self) -> OutOfReach | None:
        """None if its last answer was a good one, if nobody has asked yet, or nobody can."""
        ...

    def unsettled(self, short: Mapping[date, Shortfall]) -> list[date]:
        """The dates of which it may help now to ask again for what was incomplete. Raises SourceError."""
        ...

    def settled_games(self, season: str) -> frozenset[str]:
        """The games of whose players nothing else is to be expected, should it be doubtful; nobody is asked.

        Raises SourceError.
        """
        ...


class NobodyToAsk:
    """The part of a Source that has what it has: asking again is of no use."""

    is_asked = False

    def would_ask(self, result_set: ResultSet, season: str, dates: Sequence[date] | None) -> bool:  # noqa: ARG002
        """Never."""
        return False

    def never_asked(self, result_set: ResultSet, season: str, games: Collection[str]) -> set[str]:  # noqa: ARG002
        """None: nobody has to ask."""
        return set()

    def schedule_fetched_on(self, season: str) -> date | None:  # noqa: ARG002
        """None: what it has is believed."""
        return None

    def renew(self, dates: Collection[date], result_sets: Collection[ResultSet] = ()) -> bool:  # noqa: ARG002
        """Nothing to be done: it is looked at at every reading anyway."""
        return False

    def renew_short(self, short: Mapping[date, Shortfall]) -> bool:  # noqa: ARG002
        """Nothing to be done."""
        return False

    def out_of_reach(self) -> OutOfReach | None:
        """None: it is here."""
        return None

    def unsettled(self, short: Mapping[date, Shortfall]) -> list[date]:  # noqa: ARG002
        """None: it says the same however often it is asked."""
        return []

    def settled_games(self: Source, season: str) -> frozenset[str]:
        """The games of all nights but the newest: whoever brought that one has brought what there is of the others."""
        log = self.read(ResultSet.PLAYER_LOG, season, ())
        if log is None:
            return frozenset()
        nights = log["GAME_DATE"].str[:10]
        return frozenset(log.loc[nights < nights.max(), "GAME_ID"])


class Unversioned(NobodyToAsk):
    """The part of a Source that cannot tell without being read what it would say: nothing is compared."""

    def version(self, result_set: ResultSet, season: str) -> str | None:  # noqa: ARG002
        """None: it cannot tell."""
        return None

    def snapshot(self, result_set: ResultSet, season: str) -> Snapshot | None:  # noqa: ARG002
        """None: nothing is at hand."""
        return None


# Column -> kind: "str", "int", "float" or "bool"; a "?" marks columns that may hold NULL.
_GAME_LOG_STATISTICS = dict.fromkeys("PTS FGM FGA FG3M FG3A FTM FTA OREB DREB REB AST STL BLK TOV PF".split(), "int")
COLUMNS: dict[ResultSet, dict[str, str]] = {
    ResultSet.SCHEDULE: {
        "seasonYear": "str",
        "gameId": "str?",
        "gameDateEst": "str",
        "gameDateTimeUTC": "str?",
        "gameStatus": "int",
        "postponedStatus": "str?",
        "gameLabel": "str?",
        "arenaName": "str?",
        "arenaCity": "str?",
        "homeTeam_teamTricode": "str?",
        "homeTeam_score": "int?",
        "awayTeam_teamTricode": "str?",
        "awayTeam_score": "int?",
    },
    ResultSet.TEAM_LOG: {
        "TEAM_ID": "int",
        "TEAM_ABBREVIATION": "str",
        "GAME_ID": "str",
        "GAME_DATE": "str",
        "MATCHUP": "str",
        "WL": "str?",
        "MIN": "int",
        **_GAME_LOG_STATISTICS,
    },
    ResultSet.PLAYER_LOG: {
        "PLAYER_ID": "int",
        "PLAYER_NAME": "str",
        "TEAM_ID": "int",
        "TEAM_ABBREVIATION": "str",
        "GAME_ID": "str",
        "GAME_DATE": "str",
        "MIN": "int",
        **_GAME_LOG_STATISTICS,
        "PLUS_MINUS": "int",
    },
    ResultSet.BOX_SCORES: {
        "gameId": "str",
        "teamId": "int",
        "teamTricode": "str",
        "personId": "int",
        "playerName": "str",
        "starter": "bool?",
        "minutes": "str?",
        "comment": "str?",
    },
    ResultSet.INACTIVES: {
        "GAME_ID": "str",
        "TEAM_ID": "int",
        "TEAM_ABBREVIATION": "str",
        "PLAYER_ID": "int",
        "PLAYER_NAME": "str",
    },
    ResultSet.SHOTS: {
        "GAME_ID": "str",
        "GAME_EVENT_ID": "int",
        "PLAYER_ID": "int",
        "TEAM_ID": "int",
        "PERIOD": "int",
        "MINUTES_REMAINING": "int",
        "SECONDS_REMAINING": "int",
        "SHOT_TYPE": "str",
        "SHOT_ZONE_BASIC": "str",
        "LOC_X": "int",
        "LOC_Y": "int",
        "SHOT_MADE_FLAG": "int",
        "GAME_DATE": "str",
    },
    ResultSet.PLAY_BY_PLAY: {
        "gameId": "str",
        "actionNumber": "int",
        "teamId": "int",
        "personId": "int",
        "made": "bool",
        "assisted": "bool",
        "blocked": "bool",
    },
    ResultSet.INJURY_REPORTS: {
        "reportDate": "str",
        "gameDate": "str",
        "teamName": "str",
        "playerName": "str?",
        "playerStatus": "str?",
        "playerReason": "str?",
    },
    ResultSet.GAME_LINES: {
        "gameId": "str",
        "gameDateEst": "str",
        "homeSpread": "float?",
        "total": "float?",
    },
    ResultSet.BIRTH_DATES: {
        "TeamID": "int",
        "PLAYER": "str",
        "PLAYER_ID": "int",
        "BIRTH_DATE": "str?",
    },
}


def conform(frame: pd.DataFrame, result_set: ResultSet, *, origin: str, season: str | None = None) -> pd.DataFrame:
    """The declared columns of a result set in their declared types, or a SourceSchemaError.

    `origin` names the file or endpoint in the message, `season` whose games they are. A missing or renamed column, a
    text where a number belongs, a NULL where none may be and a game id that is none are errors; columns beyond the
    declared ones are dropped and logged. Ids and clocks come out in one spelling; a clock that nobody can read stays,
    for the table that is made of it to name.
    """
    declared = COLUMNS[result_set]
    missing = [column for column in declared if column not in frame.columns]
    extra = [column for column in frame.columns if column not in declared]
    if missing:
        names = f"column{'s' if len(missing) > 1 else ''} {', '.join(missing)}"
        others = f" Of the columns there, nobody reads: {', '.join(extra)}." if extra else ""
        raise SourceSchemaError(
            f"{origin}: {result_set} lacks the {names}.{others} The source has changed its format: nothing was "
            "published from it."
        )
    if extra:
        log.debug("%s: ignoring columns of %s that nobody reads: %s", origin, result_set, ", ".join(extra))
    ids, clocks, moments = GAME_IDS.get(result_set), _CLOCKS.get(result_set, ()), _MOMENTS.get(result_set, {})
    converted: dict[str, pd.Series] = {}
    for column, kind in declared.items():
        where = f"{origin}: {result_set}.{column}"
        if not kind.startswith("str"):
            converted[column] = _as_kind(frame[column], kind, where)
            continue
        texts = _different(frame[column])
        if column == ids:
            texts = texts.spelt(normal_game_ids(texts.values, season))
            _refuse_no_ids(texts, result_set, where)
        if column in clocks:
            texts = texts.spelt(texts.values.map(clock_text))
        _refuse_no_texts(texts, kind, where)
        if column in moments:
            _refuse_no_moments(texts.values, moments[column], where)
        converted[column] = texts.column()
    return pd.DataFrame(converted)


class _Texts(NamedTuple):
    """A column of texts by its different values, in order of appearance: most texts of a season are said often."""

    values: pd.Series
    codes: npt.NDArray[np.intp]

    def spelt(self, values: pd.Series) -> _Texts:
        """The same column, each of its values in another spelling."""
        return _Texts(values, self.codes)

    def column(self) -> pd.Series:
        """Every row's text; None where it is NULL."""
        return pd.Series(np.append(self.values.to_numpy(dtype=object), [None])[self.codes], dtype=object)


def _different(values: pd.Series) -> _Texts:
    codes, found = pd.factorize(values)
    return _Texts(pd.Series(found, dtype=object), codes)


def _refuse_no_ids(texts: _Texts, result_set: ResultSet, where: str) -> None:
    is_wrong = ~texts.values.map(is_game_id).astype(bool)
    if result_set is ResultSet.SCHEDULE:  # the league gives no id to some games that it has put off
        is_wrong &= ~texts.values.astype(str).str.startswith(NO_ID_YET)
    if is_wrong.any():
        number = int(np.isin(texts.codes, is_wrong.to_numpy().nonzero()[0]).sum())
        others = f" ({number - 1} more of {len(texts.codes)} are none)" if number > 1 else ""
        raise SourceSchemaError(
            f"{where}: {texts.values[is_wrong].iloc[0]!r} is no NBA game id{others}: expected ten digits like "
            "0022100001, of a type from 001 to 006. Nothing was published from it: correct the file, or fetch it again."
        )


NO_ID_YET = "postponed-"
"""What stands in place of the id of a game that was put off before it was given another date."""

GAME_IDS: dict[ResultSet, str] = {
    ResultSet.SCHEDULE: "gameId",
    ResultSet.TEAM_LOG: "GAME_ID",
    ResultSet.PLAYER_LOG: "GAME_ID",
    ResultSet.BOX_SCORES: "gameId",
    ResultSet.INACTIVES: "GAME_ID",
    ResultSet.SHOTS: "GAME_ID",
    ResultSet.PLAY_BY_PLAY: "gameId",
    ResultSet.GAME_LINES: "gameId",
}
"""The column with the game of a row; injury reports have none."""
_CLOCKS: dict[ResultSet, tuple[str, ...]] = {ResultSet.BOX_SCORES: ("minutes",)}
_DTYPES = {"int": "int64", "int?": "Int64", "float?": "float64", "bool": "bool", "bool?": "boolean"}


def _as_kind(values: pd.Series, kind: str, where: str) -> pd.Series:
    values = values.reset_index(drop=True)
    if values.dtype == _DTYPES[kind] and (values.dtype.kind in "ib" or kind.endswith("?")):
        return values
    nulls = values.isna()
    _refuse_nulls(int(nulls.sum()), len(values), kind, where)
    if len(values) and not nulls.all() and not _is_number(values[~nulls], kind):
        known = values[~nulls]
        wrong = next((one for one in known if not isinstance(one, (int, float))), known.iloc[0])
        raise SourceSchemaError(
            f"{where}: expected {kind.rstrip('?')}, found {wrong!r} ({values.dtype}). "
            "The source has changed its format: nothing was published from it."
        )
    if kind == "int" or kind == "int?":
        values = pd.to_numeric(values)
    return values.astype(_DTYPES[kind])


def _refuse_nulls(nulls: int, of: int, kind: str, where: str) -> None:
    if nulls and not kind.endswith("?"):
        raise SourceSchemaError(f"{where}: {nulls} of {of} values are NULL, none may be.")


_DATE, _TIME = "date", "time"
_MOMENTS: dict[ResultSet, dict[str, str]] = {
    ResultSet.SCHEDULE: {"gameDateEst": _DATE, "gameDateTimeUTC": _TIME},
    ResultSet.TEAM_LOG: {"GAME_DATE": _DATE},
    ResultSet.PLAYER_LOG: {"GAME_DATE": _DATE},
    ResultSet.SHOTS: {"GAME_DATE": _DATE},
    ResultSet.INJURY_REPORTS: {"reportDate": _DATE, "gameDate": _DATE},
}
"""What the texts of some columns say."""


def _refuse_no_moments(texts: pd.Series, kind: str, where: str) -> None:
    """SourceSchemaError for a text that is no date (2021-10-19, 20211019), or no ISO 8601 time."""
    moments = texts.str[:10] if kind == _DATE else texts
    is_wrong = pd.to_datetime(moments, errors="coerce", format="ISO8601", utc=True).isna()
    is_wrong |= ~texts.str.match(r"\d{4}-\d{2}-\d{2}|\d{8}").astype(bool)
    if is_wrong.any():
        raise SourceSchemaError(
            f"{where}: expected a {kind}, found {texts[is_wrong].iloc[0]!r}. "
            "The source has changed its format: nothing was published from it."
        )


def _refuse_no_texts(texts: _Texts, kind: str, where: str) -> None:
    _refuse_nulls(int((texts.codes < 0).sum()), len(texts.codes), kind, where)
    wrong = [value for value in texts.values if not isinstance(value, str)]
    if wrong:
        raise SourceSchemaError(f"{where}: expected text, found {wrong[0]!r}.")


def _is_number(values: pd.Series, kind: str) -> bool:
    if kind.startswith("bool"):
        return values.dtype == "boolean" or bool(values.map(lambda value: isinstance(value, bool)).all())
    if values.dtype == object:
        return bool(values.map(lambda value: isinstance(value, (int, float)) and not isinstance(value, bool)).all())
    if kind.startswith("int") and pd.api.types.is_float_dtype(values):
        return bool((values == values.round()).all())
    return bool(pd.api.types.is_numeric_dtype(values))
