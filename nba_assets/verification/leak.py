"""The leak test: replace every result on and after a date by garbage, recompute the date, and nothing may move.

And its converse, without which a table that reads nothing at all would pass: a restated result before the date
must move something. Garbage and restatements are made here; what a table may know is decided in `tables/`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.league.calendar import COUNTING_TYPES
from nba_assets.league.slate import DNP, PLAYED
from nba_assets.league.zones import ZONES
from nba_assets.schema.contract import ColumnType, columns_of
from nba_assets.schema.table import Available, Table
from nba_assets.tables import LISTING, SCHEDULE, TABLES
from nba_assets.tables.games import FINAL, POSTPONED, SCHEDULED
from nba_assets.tables.raw_shots import RAW_SHOTS
from nba_assets.tables.raw_team_boxscores import RAW_TEAM_BOXSCORES
from nba_assets.tables.statistics import COUNTING_STATISTICS
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, Frames, replay, replay_with_history

_DAYS_AROUND = (-1, 0, 1, 3)
"""The date is recomputed inside a range, so that the garbage after it lies within what its tables are handed."""
_RESTATED_DAYS = 3


def leaking_tables(
    raw: Frames,
    day: date,
    *,
    seed: int = 0,
    tables: Collection[str] = PRE_GAME_TABLES,
    graph: Mapping[str, Table] = TABLES,
    counting_types: frozenset[str] = COUNTING_TYPES,
    min_games: int | Mapping[str, int] = 5,
    computed: Frames | None = None,
) -> list[str]:
    """The pre-game tables whose rows of `day` change with what happened on or after it; none, if all is well.

    `raw` holds whole raw tables, the days around `day` included; `computed` what `replay` makes of them, of these
    dates at least, should that be known.
    """
    dates = days_around(day)
    rules: dict[str, Any] = {"tables": tables, "graph": graph, "counting_types": counting_types, "min_games": min_games}
    garbage = scrambled(_until(raw, dates[-1]), day, seed=seed)
    before = replay(raw, dates, **rules) if computed is None else computed
    moved = _moved(before, replay(garbage, dates, **rules), day, tables=tables, graph=graph)
    return [name for name in tables if moved.get(name)]


def deaf_tables(
    raw: Frames,
    day: date,
    *,
    tables: Collection[str] = PRE_GAME_TABLES,
    counting_types: frozenset[str] = COUNTING_TYPES,
    min_games: int | Mapping[str, int] = 5,
    computed: Frames | None = None,
) -> list[str]:
    """The pre-game tables that have rows of `day` which do not change with the results of the days before it.

    `computed` is what `replay_with_history` makes of these dates at least, should that be known.
    """
    dates = days_around(day)
    rules: dict[str, Any] = {"counting_types": counting_types, "min_games": min_games}
    before = replay_with_history(raw, dates, tables=tables, **rules) if computed is None else computed
    corrected = restated(raw, day)
    of_days = {name: rows[_is_restated(rows, TABLES[name], day)] for name, rows in corrected.items()}
    post_game = [name for name in POST_GAME_TABLES if name in before]
    post = replay(of_days, _restated_days(day), tables=post_game, **rules)
    corrected |= {name: _replaced(before[name], rows, TABLES[name], day) for name, rows in post.items()}
    moved = _moved(before, replay(corrected, dates, tables=tables, **rules), day, tables=tables, graph=TABLES)
    return [name for name in tables if moved.get(name) is False]


def days_around(day: date) -> list[date]:
    """The dates that a date is recomputed with."""
    return [day + timedelta(days=k) for k in _DAYS_AROUND]


def _until(raw: Frames, last: date) -> dict[str, pd.DataFrame]:
    """Nobody reads what is dated later."""
    return {name: rows[rows[TABLES[name].partition] <= pd.Timestamp(last)] for name, rows in raw.items()}


def _restated_days(day: date) -> list[date]:
    return [day - timedelta(days=k) for k in range(_RESTATED_DAYS, 0, -1)]


def _is_restated(rows: pd.DataFrame, table: Table, day: date) -> pd.Series:
    return rows[table.partition].isin(pd.DatetimeIndex(_restated_days(day)))


def _replaced(rows: pd.DataFrame, restated: pd.DataFrame, table: Table, day: date) -> pd.DataFrame:
    """A post-game table in which the rows of the restated days are others: it reads no other dates than its own."""
    kept = [rows[~_is_restated(rows, table, day)], restated]
    return table.shape(pd.concat([part for part in kept if len(part)], ignore_index=True))


def scrambled(raw: Frames, day: date, *, seed: int) -> dict[str, pd.DataFrame]:
    """The raw tables with every result, listing and shot dated on or after `day` replaced by garbage, or deleted.

    What is known before tip-off stays: the games that are on and their lines on `day`, reports of the days before.
    """
    rng = np.random.default_rng(seed)
    first = pd.Timestamp(day)
    makers = {
        SCHEDULE.name: _other_scores,
        RAW_TEAM_BOXSCORES.name: _other_team_games,
        LISTING.name: _other_listings,
        RAW_SHOTS.name: _other_shots,
    }
    result = {}
    for name, rows in raw.items():
        table = TABLES[name]
        when = rows[table.partition]
        later = rows[when >= first]
        if name in makers:
            later = makers[name](later, rng)
        elif table.available is Available.AT_END_OF_DAY:
            later = later.iloc[:0]
        result[name] = table.shape(pd.concat([rows[when < first], later], ignore_index=True))
    return result


def restated(raw: Frames, day: date) -> dict[str, pd.DataFrame]:
    """The raw tables with the results of the three days before `day` corrected.

    Points, turnovers and minutes are other ones, shots were taken elsewhere, and every third player did not play.
    """
    result = dict(raw)
    for table in (RAW_TEAM_BOXSCORES, LISTING, RAW_SHOTS):
        rows = raw[table.name].copy()
        chosen = _is_restated(rows, table, day)
        if table is RAW_SHOTS:
            turned = dict(zip(ZONES, (*ZONES[1:], ZONES[0]), strict=True))
            rows.loc[chosen, "zone"] = rows.loc[chosen, "zone"].map(turned)
        else:
            chosen &= rows["points"].notna()
            rows.loc[chosen, "points"] += 7 + rows.loc[chosen, "is_home"].astype("int64")
            rows.loc[chosen, "tov"] += 1
        if table is LISTING:
            rows.loc[chosen, "seconds_played"] += 120
            rows.loc[chosen & rows["player_id"].mod(3).eq(0), "listing"] = DNP
        result[table.name] = table.shape(rows)
    return result


def identical(left: pd.DataFrame, right: pd.DataFrame, table: Table) -> bool:
    """The same rows in the same order, floats bit for bit."""
    if len(left) != len(right):
        return False
    for column in columns_of(table.contract):
        ours, theirs = left[column.name], right[column.name]
        if column.type is ColumnType.FLOAT:
            equal = ours.to_numpy().tobytes() == theirs.to_numpy().tobytes()
        elif column.type is ColumnType.STRING_LIST:
            equal = ours.tolist() == theirs.tolist()
        else:
            equal = ours.reset_index(drop=True).equals(theirs.reset_index(drop=True))
        if not equal:
            return False
    return True


def _moved(
    before: Frames, after: Frames, day: date, *, tables: Collection[str], graph: Mapping[str, Table]
) -> dict[str, bool]:
    """Table -> whether its rows of `day` differ; tables without rows are left out."""
    found = {}
    for name in tables:
        ours, theirs = (_of(day, computed[name], graph[name]) for computed in (before, after))
        if len(ours) or len(theirs):
            found[name] = not identical(ours, theirs, graph[name])
    return found


def _of(day: date, rows: pd.DataFrame, table: Table) -> pd.DataFrame:
    return rows[rows[table.partition] == pd.Timestamp(day)]


def _counts(rows: pd.DataFrame, rng: np.random.Generator) -> dict[str, pd.Series]:
    """Garbage for every counting statistic, in the column's type."""
    return {
        name: pd.Series(rng.integers(1, 60, len(rows)), index=rows.index).astype(rows[name].dtype)
        for name in COUNTING_STATISTICS
    }


