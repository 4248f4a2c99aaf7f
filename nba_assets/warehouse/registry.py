"""The warehouses that NBA_WAREHOUSE can name, each declared once. To add one: its module, and an entry here.

The module of a warehouse has a function `open_warehouse(settings)`; it is imported when the warehouse is opened.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nba_assets.settings import Settings
    from nba_assets.warehouse.base import Warehouse

WAREHOUSES: dict[str, str] = {
    "duckdb": "nba_assets.warehouse.duckdb",
    "bigquery": "nba_assets.warehouse.bigquery",
}


def open_warehouse(settings: Settings) -> Warehouse:
    """The warehouse that the settings name; nothing is connected before use."""
    warehouse: Warehouse = import_module(WAREHOUSES[settings.warehouse]).open_warehouse(settings)
    return warehouse
