"""The Cup final of the simulated league counts for rest, of teams and of players, and for nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import pandas as pd
import pytest

from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES
from nba_assets.tables.cup_final import REST_FROM_TEAM
from nba_assets.tables.games import FINAL, POSTPONED, SCHEDULED
from nba_assets.verification.leak import deaf_tables, leaking_tables
from nba_assets.verification.replay import raw_tables, replay
from nba_assets_tests.cup_finals import REST, beyond_rest, changed_entities

SEASON, GAME, DAY = "2023-24", "0062300001", date(2023, 12, 13)
FINALISTS = ("ORL", "HOU")
DAYS = [DAY + timedelta(days=n) for n in range(15)]
READ_AT = pd.Timestamp("2023-12-29", tz="UTC")
Frames = dict[str, pd.DataFrame]


@cache
def raw(*, box_score: bool) -> Frames:
    source = SimulatedSource(today=READ_AT.date(), cup_final_box_score=box_score)
    return raw_tables(source, [SEASON], read_at=READ_AT)


def scheduled_as(frames: Frames, **values: object) -> Frames:
    """With another entry of the final in the schedule."""
    schedule = frames["raw_schedule"].copy()
    is_final = schedule["game_id"].eq(GAME)
    for column, value in values.items():
        schedule.loc[is_final, column] = value
    return {**frames, "raw_schedule": schedule}


@cache
def loaded() -> Frames:
    return replay(raw(box_score=True), DAYS)


@cache
def not_loaded() -> Frames:
    return replay(raw(box_score=False), DAYS)


@cache
def never_played() -> Frames:
    return replay(scheduled_as(raw(box_score=False), status=POSTPONED), DAYS)


def next_day(team: str) -> pd.Timestamp:
    games = loaded()["upcoming_team_game_context"]
    return games.loc[games["team"].eq(team) & games["game_date"].gt(pd.Timestamp(DAY)), "game_date"].min()


def before_final(team: str) -> pd.DataFrame:
    """The list of the team's last game before it."""
    listed = raw(box_score=True)["raw_player_boxscores"]
    listed = listed[listed["team"].eq(team) & listed["game_date"].lt(pd.Timestamp(DAY))]
    return listed[listed["game_date"].eq(listed["game_date"].max())]


def row(tables: Frames, name: str, day: pd.Timestamp, entity: object) -> pd.Series:
    table = TABLES[name]
    rows = tables[name]
    return rows[rows[table.partition].eq(day) & rows[table.entity].eq(entity)].iloc[0]


def in_final() -> pd.DataFrame:
    listed = raw(box_score=True)["raw_player_boxscores"]
    return listed[listed["game_id"].eq(GAME)]


@pytest.mark.parametrize("team", FINALISTS)
def test_a_team_rests_from_the_final(team: str) -> None:
    day = next_day(team)
    ours, without = (row(tables, "upcoming_team_game_context", day, team) for tables in (loaded(), never_played()))
    rest = (day.date() - DAY).days - 1
    assert ours["days_rest"] == rest < without["days_rest"]
    assert ours["back_to_back"] == (rest == 0)
    assert ours["games_last_7_days"] == without["games_last_7_days"] + 1
    assert ours["games_last_14_days"] == without["games_last_14_days"] + 1
    opponent = row(loaded(), "upcoming_team_game_context", day, ours["opponent"])
    assert opponent["opponent_days_rest"] == rest
    assert opponent["rest_advantage"] == opponent["days_rest"] - rest


def test_the_day_after_it_is_a_back_to_back() -> None:
    """The final is put on the eve of the team's next game."""
    team = FINALISTS[0]
    day = next_day(team)
    frames = raw(box_score=True)
    eve = day - pd.Timedelta(days=1)
    listed = frames["raw_player_boxscores"].copy()
    listed.loc[listed["game_id"].eq(GAME), "game_date"] = eve
    moved = scheduled_as({**frames, "raw_player_boxscores": listed}, game_date=eve)
    found = replay(moved, [day])
    of_team = row(found, "upcoming_team_game_context", day, team)
    assert of_team["back_to_back"]
    assert of_team["days_rest"] == 0
    played = in_final().loc[in_final()["team"].eq(team), "player_id"]
    players = found["ml_feature_store_v2"].set_index("player_id")
    assert players.loc[players.index.isin(played), "back_to_back"].eq(1.0).all()
    assert players.loc[players["team"].eq(team) & ~players.index.isin(played), "back_to_back"].eq(0.0).all()
    pairs = [row(found, "upcoming_player_game_context", day, player) for player in played]
    games = found["player_daily_cache"].set_index("player_id")["games_last_7_days"]
    assert all(games[one["player_id"]] == one["games_last_7_days"] for one in pairs if one["player_id"] in games)