def _survivors(rows: pd.DataFrame, rng: np.random.Generator, share: float = 0.6) -> pd.DataFrame:
    return rows[rng.random(len(rows)) < share]


def _other_scores(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    status = pd.Series(rng.choice([FINAL, SCHEDULED], len(rows)), index=rows.index, dtype=object)
    scores = {
        name: pd.Series(rng.integers(50, 200, len(rows)), index=rows.index).astype("Int64")
        for name in ("home_score", "away_score")
    }
    return rows.assign(status=status.mask(rows["status"] == POSTPONED, POSTPONED), **scores)


def _other_team_games(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    overtimes = rng.integers(0, 4, len(rows))
    rows = rows.assign(
        **_counts(rows, rng),
        won=rng.integers(0, 2, len(rows)).astype(bool),
        overtime_periods=overtimes,
        seconds_played=5 * (2880 + 300 * overtimes),
    )
    games = rows["game_id"].unique()
    return rows[rows["game_id"].isin(games[rng.random(len(games)) < 0.6])]


def _other_listings(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Other people in other teams, nearly all of whom played, under names of others."""
    people = rows.groupby("game_date")["player_id"].transform(lambda ids: rng.permutation(ids.to_numpy()))
    seconds = pd.Series(rng.integers(0, 2880, len(rows)), index=rows.index).astype(rows["seconds_played"].dtype)
    played = rng.random(len(rows)) < 0.9
    rows = rows.assign(
        **_counts(rows, rng),
        player_id=people.astype("int64"),
        player_name=rng.permutation(rows["player_name"].to_numpy()),
        seconds_played=seconds,
        listing=rows["listing"].where(~played, PLAYED),
    )
    return _survivors(rows.drop_duplicates(["game_date", "player_id"]), rng)


def _other_shots(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    return _survivors(
        rows.assign(
            zone=rng.choice(np.array(ZONES, dtype=object), len(rows)),
            made=rng.integers(0, 2, len(rows)).astype(bool),
            assisted=pd.array(rng.integers(0, 2, len(rows)), dtype="boolean"),
        ),
        rng,
    )
