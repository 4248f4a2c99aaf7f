"""Random damages of the result sets of one day, from a seed: cells, rows, columns, whole days, types.

What may pass unnoticed is decided here, when a damage is made and before anything is built with it: `listed` says
under which entry of `LIST` it falls, or that it falls under none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from nba_assets.sources.base import COLUMNS, GAME_IDS, ResultSet
from nba_assets_tests.faults.season_frames import Frames, games_of
from nba_assets_tests.repair.corrections import one_basket_more

Generator = np.random.Generator

WEIGHTS = {
    ResultSet.SCHEDULE: 3.0,
    ResultSet.TEAM_LOG: 5.0,
    ResultSet.PLAYER_LOG: 5.0,
    ResultSet.BOX_SCORES: 3.0,
    ResultSet.SHOTS: 0.8,
    ResultSet.INACTIVES: 0.4,
    ResultSet.INJURY_REPORTS: 0.05,
    ResultSet.GAME_LINES: 0.05,
}
"""How often each result set is damaged, relative to the others: seldom where little can contradict it."""

_COSMETIC_WEIGHT = 0.15
"""How often a cosmetic column is damaged, relative to any other."""

CONSISTENT = "consistent: one basket more in all files"
COSMETIC = "cosmetic column"
ONE_SHOT = "one shot within the tolerance of ± 1"
CLOCK = "a clock within the tolerance"
ONE_LISTING = "single row of an inactive or dnp list"
OPTIONAL = "optional table"
UNDECIDABLE = "moved between two players of a team, and no sum, clock or shot of theirs says whose it was"
PLUS_MINUS = "plus-minus, which sums to five times the team's: a column that is not read"
LIST = (CONSISTENT, COSMETIC, ONE_SHOT, CLOCK, ONE_LISTING, OPTIONAL, UNDECIDABLE, PLUS_MINUS)
"""What may come out otherwise and green: nothing else in the files contradicts it, or the tolerance is for it."""

_COSMETIC = {
    ResultSet.SCHEDULE: {"seasonYear", "gameLabel", "arenaName", "arenaCity"},
    ResultSet.TEAM_LOG: {"TEAM_ID"},
    ResultSet.PLAYER_LOG: {"PLAYER_NAME", "TEAM_ID"},
    ResultSet.BOX_SCORES: {"playerName", "comment", "teamId"},
    ResultSet.INACTIVES: {"PLAYER_NAME", "TEAM_ID"},
    ResultSet.SHOTS: {"GAME_EVENT_ID", "PERIOD", "MINUTES_REMAINING", "SECONDS_REMAINING", "LOC_X", "LOC_Y"},
}
"""Names, places, where and when in its game a shot was taken: no other file knows of them."""

_WITHOUT_IDENTITY = {"AST", "STL", "BLK", "TOV", "PF", "PLUS_MINUS"}
"""Statistics of a player that only his team's sum contradicts."""

_CLOCK_SECONDS, _COURT_SECONDS = 90, 130
"""A clock may be this far from what it was: the log has whole minutes, and a team's sum is within 1 %."""

_DATES = {
    ResultSet.SCHEDULE: ("gameDateEst",),
    ResultSet.TEAM_LOG: ("GAME_DATE",),
    ResultSet.PLAYER_LOG: ("GAME_DATE",),
    ResultSet.SHOTS: ("GAME_DATE",),
    ResultSet.INJURY_REPORTS: ("gameDate",),
    ResultSet.GAME_LINES: ("gameDateEst",),
}


@dataclass(frozen=True)
class RandomDamage:
    """One damage: what was done to what, the season with it, and the entry of the list that it falls under."""

    number: int
    kind: str
    text: str
    frames: Frames
    listed: str | None


