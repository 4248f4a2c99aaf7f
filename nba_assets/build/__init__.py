"""Building partitions: read, compute, validate, audit, publish; and what the ledger says still has to be built.

Knows sources, tables, quality and the warehouse; knows neither Dagster nor the command line.
"""
