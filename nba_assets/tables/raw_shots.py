"""raw_shots: every field goal attempt with its place, zone and outcome."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import distinct, teams, zones
from nba_assets.league.calendar import seasons_of_games
from nba_assets.partition import Cause, Finding, finding
from nba_assets.schema.contract import Contract, Date, Flag, Integer, Number, OptionalFlag, Text, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.policy import Policy
from nba_assets.schema.table import REJECTION_COLUMNS, Inputs, Phase, Table, all_rejections, rejections, same_date
from nba_assets.sources.base import ResultSet
from nba_assets.tables.believed_shots import believed, disbelieved
from nba_assets.tables.games import finished_sides_on, game_name, is_listed
from nba_assets.tables.postgame import finished_sides, unfinished
from nba_assets.tables.shot_credits import shot_credits


class RawShots(Contract):
    """One row per field goal attempt of a finished counting game.

    A game's shots are known only if they agree with both teams' box scores (± 1); see `shot_counts`.
    """

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    game_id: Text = column("NBA game id", key=True)
    event_id: Integer = column("The shot's number in its game", key=True)
    player_id: Integer = column("NBA id of the shooter")
    team: Text = column("The shooter's team", isin=teams.CODES)
    opponent: Text = column("The defending team", isin=teams.CODES)
    period: Integer = column("Period, overtimes from 5", ge=1)
    seconds_left: Integer = column("Seconds left in the period", unit="s", ge=0)
    made: Flag = column("The shot went in")
    is_three: Flag = column("Three-point attempt")
    zone: Text = column(
        "three_pt for any three-pointer, else paint for the league's Restricted Area and In The Paint (Non-RA), "
        "else mid_range",
        isin=zones.ZONES,
    )
    is_corner_three: Flag = column("Three-point attempt from a corner")
    distance_ft: Number = column("√(loc_x² + loc_y²) / 10", unit="ft", ge=0)
    loc_x: Integer = column("Across the floor from the basket", unit="0.1 ft")
    loc_y: Integer = column("Along the floor from the basket", unit="0.1 ft")
    assisted: OptionalFlag = column(
        "Made off an assist", null_when="for a miss, and where play-by-play does not say whether a make was assisted"
    )
    blocked: OptionalFlag = column(
        "Missed by a block", null_when="for a make, and where play-by-play does not say whether a miss was blocked"
    )


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The shots of the finished games of the dates; the defence is the other team of the schedule.

    Of a game whose shots are not believed there is none.
    """
    sides = finished_sides_on(dates, inputs.on_date["raw_schedule"], inputs.counting_types)
    shots = _charted(inputs, sides["game_id"])
    rows = _of_sides(believed(shots, inputs), sides)
    is_three = pd.Series(distinct.where(rows["SHOT_TYPE"], zones.is_three), index=rows.index)
    return rows.assign(
        **shot_credits(rows, inputs),
        seconds_left=60 * rows["MINUTES_REMAINING"] + rows["SECONDS_REMAINING"],
        is_three=is_three,
        zone=zones.shot_zones(is_three, rows["SHOT_ZONE_BASIC"]),
        is_corner_three=zones.is_corner_three(is_three, rows["SHOT_ZONE_BASIC"]),
        distance_ft=np.sqrt((rows["loc_x"] ** 2 + rows["loc_y"] ** 2).astype("float64")) / 10,
    )


def _of_sides(shots: pd.DataFrame, sides: pd.DataFrame) -> pd.DataFrame:
    """The shots of the teams that play their games, with what the schedule says of them."""
    at = distinct.positions(shots, sides, ["game_id", "team"])
    shots, at = (shots, at) if (at >= 0).all() else (shots[at >= 0], at[at >= 0])
    of_side = {name: distinct.coded(sides[name]).array.take(at) for name in ("season", "opponent")}
    return shots.assign(game_date=sides["game_date"].array.take(at), **of_side).reset_index(drop=True)