def random_damage(whole: Frames, day: date, *, seed: int, number: int) -> RandomDamage:
    """The damage of a number in the sequence of a seed: the same whatever was made before it."""
    rng = np.random.default_rng([seed, number])
    if rng.random() < 0.01:
        return _consistent(whole, day, rng, number)
    while True:
        result_set = _choice(rng, list(WEIGHTS), list(WEIGHTS.values()))
        kind = _choice(rng, list(_KINDS))
        of_day = np.flatnonzero(_is_of_day(whole[result_set], result_set, day))
        target = _Target(result_set, whole[result_set].copy(), of_day, day, rng)
        told = _KINDS[kind](target)
        if told is not None:
            listed = _listed(target, whole[result_set])
            frames = whole | {result_set: target.frame.reset_index(drop=True)}
            return RandomDamage(number, kind, f"{result_set}: {told}", frames, listed)


@dataclass
class _Target:
    """A frame that is being damaged: the positions of the day's rows, and what of them has been touched."""

    result_set: ResultSet
    frame: pd.DataFrame
    of_day: np.ndarray
    day: date
    rng: Generator
    columns: tuple[str, ...] = ()
    rows: tuple[int, ...] = ()
    whole_day: bool = False
    is_of_cells: bool = True
    is_exchange: bool = False

    def row(self) -> int:
        """The position of a row of the day."""
        return int(self.rng.choice(self.of_day))

    def column(self, *kinds: str) -> str:
        """A column of one of the kinds (all, if none is named)."""
        declared = {name: kind.rstrip("?") for name, kind in COLUMNS[self.result_set].items()}
        names = [name for name, kind in declared.items() if not kinds or kind in kinds]
        cosmetic = _COSMETIC.get(self.result_set, set())
        return str(_choice(self.rng, names, [_COSMETIC_WEIGHT if name in cosmetic else 1.0 for name in names]))

    def has(self, *kinds: str) -> bool:
        """Whether there are at least two columns of the kinds."""
        return sum(kind.rstrip("?") in kinds for kind in COLUMNS[self.result_set].values()) > 1

    def get(self, row: int, column: str) -> object:
        """A cell."""
        return self.frame[column].iat[row]

    def put(self, row: int, column: str, value: object) -> None:
        """Another value in a cell, whatever its type."""
        values = self.frame[column].astype(object)
        values.iat[row] = value
        self.frame[column] = values if value is None else _as_before(values, self.frame[column])

    def shown(self, row: int) -> str:
        """Which row it is, by its ids."""
        names = ("gameId", "GAME_ID", "PLAYER_ID", "personId", "TEAM_ABBREVIATION", "teamTricode")
        return " ".join(str(self.get(row, name)) for name in names if name in self.frame)


def _as_before(values: pd.Series, before: pd.Series) -> pd.Series:
    try:
        return values.astype(before.dtype)
    except (TypeError, ValueError):
        return values


# --- cells


def _other_number(target: _Target) -> str | None:
    if not target.has("int", "float"):
        return None
    row, column = target.row(), target.column("int", "float")
    old = target.get(row, column)
    if pd.isna(old):
        return None
    new = old + int(target.rng.choice([-30, -5, -2, -1, 1, 2, 5, 30, 400]))
    return _put(target, row, column, new)


def _null(target: _Target) -> str:
    return _put(target, target.row(), target.column(), None)


def _sign(target: _Target) -> str | None:
    if not target.has("int", "float"):
        return None
    row, column = target.row(), target.column("int", "float")
    old = target.get(row, column)
    return None if pd.isna(old) or not old else _put(target, row, column, -old)


def _text(target: _Target) -> str:
    row, column = target.row(), target.column("str")
    old = target.get(row, column)
    another = target.get(target.row(), column)
    texts = ["", "?", f" {old}", str(old).lower(), f"{old}x", another]
    return _put(target, row, column, texts[target.rng.integers(len(texts))])


def _exchanged_rows(target: _Target) -> str:
    first, second, column = target.row(), target.row(), target.column()
    mine, theirs = target.get(first, column), target.get(second, column)
    target.put(first, column, theirs)
    target.put(second, column, mine)
    target.columns, target.rows, target.is_exchange = (column,), (first, second), True
    return f"{column} of {target.shown(first)} and {target.shown(second)} exchanged: {mine!r}, {theirs!r}"


