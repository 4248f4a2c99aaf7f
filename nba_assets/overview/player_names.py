"""What players are called: tables beyond the box scores, and what is said of them, know them by id alone."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from functools import cached_property

from nba_assets.league.calendar import season_first_day, season_of
from nba_assets.league.game_ids import is_game_id
from nba_assets.partition import Finding, sentence_of
from nba_assets.planning.state import Cell
from nba_assets.tables import LISTING
from nba_assets.warehouse.base import Warehouse


def player_names(warehouse: Warehouse, first: date, last: date) -> dict[str, str]:
    """Id -> name of everyone listed in the seasons of the dates, up to the last of them. Raises WarehouseError."""
    columns = (LISTING.partition, "player_id", "player_name")
    rows = warehouse.read(LISTING, columns=columns, start=season_first_day(season_of(first)), end=last)
    rows = rows.sort_values(LISTING.partition, kind="stable").drop_duplicates("player_id", keep="last")
    return dict(zip(rows["player_id"].astype(str), rows["player_name"], strict=True))


class PlayerNames:
    """The names of a range of dates; read only where somebody is named by his id alone."""

    def __init__(self, warehouse: Warehouse, first: date, last: date) -> None:
        self._warehouse, self._first, self._last = warehouse, first, last

    @cached_property
    def known(self) -> dict[str, str]:
        """Id -> name."""
        return player_names(self._warehouse, self._first, self._last)

    def in_findings(self, findings: Iterable[Finding]) -> tuple[Finding, ...]:
        """The findings with names for ids."""
        return tuple(replace(one, entities=tuple(map(self._called, one.entities))) for one in findings)

    def in_reason(self, cell: Cell) -> Cell:
        """The cell with names in the reason that people read; its findings, which programs read, keep the ids."""
        named = self.in_findings(cell.findings)
        return cell if named == cell.findings else replace(cell, reason=sentence_of(named))

    def _called(self, entity: str) -> str:
        is_player = entity.isdigit() and not is_game_id(entity)
        return self.known.get(entity, entity) if is_player else entity
