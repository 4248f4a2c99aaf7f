"""NBA feature pipeline as a Dagster asset graph: raw league data in, ten daily-partitioned tables out."""
