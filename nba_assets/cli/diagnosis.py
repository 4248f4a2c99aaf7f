"""What is found where a command would work: settings, source, home, warehouse, instance, versions, disk.

Nothing is created, and no fault is beyond being told: one that ends a look becomes a problem of what was looked at.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path

from pydantic import SecretStr

from nba_assets import __version__
from nba_assets.alerts.alert import Tier
from nba_assets.alerts.channels import NONE_IS_ON, channels_on
from nba_assets.cli.console import refused
from nba_assets.session import Session
from nba_assets.settings import Settings, SettingsError, load_settings, origin, unknown_settings, variable
from nba_assets.sources.files import season_folders
from nba_assets.text import counted, near, span
from nba_assets.warehouse.duckdb import DuckDBWarehouse

_LIBRARIES = ("dagster", "duckdb", "pandas", "pyarrow")
_SCARCE, _NOT_ENOUGH = 2e9, 2e8
_HIDDEN = frozenset(("NBA_API_PROXY", "AWS_SES_ACCESS_KEY_ID"))
"""Besides those that are declared as secret: a proxy's address may contain a password."""


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True)
class Found:
    """One thing that was looked at, and the next step where it is not well."""

    level: Level
    about: str
    what: str
    next: str | None = None


@dataclass(frozen=True)
class Effective:
    """A setting as it counts; a secret's value is not in it."""

    name: str
    value: str
    origin: str


def effective_settings(settings: Settings) -> list[Effective]:
    """Every setting, in the order of their declaration."""
    values = {variable(field): getattr(settings, field) for field in Settings.model_fields}
    return [Effective(name, _shown(name, value), origin(name)) for name, value in values.items()]


def _shown(name: str, value: object) -> str:
    if value is not None and (isinstance(value, SecretStr) or name in _HIDDEN):
        return "(set, not shown)"
    return "" if value is None else str(value)


def diagnose(*, online: bool) -> tuple[Settings | None, list[Found]]:
    """The settings, if there are any that can be used, and everything that was found."""
    found = [Found(Level.OK, "versions", _versions())]
    try:
        settings = load_settings()
    except SettingsError as error:
        step = "Correct what is named; until then the rest cannot be looked at"
        return None, [*found, *(Found(Level.PROBLEM, "settings", line, step) for line in str(error).splitlines())]
    session = Session(settings)
    looks: dict[str, Callable[[], Iterable[Found]]] = {
        "settings": _misspelt,
        "source": lambda: _source(session, online=online),
        "home": lambda: _home(settings),
        "warehouse": lambda: _warehouse(session),
        "Dagster": lambda: _instance(settings),
        "Dagster's records": lambda: _records(settings),
        "alerts": lambda: _alerts(settings),
        "disk": lambda: _disk(settings),
    }
    return settings, [*found, *(one for about, look in looks.items() for one in _looked(about, look))]


def _looked(about: str, look: Callable[[], Iterable[Found]]) -> list[Found]:
    found: list[Found] = []
    try:
        found.extend(look())
    except Exception as error:  # faults are what this is for: whichever it is, the other looks go on
        is_ours = type(error).__module__.startswith("nba_assets.")
        what = str(error) if is_ours else f"{type(error).__name__}: {error}"
        what = refused(error) if isinstance(error, OSError) else what
        found.append(Found(Level.PROBLEM, about, " ".join(what.split())))
    return found


def _versions() -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in _LIBRARIES)
    return f"nba-assets {__version__}, Python {sys.version.split()[0]}, {libraries}"


def _misspelt() -> Iterator[Found]:
    for name, nearest in unknown_settings().items():
        step = f"Did you mean {nearest}?" if nearest else "Take it away; the README lists all settings"
        yield Found(Level.WARNING, "settings", f"{name} is not a setting, and has no effect", step)


def _source(session: Session, *, online: bool) -> Iterator[Found]:
    settings, source = session.settings, session.source
    where = {"files": settings.data_dir, "nba_api": settings.cache_dir}.get(settings.source)
    name = session.describe().split(" · ")[0]
    if where is None:
        yield Found(Level.OK, "source", name)
    elif not where.is_dir() and not source.is_asked:
        yield Found(Level.PROBLEM, "source", f"there is no directory {where}", "Set NBA_DATA_DIR")
    else:
        seasons = season_folders(where) if where.is_dir() else []
        what = f"{name}: {counted(len(seasons), 'season')}" + (f", {', '.join(seasons)}" if seasons else "")
        step = (
            "nba-assets fetch SEASON" if source.is_asked else "Set NBA_DATA_DIR to the directory of the season folders"
        )
        yield Found(Level.OK, "source", what) if seasons else Found(Level.WARNING, "source", what, step)
    if settings.source == "nba_api":
        yield from _reach(session, online=online)


def _reach(session: Session, *, online: bool) -> Iterator[Found]:
    """Whether the site answers: as found last, or by one call of one file."""
    from nba_assets.sources.nba_api.connection import Connection, StatusError

    beyond = session.source.out_of_reach()
    if beyond is not None:
        yield Found(Level.PROBLEM, "source", f"{beyond.site} is out of reach since {beyond.since}", beyond.advice)
    elif not online:
        yield Found(Level.OK, "source", "whether it can be reached was not asked: --online does")
    else:
        live = session.settings.nba_api()
        url = live.static_schedule_url or live.base_url or ""
        connection = Connection(live)
        try:
            connection.get_text(url)
        except StatusError as error:
            yield Found(Level.PROBLEM, "source", f"{url} answers: {error}", "Try again later, or set NBA_API_PROXY")
        else:
            yield Found(Level.OK, "source", f"{url} answers")
        finally:
            connection.close()


