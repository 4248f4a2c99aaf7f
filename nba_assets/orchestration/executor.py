"""What executes the steps of a run that Dagster launches: NBA_EXECUTOR."""

from __future__ import annotations

import dagster as dg

from nba_assets.settings import Settings, SettingsError, found_at

IN_PROCESS = "in_process"
_NAMED = {IN_PROCESS: dg.in_process_executor, "multiprocess": dg.multiprocess_executor}


def executor_of(settings: Settings) -> dg.ExecutorDefinition:
    """The executor of every job; raises SettingsError if its place holds none.

    A run of ours is one table over a range, hence one step: in the run's own process it starts soonest. The commands
    and jobs that launch runs inside their own process always execute them there.
    """
    place = settings.executor
    found = _NAMED.get(place) or found_at(place, "NBA_EXECUTOR")
    if not isinstance(found, dg.ExecutorDefinition):
        raise SettingsError(f"NBA_EXECUTOR={place}: is no executor of Dagster's but {type(found).__name__}")
    return found
