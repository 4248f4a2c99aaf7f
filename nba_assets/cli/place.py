"""Where a command works: its session, and the first line, which says which source and warehouse that is."""

from __future__ import annotations

from enum import StrEnum

from nba_assets.cli.console import err
from nba_assets.session import Session, open_session


def opened(format_: StrEnum | None = None, *, quiet: bool = False) -> Session:
    """A session on the settings, after its first line."""
    session = open_session()
    say_place(session.describe(), format_, quiet=quiet)
    return session


def say_place(place: str, format_: StrEnum | None = None, *, quiet: bool = False) -> None:
    """The first line, on standard error; nothing where JSON or silence is asked for."""
    if not quiet and format_ != "json":
        err.say(place)
