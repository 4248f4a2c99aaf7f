"""A home with a live source, and what the site has of the dates that are asked for there."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from nba_assets.league.calendar import EASTERN
from nba_assets.session import Session
from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import files
from nba_assets_tests.sources.stats_server import StatsServer

FIRST, LAST = "2021-10-19", "2021-10-24"
DAY, GAME = date(2021, 10, 22), "0022100025"
GAMES = 10
LONG_AFTER = datetime(2021, 12, 24, 12, tzinfo=EASTERN)
MORNING_AFTER = datetime(2021, 10, 23, 7, 30, tzinfo=EASTERN)
CALLS_OF_THE_DAY = {
    "scheduleleaguev2": 1,
    "leaguegamelog": 2,
    "shotchartdetail": 1,
    "boxscoretraditionalv3": GAMES,
    "boxscoresummaryv3": GAMES,
}


class Home:
    """A home with a live source, whose commands run at a moment of one's own."""

    def __init__(self, home: Path, server: StatsServer) -> None:
        self.path = home
        self._server = server

    def settings(self, now: datetime) -> dict[str, str]:
        return {
            "NBA_SOURCE": "nba_api",
            "NBA_API_BASE_URL": self._server.url,
            "NBA_API_CACHE_DIR": str(self.path / "cache"),
            "NBA_API_CALLS_PER_SECOND": "inf",
            "NBA_API_PROXY": "",
            "NBA_COUNTING_TYPES": "002",
            "NBA_NOW": now.isoformat(),
        }

    def run(self, *arguments: str, now: datetime = LONG_AFTER) -> Any:
        """A command, and how often each endpoint was asked meanwhile (`calls`)."""
        before = len(self._server.asked)
        result = nba_assets(*arguments, home=self.path, **self.settings(now))
        asked = pd.Series([one.endpoint for one in self._server.asked[before:]], dtype=object)
        result.calls = asked.value_counts().to_dict()
        return result

    def session(self, now: datetime = LONG_AFTER) -> Session:
        """What a process that starts now sees."""
        values = {name.removeprefix("NBA_").lower(): value for name, value in self.settings(now).items()}
        return Session(load_settings(home=self.path, **values))


def players(rows: list[list[Any]], headers: list[str], game: str) -> list[list[Any]]:
    """The rows of one team of a game, those with the fewest field goals first; none if it is not there."""
    of_game = [row for row in rows if row[headers.index("GAME_ID")] == game]
    if not of_game:
        return []
    own = [row for row in of_game if row[headers.index("TEAM_ID")] == of_game[0][headers.index("TEAM_ID")]]
    return sorted(own, key=lambda row: (row[headers.index("FGM")], row[headers.index("PLAYER_ID")]))


def files_games(day: date) -> set[str]:
    """The games of a date."""
    schedule = files().read(ResultSet.SCHEDULE, "2021-22")
    assert schedule is not None
    return set(schedule.loc[schedule["gameDateEst"].str[:10].eq(str(day)), "gameId"])