def _home(settings: Settings) -> Iterator[Found]:
    home = settings.state
    there = _nearest(home)
    if not there.is_dir():
        yield Found(Level.PROBLEM, "home", f"{there} is no directory", "Set another NBA_HOME")
    elif not os.access(there, os.W_OK | os.X_OK):
        step = "Set another NBA_HOME, or ask for permission; reading goes on working"
        yield Found(Level.WARNING, "home", f"{there} cannot be written to", step)
    else:
        made = "" if there == home else " (not there; the first backfill makes it)"
        yield Found(Level.OK, "home", f"{near(home)}{made}")


def _warehouse(session: Session) -> Iterator[Found]:
    warehouse = session.warehouse
    what = warehouse.describe()
    differences = warehouse.migrate(dry_run=True)
    stored = warehouse.stored_ledger()
    if stored.empty:
        yield Found(Level.OK, "warehouse", f"{what}: nothing has been built yet")
    else:
        days = stored["partition_date"].dt.date
        loaded = f"{counted(len(stored), 'attempt')} at partitions of {span(days.min(), days.max())}"
        yield Found(Level.OK, "warehouse", f"{what}: {loaded}")
        if differences:
            why = "; ".join(f"{one.relation}: {one.why}" for one in differences[:3])
            yield Found(Level.PROBLEM, "warehouse", f"differs from this version's tables: {why}", "nba-assets migrate")
        else:
            yield Found(Level.OK, "warehouse", f"seasons stored: {', '.join(_seasons(session)) or 'none'}")
    if isinstance(warehouse, DuckDBWarehouse) and stored.size and not os.access(warehouse.path, os.W_OK):
        yield Found(Level.WARNING, "warehouse", f"{warehouse.path} cannot be written to", "Check its permissions")
    if isinstance(warehouse, DuckDBWarehouse) and (holder := warehouse.writer_at_work()) is not None:
        yield Found(Level.WARNING, "warehouse", f"{holder} is writing to it", "Wait for it to end")


def _seasons(session: Session) -> list[str]:
    from nba_assets.verification.report import stored_seasons

    return stored_seasons(session.warehouse)


def _instance(settings: Settings) -> Iterator[Found]:
    from nba_assets.orchestration.instance import storage_in_words

    home = settings.dagster_home
    which = f"instance {near(home)} ({'DAGSTER_HOME' if settings.given_dagster_home else 'DAGSTER_HOME not set'})"
    if home.exists() and not home.is_dir():
        yield Found(Level.PROBLEM, "Dagster", f"{home} is no directory", "Move it away; the next backfill makes it")
    elif home.is_dir():
        yield Found(Level.OK, "Dagster", f"{which} on {storage_in_words(settings)}")
        if settings.has_own_dagster_home and not os.access(home, os.W_OK):
            step = "Check its permissions; until then nothing is built, and reading goes on working"
            yield Found(Level.WARNING, "Dagster", f"{near(home)} cannot be written to", step)
    elif settings.has_own_dagster_home:
        yield Found(Level.OK, "Dagster", f"{which}: not there; made by the first `nba-assets backfill` or `dev`")
    else:
        yield Found(Level.PROBLEM, "Dagster", f"{which}: there is no such directory", "Make it, or unset the variable")


def _records(settings: Settings) -> Iterator[Found]:
    """Whether Dagster's files are whole; they are not opened by Dagster, which would write to them."""
    from nba_assets.orchestration.instance_files import damaged_files

    for file, what in damaged_files(settings).items():
        yield Found(Level.PROBLEM, "Dagster", f"{near(file)} is damaged: {what}", "nba-assets reinstate")


def _alerts(settings: Settings) -> Iterator[Found]:
    """The channels that are on; whether they work is found by sending something."""
    channels = channels_on(settings)
    for channel in channels:
        yield Found(Level.OK, "alerts", channel.describe())
    if not channels:
        yield Found(Level.OK, "alerts", f"they go to the log: {NONE_IS_ON}")
        return
    unheard = [tier for tier in reversed(Tier) if not any(channel.receivers([tier]) for channel in channels)]
    if unheard:
        what = f"nobody gets what is {' or '.join(unheard)}: it goes to the log"
        yield Found(Level.WARNING, "alerts", what, "Set NBA_ALERTS_TO, or the lists of these tiers")


def _disk(settings: Settings) -> Iterator[Found]:
    free = shutil.disk_usage(_nearest(settings.state)).free
    level = Level.PROBLEM if free < _NOT_ENOUGH else Level.WARNING if free < _SCARCE else Level.OK
    step = None if level is Level.OK else "Make room, or set another NBA_HOME"
    yield Found(level, "disk", f"{free / 1e9:,.1f} GB free for {near(settings.state)}", step)


def _nearest(path: Path) -> Path:
    """The path, or the nearest of its parents that is there."""
    return next(place for place in (path, *path.parents) if place.exists())
