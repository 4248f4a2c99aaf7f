"""When a partition is computed by itself: one condition for every table that is computed from others.

Raw tables have no condition: the source is asked by the morning schedule (`schedules.py`), never by an update.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dagster as dg
from dagster import AutomationCondition as When

from nba_assets.schema.policy import Policy
from nba_assets.schema.table import Phase, Table
from nba_assets.tables import TABLES

SKIP_DOWNSTREAM_TAG = "nba/skip_downstream_trigger"
"""On a run that automation must not go on from; set by the step itself when its options say so."""

AFTER_PEOPLE = {"dagster/priority": "-1"}
"""The tags of a run that nobody has launched: in the queue, what a person launches goes first."""

FOLLOWED_TAG = "nba/followed"
"""On a run whose launcher itself goes on to everything downstream: a backfill of the whole graph."""


def conditions(policies: Mapping[str, Policy]) -> dict[str, dg.AutomationCondition[Any]]:
    """Table -> its condition; none for raw tables."""
    computed = (table for table in TABLES.values() if table.phase != Phase.RAW)
    return {table.name: inputs_are_ready(table, policies) for table in computed}


def inputs_are_ready(table: Table, policies: Mapping[str, Policy]) -> dg.AutomationCondition[Any]:
    """Request a partition when what it reads has come in; partition by partition, over all history.

    Dagster's eager condition with five differences: it looks at every partition, not at the latest; it waits for
    the blocking checks of every input; it never requests a partition in the same tick as its input, so that a gap
    fails alone and what follows is held instead of failing with it; it does not go on from runs that said so; an input
    that was materialised again with the content that it had is no update.

    - fires: the content of an input has changed, and all inputs of the date (of the day before, for history) are there;
    - waits: an input is missing, being computed, or about to be requested;
    - holds: a blocking check of an input failed: a gap. The repair of the gap is an update, and it fires;
    - idles: nothing has changed since it was last requested or computed.

    What the table can do without (`critical` in its policy) must have been attempted; optional ones are not waited for.
    """
    counting = [name for name in sorted(table.upstream) if not TABLES[name].optional]
    needed = dg.AssetSelection.assets(*(name for name in counting if policies[name].critical))
    wanted = dg.AssetSelection.assets(*(name for name in counting if not policies[name].critical))
    waits = When.any_deps_match(When.missing()).allow(needed).with_label("an input is missing")
    holds = When.any_deps_match(When.any_checks_match(~When.check_passed(), blocking_only=True)).allow(needed)
    never_attempted = When.any_deps_match(When.missing() & ~When.execution_failed()).allow(wanted)
    busy = When.any_deps_match(When.in_progress() | When.will_be_requested()).with_label("an input is on its way")
    return (
        _an_input_was_updated()
        & ~waits
        & ~holds.with_label("a blocking check of an input has not passed")
        & ~never_attempted.with_label("an input that is not critical was never attempted")
        & ~busy
        & ~When.in_progress()
    ).with_label("inputs_are_ready")


def _an_input_was_updated() -> dg.AutomationCondition[Any]:
    """Since the partition was last requested or computed, with other content, by a run that lets automation go on.

    A run that does not also ends what earlier updates began: the partition waits for the next ordinary update.
    """
    must_not_trigger = When.all_new_updates_have_run_tags(tag_keys={SKIP_DOWNSTREAM_TAG})
    need_not_trigger = When.all_new_updates_have_run_tags(tag_keys={FOLLOWED_TAG})
    new = When.newly_updated() & When.data_version_changed() & ~When.executed_with_root_target()
    updated = When.any_deps_match(new & ~must_not_trigger & ~need_not_trigger).with_label("an input was updated")
    silenced = When.any_deps_match(must_not_trigger).with_label("an input was updated without trigger")
    # A backfill goes on by itself to whatever it is for; what it leaves out is behind a gap, and would be so again.
    handled = (
        When.newly_requested()
        | When.newly_updated()
        | When.backfill_in_progress()
        | When.initial_evaluation()
        | silenced
    )
    return updated.since(handled).with_label("an input was updated since last handled")


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Evaluates the conditions; fires every thirty seconds for the partitions whose inputs have become ready."""
    return dg.AutomationConditionSensorDefinition(
        "automation",
        target=dg.AssetSelection.assets(*TABLES),
        default_status=dg.DefaultSensorStatus.RUNNING,
        minimum_interval_seconds=30,
        run_tags=AFTER_PEOPLE,
        description="Computes a partition when all its inputs of the date (and of the day before) have come in and "
        "their blocking checks passed. A gap holds what follows until it is repaired.",
    )
