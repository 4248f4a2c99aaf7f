"""How a table is declared: contract, inputs, windows, features, policy, and the fingerprints of content and code.

Knows no table by name.
"""
