"""raw_schedule: every scheduled game of every type, as the league announces it."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import calendar, teams
from nba_assets.partition import Cause
from nba_assets.schema.contract import Contract, Date, OptionalInteger, Text, Timestamp, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.schema.table import Available, Inputs, Phase, Table
from nba_assets.sources.base import ResultSet
from nba_assets.tables.games import FINAL, POSTPONED, SCHEDULED, game_name


class RawSchedule(Contract):
    """One row per game of the league's schedule, all game types and postponements included.

    Only final games of the types 002, 004 and 005 count for windows and expectations.
    """

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"', announced=True)
    game_id: Text = column("NBA game id, 00TYYNNNNN; postponed-… where the league gave none", key=True)
    game_type: Text = column(
        "First three digits of the game id: 001 preseason, 002 regular season, 003 All-Star, 004 playoffs, "
        "005 play-in, 006 Cup final; NULL for postponed entries",
        nullable=True,
        announced=True,
    )
    status: Text = column("scheduled, final or postponed", isin=(SCHEDULED, FINAL, POSTPONED))
    tipoff_utc: Timestamp = column("Tip-off, UTC; NULL if unknown", nullable=True, announced=True)
    home_team: Text = column("Code of the (designated) home team", nullable=True, announced=True)
    away_team: Text = column("Code of the away team", nullable=True, announced=True)
    home_score: OptionalInteger = column("Points of the home team; NULL before the end", unit="points", nullable=True)
    away_score: OptionalInteger = column("Points of the away team; NULL before the end", unit="points", nullable=True)
    arena: Text = column("Arena; NULL if unknown", nullable=True, announced=True)
    city: Text = column("City of the arena; NULL if unknown", nullable=True, announced=True)
    loaded_at: Timestamp = column("When the schedule was read, UTC", business=False)


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The schedule's rows of the dates."""
    rows = whole_schedule(inputs.source[ResultSet.SCHEDULE])
    return rows[rows["game_date"].isin(dates)].assign(loaded_at=inputs.read_at)


def whole_schedule(listed: pd.DataFrame | None) -> pd.DataFrame:
    """Every game of a schedule result set, in the table's columns but `loaded_at`."""
    if listed is None:
        return RAW_SCHEDULE.empty()
    tipoff = pd.to_datetime(listed["gameDateTimeUTC"], utc=True, format="ISO8601")
    dates = calendar.eastern_dates(tipoff).fillna(pd.to_datetime(listed["gameDateEst"].str[:10]))
    home = teams.canonical_codes(listed["homeTeam_teamTricode"])
    away = teams.canonical_codes(listed["awayTeam_teamTricode"])
    nameless = "postponed-" + dates.dt.strftime("%Y%m%d") + "-" + away.fillna("") + "-" + home.fillna("")
    game_ids = listed["gameId"].fillna(nameless)
    rows = pd.DataFrame(
        {
            "game_date": dates,
            "season": calendar.seasons_of_games(game_ids).fillna(listed["seasonYear"]),
            "game_id": game_ids,
            "game_type": calendar.game_types(game_ids),
            "status": np.select(
                [listed["postponedStatus"].eq("Y"), listed["gameStatus"].eq(3)], [POSTPONED, FINAL], SCHEDULED
            ),
            "tipoff_utc": tipoff,
            "home_team": home,
            "away_team": away,
            "home_score": listed["homeTeam_score"],
            "away_score": listed["awayTeam_score"],
            "arena": listed["arenaName"],
            "city": listed["arenaCity"],
        }
    )
    return rows.drop_duplicates(["game_date", "game_id"], keep="last")


def opening_nights(listed: pd.DataFrame | None) -> dict[str, pd.Timestamp]:
    """Season -> date of its first regular-season game in a schedule result set, whatever its status."""
    schedule = whole_schedule(listed)
    regular = schedule[schedule["game_type"] == calendar.GameType.REGULAR]
    return dict(regular.groupby("season")["game_date"].min())


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Every counting game is between two of the thirty teams."""
    found = none_expected(evidence)
    for day, games in by_date(evidence.rows, "game_date"):
        result = found[day] = Expectation(expected=len(games))
        for game in games[games["game_type"].isin(evidence.inputs.counting_types)].itertuples():
            unknown = [str(code) for code in (game.home_team, game.away_team) if code not in teams.CODES]
            if unknown:
                result.lack(game_name(game), Cause.UNKNOWN_TEAM, codes=" and ".join(unknown))
    return found


RAW_SCHEDULE = Table(
    name="raw_schedule",
    short_name="SCHED",
    dataset="nba_raw",
    phase=Phase.RAW,
    contract=RawSchedule,
    compute=compute,
    expect=expect,
    available=Available.ANNOUNCED,
    is_schedule=True,
    result_sets=(ResultSet.SCHEDULE,),
)
