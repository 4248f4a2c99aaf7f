"""Speed, measured and printed: `make bench`. Never asserted in tests, because machines differ."""
