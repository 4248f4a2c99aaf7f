"""The sources that NBA_SOURCE can name, each declared once. To add one: its module, and an entry here.

The module of a source has a function `open_source(settings)` that returns it, or raises SourceSettingsError. It is
imported when the source is opened and not before: the live client alone takes half a second.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from typing import TYPE_CHECKING

from nba_assets.league.calendar import COUNTING_TYPES, GameType
from nba_assets.text import near

if TYPE_CHECKING:
    from nba_assets.settings import Settings
    from nba_assets.sources.base import Source


@dataclass(frozen=True)
class RegisteredSource:
    """A source by name: the module that opens it, and what must be known of it before it is opened.

    `counting_types` are the game types that it has box scores for unless the settings name others. Whether its league
    is made up decides what it may be stored with: a real and a made-up league never share a warehouse. One that
    `may_have_ended` has what somebody put there, which may be the past alone. `in_words` says to people which it is.
    """

    name: str
    module: str
    counting_types: frozenset[str] = COUNTING_TYPES
    is_made_up: bool = False
    may_have_ended: bool = False
    in_words: Callable[[Settings], str] = lambda settings: f"source '{settings.source}'"

    def open(self, settings: Settings) -> Source:
        """The source as the settings describe it; raises SourceSettingsError naming what they must say."""
        source: Source = import_module(self.module).open_source(settings)
        return source

    def ended_on(self, settings: Settings, today: date) -> date | None:
        """The last date of what it has, if that is the past alone on `today`; None where games may still come.

        Quick, because it is asked whenever Dagster's definitions are loaded; raises nothing.
        """
        if not self.may_have_ended:
            return None
        ended: date | None = import_module(self.module).ended_on(settings, today)
        return ended


SOURCES: dict[str, RegisteredSource] = {
    source.name: source
    for source in (
        RegisteredSource(
            "simulated",
            "nba_assets.sources.simulated.source",
            is_made_up=True,
            in_words=lambda settings: f"simulated league (seed {settings.seed})",
        ),
        RegisteredSource(
            "files",
            "nba_assets.sources.files",
            frozenset({GameType.REGULAR.value}),
            may_have_ended=True,
            in_words=lambda settings: f"files in {settings.data_dir}",
        ),
        RegisteredSource(
            "nba_api",
            "nba_assets.sources.nba_api",
            in_words=lambda settings: f"stats.nba.com, cache {near(settings.cache_dir)}",
        ),
    )
}


def is_made_up(name: str) -> bool:
    """Whether a source's league is made up; one that is not registered is taken for real."""
    return name in SOURCES and SOURCES[name].is_made_up
