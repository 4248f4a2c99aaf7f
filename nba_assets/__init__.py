"""NBA feature pipeline as a Dagster asset graph: raw league data in, ten daily-partitioned tables out."""

__version__ = "0.1.0"
