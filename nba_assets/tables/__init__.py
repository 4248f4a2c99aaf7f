"""The tables of the graph, and their order: every table after those it reads."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from nba_assets.partition import Partition
from nba_assets.schema.contract import Contract, names_of
from nba_assets.schema.feature import FeatureSet
from nba_assets.schema.graph import in_order, tiers_of
from nba_assets.schema.table import Input, Table, TimeRule
from nba_assets.tables.games import ANNOUNCED_COLUMNS
from nba_assets.tables.ml_feature_store_v2 import ML_FEATURE_STORE_V2
from nba_assets.tables.player_composite_factors import PLAYER_COMPOSITE_FACTORS
from nba_assets.tables.player_daily_cache import PLAYER_DAILY_CACHE
from nba_assets.tables.player_game_summary import PLAYER_GAME_SUMMARY
from nba_assets.tables.player_shot_zone_analysis import PLAYER_SHOT_ZONE_ANALYSIS
from nba_assets.tables.raw_game_lines import RAW_GAME_LINES
from nba_assets.tables.raw_injury_reports import RAW_INJURY_REPORTS
from nba_assets.tables.raw_player_boxscores import RAW_PLAYER_BOXSCORES
from nba_assets.tables.raw_schedule import RAW_SCHEDULE
from nba_assets.tables.raw_shots import RAW_SHOTS
from nba_assets.tables.raw_team_boxscores import RAW_TEAM_BOXSCORES
from nba_assets.tables.team_defense_game_summary import TEAM_DEFENSE_GAME_SUMMARY
from nba_assets.tables.team_defense_zone_analysis import TEAM_DEFENSE_ZONE_ANALYSIS
from nba_assets.tables.team_offense_game_summary import TEAM_OFFENSE_GAME_SUMMARY
from nba_assets.tables.upcoming_player_game_context import UPCOMING_PLAYER_GAME_CONTEXT
from nba_assets.tables.upcoming_team_game_context import UPCOMING_TEAM_GAME_CONTEXT

_DECLARED = (
    RAW_SCHEDULE,
    RAW_TEAM_BOXSCORES,
    RAW_PLAYER_BOXSCORES,
    RAW_SHOTS,
    RAW_INJURY_REPORTS,
    RAW_GAME_LINES,
    PLAYER_GAME_SUMMARY,
    TEAM_OFFENSE_GAME_SUMMARY,
    TEAM_DEFENSE_GAME_SUMMARY,
    UPCOMING_TEAM_GAME_CONTEXT,
    UPCOMING_PLAYER_GAME_CONTEXT,
    TEAM_DEFENSE_ZONE_ANALYSIS,
    PLAYER_SHOT_ZONE_ANALYSIS,
    PLAYER_DAILY_CACHE,
    PLAYER_COMPOSITE_FACTORS,
    ML_FEATURE_STORE_V2,
)


def check_sources(table: Table) -> None:
    """ValueError if a feature comes from what the table does not read of its date, or what is not known before it."""
    contracts = {other.name: other.contract for other in _DECLARED}
    if table.features:
        of_the_date = [i for i in table.inputs if i.rule in (TimeRule.SAME_DATE, TimeRule.ANNOUNCED)]
        known = {i.table: _known_before_tip_off(i, contracts[i.table]) for i in of_the_date if i.table in contracts}
        table.features.check_sources(known)


def _known_before_tip_off(input_: Input, contract: type[Contract]) -> list[str]:
    return ANNOUNCED_COLUMNS if input_.rule == TimeRule.ANNOUNCED else names_of(contract)


for _table in _DECLARED:
    check_sources(_table)

TABLES: dict[str, Table] = {table.name: table for table in in_order(_DECLARED)}
TIERS: dict[str, int] = tiers_of(tuple(TABLES.values()))
SCHEDULE: Table = next(table for table in _DECLARED if table.is_schedule)
"""The table that all others count games by."""

LISTING: Table = next(table for table in _DECLARED if table.is_listing)
"""The table that says which players were with which team."""

RAW: tuple[str, ...] = tuple(name for name, table in TABLES.items() if table.result_sets)
"""The tables that are read from the source."""


def place_of(partition: Partition) -> tuple[date, int, str]:
    """Where a partition comes in any list of them: by date, and on each date inputs before what is made of them."""
    return partition.day, TIERS[partition.table], partition.table


WITH_FEATURES: tuple[tuple[Table, FeatureSet], ...] = tuple((t, t.features) for t in TABLES.values() if t.features)
"""The tables that have features, and those."""


def downstream_of(name: str) -> frozenset[str]:
    """The names of all tables that depend on a table, directly or not."""
    found: set[str] = set()
    for table in TABLES.values():
        if table.upstream & (found | {name}):
            found.add(table.name)
    return frozenset(found)


def with_upstream(names: Collection[str]) -> frozenset[str]:
    """The names themselves and all tables that they depend on, directly or not."""
    found = set(names)
    for table in reversed(TABLES.values()):
        if table.name in found:
            found |= table.upstream
    return frozenset(found)