def _put(target: _Target, row: int, column: str, new: object) -> str:
    old = target.get(row, column)
    target.put(row, column, new)
    target.columns, target.rows = (column,), (row,)
    return f"{column} of {target.shown(row)}: {old!r} is {new!r}"


# --- rows


def _deleted(target: _Target) -> str:
    row = target.row()
    told = target.shown(row)
    target.rows, target.is_of_cells = (row,), False
    target.frame = target.frame.drop(index=target.frame.index[row])
    return f"{told} deleted"


def _doubled(target: _Target) -> str:
    row = target.row()
    target.rows, target.is_of_cells = (row,), False
    target.frame = pd.concat([target.frame, target.frame.iloc[[row]]], ignore_index=True)
    return f"{target.shown(row)} doubled"


def _doubled_with_a_change(target: _Target) -> str | None:
    if not target.has("int", "float"):
        return None
    row, column = target.row(), target.column("int", "float")
    more = int(target.rng.choice([-3, -1, 1, 3]))
    copied = target.frame.iloc[[row]].assign(**{column: target.frame[column].iloc[[row]] + more})
    parts = [target.frame, copied] if target.rng.random() < 0.5 else [copied, target.frame]
    target.rows, target.columns, target.is_of_cells = (row,), (column,), False
    told = f"{target.shown(row)} doubled, {column} {more:+d} in the {'second' if parts[0] is target.frame else 'first'}"
    target.frame = pd.concat(parts, ignore_index=True)
    return told


def _to_another_game(target: _Target) -> str | None:
    column = GAME_IDS.get(target.result_set)
    if column is None:
        return None
    row = target.row()
    others = [game for game in games_of(target.day) if game != target.get(row, column)]
    told = f"{target.shown(row)} moved to another game: "
    other = str(target.rng.choice(others))
    target.put(row, column, other)
    target.rows, target.is_of_cells = (row,), False
    return told + other


# --- columns of the day


def _columns_exchanged(target: _Target) -> str | None:
    kind = str(target.rng.choice(["int", "str"]))
    if not target.has(kind):
        return None
    first, second = target.column(kind), target.column(kind)
    if first == second:
        return None
    theirs = target.frame[second].iloc[target.of_day].to_numpy()
    mine = target.frame[first].iloc[target.of_day].to_numpy()
    for column, values in ((first, theirs), (second, mine)):
        _put_all(target, column, values)
    target.columns, target.whole_day = (first, second), True
    return f"{first} and {second} of the day exchanged"


def _shuffled(target: _Target) -> str:
    column = target.column()
    _put_all(target, column, target.rng.permutation(target.frame[column].iloc[target.of_day].to_numpy()))
    target.columns, target.whole_day = (column,), True
    return f"{column} of the day shuffled"


def _shifted(target: _Target) -> str:
    column = target.column()
    _put_all(target, column, np.roll(target.frame[column].iloc[target.of_day].to_numpy(), 1))
    target.columns, target.whole_day = (column,), True
    return f"{column} of the day shifted by one row"


def _put_all(target: _Target, column: str, values: np.ndarray) -> None:
    changed = target.frame[column].astype(object)
    changed.iloc[target.of_day] = values
    target.frame[column] = _as_before(changed, target.frame[column])


# --- days and types


def _emptied(target: _Target) -> str:
    target.whole_day, target.is_of_cells = True, False
    target.frame = target.frame.drop(index=target.frame.index[target.of_day])
    return "the day emptied"


