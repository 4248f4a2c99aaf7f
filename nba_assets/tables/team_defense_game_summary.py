"""team_defense_game_summary: one finished game of one team without the ball."""

from __future__ import annotations

from datetime import date

import pandas as pd

from nba_assets.league import formulas, teams
from nba_assets.schema.contract import Date, Flag, Integer, Number, OptionalInteger, Text, column
from nba_assets.schema.evidence import Evidence, Expectation
from nba_assets.schema.table import Inputs, Phase, Table, same_date
from nba_assets.tables.postgame import add_unknown_shots, expect_team_rows
from nba_assets.tables.shot_counts import known_counts, zone_counts
from nba_assets.tables.statistics import ZONE_ATTEMPTS, ZONE_MAKES, counting_columns, zone_columns
from nba_assets.tables.team_offense_game_summary import both_sides

_OpponentStatistics = counting_columns(prefix="opp_", of=" of the opponent", omit=("points",))
_OpponentZones = zone_columns(prefix="opp_", of=" by the opponent")


class TeamDefenseGameSummary(_OpponentStatistics, _OpponentZones):  # type: ignore[misc, valid-type]
    """One row per team of a finished counting game: what it allowed."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    team: Text = column("Code of the defending team", key=True, isin=teams.CODES)
    game_id: Text = column("NBA game id")
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    points_allowed: Integer = column("Points of the opponent", unit="points", ge=0)
    paint_points_allowed: OptionalInteger = column(
        "2 · the opponent's field goals in the paint",
        unit="points",
        null_when="where the game's shots are not known",
        ge=0,
    )
    forced_turnovers: Integer = column("Turnovers of the opponent", unit="count", ge=0)
    steals: Integer = column("Own steals", unit="count", ge=0)
    blocks: Integer = column("Own blocks", unit="count", ge=0)
    dreb: Integer = column("Own defensive rebounds", unit="count", ge=0)
    defensive_rating: Number = column(
        "100 · points of the opponent / possessions", unit="points per 100 possessions", ge=0
    )
    opponent_pace: Number = column("The game's pace", unit="possessions per 48 min", ge=0)


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The opponents' box scores of the dates from the defence's side."""
    rows = both_sides(inputs.on_date["raw_team_boxscores"], dates)
    counts, known = zone_counts(
        inputs.on_date["raw_shots"], inputs.on_date["raw_team_boxscores"], by=["game_id", "team"]
    )
    allowed = counts.rename(columns={"team": "opponent", **{c: f"opp_{c}" for c in (*ZONE_ATTEMPTS, *ZONE_MAKES)}})
    zones = [f"opp_{c}" for c in (*ZONE_ATTEMPTS, *ZONE_MAKES)]
    rows = rows.assign(**known_counts(rows, allowed, known, ["game_id", "opponent"], zones))
    return rows.assign(
        points_allowed=rows["opp_points"],
        paint_points_allowed=2 * rows["opp_paint_makes"],
        forced_turnovers=rows["opp_tov"],
        steals=rows["stl"],
        blocks=rows["blk"],
        defensive_rating=formulas.rating(rows["opp_points"], rows["possessions"]),
        opponent_pace=formulas.pace(rows["possessions"], rows["seconds_played"]),
    )


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Both teams of every finished game have a row."""
    found = expect_team_rows(evidence)
    add_unknown_shots(evidence, found, "opp_paint_attempts")
    return found


TEAM_DEFENSE_GAME_SUMMARY = Table(
    name="team_defense_game_summary",
    short_name="TDGS",
    dataset="nba_analytics",
    phase=Phase.POST_GAME,
    contract=TeamDefenseGameSummary,
    compute=compute,
    expect=expect,
    inputs=(
        same_date("raw_schedule"),
        same_date("raw_team_boxscores"),
        same_date("raw_shots", "game_date", "game_id", "player_id", "team", "zone", "made"),
    ),
)
