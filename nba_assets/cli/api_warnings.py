"""What the Python API warns of, as lines of a command."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from nba_assets.api.reader import OutOfDateWarning
from nba_assets.cli.console import err


@contextmanager
def warnings_told() -> Iterator[None]:
    """What the API warns of is said in lines on standard error."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", OutOfDateWarning)
        try:
            yield
        finally:
            for warning in caught:
                err.say("warning:", warning.message)
