"""The slow oracle: every table of the specification, computed one entity and one date at a time.

It exists to be compared with, so it shares no code with the product package. No product code belongs here.
"""

from .slow_tables import SlowLeague

__all__ = ["SlowLeague"]
