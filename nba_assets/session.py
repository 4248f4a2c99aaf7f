"""What a build works with: settings turned into a source, a warehouse and policies. Nothing is opened before use."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property

from nba_assets.league.calendar import EASTERN
from nba_assets.schema.policy import Policy
from nba_assets.settings import Settings, SettingsError, SourceName, WarehouseName, load_settings
from nba_assets.sources.base import Source
from nba_assets.warehouse.base import Warehouse


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
        """Where tables live."""
        return self.given_warehouse or _open_warehouse(self.settings)

    @cached_property
    def policies(self) -> dict[str, Policy]:
        """The completeness policy of every table."""
        return self.settings.policies

    @property
    def counting_types(self) -> frozenset[str]:
        """Game types that count and that the source covers."""
        return self.source.counting_types

    def now(self) -> datetime:
        """The present moment, UTC."""
        return self.settings.clock()

    def today(self) -> date:
        """The Eastern date of the present moment."""
        return self.now().astimezone(EASTERN).date()

    def results_are_due(self, day: date) -> bool:
        """Whether the results of a date must be there by now."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=EASTERN)
        return self.now() >= midnight + self.settings.publishing_delay


def open_session(settings: Settings | None = None) -> Session:
    """A session on the settings, by default those of the environment."""
    return Session(settings or load_settings())


def _open_source(settings: Settings) -> Source:
    # Imported where they are used: the live client alone takes half a second.
    if settings.source == SourceName.FILES:
        from nba_assets.sources.files import LAYOUT, FilesSource, season_folders

        if settings.data_dir is None:
            raise SettingsError(f"NBA_SOURCE=files needs NBA_DATA_DIR, a directory with {LAYOUT}")
        if not settings.data_dir.is_dir():
            raise SettingsError(f"NBA_DATA_DIR={settings.data_dir}: there is no such directory")
        if not season_folders(settings.data_dir):
            raise SettingsError(f"NBA_DATA_DIR={settings.data_dir} has no season in it; it should have {LAYOUT}")
        return FilesSource(settings.data_dir, counting_types=settings.covered_types)
    if settings.source == SourceName.NBA_API:
        from nba_assets.sources.nba_api import NbaApiSource

        return NbaApiSource(settings.nba_api(), now=settings.clock)
    from nba_assets.sources.simulated import SimulatedSource

    return SimulatedSource(seed=settings.seed, today=lambda: settings.clock().astimezone(EASTERN).date())


def _open_warehouse(settings: Settings) -> Warehouse:
    if settings.warehouse == WarehouseName.BIGQUERY:
        from nba_assets.warehouse.bigquery import open_bigquery

        return open_bigquery(settings)
    from nba_assets.warehouse.duckdb import DuckDBWarehouse

    return DuckDBWarehouse(settings.warehouse_path)
