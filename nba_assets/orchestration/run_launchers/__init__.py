"""Dagster's launchers of runs in containers of their own, on an instance where commands execute runs as well.

Where Dagster's daemon watches runs (`run_monitoring` in dagster.yaml), these launchers tell it that every run for which
they have started no container is gone. But `nba-assets backfill`, and the jobs that launch runs inside their own
process, execute theirs where they are themselves. Only dagster.yaml names these classes.
"""

from __future__ import annotations

import dagster as dg

from nba_assets.orchestration.dagster_private import CheckRunHealthResult, RunLauncher, WorkerStatus
from nba_assets.orchestration.dead_runs import why_dead


class LeavesCommandsAlone(RunLauncher):
    """Mixed into a launcher: of a run that it has not started, the run's own process tag is believed."""

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Failed if the process is known to be dead; running if it lives, or where nobody here can look yet."""
        if run.remote_job_origin is not None:  # whatever is launched has come from a code server
            return super().check_run_worker_health(run)
        why = why_dead(self._instance, run)
        return CheckRunHealthResult(WorkerStatus.FAILED, why) if why else CheckRunHealthResult(WorkerStatus.RUNNING)
