"""Building partitions: read, compute, validate, audit, publish.

Knows sources, tables, quality, the warehouse and planning; knows neither Dagster nor the command line.
"""
