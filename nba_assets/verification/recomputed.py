"""Checks that recompute sampled dates from the stored raw tables: they come out the same, and nothing leaks."""

from __future__ import annotations

from datetime import date
from typing import Any

import pandas as pd

from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.tables import TABLES
from nba_assets.verification.leak import deaf_tables, leaking_tables
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES
from nba_assets.verification.season import CheckResult, StoredSeason, result

_SET_BY_HAND = ["is_production_ready"]  # false in partitions that a person forced


def stored_rows_are_what_the_code_computes(stored: StoredSeason) -> CheckResult:
    """Recomputed from the stored raw tables, the sampled dates have the content that is stored."""
    wrong, days = [], stored.sample()
    for name in (*POST_GAME_TABLES, *PRE_GAME_TABLES) if days else ():
        theirs, ours = stored.rows(TABLES[name]), stored.recomputed[name]
        contents = zip(days, _contents(name, theirs, days), _contents(name, ours, days), strict=True)
        wrong += [
            f"{name} {day}: {_number(name, theirs, day)} rows are stored, {_number(name, ours, day)} come out, and "
            f"they differ; run: nba-assets repair {day} {day} --rewrite"
            for day, content, recomputed in contents
            if content != recomputed
        ]
    examined = len(days) * (len(POST_GAME_TABLES) + len(PRE_GAME_TABLES))
    return result("stored = recomputed", examined=examined, violations=wrong, note=_sampled(days))


def nothing_leaks(stored: StoredSeason) -> CheckResult:
    """With every result on and after a sampled date replaced by garbage, its pre-game rows stay as they are."""
    wrong, days = [], stored.sample()
    for day in days:
        leaking = leaking_tables(stored.raw(), day, computed=stored.recomputed, **_rules(stored))
        wrong += [f"{name} {day} changes with results of {day} or later" for name in leaking]
    return result("no leak", examined=len(days) * len(PRE_GAME_TABLES), violations=wrong, note=_sampled(days))


def earlier_results_count(stored: StoredSeason) -> CheckResult:
    """With the results of the days before a sampled date corrected, its pre-game rows change."""
    wrong, days = [], stored.sample()
    for day in days:
        deaf = deaf_tables(stored.raw(), day, computed=stored.recomputed, **_rules(stored))
        wrong += [f"{name} {day} does not change with the results of the days before" for name in deaf]
    return result("earlier results count", examined=len(days) * len(PRE_GAME_TABLES), violations=wrong)


def _rules(stored: StoredSeason) -> dict[str, Any]:
    return {"counting_types": stored.counting_types, "min_games": stored.min_games}


def _contents(name: str, rows: pd.DataFrame, days: list[date]) -> list[str]:
    rows = rows[rows[TABLES[name].partition].isin(pd.DatetimeIndex(days))]
    business = rows.drop(columns=_SET_BY_HAND, errors="ignore")
    hashes = partition_hashes(business, TABLES[name].contract, days)
    return [hashes[day] for day in days]


def _number(name: str, rows: pd.DataFrame, day: date) -> int:
    return int(rows[TABLES[name].partition].eq(pd.Timestamp(day)).sum())


def _sampled(days: list[date]) -> str:
    return f"sampled: {', '.join(map(str, days))}" if days else ""
