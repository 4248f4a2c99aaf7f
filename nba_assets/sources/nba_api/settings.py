"""What can be set about reading stats.nba.com. Where the values come from is not decided here."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from nba_assets.league.calendar import COUNTING_TYPES

BUDGET = 360.0
"""Calls in ten minutes: what the default rate comes to."""

STATIC_SCHEDULE = "https://cdn.nba.com/static/json/staticData/scheduleLeagueV2.json"
"""The league's file of the current season, and of no other."""

_POSITIVE = (
    *("calls_per_second", "budget_seconds", "timeout_seconds", "max_attempts"),
    *("breaker_failures", "cut_off_seconds", "shots_window_days"),
)


@dataclass(frozen=True, kw_only=True)
class NbaApiSettings:
    """Politeness, patience and places; the defaults are right for stats.nba.com.

    `calls_per_second` holds for all processes that share `cache_dir`; `math.inf` switches the limit off.
    `max_attempts` counts the first attempt. `proxy` is a URL, "" means none, and None leaves the choice to nba_api
    (its own NBA_API_PROXY). `base_url` has the form of `NBAStatsHTTP.base_url`, with "{endpoint}" in it.
    `shots_window_days` is the span of one call for shots; a week of the whole league is about 9,000 rows.
    `cache_minutes` is how long a schedule with unfinished games, and the data of a game of today, serve before
    they are read again. `lock_seconds` is how long to wait for another process that fetches the same season.
    From `publishing_delay` after the Eastern midnight that begins its date on, a game's answers can be final; after
    `late_limit` what is missing of it is not coming any more, and it is not asked for again.
    `play_by_play` fetches that too, one more call a game: without it nobody knows which shots were assisted or blocked.
    `birth_dates` fetches the teams' rosters, one call per team, once a season.
    `calls_per_ten_minutes` is the budget in any `budget_seconds`, also for all processes; None is 360, and no budget
    where the rate has no limit. `cut_off_seconds` is the first pause after the site has cut this address off.
    `schedule_url` is the static file that stands in for the schedule; "" means none, and None the league's own, or none
    where `base_url` is another server's. `open_session` returns what is to make the calls: anything with the `get` and
    `close` of requests.Session.
    """

    cache_dir: Path
    calls_per_second: float = 0.6
    calls_per_ten_minutes: float | None = None
    budget_seconds: float = 600.0
    timeout_seconds: float = 30.0
    max_attempts: int = 5
    backoff_seconds: float = 2.0
    max_backoff_seconds: float = 120.0
    breaker_failures: int = 5
    breaker_seconds: float = 300.0
    cut_off_seconds: float = 300.0
    proxy: str | None = field(default=None, repr=False)
    base_url: str | None = None
    schedule_url: str | None = None
    open_session: Callable[[], Any] | None = None
    shots_window_days: int = 7
    cache_minutes: float = 60.0
    lock_seconds: float = 600.0
    game_types: frozenset[str] = COUNTING_TYPES
    play_by_play: bool = False
    birth_dates: bool = False
    publishing_delay: timedelta = timedelta(hours=30)
    late_limit: timedelta = timedelta(days=14)

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} must be greater than 0, not {getattr(self, name)}")
        if not self.budget >= 1:
            raise ValueError(f"calls_per_ten_minutes must be at least 1, not {self.calls_per_ten_minutes}")
        if self.base_url is not None and "{endpoint}" not in self.base_url:
            raise ValueError(f"base_url must contain {{endpoint}}, as in https://…/stats/{{endpoint}}: {self.base_url}")
        if not self.game_types <= COUNTING_TYPES:
            raise ValueError(f"game_types can be {', '.join(sorted(COUNTING_TYPES))}, not {sorted(self.game_types)}")

    @property
    def seconds_between_calls(self) -> float:
        """0 where there is no limit."""
        return 0.0 if math.isinf(self.calls_per_second) else 1.0 / self.calls_per_second

    @property
    def budget(self) -> float:
        """The most calls in `budget_seconds`; `math.inf` where there is no limit."""
        if self.calls_per_ten_minutes is not None:
            return self.calls_per_ten_minutes
        return math.inf if math.isinf(self.calls_per_second) else BUDGET

    @property
    def static_schedule_url(self) -> str | None:
        """Where the static file with the schedule lies; None if there is none."""
        if self.schedule_url is None and self.base_url is None:
            return STATIC_SCHEDULE
        return self.schedule_url or None

    @property
    def cache_age(self) -> timedelta:
        """`cache_minutes` as a duration."""
        return timedelta(minutes=self.cache_minutes)
