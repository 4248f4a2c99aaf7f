"""What `import nba_assets as nba` offers: functions for the place of the environment, and `open` for others."""

from __future__ import annotations

from nba_assets.api.asked import AskedError, NotThereError
from nba_assets.api.reader import OutOfDateWarning, Reader
from nba_assets.api.reader import open_reader as open

_HERE = Reader()
read, training_set = _HERE.read, _HERE.training_set
coverage, explain, dictionary = _HERE.coverage, _HERE.explain, _HERE.dictionary

__all__ = [
    "AskedError",
    "NotThereError",
    "OutOfDateWarning",
    "Reader",
    "coverage",
    "dictionary",
    "explain",
    "open",
    "read",
    "training_set",
]
