"""What a shell offers behind an argument or an option. Nothing here may fail, or take long: somebody is typing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from nba_assets.partition import Status
from nba_assets.tables import TABLES

_MOMENTS = ("raw", "postgame", "pregame")


def table(incomplete: str) -> list[str]:
    """Tables by name; by short name once it is begun."""
    short = [one.short_name for one in TABLES.values()] if incomplete else []
    return _beginning(incomplete, [*TABLES, *short])


def tables(incomplete: str) -> list[str]:
    """The last of a list of tables."""
    before, last = _split(incomplete, ",")
    return [before + name for name in table(last)]


def selection(incomplete: str) -> list[str]:
    """The last item of an expression: tables, moments, groups, and what is upstream of them."""
    before, last = _split(incomplete, r"\s,+")
    groups = dict.fromkeys(f"group:{one.group}" for one in TABLES.values())
    return [before + name for name in [*table(last), *_beginning(last, [*_MOMENTS, *groups])]]


def statuses(incomplete: str) -> list[str]:
    """The last of a list of statuses."""
    before, last = _split(incomplete, ",")
    return [before + name for name in _beginning(last, Status)]


def season(incomplete: str) -> list[str]:
    """The seasons that lie where the settings say; none where they say nothing, or cannot be read."""
    try:
        from nba_assets.settings import load_settings
        from nba_assets.sources.files import season_folders

        settings = load_settings()
        place = settings.data_dir if settings.source == "files" else settings.cache_dir
        found = season_folders(place) if place is not None and place.is_dir() else []
    except Exception:  # the command itself will say what is wrong
        return []
    return _beginning(incomplete, found)


def _split(incomplete: str, separators: str) -> tuple[str, str]:
    """What stands before the item that is being typed, and the item so far."""
    last = re.split(f"[{separators}]", incomplete)[-1]
    return incomplete.removesuffix(last), last


def _beginning(incomplete: str, names: Iterable[str]) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