def _moved(target: _Target) -> str | None:
    columns = _DATES.get(target.result_set)
    if columns is None:
        return None
    days = int(target.rng.choice([-1, 1]))
    for column in columns:
        old = target.frame[column].iloc[target.of_day]
        form = "%Y%m%d" if old.str.len().eq(8).all() else "%Y-%m-%d"
        _put_all(target, column, (pd.to_datetime(old.str[:10]) + timedelta(days=days)).dt.strftime(form).to_numpy())
    if target.result_set == ResultSet.SCHEDULE and target.rng.random() < 0.5:
        tipoff = pd.to_datetime(target.frame["gameDateTimeUTC"].iloc[target.of_day], utc=True)
        moved = (tipoff + timedelta(days=days)).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        _put_all(target, "gameDateTimeUTC", moved.to_numpy())
        columns = (*columns, "gameDateTimeUTC")
    target.whole_day, target.is_of_cells, target.columns = True, False, tuple(columns)
    return f"the day moved by {days:+d} ({', '.join(columns)})"


def _number_as_text(target: _Target) -> str | None:
    if not target.has("int", "float"):
        return None
    column = target.column("int", "float")
    target.frame[column] = target.frame[column].astype(object).map(lambda value: None if pd.isna(value) else str(value))
    target.columns, target.whole_day, target.is_of_cells = (column,), True, False
    return f"{column} as text"


def _id_as_number(target: _Target) -> str | None:
    column = GAME_IDS.get(target.result_set)
    if column is None:
        return None
    ids = target.frame[column]
    target.frame[column] = ids.map(lambda game: None if pd.isna(game) else int(game) if game.isdigit() else game)
    target.columns, target.whole_day, target.is_of_cells = (column,), True, False
    return f"{column} as a number"


def _consistent(whole: Frames, day: date, rng: Generator, number: int) -> RandomDamage:
    """A missed two-pointer went in: the same change of one game in all its files."""
    shots = whole[ResultSet.SHOTS]
    missed = shots["SHOT_MADE_FLAG"].eq(0) & shots["SHOT_TYPE"].str.startswith("2PT")
    shot = shots[_is_of_day(shots, ResultSet.SHOTS, day) & missed].sample(1, random_state=rng).iloc[0]
    log = whole[ResultSet.PLAYER_LOG]
    team = log.loc[log["TEAM_ID"].eq(shot["TEAM_ID"]), "TEAM_ABBREVIATION"].iloc[0]
    frames = dict(whole)
    for result_set, edit in one_basket_more(shot["GAME_ID"], shot["PLAYER_ID"], team).items():
        edited = edit(frames[result_set].copy())
        assert edited is not None
        frames[result_set] = edited
    return RandomDamage(number, "all files alike", f"{shot['GAME_ID']} {shot['PLAYER_ID']}", frames, CONSISTENT)


_KINDS: dict[str, Callable[[_Target], str | None]] = {
    "cell: other number": _other_number,
    "cell: NULL": _null,
    "cell: sign": _sign,
    "cell: text": _text,
    "cells of two rows exchanged": _exchanged_rows,
    "row deleted": _deleted,
    "row doubled": _doubled,
    "row doubled with a change": _doubled_with_a_change,
    "row moved to another game": _to_another_game,
    "columns exchanged": _columns_exchanged,
    "column shuffled": _shuffled,
    "column shifted": _shifted,
    "day emptied": _emptied,
    "day moved": _moved,
    "type: number as text": _number_as_text,
    "type: id as number": _id_as_number,
}


# --- the list


def _listed(target: _Target, before: pd.DataFrame) -> str | None:
    """The entry of the list that a damage falls under, from what was touched alone."""
    result_set, columns = target.result_set, set(target.columns)
    if result_set in (ResultSet.INJURY_REPORTS, ResultSet.GAME_LINES):
        return OPTIONAL
    if target.is_of_cells and (columns <= _COSMETIC.get(result_set, set()) or _is_tip_off_of_the_day(target)):
        return COSMETIC
    if result_set == ResultSet.SCHEDULE and {"gameDateEst"} <= columns <= {"gameDateEst", "gameDateTimeUTC"}:
        return COSMETIC  # the logs say which date it was: only the tip-off is not known
    if columns == {"PLUS_MINUS"} and pd.to_numeric(target.frame["PLUS_MINUS"], errors="coerce").abs().max() <= 60:
        return PLUS_MINUS
    if target.whole_day:
        return None
    if result_set == ResultSet.SHOTS and not _has_unknown_zone(target):
        return ONE_SHOT
    if _is_single_listing(target, before):
        return ONE_LISTING
    if target.is_of_cells and columns == {"minutes"} and _are_within_tolerance(target, before):
        return CLOCK
    return UNDECIDABLE if _is_undecidable(target, before) else None


