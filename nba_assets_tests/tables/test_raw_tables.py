"""Result sets into raw tables: who is at home, who played, how long, from where, and what is left out and why."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from nba_assets.schema.table import Inputs
from nba_assets.sources.base import COLUMNS, ResultSet, conform
from nba_assets.tables import TABLES
from nba_assets.tables.games import announced_games
from nba_assets.verification.replay import RAW_TABLES, raw_tables
from nba_assets_tests.verification.real_seasons import READ_AT, SEASONS, raw_season, source

DAY = pd.Timestamp("2022-12-17")
GAME = "0022200438"
BLANK = {"str": "", "int": 0, "float": 0.0, "bool": False}


def result_set(name: ResultSet, rows: list[dict[str, Any]]) -> pd.DataFrame:
    """Rows in the declared columns; what they leave out is NULL, or blank where nothing may be."""
    kinds = COLUMNS[name]
    full = [{c: None if kind.endswith("?") else BLANK[kind] for c, kind in kinds.items()} | row for row in rows]
    return conform(pd.DataFrame(full, columns=list(kinds)), name, origin="a test")


def schedule(**changed: Any) -> dict[str, Any]:
    return {
        "seasonYear": "2022-23",
        "gameId": GAME,
        "gameDateEst": "2022-12-17T00:00:00Z",
        "gameDateTimeUTC": "2022-12-17T22:00:00Z",
        "gameStatus": 3,
        "homeTeam_teamTricode": "SAS",
        "homeTeam_score": 110,
        "awayTeam_teamTricode": "MIA",
        "awayTeam_score": 111,
    } | changed


def team_log(team: str, **changed: Any) -> dict[str, Any]:
    row = {"TEAM_ABBREVIATION": team, "GAME_ID": GAME, "GAME_DATE": "2022-12-17", "MIN": 240, "WL": "W", "PTS": 111}
    return row | {"MATCHUP": "MIA @ SAS"} | changed


def player_log(player: int, **changed: Any) -> dict[str, Any]:
    row = {"PLAYER_ID": player, "PLAYER_NAME": f"Player {player}", "TEAM_ABBREVIATION": "MIA", "GAME_ID": GAME}
    return row | {"GAME_DATE": "2022-12-17", "MIN": 31, "PTS": 10} | changed


def shot(event: int, **changed: Any) -> dict[str, Any]:
    row = {"GAME_ID": GAME, "GAME_EVENT_ID": event, "PLAYER_ID": 1, "TEAM_ID": 1610612748, "PERIOD": 1}
    row |= {"GAME_DATE": "20221217", "SHOT_TYPE": "2PT Field Goal", "SHOT_ZONE_BASIC": "Mid-Range"}
    return row | changed


def made_of(
    name: str, *, games: list[dict[str, Any]] | None = None, reject: bool = False, **sets: list[dict[str, Any]]
) -> pd.DataFrame:
    """One raw table of the day, from a schedule and the result sets given by their names."""
    listed = result_set(ResultSet.SCHEDULE, [schedule()] if games is None else games)
    found = {ResultSet(key): result_set(ResultSet(key), rows) for key, rows in sets.items()}
    table = TABLES[name]
    everything = dict.fromkeys(table.result_sets) | found | {ResultSet.SCHEDULE: listed}
    inputs = Inputs(source=everything, read_at=READ_AT)
    dates = pd.DatetimeIndex([DAY])
    if name != "raw_schedule":
        rows = TABLES["raw_schedule"].shape(TABLES["raw_schedule"].compute(inputs, dates))
        known = announced_games(rows) if name == "raw_game_lines" else rows
        on_date = {"raw_schedule": known}
        if name == "raw_shots":
            on_date["raw_team_boxscores"] = made_of("raw_team_boxscores", games=games, **sets)
        inputs = Inputs(on_date=on_date, source=everything, read_at=READ_AT)
    if reject:
        assert table.reject is not None
        return table.reject(inputs, dates)
    return table.shape(table.compute(inputs, dates))


def test_on_a_neutral_court_the_schedule_says_who_is_at_home():
    """Mexico City: both rows of the log say "MIA @ SAS"."""
    rows = made_of("raw_team_boxscores", leaguegamelog_team=[team_log("MIA"), team_log("SAS", WL="L", PTS=110)])
    assert dict(zip(rows["team"], rows["is_home"], strict=True)) == {"MIA": False, "SAS": True}
    assert dict(zip(rows["team"], rows["opponent"], strict=True)) == {"MIA": "SAS", "SAS": "MIA"}
    assert dict(zip(rows["team"], rows["won"], strict=True)) == {"MIA": True, "SAS": False}


@pytest.mark.parametrize(
    ("minutes", "overtimes"), [(238, 0), (240, 0), (243, 0), (264, 1), (265, 1), (266, 1), (291, 2), (315, 3)]
)
def test_overtimes_from_a_sum_of_rounded_minutes(minutes: int, overtimes: int):
    rows = made_of("raw_team_boxscores", leaguegamelog_team=[team_log("MIA", MIN=minutes), team_log("SAS")])
    row = rows[rows["team"] == "MIA"].iloc[0]
    assert (row["overtime_periods"], row["seconds_played"]) == (overtimes, 5 * (2880 + 300 * overtimes))


def test_who_played_and_who_was_listed():
    rows = made_of(
        "raw_player_boxscores",
        leaguegamelog_player=[player_log(1), player_log(2, MIN=0, PTS=0), player_log(3)],
        boxscore_players=[
            {"gameId": GAME, "teamTricode": "MIA", "personId": 1, "playerName": "P. One", "minutes": "30:41"},
            {"gameId": GAME, "teamTricode": "MIA", "personId": 2, "playerName": "P. Two", "minutes": "00:04"},
            {"gameId": GAME, "teamTricode": "MIA", "personId": 4, "playerName": "P. Four", "comment": "DNP - Rest"},
        ],
        inactive_players=[
            {"GAME_ID": GAME, "TEAM_ABBREVIATION": "MIA", "PLAYER_ID": 5, "PLAYER_NAME": "Player Five"},
        ],
    )
    listings = dict(zip(rows["player_id"], rows["listing"], strict=True))
    assert listings == {1: "played", 2: "played", 3: "played", 4: "dnp", 5: "inactive"}
    assert rows["seconds_played"].tolist() == [1841, 4, 1860, pd.NA, pd.NA]
    assert rows["minutes_are_exact"].tolist() == [True, True, False, pd.NA, pd.NA]
    assert rows["points"].tolist() == [10, 0, 10, pd.NA, pd.NA]
    assert rows["player_name"].tolist() == ["Player 1", "Player 2", "Player 3", "P. Four", "Player Five"]
    assert rows["dnp_reason"][3] == "DNP - Rest"


def test_inactive_players_under_one_id_are_named():
    listed = {"GAME_ID": GAME, "TEAM_ABBREVIATION": "MIA", "PLAYER_ID": 5}
    rejected = made_of(
        "raw_player_boxscores",
        reject=True,
        leaguegamelog_player=[player_log(1)],
        inactive_players=[listed | {"PLAYER_NAME": name} for name in ("Player Five", "Player Six")],
    )
    assert rejected["entity"].tolist() == ["5"]
    assert rejected["details"][0] == f"Player Five: inactive in {GAME} under an id that others have as well"


def test_zones_of_shots():
    shots = [
        shot(1, SHOT_ZONE_BASIC="Restricted Area", LOC_X=30, LOC_Y=40, SHOT_MADE_FLAG=1),
        shot(2, SHOT_ZONE_BASIC="In The Paint (Non-RA)"),
        shot(3),
        shot(4, SHOT_TYPE="3PT Field Goal", SHOT_ZONE_BASIC="Backcourt", LOC_Y=600),
        shot(5, SHOT_TYPE="3PT Field Goal", SHOT_ZONE_BASIC="Left Corner 3"),
        shot(6, GAME_ID="0022000000"),
    ]
    rows = made_of("raw_shots", shotchartdetail=shots)
    assert rows["zone"].tolist() == ["paint", "paint", "mid_range", "three_pt", "three_pt"]
    assert rows["is_corner_three"].tolist() == [False, False, False, False, True]
    assert (rows["distance_ft"][0], rows["made"][0], rows["opponent"][0]) == (5.0, True, "SAS")
    strays = made_of("raw_shots", shotchartdetail=shots, reject=True)
    assert strays["entity"].tolist() == ["0022000000"]


def told(event: int, **changed: Any) -> dict[str, Any]:
    """What play-by-play says of `shot(event)`."""
    return {"gameId": GAME, "actionNumber": event, "teamId": 1610612748, "personId": 1} | changed


TOLD = [told(1, made=True, assisted=True), told(2, made=True), told(3, blocked=True), told(4), told(5, personId=2)]
ASSISTED, BLOCKED = [True, False, None, None, None], [None, None, True, False, False]
NOBODY_KNOWS = [None] * 5


@pytest.mark.parametrize(
    ("play_by_play", "credited", "assisted", "blocked"),
    [
        (TOLD, {}, ASSISTED, BLOCKED),
        ([*TOLD, told(6, made=True)], {}, ASSISTED, BLOCKED),
        ([told(1, made=True), *TOLD], {}, ASSISTED, BLOCKED),
        (TOLD[:4], {}, NOBODY_KNOWS, NOBODY_KNOWS),
        ([*TOLD[:4], told(5)], {}, NOBODY_KNOWS, NOBODY_KNOWS),
        ([*TOLD[:4], told(5, personId=2, made=True)], {}, NOBODY_KNOWS, NOBODY_KNOWS),
        (TOLD, {"AST": 2}, NOBODY_KNOWS, BLOCKED),
        (TOLD, {"BLK": 2}, ASSISTED, NOBODY_KNOWS),
        ([], {}, NOBODY_KNOWS, NOBODY_KNOWS),
    ],
    ids=["agrees", "a shot more", "the newest", "a shot less", "shooter", "result", "assists", "blocks", "no rows"],
)
def test_assists_and_blocks_are_known_where_everything_agrees(
    play_by_play: list[dict[str, Any]],
    credited: dict[str, int],
    assisted: list[bool | None],
    blocked: list[bool | None],
):
    made = [shot(1, SHOT_MADE_FLAG=1), shot(2, SHOT_MADE_FLAG=1)]
    shots = [*made, shot(3), shot(4), shot(5, PLAYER_ID=2), shot(1, TEAM_ID=1610612759, GAME_EVENT_ID=9)]
    log = [team_log("MIA", AST=credited.get("AST", 1)), team_log("SAS", BLK=credited.get("BLK", 1))]
    said = [*play_by_play, told(9, teamId=1610612759)]
    frames = {"shotchartdetail": shots, "leaguegamelog_team": log, "playbyplayv3_shots": said}
    rows = made_of("raw_shots", **frames).query("team == 'MIA'")
    assert [None if pd.isna(value) else value for value in rows["assisted"]] == assisted
    assert [None if pd.isna(value) else value for value in rows["blocked"]] == blocked
    unknown = {"assists": assisted == NOBODY_KNOWS, "blocks": blocked == NOBODY_KNOWS}
    named = made_of("raw_shots", reject=True, **frames)["entity"].tolist()
    assert named == [f"{GAME} {what}" for what, is_unknown in unknown.items() if is_unknown]


def test_without_play_by_play_nobody_knows_assists_and_blocks():
    rows = made_of("raw_shots", shotchartdetail=[shot(1, SHOT_MADE_FLAG=1), shot(2)])
    assert rows[["assisted", "blocked"]].isna().all(axis=None)
    assert made_of("raw_shots", playbyplayv3_shots=TOLD).empty


def test_statuses_and_dates_of_the_schedule():
    games = [
        schedule(),
        schedule(gameId="0022200439", gameDateTimeUTC="2022-12-18T03:30:00Z", gameStatus=1, homeTeam_teamTricode="GS"),
        schedule(gameId=None, postponedStatus="Y", gameStatus=3),
        schedule(gameId="0022200440", gameDateTimeUTC=None, gameDateEst="2022-12-18T00:00:00Z"),
    ]
    rows = made_of("raw_schedule", games=games).set_index("game_id")
    assert rows["status"].to_dict() == {
        GAME: "final",
        "0022200439": "scheduled",
        "postponed-20221217-MIA-SAS": "postponed",
    }
    assert rows.loc["0022200439", "home_team"] == "GSW"
    assert rows["game_type"].isna().tolist() == [False, False, True]


def test_impossible_lines_are_left_out_and_named():
    lines = [{"gameId": GAME, "homeSpread": -3.5, "total": 22.0}]
    assert made_of("raw_game_lines", game_lines=lines).empty
    assert made_of("raw_game_lines", game_lines=lines, reject=True)["entity"].tolist() == [GAME]
    (row,) = made_of("raw_game_lines", game_lines=[lines[0] | {"total": 222.0}]).to_dict("records")
    assert (row["home_spread"], row["total"]) == (-3.5, 222.0)


def test_two_versions_that_disagree_the_newest_counts_and_it_is_said():
    log = [team_log("MIA", PTS=100), team_log("MIA", PTS=111), team_log("SAS")]
    rows = made_of("raw_team_boxscores", leaguegamelog_team=log)
    assert rows.set_index("team")["points"]["MIA"] == 111
    assert made_of("raw_team_boxscores", leaguegamelog_team=log, reject=True)["entity"].tolist() == [f"{GAME} MIA"]


def test_without_a_result_set_a_table_is_empty():
    for name in RAW_TABLES[1:]:
        assert made_of(name).empty, name


@pytest.mark.parametrize("season", SEASONS)
def test_real_seasons_keep_their_contracts(season: str):
    for name, rows in raw_season(season).items():
        TABLES[name].contract.validate(rows)
        assert not rows.duplicated(TABLES[name].keys).any(), name


def test_real_box_scores_and_clocks_agree():
    """Where the box score has the clock, the seconds of a team's players are five times the game's length ± 1 %."""
    for season in SEASONS:
        raw = raw_season(season)
        played = raw["raw_player_boxscores"].query("listing == 'played'")
        of_players = played.groupby(["game_id", "team"])["seconds_played"].sum().astype("int64").rename("of_players")
        teams = raw["raw_team_boxscores"].merge(of_players.reset_index(), on=["game_id", "team"])
        assert len(teams) == 2460
        assert ((teams["of_players"] / teams["seconds_played"] - 1).abs() <= 0.01).mean() > 0.999


def test_seasons_are_read_one_by_one():
    both = raw_tables(source(), ["2022-23", "2023-24"], read_at=READ_AT)
    for name, rows in both.items():
        assert len(rows) == sum(len(raw_season(season)[name]) for season in ("2022-23", "2023-24")), name
