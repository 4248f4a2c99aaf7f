"""What can be set about reading stats.nba.com. Where the values come from is not decided here."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from nba_assets.league.calendar import COUNTING_TYPES


@dataclass(frozen=True, kw_only=True)
class NbaApiSettings:
    """Politeness, patience and places; the defaults are right for stats.nba.com.

    `calls_per_second` holds for all processes that share `cache_dir`; `math.inf` switches the limit off.
    `max_attempts` counts the first attempt. `proxy` is a URL, "" means none, and None leaves the choice to nba_api
    (its own NBA_API_PROXY). `base_url` has the form of `NBAStatsHTTP.base_url`, with "{endpoint}" in it.
    `shots_window_days` is the span of one call for shots; a week of the whole league is about 9,000 rows.
    `cache_minutes` is how long a schedule with unfinished games, and the data of a game of today, serve before
    they are read again. `lock_seconds` is how long to wait for another process that fetches the same season.
    `play_by_play` fetches that too, one more call a game: without it nobody knows which shots were assisted or blocked.
    """

    cache_dir: Path
    calls_per_second: float = 0.6
    timeout_seconds: float = 30.0
    max_attempts: int = 5
    backoff_seconds: float = 2.0
    max_backoff_seconds: float = 120.0
    breaker_failures: int = 5
    breaker_seconds: float = 300.0
    proxy: str | None = field(default=None, repr=False)
    base_url: str | None = None
    shots_window_days: int = 7
    cache_minutes: float = 60.0
    lock_seconds: float = 600.0
    game_types: frozenset[str] = COUNTING_TYPES
    play_by_play: bool = False

    def __post_init__(self) -> None:
        for name in ("calls_per_second", "timeout_seconds", "max_attempts", "breaker_failures", "shots_window_days"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0, not {getattr(self, name)}")
        if self.base_url is not None and "{endpoint}" not in self.base_url:
            raise ValueError(f"base_url must contain {{endpoint}}, as in https://…/stats/{{endpoint}}: {self.base_url}")
        if not self.game_types <= COUNTING_TYPES:
            raise ValueError(f"game_types can be {', '.join(sorted(COUNTING_TYPES))}, not {sorted(self.game_types)}")

    @property
    def seconds_between_calls(self) -> float:
        """0 where there is no limit."""
        return 0.0 if math.isinf(self.calls_per_second) else 1.0 / self.calls_per_second

    @property
    def cache_age(self) -> timedelta:
        """`cache_minutes` as a duration."""
        return timedelta(minutes=self.cache_minutes)
