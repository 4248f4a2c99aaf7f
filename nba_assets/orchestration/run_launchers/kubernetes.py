"""Each run in a Kubernetes job of its own. Needs `nba-assets[kubernetes]`; deploy/kubernetes/values.yaml names it."""

from __future__ import annotations

import dagster_k8s

from nba_assets.orchestration.run_launchers import LeavesCommandsAlone


class K8sRunLauncher(LeavesCommandsAlone, dagster_k8s.K8sRunLauncher):
    """Dagster's, with the same configuration."""
