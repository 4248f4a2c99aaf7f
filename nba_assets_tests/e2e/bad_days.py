"""Deployments whose source lacks games, and whether all that they show is as it should be."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path

from nba_assets.tables import TABLES
from nba_assets_tests.e2e import ui
from nba_assets_tests.e2e.deployment import Deployment, deployed
from nba_assets_tests.e2e.gaps import data_with_gaps
from nba_assets_tests.e2e.ui import Run, Tick

ROOT = "raw_team_boxscores"
PATIENCE = 840.0
"""Seconds that a backfill or its consequences may take on a busy machine; what they took is printed."""
_STUCK = {"IN_PROGRESS", "EXECUTION_FAILED", "SKIPPED"}
_AUTOMATION_TAG = "dagster/from_automation_condition"


@contextmanager
def deployed_with_gaps(directory: Path, gaps: Mapping[date, str], now: str) -> Iterator[Deployment]:
    """The real season without these games (date -> game id), at a moment; nothing is launched by the hour."""
    assert data_with_gaps(directory, gaps) == gaps
    settings = {
        "NBA_SOURCE": "files",
        "NBA_DATA_DIR": str(directory / "data"),
        "NBA_NOW": now,
        "NBA_PARTITIONS_START": "2021-10-15",
    }
    with deployed(directory, settings) as running:
        running.stop_schedules()
        yield running


def failed(deployment: Deployment) -> set[tuple[str, date]]:
    """What is red."""
    return {(name, day) for name, found in ui.partitions(deployment).items() for day in ui.days(found, "FAILED")}


def lacking(deployment: Deployment, days: Sequence[date]) -> list[str]:
    """What is not materialised, and what is but without a passed check."""
    coloured, checked = ui.partitions(deployment), ui.checks(deployment)
    return [
        f"{name} {day}: {coloured[name].get(day)}, complete: {checked[name, 'complete'].get(day)}"
        for name in TABLES
        for day in days
        if (coloured[name].get(day), checked[name, "complete"].get(day)) != ("MATERIALIZED", "SUCCEEDED")
    ]


def unexplained(deployment: Deployment, days: Sequence[date], gaps: Iterable[date]) -> list[str]:
    """The dates that are neither materialised nor failed, and no red check of which names a gap on or before them.

    What Dagster never requested gets its check once coverage has followed; that is waited for.
    """
    started = time.monotonic()
    with suppress(AssertionError):
        deployment.until("every grey date has a red check", 240, lambda: not _without_a_red_check(deployment, days))
    print(f"red checks of grey dates waited for: {time.monotonic() - started:.0f} s")
    without = [f"{name} {day}: no red check" for name, day in _without_a_red_check(deployment, days)]
    return without + _not_naming_a_root(deployment, days, gaps)


def _grey(deployment: Deployment, days: Sequence[date]) -> set[tuple[str, date]]:
    """What is neither materialised nor failed."""
    coloured = ui.partitions(deployment)
    return {(name, day) for name in TABLES for day in days if day not in coloured[name]}


def _without_a_red_check(deployment: Deployment, days: Sequence[date]) -> list[tuple[str, date]]:
    checked = ui.checks(deployment)
    return [
        (name, day) for name, day in sorted(_grey(deployment, days)) if checked[name, "complete"].get(day) != "FAILED"
    ]


def _not_naming_a_root(deployment: Deployment, days: Sequence[date], gaps: Iterable[date]) -> list[str]:
    """The grey dates whose check names no gap on or before them, and what it says instead."""
    found = []
    for name, day in sorted(_grey(deployment, days)):
        told = ui.text_of_check(deployment, name, "complete", day)
        if not any(f"{ROOT} {gap}" in told for gap in gaps if gap <= day):
            found.append(f"{name} {day}: {told or 'no check'}")
    return found


def stuck(deployment: Deployment) -> list[str]:
    """Checks that were announced and have no result."""
    return [
        f"{check} of {name} {day}: {status}"
        for (name, check), found in ui.checks(deployment).items()
        for day, status in found.items()
        if status in _STUCK
    ]


def ticks_with_errors(deployment: Deployment) -> list[Tick]:
    """The evaluations of sensors that ended in an error."""
    return [tick for tick in ui.ticks(deployment) if tick.error]


def automatic(runs: Iterable[Run]) -> list[Run]:
    """What was started by a condition or by the sensor that repairs."""
    return [run for run in runs if _AUTOMATION_TAG in run.tags or run.job == "repair"]
