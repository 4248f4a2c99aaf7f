"""`nba-assets dev` as it is shipped: a backfill in the UI, what an idle minute takes, and a backfill of nothing new."""

from __future__ import annotations

import os
import tempfile
import time
from datetime import date
from pathlib import Path

from nba_assets.league.calendar import days_between
from nba_assets_tests.e2e import ui
from nba_assets_tests.e2e.deployment import Deployment, deployed
from nba_assets_tests.needs import real_data

_DAYS = days_between(date(2021, 10, 18), date(2021, 11, 16))
_IDLE_SECONDS = 75


def main() -> None:
    """Thirty dates of the real season 2021-22, all tables."""
    with tempfile.TemporaryDirectory() as directory:
        settings = {
            "NBA_SOURCE": "files",
            "NBA_DATA_DIR": str(real_data()),
            "NBA_NOW": "2021-11-17T10:00",
            "NBA_PARTITIONS_START": "2021-10-15",
        }
        with deployed(Path(directory), settings, faster=False) as deployment:
            deployment.stop_schedules()
            print(f"  thirty dates, all tables: {_backfill(deployment)}", flush=True)
            print(f"  the same again, nothing new: {_backfill(deployment)}", flush=True)
            print(f"  an idle minute: {_idle(deployment):.1f} s process time", flush=True)


def _backfill(deployment: Deployment) -> str:
    """Launched, waited for, and watched for what it sets off."""
    before = {run.run_id for run in ui.runs(deployment)}
    started, busy = time.monotonic(), _busy_seconds(deployment)
    ended = ui.end_of(deployment, ui.launch(deployment, _DAYS), 900)
    seconds, busy = time.monotonic() - started, _busy_seconds(deployment) - busy
    time.sleep(_IDLE_SECONDS)
    new = [run for run in ui.runs(deployment) if run.run_id not in before]
    own = sum("dagster/from_automation_condition" not in run.tags and "dagster/backfill" in run.tags for run in new)
    return f"{seconds:.0f} s, {busy:.0f} s process time, {own} runs, {len(new) - own} more set off, {ended}"


def _idle(deployment: Deployment) -> float:
    started, busy = time.monotonic(), _busy_seconds(deployment)
    time.sleep(_IDLE_SECONDS)
    return (_busy_seconds(deployment) - busy) / (time.monotonic() - started) * 60


def _busy_seconds(deployment: Deployment) -> float:
    """Process time of everything that the deployment has started and, once it has ended, been waited for."""
    parents, ticks = _processes()
    mine = {deployment.processes["dev"].pid}
    while more := {process for process, parent in parents.items() if parent in mine} - mine:
        mine |= more
    return sum(ticks[process] for process in mine & set(ticks)) / os.sysconf("SC_CLK_TCK")


def _processes() -> tuple[dict[int, int], dict[int, int]]:
    """Of every process its parent, and its clock ticks with those of its children that have ended."""
    parents, ticks = {}, {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has just ended
        parents[int(process.name)] = int(fields[1])
        ticks[int(process.name)] = sum(map(int, fields[11:15]))
    return parents, ticks
