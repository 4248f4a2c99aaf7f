"""What players are called: tables beyond the box scores know them by id alone."""

from __future__ import annotations

from datetime import date

from nba_assets.league.calendar import season_first_day, season_of
from nba_assets.tables import LISTING
from nba_assets.warehouse.base import Warehouse


def player_names(warehouse: Warehouse, first: date, last: date) -> dict[str, str]:
    """Id -> name of everyone listed in the seasons of the dates, up to the last of them. Raises WarehouseError."""
    columns = (LISTING.partition, "player_id", "player_name")
    rows = warehouse.read(LISTING, columns=columns, start=season_first_day(season_of(first)), end=last)
    rows = rows.sort_values(LISTING.partition, kind="stable").drop_duplicates("player_id", keep="last")
    return dict(zip(rows["player_id"].astype(str), rows["player_name"], strict=True))
