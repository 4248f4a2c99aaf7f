"""player_game_summary: one finished game of one player, with shooting, usage and zones."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import distinct, formulas, teams
from nba_assets.league.names import player_lookups
from nba_assets.league.slate import PLAYED
from nba_assets.partition import Cause
from nba_assets.schema.contract import (
    NEVER,
    Date,
    Flag,
    Integer,
    Number,
    OptionalFlag,
    OptionalInteger,
    Text,
    column,
)
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.table import Inputs, Phase, Table, same_date
from nba_assets.tables.games import game_name, without_cup_finals
from nba_assets.tables.postgame import add_unknown_shots, finished_sides, unfinished
from nba_assets.tables.shot_counts import known_counts, zone_counts
from nba_assets.tables.statistics import COUNTING_STATISTICS, ZONE_ATTEMPTS, ZONE_MAKES, counting_columns, zone_columns


class PlayerGameSummary(counting_columns(), zone_columns()):  # type: ignore[misc]
    """One row per player who played in a finished counting game."""

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    player_id: Integer = column("NBA player id", key=True)
    game_id: Text = column("NBA game id")
    player_name: Text = column("Player's name, a label")
    player_lookup: Text = column("The name in a-z and 0-9 only, for matching spellings; never a key")
    team: Text = column("Team code", isin=teams.CODES)
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    starter: OptionalFlag = column("Started the game", null_when="if no box score says who started")
    won: OptionalFlag = column("His team won", null_when="while the team's box score is not loaded")
    seconds_played: Integer = column("Time on the floor", unit="s", ge=0)
    plus_minus: OptionalInteger = column("Point difference while on the floor", unit="points", null_when=NEVER)
    assisted_fgm: OptionalInteger = column(
        "Field goals made off an assist",
        unit="count",
        null_when="unless play-by-play says of every field goal of the game whether it was assisted",
        ge=0,
    )
    unassisted_fgm: OptionalInteger = column(
        "Field goals made without an assist",
        unit="count",
        null_when="unless play-by-play says of every field goal of the game whether it was assisted",
        ge=0,
    )
    ts_pct: Number = column(
        "True shooting, PTS / (2 (FGA + 0.44 FTA))",
        unit="fraction",
        null_when="if he attempted no field goal and no free throw",
        ge=0,
    )
    efg_pct: Number = column(
        "Effective field goal share, (FGM + 0.5 3PM) / FGA",
        unit="fraction",
        null_when="if he attempted no field goal",
        ge=0,
    )
    usage: Number = column(
        "100 · (FGA + 0.44 FTA + TOV) · (team seconds / 5) / (seconds · (team FGA + 0.44 FTA + TOV))",
        unit="percent",
        null_when="if his time on the floor is 0 seconds",
        ge=0,
    )


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Players listed as played on the dates, with their team's totals of the same game."""
    listed = without_cup_finals(inputs.on_date["raw_player_boxscores"])
    rows = listed[(listed["listing"] == PLAYED) & listed["game_date"].isin(dates)].reset_index(drop=True)
    team = inputs.on_date["raw_team_boxscores"]
    totals = _team_totals(team)
    rows = rows.assign(**distinct.beside(rows, totals, ["game_id", "team"], totals.columns[2:]))
    rows = _add_zones(rows, inputs.on_date["raw_shots"], team)
    rows = _add_assisted(rows, inputs.on_date["raw_shots"])
    statistics = {name: rows[name].astype("int64") for name in (*COUNTING_STATISTICS, "seconds_played")}
    rows = rows.assign(**statistics)
    return rows.assign(
        player_lookup=player_lookups(rows["player_name"]),
        won=rows["won"].astype("boolean"),
        ts_pct=formulas.true_shooting(rows["points"], rows["fga"], rows["fta"]),
        efg_pct=formulas.effective_field_goal(rows["fgm"], rows["fg3m"], rows["fga"]),
        usage=formulas.usage(
            formulas.plays(rows["fga"], rows["fta"], rows["tov"]),
            rows["seconds_played"],
            rows["team_plays"],
            rows["team_seconds"],
        ),
    )