def _is_tip_off_of_the_day(target: _Target) -> bool:
    """Another hour, or an unknown one, of the same Eastern date."""
    if target.result_set != ResultSet.SCHEDULE or set(target.columns) != {"gameDateTimeUTC"}:
        return False
    of_day = target.frame.iloc[target.of_day]
    times = pd.to_datetime(of_day["gameDateTimeUTC"], utc=True, format="ISO8601", errors="coerce")
    if (times.isna() & of_day["gameDateTimeUTC"].notna()).any():
        return False
    dates = times.dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d")
    return bool((dates.isna() | dates.eq(of_day["gameDateEst"].str[:10])).all())


_ZONES = {
    *("Restricted Area", "In The Paint (Non-RA)", "Mid-Range", "Left Corner 3", "Right Corner 3"),
    *("Above the Break 3", "Backcourt"),
}


def _has_unknown_zone(target: _Target) -> bool:
    return (
        not set(target.frame["SHOT_ZONE_BASIC"].iloc[list(target.rows)].dropna()) <= _ZONES
        if ("SHOT_ZONE_BASIC" in target.columns)
        else False
    )


def _is_single_listing(target: _Target, before: pd.DataFrame) -> bool:
    if target.result_set == ResultSet.INACTIVES:
        return True
    if target.result_set != ResultSet.BOX_SCORES:
        return False
    did_not_play = before["minutes"].iloc[list(target.rows)].fillna("").eq("")
    return bool(did_not_play.all()) and "minutes" not in target.columns


def _are_within_tolerance(target: _Target, before: pd.DataFrame) -> bool:
    rows = list(target.rows)
    old, new = (_seconds(frame["minutes"].iloc[rows]) for frame in (before, target.frame))
    unknown = target.frame["minutes"].iloc[rows].fillna("").eq("")
    if (old.isna() | (new.isna() & ~unknown)).any():
        return False
    off = (new - old).abs().fillna(30)
    return bool(off.max() <= _CLOCK_SECONDS) and bool(off.sum() <= _COURT_SECONDS)


def _seconds(clocks: pd.Series) -> pd.Series:
    parts = clocks.str.extract(r"^(\d+):(\d{2})$").astype("float64")
    return 60 * parts[0] + parts[1]


def _is_undecidable(target: _Target, before: pd.DataFrame) -> bool:
    """An exchange between two rows of one team in one game that no sum sees."""
    if not target.is_exchange:
        return False
    rows = before.iloc[list(target.rows)]
    if target.result_set == ResultSet.PLAYER_LOG:
        alike, own = ["GAME_ID", "TEAM_ABBREVIATION"], _WITHOUT_IDENTITY
    elif target.result_set == ResultSet.BOX_SCORES:
        alike, own = ["gameId", "teamTricode"], {"starter"}
    else:
        return False
    return set(target.columns) <= own and not rows[alike].nunique().gt(1).any()


def _is_of_day(frame: pd.DataFrame, result_set: ResultSet, day: date) -> pd.Series:
    if result_set == ResultSet.INJURY_REPORTS:
        return frame["gameDate"].str[:10].eq(str(day))
    return frame[GAME_IDS[result_set]].isin(games_of(day))


def _choice(rng: Generator, values: list, weights: list[float] | None = None):  # type: ignore[no-untyped-def, type-arg]
    shares = None if weights is None else np.array(weights) / sum(weights)
    return values[int(rng.choice(len(values), p=shares))]