@pytest.mark.parametrize("team", FINALISTS)
def test_a_player_rests_from_the_final_if_he_is_in_its_box_score(team: str) -> None:
    day, rest = next_day(team), (next_day(team).date() - DAY).days - 1
    played = in_final()[in_final()["team"].eq(team)].set_index("player_id")
    slate = loaded()["upcoming_player_game_context"]
    slate = slate[slate["game_date"].eq(day) & slate["team"].eq(team)]
    without = never_played()["upcoming_player_game_context"]
    without = without[without["game_date"].eq(day)].set_index("player_id")
    assert {True, False} == set(slate["player_id"].isin(played.index))
    for one in slate.itertuples():
        before = without.loc[one.player_id]
        if one.player_id not in played.index:
            assert one.games_last_7_days == before["games_last_7_days"]
            assert one.minutes_last_14_days == before["minutes_last_14_days"]
            continue
        minutes = played.loc[one.player_id, "seconds_played"] / 60
        assert one.days_rest == rest
        assert one.games_last_7_days == before["games_last_7_days"] + 1
        assert one.games_last_14_days == before["games_last_14_days"] + 1
        assert one.minutes_last_7_days == pytest.approx(before["minutes_last_7_days"] + minutes)
        assert one.minutes_last_14_days == pytest.approx(before["minutes_last_14_days"] + minutes)
        assert one.games_played_season == before["games_played_season"]
    issues = loaded()["ml_feature_store_v2"]["data_quality_issues"]
    assert not issues.map(lambda codes: REST_FROM_TEAM in codes).any()


@pytest.mark.parametrize("team", FINALISTS)
def test_without_its_box_score_those_played_it_who_had_played_before_it(team: str) -> None:
    day, rest = next_day(team), (next_day(team).date() - DAY).days - 1
    listed = before_final(team)
    played = set(listed.loc[listed["listing"].eq("played"), "player_id"])
    others = set(listed["player_id"]) - played
    slate = not_loaded()["upcoming_player_game_context"]
    slate = slate[slate["game_date"].eq(day) & slate["team"].eq(team)].set_index("player_id")
    assert slate.loc[sorted(played), "days_rest"].eq(rest).all()
    assert others
    assert not slate.loc[sorted(others), "days_rest"].eq(rest).any()
    without = never_played()["upcoming_player_game_context"]
    without = without[without["game_date"].eq(day)].set_index("player_id").loc[slate.index]
    assert slate["minutes_last_7_days"].equals(without["minutes_last_7_days"])
    features = not_loaded()["ml_feature_store_v2"]
    features = features[features["game_date"].eq(day) & features["team"].eq(team)]
    from_team = features["data_quality_issues"].map(lambda codes: REST_FROM_TEAM in codes)
    assert set(features.loc[from_team, "player_id"]) == played
    assert features.loc[from_team, "is_production_ready"].all()


def test_rest_is_from_the_team_as_long_as_the_final_is_within_fourteen_days() -> None:
    features = replay(raw(box_score=False), [DAY + timedelta(days=n) for n in range(1, 16)])["ml_feature_store_v2"]
    from_team = features["data_quality_issues"].map(lambda codes: REST_FROM_TEAM in codes)
    dates = features.loc[from_team, "game_date"].dt.date
    assert dates.min() > DAY
    assert DAY + timedelta(days=13) <= dates.max() <= DAY + timedelta(days=14)
    assert set(features.loc[from_team, "team"]) == {*FINALISTS}


@pytest.mark.parametrize("variant", [loaded, not_loaded])
def test_nothing_but_rest_changes_and_nobody_s_but_the_finalists(variant: object) -> None:
    ours, without = variant(), never_played()  # type: ignore[operator]
    assert beyond_rest(ours, without) == {}
    slate = without["upcoming_player_game_context"]
    own = {*FINALISTS} | set(slate.loc[slate["team"].isin(FINALISTS), "player_id"].astype(str))
    against = slate[slate["opponent"].isin(FINALISTS)]
    theirs = own | set(against["team"]) | set(against["player_id"].astype(str))  # who meets a rested team
    for name in ours:
        changed = changed_entities(ours[name], without[name], name)
        assert bool(changed) == (name in REST), name
        of = theirs if name not in ("player_daily_cache", "player_composite_factors") else own
        assert changed <= of, name


@pytest.mark.parametrize(
    "entry",
    [
        {"status": POSTPONED},
        {"status": SCHEDULED},
        {"game_type": "003"},
        {"game_type": "001"},
        {"game_type": None, "status": POSTPONED},
    ],
    ids=str,
)
def test_no_other_game_and_none_that_was_not_played_counts(entry: dict[str, object]) -> None:
    assert raw(box_score=True)["raw_schedule"].set_index("game_id").loc[GAME, "status"] == FINAL
    found = replay(scheduled_as(raw(box_score=False), **entry), DAYS)
    for name, rows in found.items():
        pd.testing.assert_frame_equal(rows, never_played()[name])


