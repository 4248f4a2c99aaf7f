"""What `import nba_assets as nba` offers: functions for the place of the environment, and `open` for others."""

from __future__ import annotations

from nba_assets.api.asked import AskedError, NotThereError
from nba_assets.api.nulls import NoWholeRowWarning
from nba_assets.api.reader import OutOfDateWarning, Reader
from nba_assets.api.reader import open_reader as open
from nba_assets.evaluation.errors import ExtraMissingError, TooFewError

_HERE = Reader()
read, training_set, evaluate, drift = _HERE.read, _HERE.training_set, _HERE.evaluate, _HERE.drift
coverage, explain, dictionary = _HERE.coverage, _HERE.explain, _HERE.dictionary
readiness = _HERE.readiness

__all__ = [
    "AskedError",
    "ExtraMissingError",
    "NoWholeRowWarning",
    "NotThereError",
    "OutOfDateWarning",
    "Reader",
    "TooFewError",
    "coverage",
    "dictionary",
    "drift",
    "evaluate",
    "explain",
    "open",
    "read",
    "readiness",
    "training_set",
]
