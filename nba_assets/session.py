"""What a build works with: settings turned into a source, a warehouse and policies. Nothing is opened before use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from nba_assets.league.calendar import EASTERN, seasons_between
from nba_assets.schema.policy import Policy
from nba_assets.settings import Settings, SettingsError, load_settings
from nba_assets.sources.base import Source, SourceError, SourceSettingsError
from nba_assets.sources.fingerprints import SourceFingerprints
from nba_assets.sources.registry import SOURCES, is_made_up
from nba_assets.warehouse.base import Warehouse
from nba_assets.warehouse.registry import open_warehouse


@dataclass(frozen=True)
class Session:
    """One source, one warehouse, the policies and the clock. Parts not given are made from the settings."""

    settings: Settings
    given_source: Source | None = None
    given_warehouse: Warehouse | None = None

    @cached_property
    def source(self) -> Source:
        """Where raw data comes from."""
        return self.given_source or _open_source(self.settings)

    @cached_property
    def warehouse(self) -> Warehouse:
        """Where tables live. Raises SettingsError if they are another league's, WarehouseError if that is unknown."""
        warehouse = self.given_warehouse or open_warehouse(self.settings)
        _refuse_another_league(warehouse, self.given_source.name if self.given_source else self.settings.source)
        return warehouse

    def describe(self) -> str:
        """Source and warehouse in a few words. Connects to neither."""
        warehouse = self.given_warehouse or open_warehouse(self.settings)
        return f"{SOURCES[self.settings.source].in_words(self.settings)} · {warehouse.describe()}"

    @cached_property
    def fingerprints(self) -> SourceFingerprints:
        """What the source says at this moment, in short."""
        return SourceFingerprints(self.source, self.settings.state / "fingerprints", self.has_a_place)

    def has_a_place(self) -> bool:
        """Whether somebody has begun to build here: a command that only looks makes no place of its own."""
        is_stored_elsewhere = self.settings.warehouse != "duckdb"
        return self.settings.state.is_dir() and (is_stored_elsewhere or self.settings.warehouse_path.is_file())

    @cached_property
    def policies(self) -> dict[str, Policy]:
        """The completeness policy of every table."""
        return self.settings.policies

    @property
    def counting_types(self) -> frozenset[str]:
        """Game types that count and that the source covers."""
        return self.source.counting_types

    def settled_games(self, days: Collection[date]) -> frozenset[str]:
        """The games of these dates' seasons that the source has settled; none where it cannot tell."""
        try:
            return frozenset().union(*(self.source.settled_games(season) for season in seasons_between(days)))
        except SourceError:
            return frozenset()

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.settings.clock()

    def today(self) -> date:
        """The Eastern date of the present moment."""
        return self.now().astimezone(EASTERN).date()

    @cached_property
    def partitions_end(self) -> date | None:
        """The last date that has a partition; None where each new day gets one. See `partitions_end`."""
        return partitions_end(self.settings)

    @property
    def last_partition(self) -> date:
        """The last date that has a partition by now."""
        return self.today() if self.partitions_end is None else min(self.partitions_end, self.today())

    def has_ended(self) -> bool:
        """Whether it is all history: no partition for today, and nothing to wait for."""
        return self.partitions_end is not None and self.partitions_end < self.today()

    def results_are_due(self, day: date) -> bool:
        """Whether the results of a date must be there by now."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=EASTERN)
        return self.now() >= midnight + self.settings.publishing_delay


def open_session(settings: Settings | None = None) -> Session:
    """A session on the settings, by default those of the environment."""
    return Session(settings or load_settings())


def partitions_end(settings: Settings) -> date | None:
    """The last date that has a partition; None where each new day gets one. Opens nothing, and raises nothing.

    NBA_PARTITIONS_END, if it is set. Else the last date of a source that has the past alone, and never a date after
    that of a clock that NBA_NOW has stopped.
    """
    if settings.partitions_end is not None:
        return settings.partitions_end
    today = settings.clock().astimezone(EASTERN).date()
    ended = SOURCES[settings.source].ended_on(settings, today)
    end = min([day for day in (ended, settings.now and today) if day], default=None)
    # What ends before it begins would have no partitions at all; then the start is what somebody has to look at.
    return end if end is not None and end >= settings.partitions_start else None


def _refuse_another_league(warehouse: Warehouse, source: str) -> None:
    """A forgotten NBA_SOURCE is an error before anything is read, let alone replaced."""
    others = {name for name in warehouse.sources() if is_made_up(name) != is_made_up(source)}
    if others:
        raise SettingsError(
            f"{warehouse.describe()} holds data of the source '{', '.join(sorted(others))}', and the source is "
            f"now '{source}': the real and the simulated league do not mix. Set NBA_SOURCE, or another "
            "place for the tables (NBA_HOME, NBA_DUCKDB_PATH or NBA_BIGQUERY_DATASET_PREFIX)."
        )


def _open_source(settings: Settings) -> Source:
    try:
        return SOURCES[settings.source].open(settings)
    except SourceSettingsError as error:
        raise SettingsError(str(error)) from error