def test_the_final_is_no_game_of_its_own_date() -> None:
    assert not in_final().empty
    for name, rows in loaded().items():
        if "game_id" in rows:
            assert GAME not in set(rows["game_id"]), name
    slate = loaded()["upcoming_player_game_context"]
    assert not slate.loc[slate["game_date"].eq(pd.Timestamp(DAY)), "team"].isin(FINALISTS).any()


@pytest.mark.long
@pytest.mark.parametrize("box_score", [True, False])
@pytest.mark.parametrize("day", [DAY, DAY + timedelta(days=2)])
def test_it_does_not_leak(day: date, *, box_score: bool) -> None:
    assert leaking_tables(raw(box_score=box_score), day) == []
    assert deaf_tables(raw(box_score=box_score), day) == []


def _all_but_four(box: pd.DataFrame) -> pd.DataFrame:
    return box.drop(index=box.index[4:])


def _two_hours(box: pd.DataFrame) -> pd.DataFrame:
    return box.assign(minutes=box["minutes"].where(box.index != box.index[0], "120:00"))


def _all_but_one(box: pd.DataFrame) -> pd.DataFrame:
    return box.drop(index=box.index[box["minutes"].ne("")][0])


@pytest.mark.parametrize("damaged", [_all_but_four, _two_hours, _all_but_one])
def test_what_is_no_game_is_no_box_score(damaged: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Of one team too few are known, or their time is not a game's: as if none were, and the other team's are."""
    source = SimulatedSource(today=READ_AT.date())

    class Cut:
        counting_types = source.counting_types

        def read(self, name: str, season: str) -> pd.DataFrame | None:
            frame = source.read(name, season)  # type: ignore[arg-type]
            if frame is None or name != "boxscore_players":
                return frame
            of_team = frame["gameId"].eq(GAME) & frame["teamTricode"].eq(FINALISTS[0])
            return pd.concat([frame[~of_team], damaged(frame[of_team])], ignore_index=True)

    listed = raw_tables(Cut(), [SEASON], read_at=READ_AT)["raw_player_boxscores"]  # type: ignore[arg-type]
    assert set(listed.loc[listed["game_id"].eq(GAME), "team"]) == {FINALISTS[1]}


def test_what_the_logs_have_of_it_is_who_played_and_nothing_else() -> None:
    """A directory of files may have the final in its logs, and even its shots and inactive players."""
    source = SimulatedSource(today=READ_AT.date(), cup_final_box_score=False)
    before = [before_final(team).iloc[0][["game_id", "team"]] for team in FINALISTS]

    class WithLogs:
        counting_types = source.counting_types

        def read(self, name: str, season: str) -> pd.DataFrame | None:
            frame = source.read(name, season)  # type: ignore[arg-type]
            if frame is None or "GAME_ID" not in frame:
                return frame
            code = "TEAM_ABBREVIATION" if "TEAM_ABBREVIATION" in frame else None
            copies = [
                frame[frame["GAME_ID"].eq(game) & (frame[code].eq(team) if code else True)] for game, team in before
            ]
            dates = {"GAME_DATE": str(DAY)} if "GAME_DATE" in frame else {}
            return pd.concat([frame, *(rows.assign(GAME_ID=GAME, **dates) for rows in copies)], ignore_index=True)

    frames = raw_tables(WithLogs(), [SEASON], read_at=READ_AT)  # type: ignore[arg-type]
    listed = frames["raw_player_boxscores"]
    listed = listed[listed["game_id"].eq(GAME)]
    played = pd.concat(map(before_final, FINALISTS))
    played = played[played["listing"].eq("played")].set_index("player_id")
    assert set(listed["player_id"]) == set(played.index)
    assert listed["listing"].eq("played").all()
    assert not listed["minutes_are_exact"].any()
    assert listed.set_index("player_id")["points"].eq(played["points"]).all()
    for name in ("raw_schedule", "raw_team_boxscores", "raw_shots"):
        pd.testing.assert_frame_equal(frames[name], raw(box_score=False)[name])
    found = replay(frames, DAYS)
    assert beyond_rest(found, never_played()) == {}
    rest = found["upcoming_player_game_context"]["days_rest"]
    assert rest.equals(not_loaded()["upcoming_player_game_context"]["days_rest"])
    issues = found["ml_feature_store_v2"]["data_quality_issues"]
    assert not issues.map(lambda codes: REST_FROM_TEAM in codes).any()
