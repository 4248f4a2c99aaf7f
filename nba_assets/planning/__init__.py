"""What partitions are, and what is to be done about them: state, plans, impact, what to request, what to repair.

Reads the ledger and the clock; computes nothing and writes nothing. Knows neither Dagster nor the command line.
"""
