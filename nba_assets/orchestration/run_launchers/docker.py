"""Each run in a Docker container of its own. Needs `nba-assets[docker]`; deploy/compose/dagster.yaml names it."""

from __future__ import annotations

import os

import dagster as dg
import dagster_docker
from dagster_docker.container_context import DockerContainerContext

from nba_assets.orchestration.run_launchers import LeavesCommandsAlone
from nba_assets.settings import variables_set


class DockerRunLauncher(LeavesCommandsAlone, dagster_docker.DockerRunLauncher):
    """Dagster's, with the same configuration."""

    def get_container_context(self, dagster_run: dg.DagsterRun) -> DockerContainerContext:
        """A run has the settings of whoever launches it: none has to be listed in `env_vars`."""
        inherited = DockerContainerContext(env_vars=[f"{name}={os.environ[name]}" for name in variables_set()])
        told: DockerContainerContext = inherited.merge(super().get_container_context(dagster_run))
        return told
