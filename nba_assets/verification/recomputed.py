"""Checks that recompute sampled dates from the stored raw tables: they come out the same, and nothing leaks."""

from __future__ import annotations

from datetime import date

import pandas as pd

from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.tables import TABLES
from nba_assets.verification.leak import deaf_tables, leaking_tables
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, RAW_TABLES, replay
from nba_assets.verification.season import CheckResult, StoredSeason, result

_SET_BY_HAND = ["is_production_ready"]  # false in partitions that a person forced


def stored_rows_are_what_the_code_computes(stored: StoredSeason) -> CheckResult:
    """Recomputed from the stored raw tables, the sampled dates have the content that is stored."""
    wrong, days = [], stored.sample()
    for day in days:
        tables = replay(_raw(stored), [day], counting_types=stored.counting_types, min_games=stored.min_games)
        for name in (*POST_GAME_TABLES, *PRE_GAME_TABLES):
            theirs = stored.rows(TABLES[name])
            theirs = theirs[theirs[TABLES[name].partition].eq(pd.Timestamp(day))]
            if _content(name, theirs, day) != _content(name, tables[name], day):
                wrong.append(
                    f"{name} {day}: {len(theirs)} rows are stored, {len(tables[name])} come out, and they differ; "
                    f"run: nba-assets repair {day} {day} --rewrite"
                )
    examined = len(days) * (len(POST_GAME_TABLES) + len(PRE_GAME_TABLES))
    return result("stored = recomputed", examined=examined, violations=wrong, note=_sampled(days))


def nothing_leaks(stored: StoredSeason) -> CheckResult:
    """With every result on and after a sampled date replaced by garbage, its pre-game rows stay as they are."""
    wrong, days = [], stored.sample()
    for day in days:
        leaking = leaking_tables(_raw(stored), day, counting_types=stored.counting_types)
        wrong += [f"{name} {day} changes with results of {day} or later" for name in leaking]
    return result("no leak", examined=len(days) * len(PRE_GAME_TABLES), violations=wrong, note=_sampled(days))


def earlier_results_count(stored: StoredSeason) -> CheckResult:
    """With the results of the days before a sampled date corrected, its pre-game rows change."""
    wrong, days = [], stored.sample()
    for day in days:
        deaf = deaf_tables(_raw(stored), day, counting_types=stored.counting_types)
        wrong += [f"{name} {day} does not change with the results of the days before" for name in deaf]
    return result("earlier results count", examined=len(days) * len(PRE_GAME_TABLES), violations=wrong)


def _raw(stored: StoredSeason) -> dict[str, pd.DataFrame]:
    return {name: stored.rows(TABLES[name]) for name in RAW_TABLES}


def _content(name: str, rows: pd.DataFrame, day: date) -> str:
    business = rows.drop(columns=_SET_BY_HAND, errors="ignore")
    return partition_hashes(business, TABLES[name].contract, [day])[day]


def _sampled(days: list[date]) -> str:
    return f"sampled: {', '.join(map(str, days))}" if days else ""
