"""Dagster, and nothing else: how tables, builds and coverage appear as assets, checks, schedules and sensors."""

import warnings

import dagster as dg

# Two features in preview that the design rests on; the end-to-end tests hold them to their word.
warnings.filterwarnings("ignore", message=".*partitions_def.*", category=dg.PreviewWarning)
warnings.filterwarnings("ignore", message=".*backfill_policy.*", category=dg.BetaWarning)
