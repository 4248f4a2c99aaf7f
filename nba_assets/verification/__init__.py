"""Proof that the numbers are right: recomputation in memory, the leak test, and the checks of `nba-assets verify`.

Knows the tables, and of a warehouse only its protocol. Nothing here publishes anything.
"""
