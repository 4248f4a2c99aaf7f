"""Where a message leads: to the partition in Dagster's UI, and to its cell on the coverage page."""

from __future__ import annotations

from dataclasses import dataclass

from nba_assets.partition import Partition
from nba_assets.settings import Settings
from nba_assets.tables import TABLES


@dataclass(frozen=True)
class Link:
    """An address with its label."""

    label: str
    url: str


def links(settings: Settings, partition: Partition | None = None) -> tuple[Link, ...]:
    """The pages of a partition, or the front pages if it is of no table; as far as their addresses are set."""
    of_asset = cell = ""
    if partition is not None and partition.table in TABLES:
        of_asset = f"/assets/{partition.table}?view=partitions&partition={partition.day}"
        cell = f"#{partition.day}/{partition.table}"
    pages = (("Dagster", settings.dagster_url, of_asset), ("Coverage", settings.coverage_url, cell))
    return tuple(Link(label, f"{address}{place}") for label, address, place in pages if address)
