"""Which partitions exist, and which partitions of its inputs a partition depends on in Dagster's eyes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import dagster as dg

from nba_assets.league.calendar import days_between
from nba_assets.schema.table import Table, TimeRule

TIME_ZONE = "America/New_York"
_DAY_TAG = "dagster/partition"
_FIRST_TAG, _LAST_TAG = "dagster/asset_partition_range_start", "dagster/asset_partition_range_end"
_TODAY = {TimeRule.SAME_DATE, TimeRule.ANNOUNCED}


def daily_partitions(start: date, end: date | None = None) -> dg.DailyPartitionsDefinition:
    """Every calendar day from `start` to `end`, but not after today: days without games too, because schedules change.

    Without an end each new day gets its partition as it begins.
    """
    # Dagster's end is the first date left out; today, which is not over, is what the offset adds.
    beyond = None if end is None else (end + timedelta(days=1)).isoformat()
    return dg.DailyPartitionsDefinition(start_date=start.isoformat(), end_date=beyond, timezone=TIME_ZONE, end_offset=1)


def tags_of_range(first: date, last: date) -> dict[str, str]:
    """The tags by which Dagster knows which partitions a run is for."""
    if first == last:
        return {_DAY_TAG: str(first)}
    return {_FIRST_TAG: str(first), _LAST_TAG: str(last)}


def days_of_run(tags: Mapping[str, str]) -> list[date]:
    """The partitions that a run is for; none for a run without partitions."""
    single = tags.get(_DAY_TAG, "")
    try:
        first, last = (date.fromisoformat(tags.get(tag, single)) for tag in (_FIRST_TAG, _LAST_TAG))
    except ValueError:
        return []
    return days_between(first, last)


def asset_deps(table: Table) -> list[dg.AssetDep]:
    """One dependency per input table: the same date, the day before, or both.

    Of history Dagster sees yesterday only; the audit holds the rest of the season against the schedule.
    """
    rules: dict[str, set[TimeRule]] = {}
    for input_ in table.inputs:
        rules.setdefault(input_.table, set()).add(input_.rule)
    return [dg.AssetDep(name, partition_mapping=_mapping(found)) for name, found in rules.items()]


def _mapping(rules: set[TimeRule]) -> dg.PartitionMapping:
    if rules <= _TODAY:
        return dg.TimeWindowPartitionMapping()
    return dg.TimeWindowPartitionMapping(start_offset=-1, end_offset=0 if rules & _TODAY else -1)
