"""What keeps an evaluation from being made."""

from __future__ import annotations


class ExtraMissingError(ValueError):
    """A package that only an evaluation needs is not installed."""


class TooFewError(ValueError):
    """There are not enough games to train on, to test with, or to compare."""


class NoBaselineError(TooFewError):
    """The season that somebody has named to compare with has not the rows for it."""
