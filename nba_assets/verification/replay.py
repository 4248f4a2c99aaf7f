"""The tables recomputed in memory from raw frames, under the time rules that the pipeline reads its inputs by.

No warehouse, no audit, no thresholds: what the pure functions of `tables/` make of the facts, and nothing else.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league.calendar import COUNTING_TYPES, season_first_day, season_last_day, season_of
from nba_assets.schema.table import Input, Inputs, Phase, Table, TimeRule
from nba_assets.sources.base import Source
from nba_assets.tables import TABLES
from nba_assets.tables.games import announced_games

Frames = Mapping[str, pd.DataFrame]

PRE_GAME_TABLES: tuple[str, ...] = tuple(name for name, table in TABLES.items() if table.phase is Phase.PRE_GAME)
POST_GAME_TABLES: tuple[str, ...] = tuple(name for name, table in TABLES.items() if table.phase is Phase.POST_GAME)
RAW_TABLES: tuple[str, ...] = tuple(name for name, table in TABLES.items() if table.phase is Phase.RAW)


def raw_tables(source: Source, seasons: Sequence[str], *, read_at: pd.Timestamp) -> dict[str, pd.DataFrame]:
    """Every raw table of whole seasons as a source gives them: name -> rows of all dates."""
    parts: dict[str, list[pd.DataFrame]] = {name: [] for name in RAW_TABLES}
    for season in seasons:
        dates = pd.date_range(season_first_day(season), season_last_day(season))
        of_season: dict[str, pd.DataFrame] = {}
        for name in RAW_TABLES:
            table = TABLES[name]
            inputs = Inputs(
                on_date={i.table: read_input(i, table=TABLES[i.table], rows=of_season[i.table]) for i in table.inputs},
                source={name: source.read(name, season) for name in (*table.result_sets, *table.evidence)},
                read_at=read_at,
                counting_types=source.counting_types,
            )
            of_season[name] = table.shape(table.compute(inputs, dates))
            parts[name].append(of_season[name])
    return {name: pd.concat(frames, ignore_index=True) for name, frames in parts.items()}


def replay(
    raw: Frames,
    dates: Iterable[date],
    *,
    tables: Collection[str] | None = None,
    graph: Mapping[str, Table] = TABLES,
    counting_types: frozenset[str] = COUNTING_TYPES,
    min_games: int | Mapping[str, int] = 5,
) -> dict[str, pd.DataFrame]:
    """The post-game and pre-game tables of the dates, in one range: name -> rows in the contract's types.

    `raw` holds the raw tables with all their dates; other tables in it are read as they are, not computed. Every
    table is given what the pipeline would give it for such a range: of history, all that is dated before the *last*
    date. `tables` limits what is computed to these and what they read; `graph` may hold variants of tables under
    their names; `min_games` may differ by table.
    """
    dates = list(dates)
    found = replay_with_history(
        raw, dates, tables=tables, graph=graph, counting_types=counting_types, min_games=min_games
    )
    return {name: _on(rows, graph[name], _sorted(dates)) for name, rows in found.items()}


def replay_with_history(
    raw: Frames,
    dates: Iterable[date],
    *,
    tables: Collection[str] | None = None,
    graph: Mapping[str, Table] = TABLES,
    counting_types: frozenset[str] = COUNTING_TYPES,
    min_games: int | Mapping[str, int] = 5,
) -> dict[str, pd.DataFrame]:
    """What `replay` computes, of post-game tables every date up to the last."""
    days = _sorted(dates)
    needed = set(graph) if tables is None else _with_upstream(tables, graph)
    known: dict[str, pd.DataFrame] = dict(raw)
    for name in (name for name in graph if name in needed and name not in raw):
        table = graph[name]
        of = days if table.phase is Phase.PRE_GAME else _history(days)
        enough = min_games if isinstance(min_games, int) else min_games[name]
        inputs = _inputs(table, graph, known, of, counting_types=counting_types, min_games=enough)
        known[name] = table.shape(table.compute(inputs, of))
    return {name: rows for name, rows in known.items() if name not in raw}


def _sorted(dates: Iterable[date]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(sorted({pd.Timestamp(day) for day in dates}))


def read_input(wanted: Input, *, table: Table, rows: pd.DataFrame) -> pd.DataFrame:
    """What an input's rule and columns let through of another table's rows."""
    if wanted.rule is TimeRule.ANNOUNCED:
        return announced_games(rows).reset_index(drop=True)
    if wanted.columns is None:
        return rows
    return pd.DataFrame({name: rows[name] for name in (table.partition, *wanted.columns)}, copy=False)


def _inputs(
    table: Table,
    graph: Mapping[str, Table],
    known: Frames,
    dates: pd.DatetimeIndex,
    *,
    counting_types: frozenset[str],
    min_games: int,
) -> Inputs:
    on_date: dict[str, pd.DataFrame] = {}
    before: dict[str, pd.DataFrame] = {}
    for wanted in table.inputs:
        other = graph.get(wanted.table, TABLES[wanted.table])
        readable = read_input(wanted, table=other, rows=known[wanted.table])
        side = on_date if wanted.rule in (TimeRule.SAME_DATE, TimeRule.ANNOUNCED) else before
        side[wanted.table] = _on(readable, other, _readable(wanted.rule, dates))
    return Inputs(on_date=on_date, before=before, counting_types=counting_types, min_games=min_games)


def _readable(rule: TimeRule, dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
    if rule is TimeRule.BEFORE_DATE:
        return _history(dates)[:-1]
    return dates - pd.Timedelta(days=1) if rule is TimeRule.DAY_BEFORE else dates


def _history(dates: pd.DatetimeIndex) -> pd.DatetimeIndex:
    """Every day from the first season's first to the last date."""
    return pd.date_range(season_first_day(season_of(dates[0].date())), dates[-1]) if len(dates) else dates


def _on(rows: pd.DataFrame, table: Table, days: pd.DatetimeIndex) -> pd.DataFrame:
    """The rows of the days, with a running index; without copying the values if there are no others between them."""
    wanted = np.flatnonzero(rows[table.partition].isin(days))
    is_run = len(wanted) and wanted[-1] - wanted[0] + 1 == len(wanted)
    chosen = (rows.iloc[wanted[0] : wanted[-1] + 1] if is_run else rows.iloc[wanted]).copy(deep=False)
    chosen.index = pd.RangeIndex(len(chosen))
    return chosen


def _with_upstream(names: Collection[str], graph: Mapping[str, Table]) -> set[str]:
    found = set(names)
    for name in reversed(list(graph)):
        if name in found:
            found |= graph[name].upstream
    return found