def _team_totals(team: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "game_id": team["game_id"],
            "team": team["team"],
            "won": team["won"],
            "team_plays": formulas.plays(team["fga"], team["fta"], team["tov"]),
            "team_seconds": team["seconds_played"],
        }
    )


def _add_zones(rows: pd.DataFrame, shots: pd.DataFrame, team: pd.DataFrame) -> pd.DataFrame:
    counts, known = zone_counts(shots, team, by=["game_id", "player_id"])
    columns = [*ZONE_ATTEMPTS, *ZONE_MAKES]
    return rows.assign(**known_counts(rows, counts, known, ["game_id", "player_id"], columns))


def _add_assisted(rows: pd.DataFrame, shots: pd.DataFrame) -> pd.DataFrame:
    """Known where play-by-play knows of every field goal that the box score has; so of none, too."""
    made = shots[shots["made"]]
    unknown = set(made.loc[made["assisted"].isna(), "game_id"])
    group, counts = distinct.groups(made, ["game_id", "player_id"])
    assists = group[made["assisted"].eq(True).fillna(False).to_numpy(dtype=bool)]
    counts["_assisted"], counts["_made"] = (np.bincount(of, minlength=len(counts)) for of in (assists, group))
    of_player = distinct.beside(rows, counts, ["game_id", "player_id"], ["_assisted", "_made"])
    is_known = rows["game_id"].isin(made["game_id"]) & ~rows["game_id"].isin(unknown)
    known = is_known & of_player["_made"].fillna(0).eq(rows["fgm"])
    assisted = of_player["_assisted"].fillna(0).astype("Int64").where(known)
    return rows.assign(assisted_fgm=assisted, unassisted_fgm=rows["fgm"].astype("Int64") - assisted)


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Everybody who is listed as played has a row, and both teams of every finished game have somebody listed so."""
    found = unfinished(evidence)
    listed = without_cup_finals(evidence.inputs.on_date["raw_player_boxscores"])
    listed = listed[(listed["listing"] == PLAYED) & listed["game_date"].isin(evidence.dates)]
    present = evidence.rows[["game_date", "player_id"]].assign(present=True)
    _expect_teams(evidence, listed, found)
    listed = listed.merge(present, on=["game_date", "player_id"], how="left")
    for day, of_day in by_date(listed, "game_date"):
        found[day].expected += len(of_day)
        for player in of_day[of_day["present"].isna()].itertuples():
            found[day].lack(f"{player.player_name} ({player.player_id})", Cause.PLAYED_WITHOUT_ROW)
    add_unknown_shots(evidence, found, "paint_attempts")
    return found


def _expect_teams(evidence: Evidence, listed: pd.DataFrame, found: dict[date, Expectation]) -> None:
    """A team of a finished game of which nobody is listed as played counts as one that is expected and has no row."""
    played = listed[["game_id", "team"]].drop_duplicates().assign(has_played=True)
    sides = finished_sides(evidence).merge(played, on=["game_id", "team"], how="left")
    for side in sides[sides["has_played"].isna()].itertuples():
        day = side.game_date.date()
        found[day].expected += 1
        entity = found[day].lack_side(game_name(side), side.team, Cause.NO_PLAYERS)
        if day in evidence.accepted_dates:  # accepted at the box scores
            found[day].accepted.add(entity)


PLAYER_GAME_SUMMARY = Table(
    name="player_game_summary",
    short_name="PGS",
    dataset="nba_analytics",
    phase=Phase.POST_GAME,
    contract=PlayerGameSummary,
    compute=compute,
    expect=expect,
    inputs=(
        same_date("raw_schedule"),
        same_date("raw_player_boxscores"),
        same_date("raw_team_boxscores"),
        same_date("raw_shots", "game_date", "game_id", "player_id", "team", "zone", "made", "assisted"),
    ),
)
