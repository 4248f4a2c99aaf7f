"""A simulated season obeys the laws of the game and keeps the league's own books."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from nba_assets.league.calendar import COUNTING_TYPES, eastern_dates
from nba_assets.league.names import first_last, player_lookups
from nba_assets.league.teams import CODES
from nba_assets.sources.base import OF_NO_DATE, ResultSet
from nba_assets.sources.simulated import SimulatedSource

SEASON = "2021-22"
STATISTICS = "PTS FGM FGA FG3M FG3A FTM FTA OREB DREB REB AST STL BLK TOV PF".split()

Frames = dict[ResultSet, pd.DataFrame]


@pytest.fixture(scope="module")
def frames() -> Frames:
    source = SimulatedSource(today=date(2022, 7, 1))
    read = {result_set: source.read(result_set, SEASON) for result_set in ResultSet}
    return {result_set: frame for result_set, frame in read.items() if frame is not None}


@pytest.fixture(scope="module")
def games(frames: Frames) -> pd.DataFrame:
    """The counting games of the schedule."""
    schedule = frames[ResultSet.SCHEDULE]
    return schedule[schedule["gameId"].str[:3].isin(COUNTING_TYPES)]


@pytest.fixture(scope="module")
def regular(games: pd.DataFrame) -> pd.DataFrame:
    return games[games["gameId"].str.startswith("002")]


def _sides(games: pd.DataFrame) -> pd.DataFrame:
    home = games.assign(team=games["homeTeam_teamTricode"], score=games["homeTeam_score"])
    away = games.assign(team=games["awayTeam_teamTricode"], score=games["awayTeam_score"])
    return pd.concat([home, away])


def _seconds(clocks: pd.Series) -> pd.Series:
    parts = clocks.str.split(":", expand=True).astype(int)
    return 60 * parts[0] + parts[1]


def test_every_result_set_has_rows(frames: Frames) -> None:
    assert set(frames) == set(ResultSet) - OF_NO_DATE
    assert all(len(frame) for frame in frames.values())


# The calendar


def test_each_team_plays_41_games_at_home_and_41_away(regular: pd.DataFrame) -> None:
    assert regular["gameId"].nunique() == len(regular) == 1230
    assert dict(regular["homeTeam_teamTricode"].value_counts()) == dict.fromkeys(CODES, 41)
    assert dict(regular["awayTeam_teamTricode"].value_counts()) == dict.fromkeys(CODES, 41)


def test_nobody_plays_twice_on_a_day(frames: Frames) -> None:
    schedule = frames[ResultSet.SCHEDULE]
    sides = _sides(schedule[schedule["postponedStatus"].eq("N") & ~schedule["gameId"].str.startswith("003")])
    assert not sides.duplicated(["gameDateEst", "team"]).any()


@pytest.mark.parametrize("day", ["2021-11-25", "2021-12-24", *(f"2022-02-{d}" for d in range(18, 24))])
def test_no_counting_games_on_thanksgiving_christmas_eve_and_in_all_star_week(games: pd.DataFrame, day: str) -> None:
    assert not games["gameDateEst"].eq(day).any()


def test_season_opens_with_two_games_and_ends_with_all_thirty_teams(regular: pd.DataFrame) -> None:
    per_day = regular["gameDateEst"].value_counts().sort_index()
    assert (per_day.index[0], per_day.iloc[0]) == ("2021-10-19", 2)
    assert (per_day.index[-1], per_day.iloc[-1]) == ("2022-04-10", 15)
    assert per_day["2021-12-25"] == 5


def test_tip_offs_are_utc_and_fall_on_the_eastern_date(frames: Frames) -> None:
    schedule = frames[ResultSet.SCHEDULE].dropna(subset=["gameDateTimeUTC"])
    eastern = eastern_dates(pd.to_datetime(schedule["gameDateTimeUTC"], utc=True)).dt.strftime("%Y-%m-%d")
    assert (eastern == schedule["gameDateEst"]).all()
    assert (schedule["gameDateTimeUTC"].str[:10] != schedule["gameDateEst"]).mean() > 0.5


def test_a_postponed_game_leaves_an_entry_and_is_played_later(frames: Frames, regular: pd.DataFrame) -> None:
    schedule = frames[ResultSet.SCHEDULE]
    entries = schedule[schedule["postponedStatus"].eq("Y")]
    assert 3 <= len(entries) <= 6
    assert entries["gameStatus"].eq(1).all()
    assert entries["homeTeam_score"].isna().all()
    assert not entries["gameId"].str.fullmatch(r"\d{10}").any()
    pairing = ["homeTeam_teamTricode", "awayTeam_teamTricode"]
    later = entries.merge(regular, on=pairing, suffixes=("", "_played"))
    made_up = later[later["gameDateEst_played"] > later["gameDateEst"]]
    assert set(made_up["gameId"]) == set(entries["gameId"])


def test_codes_outside_the_thirty_only_in_preseason_and_all_star_games(frames: Frames) -> None:
    sides = _sides(frames[ResultSet.SCHEDULE])
    foreign = sides[~sides["team"].isin(CODES)]
    assert set(foreign["gameId"].str[:3]) == {"001", "003"}


def test_play_in_and_playoffs_end_with_one_champion(games: pd.DataFrame) -> None:
    assert games["gameId"].str.startswith("005").sum() == 6
    playoffs = games[games["gameId"].str.startswith("004")]
    home_won = playoffs["homeTeam_score"] > playoffs["awayTeam_score"]
    winner = np.where(home_won, playoffs["homeTeam_teamTricode"], playoffs["awayTeam_teamTricode"])
    wins = playoffs.assign(series=playoffs["gameId"].str[:9], winner=winner).value_counts(["series", "winner"])
    winners = wins[wins == 4].reset_index()
    assert wins.max() == 4
    assert winners["series"].nunique() == len(winners) == 15
    assert winners["series"].str[7].value_counts().sort_index().tolist() == [8, 4, 2, 1]


# The box scores


def test_points_of_players_team_and_schedule_agree(frames: Frames, games: pd.DataFrame) -> None:
    scores = _sides(games).set_index(["gameId", "team"])["score"].astype("int64").sort_index()
    team = frames[ResultSet.TEAM_LOG].set_index(["GAME_ID", "TEAM_ABBREVIATION"]).sort_index()
    players = frames[ResultSet.PLAYER_LOG].groupby(["GAME_ID", "TEAM_ABBREVIATION"])[[*STATISTICS, "MIN"]].sum()
    np.testing.assert_array_equal(team["PTS"], scores)
    pd.testing.assert_frame_equal(players, team[[*STATISTICS, "MIN"]], check_names=False)


def test_a_game_has_one_winner_and_no_tie(frames: Frames) -> None:
    team = frames[ResultSet.TEAM_LOG]
    assert (team.pivot_table(index="GAME_ID", columns="WL", values="PTS", aggfunc="count") == 1).all(axis=None)
    assert (team.groupby("GAME_ID")["PTS"].transform("max").eq(team["PTS"]) == team["WL"].eq("W")).all()


def test_players_are_on_the_floor_for_five_times_the_length_of_the_game(frames: Frames) -> None:
    box = frames[ResultSet.BOX_SCORES]
    played = box[box["minutes"] != ""]
    seconds = _seconds(played["minutes"]).groupby([played["gameId"], played["teamTricode"]]).sum()
    overtimes = (seconds / 5 - 2880) / 300
    assert (overtimes == overtimes.round()).all()
    assert overtimes.min() == 0
    assert overtimes.max() >= 1
    assert overtimes.groupby(level=0).nunique().eq(1).all()
    reported = frames[ResultSet.TEAM_LOG].set_index(["GAME_ID", "TEAM_ABBREVIATION"])["MIN"].sort_index()
    assert (np.rint((reported.to_numpy() - 240) / 25) == overtimes.sort_index().to_numpy()).all()


def test_the_log_has_the_rounded_minutes_of_everybody_with_a_clock(frames: Frames) -> None:
    box = frames[ResultSet.BOX_SCORES]
    played = box[box["minutes"] != ""].set_index(["gameId", "personId"])
    log = frames[ResultSet.PLAYER_LOG].set_index(["GAME_ID", "PLAYER_ID"])
    assert set(log.index) == set(played.index)
    exact = _seconds(played["minutes"]).loc[log.index] / 60
    assert (exact - log["MIN"]).abs().max() <= 0.5
    assert log["MIN"].eq(0).sum() > 10


def test_plus_minus_sums_to_five_times_the_margin(frames: Frames) -> None:
    team = frames[ResultSet.TEAM_LOG].set_index(["GAME_ID", "TEAM_ABBREVIATION"])["PTS"].sort_index()
    margin = 2 * team - team.groupby(level=0).transform("sum")
    plus_minus = frames[ResultSet.PLAYER_LOG].groupby(["GAME_ID", "TEAM_ABBREVIATION"])["PLUS_MINUS"].sum()
    np.testing.assert_array_equal(plus_minus, 5 * margin)


def test_five_starters_a_team_all_of_whom_play(frames: Frames) -> None:
    box = frames[ResultSet.BOX_SCORES]
    starters = box[box["starter"].fillna(False)]
    assert starters.groupby(["gameId", "teamTricode"]).size().eq(5).all()
    assert starters["minutes"].ne("").all()
    assert len(starters) == 5 * len(frames[ResultSet.TEAM_LOG])


def test_who_did_not_play_has_a_comment_and_everybody_is_listed_once(frames: Frames) -> None:
    box, inactive = frames[ResultSet.BOX_SCORES], frames[ResultSet.INACTIVES]
    assert ((box["minutes"] == "") == (box["comment"] != "")).all()
    assert {"", "Did Not Play", "Did Not Dress", "Not With Team"} <= set(box["comment"])
    listed = pd.concat([box[["gameId", "personId"]], inactive.set_axis(["gameId", "t", "c", "personId", "n"], axis=1)])
    assert not listed.duplicated(["gameId", "personId"]).any()
    assert len(inactive) > 5000


def test_some_players_are_traded_and_play_for_both_teams(frames: Frames) -> None:
    log = frames[ResultSet.PLAYER_LOG]
    spells = log.groupby(["PLAYER_ID", "TEAM_ABBREVIATION"])["GAME_DATE"].agg(["min", "max"])
    moved = spells[spells.groupby(level=0)["min"].transform("size") > 1].sort_values("min")
    assert moved.index.get_level_values(0).nunique() >= 4
    for _, of_player in moved.groupby(level=0):
        assert len(of_player) == 2
        assert of_player["max"].iloc[0] < of_player["min"].iloc[1]


def test_inactive_lists_spell_some_names_differently(frames: Frames) -> None:
    logged = frames[ResultSet.PLAYER_LOG].drop_duplicates("PLAYER_ID").set_index("PLAYER_ID")["PLAYER_NAME"]
    listed = frames[ResultSet.INACTIVES].drop_duplicates("PLAYER_ID").set_index("PLAYER_ID")["PLAYER_NAME"]
    both = pd.concat([logged.rename("log"), listed.rename("list")], axis=1).dropna()
    different = both["log"] != both["list"]
    assert 0 < different.mean() < 0.3
    assert (player_lookups(both["log"]) != player_lookups(both["list"])).any()
    assert logged.is_unique


def test_neutral_courts_show_the_away_form_for_both_teams(frames: Frames, games: pd.DataFrame) -> None:
    team = frames[ResultSet.TEAM_LOG].merge(games, left_on="GAME_ID", right_on="gameId")
    home, away = team["homeTeam_teamTricode"], team["awayTeam_teamTricode"]
    abroad = team["arenaCity"].isin(["Mexico City", "Paris", "London"])
    as_host = (team["TEAM_ABBREVIATION"] == home) & ~abroad
    assert (team["MATCHUP"] == np.where(as_host, home + " vs. " + away, away + " @ " + home)).all()
    assert 1 <= team.loc[abroad, "GAME_ID"].nunique() <= 2


# Shots


def test_shots_are_the_field_goals_of_each_player(frames: Frames) -> None:
    shots = frames[ResultSet.SHOTS]
    three = shots["SHOT_TYPE"].eq("3PT Field Goal").astype(int)
    counted = (
        shots.assign(FGA=1, FGM=shots["SHOT_MADE_FLAG"], FG3A=three, FG3M=three * shots["SHOT_MADE_FLAG"])
        .groupby(["GAME_ID", "PLAYER_ID", "TEAM_ID"])[["FGA", "FGM", "FG3A", "FG3M"]]
        .sum()
    )
    log = frames[ResultSet.PLAYER_LOG].set_index(["GAME_ID", "PLAYER_ID", "TEAM_ID"])[["FGA", "FGM", "FG3A", "FG3M"]]
    pd.testing.assert_frame_equal(counted, log[log["FGA"] > 0].sort_index())
    assert not shots.duplicated(["GAME_ID", "GAME_EVENT_ID"]).any()


def test_play_by_play_credits_every_assist_and_every_block(frames: Frames) -> None:
    shots, told = frames[ResultSet.SHOTS], frames[ResultSet.PLAY_BY_PLAY]
    names = ["gameId", "actionNumber", "teamId", "personId", "made"]
    same = shots[["GAME_ID", "GAME_EVENT_ID", "TEAM_ID", "PLAYER_ID", "SHOT_MADE_FLAG"]].set_axis(names, axis=1)
    pd.testing.assert_frame_equal(told[names], same.astype({"made": bool}))
    assert not (told["assisted"] & ~told["made"]).any()
    assert not (told["blocked"] & told["made"]).any()
    log = frames[ResultSet.TEAM_LOG].set_index(["GAME_ID", "TEAM_ID"]).sort_index()
    credited = told.groupby(["gameId", "teamId"])[["assisted", "blocked"]].sum()
    assert credited["assisted"].tolist() == log["AST"].tolist()
    blocks = log["BLK"].groupby(level=0).transform("sum") - log["BLK"]
    assert credited["blocked"].tolist() == blocks.tolist()


def test_shots_are_taken_where_their_area_says(frames: Frames) -> None:
    shots = frames[ResultSet.SHOTS]
    distance = np.hypot(shots["LOC_X"], shots["LOC_Y"]) / 10
    by_area = distance.groupby(shots["SHOT_ZONE_BASIC"]).agg(["min", "max"])
    assert by_area.loc["Restricted Area", "max"] <= 4
    assert by_area.loc["In The Paint (Non-RA)", "min"] > 4
    assert by_area.loc["Mid-Range", "max"] < 23.75
    assert by_area.loc["Above the Break 3", "min"] > 23.75
    assert by_area.loc[["Left Corner 3", "Right Corner 3"], "min"].min() > 22
    assert by_area.loc["Backcourt", "min"] >= 42
    threes = shots["SHOT_ZONE_BASIC"].isin(["Above the Break 3", "Left Corner 3", "Right Corner 3", "Backcourt"])
    assert (shots["SHOT_TYPE"].eq("3PT Field Goal") == threes).all()
    assert shots.loc[shots["SHOT_ZONE_BASIC"].eq("Left Corner 3"), "LOC_X"].max() < -220


def test_shots_are_in_the_order_of_play(frames: Frames) -> None:
    shots = frames[ResultSet.SHOTS]
    left = 60 * shots["MINUTES_REMAINING"] + shots["SECONDS_REMAINING"]
    assert left.between(0, 719).all()
    assert left[shots["PERIOD"] > 4].max() <= 299
    in_order = shots.assign(left=-left).sort_values(["GAME_ID", "GAME_EVENT_ID"])
    moment = in_order["PERIOD"] * 1000 + in_order["left"]
    assert moment.groupby(in_order["GAME_ID"]).is_monotonic_increasing.all()


# Before the game


def test_injury_reports_name_players_last_first_on_the_eve_and_on_the_day(frames: Frames) -> None:
    reports = frames[ResultSet.INJURY_REPORTS]
    ahead = pd.to_datetime(reports["gameDate"]) - pd.to_datetime(reports["reportDate"])
    assert set(ahead.dt.days) == {0, 1}
    named = reports.dropna(subset=["playerName"])
    assert named["playerName"].str.fullmatch(r"[^,]+, [^,]+").all()
    assert set(named["playerStatus"]) == {"Out", "Doubtful", "Questionable", "Probable", "Available"}
    names = pd.concat([frames[ResultSet.PLAYER_LOG]["PLAYER_NAME"], frames[ResultSet.INACTIVES]["PLAYER_NAME"]])
    known = named["playerName"].map(first_last)
    assert player_lookups(known).isin(player_lookups(names)).mean() > 0.95


def test_teams_that_have_not_submitted_have_one_row_without_a_name(frames: Frames) -> None:
    reports = frames[ResultSet.INJURY_REPORTS]
    of_team = reports.groupby(["reportDate", "gameDate", "teamName"])["playerName"].agg(["size", "count"])
    late = of_team["count"].eq(0)
    assert of_team.loc[late, "size"].eq(1).all()
    assert 20 < late.sum() < 300


def test_those_reported_out_on_the_day_do_not_play(frames: Frames) -> None:
    reports = frames[ResultSet.INJURY_REPORTS]
    out = reports[(reports["reportDate"] == reports["gameDate"]) & reports["playerStatus"].eq("Out")]
    out = out.assign(name=player_lookups(out["playerName"].map(first_last)))
    log = frames[ResultSet.PLAYER_LOG].assign(name=lambda rows: player_lookups(rows["PLAYER_NAME"]))
    assert out.merge(log, left_on=["gameDate", "name"], right_on=["GAME_DATE", "name"]).empty


def test_lines_expect_the_right_winner_more_often_than_not(frames: Frames, games: pd.DataFrame) -> None:
    lines = frames[ResultSet.GAME_LINES].merge(games, on="gameId")
    assert 0.98 * len(games) < len(lines) < len(games)
    margin = (lines["homeTeam_score"] - lines["awayTeam_score"]).astype(float)
    right = (margin > 0) == (lines["homeSpread"] < 0)
    assert 0.58 < right[lines["homeSpread"] != 0].mean() < 0.8
    impossible = ~lines["total"].between(150, 300)
    assert 1 <= impossible.sum() <= 20
    points = (lines["homeTeam_score"] + lines["awayTeam_score"]).astype(float)
    assert abs((points - lines["total"])[~impossible].mean()) < 2
