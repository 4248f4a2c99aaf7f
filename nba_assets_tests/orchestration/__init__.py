"""How the graph behaves as Dagster assets: automation, schedules, sensors, catalogue, runs."""
