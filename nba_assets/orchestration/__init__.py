"""Dagster, and nothing else: how tables, builds and coverage appear as assets, checks, schedules and sensors."""

import warnings

import dagster as dg

# Features in preview or beta that the design rests on; the end-to-end tests hold them to their word.
warnings.filterwarnings("ignore", message=".*partitions_def.*", category=dg.PreviewWarning)
warnings.filterwarnings("ignore", message=".*backfill_policy.*", category=dg.BetaWarning)
# Dagster warns of this one itself, for every schedule and sensor that is made with a decorator.
warnings.filterwarnings("ignore", message=".*`owners` of initializer.*", category=dg.BetaWarning)
warnings.filterwarnings("ignore", message=".*(CodeReferencesMetadataValue|CodeReference).*", category=dg.BetaWarning)
