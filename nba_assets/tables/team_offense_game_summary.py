"""team_offense_game_summary: one finished game of one team with the ball."""

from __future__ import annotations

from datetime import date

import pandas as pd

from nba_assets.league import formulas, teams
from nba_assets.partition import Cause
from nba_assets.schema.contract import Date, Flag, Integer, Number, Text, column
from nba_assets.schema.evidence import Evidence, Expectation
from nba_assets.schema.table import Inputs, Phase, Table, same_date
from nba_assets.tables.postgame import add_unknown_shots, expect_team_rows
from nba_assets.tables.shot_counts import known_counts, zone_counts
from nba_assets.tables.statistics import ZONE_ATTEMPTS, ZONE_MAKES, counting_columns, zone_columns


class TeamOffenseGameSummary(counting_columns(), zone_columns()):  # type: ignore[misc]
    """One row per team of a finished counting game: what it did with the ball."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    team: Text = column("Team code", key=True, isin=teams.CODES)
    game_id: Text = column("NBA game id")
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    won: Flag = column("Won the game")
    opponent_points: Integer = column("Points of the opponent", unit="points", ge=0)
    margin: Integer = column("Points less the opponent's", unit="points")
    seconds_played: Integer = column("5 × length of the game", unit="player-seconds", ge=14400)
    overtime_periods: Integer = column("Overtime periods", unit="periods", ge=0)
    possessions: Number = column(
        "½ · (own + opponent's estimate), each FGA + 0.4 FTA − 1.07 · OREB/(OREB + opponent DREB) · (FGA − FGM) + TOV",
        unit="possessions",
        ge=0,
    )
    pace: Number = column("2880 · possessions / (seconds_played / 5)", unit="possessions per 48 min", ge=0)
    offensive_rating: Number = column("100 · points / possessions", unit="points per 100 possessions", ge=0)
    ts_pct: Number = column(
        "True shooting, PTS / (2 (FGA + 0.44 FTA))",
        unit="fraction",
        null_when="without an attempt of a field goal or a free throw",
        ge=0,
    )
    efg_pct: Number = column(
        "(FGM + 0.5 3PM) / FGA", unit="fraction", null_when="without an attempt of a field goal", ge=0
    )
    tov_pct: Number = column(
        "TOV / (FGA + 0.44 FTA + TOV)",
        unit="fraction",
        null_when="without an attempt of a field goal or a free throw, and without a turnover",
        ge=0,
        le=1,
    )
    oreb_pct: Number = column(
        "OREB / (OREB + opponent DREB)",
        unit="fraction",
        null_when="with neither an offensive rebound nor a defensive one of the opponent",
        ge=0,
        le=1,
    )
    ft_rate: Number = column("FTM / FGA", unit="fraction", null_when="without an attempt of a field goal", ge=0)


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The team box scores of the dates beside their opponents'."""
    sides = both_sides(inputs.on_date["raw_team_boxscores"], dates)
    counts, known = zone_counts(
        inputs.on_date["raw_shots"], inputs.on_date["raw_team_boxscores"], by=["game_id", "team"]
    )
    rows = sides.assign(**known_counts(sides, counts, known, ["game_id", "team"], [*ZONE_ATTEMPTS, *ZONE_MAKES]))
    return rows.assign(
        opponent_points=rows["opp_points"],
        margin=rows["points"] - rows["opp_points"],
        pace=formulas.pace(rows["possessions"], rows["seconds_played"]),
        offensive_rating=formulas.rating(rows["points"], rows["possessions"]),
        ts_pct=formulas.true_shooting(rows["points"], rows["fga"], rows["fta"]),
        efg_pct=formulas.effective_field_goal(rows["fgm"], rows["fg3m"], rows["fga"]),
        tov_pct=formulas.ratio(rows["tov"], formulas.plays(rows["fga"], rows["fta"], rows["tov"])),
        oreb_pct=formulas.ratio(rows["oreb"], rows["oreb"] + rows["opp_dreb"]),
        ft_rate=formulas.ratio(rows["ftm"], rows["fga"]),
    )


def both_sides(team_boxscores: pd.DataFrame, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Each team-game of the dates with the opponent's columns as `opp_…`, and `possessions`, equal for both.

    A game of which only one team's row is there has no row.
    """
    own = team_boxscores[team_boxscores["game_date"].isin(dates)]
    other = own.rename(columns={"team": "opponent", "opponent": "team"})
    kept = ["game_date", "season", "is_home", "won", "overtime_periods", "seconds_played"]
    other = other.drop(columns=kept).rename(
        columns={c: f"opp_{c}" for c in other.columns if c not in ("game_id", "team", "opponent")}
    )
    rows = own.merge(other, on=["game_id", "team", "opponent"])
    return rows.assign(possessions=0.5 * (_own_estimate(rows, "", "opp_") + _own_estimate(rows, "opp_", "")))


def _own_estimate(rows: pd.DataFrame, own: str, other: str) -> formulas.Floats:
    return formulas.possessions_of_one_side(
        fga=rows[f"{own}fga"],
        fgm=rows[f"{own}fgm"],
        fta=rows[f"{own}fta"],
        oreb=rows[f"{own}oreb"],
        tov=rows[f"{own}tov"],
        opponent_dreb=rows[f"{other}dreb"],
    )


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Both teams of every finished game have a row, and one of them has won."""
    found = expect_team_rows(evidence)
    winners = evidence.rows.groupby(["game_date", "game_id"])["won"].sum()
    for (day, game_id), count in winners[winners != 1].items():
        found[day.date()].lack(game_id, Cause.NOT_ONE_WINNER, winners=int(count))
    add_unknown_shots(evidence, found, "paint_attempts")
    return found


TEAM_OFFENSE_GAME_SUMMARY = Table(
    name="team_offense_game_summary",
    short_name="TOGS",
    dataset="nba_analytics",
    phase=Phase.POST_GAME,
    contract=TeamOffenseGameSummary,
    compute=compute,
    expect=expect,
    inputs=(
        same_date("raw_schedule"),
        same_date("raw_team_boxscores"),
        same_date("raw_shots", "game_date", "game_id", "player_id", "team", "zone", "made"),
    ),
)
