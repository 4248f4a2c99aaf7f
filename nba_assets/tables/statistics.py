"""The counting statistics and zone counts that several contracts share, and where sources keep them."""

from __future__ import annotations

from nba_assets.league.zones import ZONES
from nba_assets.schema.contract import Contract, Integer, OptionalInteger, column

# Column of our tables -> (column of a league game log, description).
_STATISTICS: dict[str, tuple[str, str]] = {
    "points": ("PTS", "Points"),
    "fgm": ("FGM", "Field goals made"),
    "fga": ("FGA", "Field goals attempted"),
    "fg3m": ("FG3M", "Three-point field goals made"),
    "fg3a": ("FG3A", "Three-point field goals attempted"),
    "ftm": ("FTM", "Free throws made"),
    "fta": ("FTA", "Free throws attempted"),
    "oreb": ("OREB", "Offensive rebounds"),
    "dreb": ("DREB", "Defensive rebounds"),
    "reb": ("REB", "Rebounds"),
    "ast": ("AST", "Assists"),
    "stl": ("STL", "Steals"),
    "blk": ("BLK", "Blocks"),
    "tov": ("TOV", "Turnovers of players; team turnovers (24 seconds, …) are in no box score row"),
    "pf": ("PF", "Personal fouls"),
}
COUNTING_STATISTICS: tuple[str, ...] = tuple(_STATISTICS)
GAME_LOG_COLUMNS: dict[str, str] = {source: name for name, (source, _) in _STATISTICS.items()}

ZONE_ATTEMPTS: tuple[str, ...] = tuple(f"{zone}_attempts" for zone in ZONES)
ZONE_MAKES: tuple[str, ...] = tuple(f"{zone}_makes" for zone in ZONES)


def counting_columns(
    *, prefix: str = "", of: str = "", null_when: str | None = None, omit: tuple[str, ...] = ()
) -> type[Contract]:
    """A contract's part with the counting statistics, e.g. `opp_fga`, "Field goals attempted of the opponent"."""
    fields = {
        f"{prefix}{name}": column(f"{text}{of}", unit="count", null_when=null_when, ge=0)
        for name, (_, text) in _STATISTICS.items()
        if name not in omit
    }
    kind = Integer if null_when is None else OptionalInteger
    return type("CountingStatistics", (Contract,), {"__annotations__": dict.fromkeys(fields, kind), **fields})


def zone_columns(*, prefix: str = "", of: str = "") -> type[Contract]:
    """A contract's part with attempts and makes by zone, NULL where the game's shots are not known."""
    fields = {
        f"{prefix}{zone}_{kind}": column(
            f"Field goals {'attempted' if kind == 'attempts' else 'made'} in the zone {zone}{of}",
            unit="count",
            null_when="where the game's shots are not known",
            ge=0,
        )
        for zone in ZONES
        for kind in ("attempts", "makes")
    }
    annotations = dict.fromkeys(fields, OptionalInteger)
    return type("ZoneCounts", (Contract,), {"__annotations__": annotations, **fields})