def reject(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Shots under a game id that the schedule does not know, and games whose play-by-play is not believed."""
    return all_rejections(_strays(inputs, dates), _disbelieved(inputs, dates))


def _strays(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    shots = inputs.source[ResultSet.SHOTS]
    if shots is None:
        return pd.DataFrame(columns=REJECTION_COLUMNS)
    taken_on = pd.to_datetime(shots["GAME_DATE"].str[:10])
    strays = shots[taken_on.isin(dates) & ~is_listed(shots["GAME_ID"], taken_on, inputs.on_date["raw_schedule"])]
    counts = strays.groupby([taken_on[strays.index].rename("date"), "GAME_ID"]).size().reset_index(name="shots")
    return rejections(
        counts["date"], counts["GAME_ID"], counts["shots"].astype(str) + " shots under a game id not in the schedule"
    )


def _disbelieved(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    play_by_play = inputs.source.get(ResultSet.PLAY_BY_PLAY)
    if play_by_play is None:
        return pd.DataFrame(columns=REJECTION_COLUMNS)
    shots = compute(inputs, dates).astype({"game_id": object})
    shots = shots[shots["game_id"].isin(play_by_play["gameId"])]
    unknown = {"assists": shots["made"] & shots["assisted"].isna(), "blocks": ~shots["made"] & shots["blocked"].isna()}
    games = pd.DataFrame(unknown).groupby([shots["game_date"], shots["game_id"]]).any().rename_axis(columns="what")
    found = games.stack().loc[lambda is_unknown: is_unknown].reset_index()
    return rejections(
        found["game_date"],
        found["game_id"] + " " + found["what"],
        found["what"] + " unknown: play-by-play disagrees with the shot chart or the box score",
    )


def _charted(inputs: Inputs, game_ids: pd.Series) -> pd.DataFrame:
    """The source's shots of the games, each once."""
    shots = _shots(inputs)
    is_wanted = distinct.where(shots["game_id"], set(game_ids).__contains__)
    is_wanted &= ~shots.duplicated(["game_id", "event_id"], keep="last").to_numpy()
    return shots if is_wanted.all() else shots[is_wanted]


def _shots(inputs: Inputs) -> pd.DataFrame:
    shots = inputs.source[ResultSet.SHOTS]
    if shots is None:
        nothing = pd.DataFrame(columns=[*_NAMES.values(), "team", "made"])
        return nothing.astype({"loc_x": "int64", "loc_y": "int64", "made": "bool"})
    columns = {name: shots[column] for column, name in _NAMES.items()}
    columns |= {name: distinct.coded(columns[name]) for name in ("game_id", "SHOT_TYPE", "SHOT_ZONE_BASIC")}
    team, made = distinct.coded(distinct.each(shots["TEAM_ID"], teams.CODE_BY_ID.get)), shots["SHOT_MADE_FLAG"].eq(1)
    return pd.DataFrame({**columns, "team": team, "made": made})


_NAMES = {
    "GAME_ID": "game_id",
    "GAME_EVENT_ID": "event_id",
    "PLAYER_ID": "player_id",
    "PERIOD": "period",
    "MINUTES_REMAINING": "MINUTES_REMAINING",
    "SECONDS_REMAINING": "SECONDS_REMAINING",
    "SHOT_TYPE": "SHOT_TYPE",
    "SHOT_ZONE_BASIC": "SHOT_ZONE_BASIC",
    "LOC_X": "loc_x",
    "LOC_Y": "loc_y",
}


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """The shots of every finished game agree with both teams' attempts and makes, ± 1, and are believed."""
    found = unfinished(evidence)
    taken = evidence.rows.groupby(["game_id", "team"], sort=False)["made"].agg(attempts="size", makes="sum")
    sides = finished_sides(evidence).merge(taken.reset_index(), on=["game_id", "team"], how="left")
    box = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team", "fga", "fgm"]]
    sides = sides.merge(box, on=["game_id", "team"], how="left").fillna({"attempts": 0, "makes": 0})
    agrees = (sides["attempts"] - sides["fga"]).abs().le(1) & (sides["makes"].astype(float) - sides["fgm"]).abs().le(1)
    doubts = disbelieved(_charted(evidence.inputs, sides.loc[~agrees, "game_id"]), evidence.inputs)
    charted = evidence.inputs.source[ResultSet.SHOTS]
    seasons = set() if charted is None else set(seasons_of_games(charted["GAME_ID"].drop_duplicates()))
    for day, of_day in by_date(sides.assign(agrees=agrees), "game_date"):
        found[day].expected += of_day["game_id"].nunique()
        for game_id, game in of_day.groupby("game_id"):
            if not game["agrees"].all():
                short = doubts.get(str(game_id)) or _shortcoming(game, seasons)
                found[day].lack(game_name(next(game.itertuples())), short.cause, **short.numbers)
    return found


def _shortcoming(sides: pd.DataFrame, seasons: set[str]) -> Finding:
    if not sides["attempts"].any():
        season = sides["season"].iloc[0]
        if season in seasons:
            return finding(Cause.NO_SHOTS)
        return finding(Cause.SHOTS_NOT_COVERED, result_set=str(ResultSet.SHOTS), season=season)
    if sides["fga"].isna().any():
        return finding(Cause.NO_TEAM_BOX_SCORE)
    told = [
        f"{side.team} {side.attempts:g} shots ({side.makes:g} made), the box score {side.fga:g} ({side.fgm:g})"
        for side in sides[~sides["agrees"]].itertuples()
    ]
    return finding(Cause.SHOTS_DIFFER, sides=told)


RAW_SHOTS = Table(
    name="raw_shots",
    short_name="SHOTS",
    dataset="nba_raw",
    phase=Phase.RAW,
    contract=RawShots,
    compute=compute,
    expect=expect,
    policy=Policy(critical=False),
    reject=reject,
    inputs=(
        same_date("raw_schedule"),
        same_date("raw_team_boxscores", "game_date", "game_id", "team", "fga", "fgm", "ast", "blk"),
    ),
    result_sets=(ResultSet.SHOTS, ResultSet.PLAY_BY_PLAY),
    evidence=(ResultSet.PLAYER_LOG,),
)
