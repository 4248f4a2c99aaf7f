"""Where a command works: its session, and the first line, which says which source and warehouse that is."""

from __future__ import annotations

from enum import StrEnum

from nba_assets.cli.console import err
from nba_assets.session import Session, open_session


def opened(format_: StrEnum | None = None, *, quiet: bool = False) -> Session:
    """A session on the settings; says on standard error which, but not where JSON or silence is asked for."""
    session = open_session()
    if not quiet and format_ != "json":
        err.say(session.describe())
    return session
