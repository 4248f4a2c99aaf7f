"""On which date a game stands when its tip-off, gameDateEst and the logs' GAME_DATE are not the same."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.partition import Cause, Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets.tables.game_dates import disagreements, game_dates, tipoffs
from nba_assets_tests.engine.warehouses import build_range, cell, files, session
from nba_assets_tests.faults.season_frames import DamagedSource, Frames, real_frames

GAME, NIGHT, BEFORE = "0022100284", date(2021, 11, 26), date(2021, 11, 25)
FIRST = date(2021, 11, 24)


def entry(tipoff: str | None, day: str = "2021-11-26", **changes: object) -> pd.DataFrame:
    known = {"gameId": GAME, "gameDateEst": day, "gameDateTimeUTC": tipoff, "postponedStatus": "N"}
    return pd.DataFrame([known | changes])


def logs(teams: str | None, players: str | None) -> dict[str, pd.DataFrame | None]:
    dates = {ResultSet.TEAM_LOG: teams, ResultSet.PLAYER_LOG: players}
    return {
        str(log): None if day is None else pd.DataFrame({"GAME_ID": [GAME, GAME], "GAME_DATE": [day, day]})
        for log, day in dates.items()
    }


def _date(listed: pd.DataFrame, source: Mapping[str, pd.DataFrame | None]) -> list[str]:
    return game_dates(listed, source).dt.strftime("%m-%d").tolist()


@pytest.mark.parametrize(
    "tipoff",
    [
        None,
        "2021-11-26T00:00:00Z",
        "2021-11-26",
        "20211126",
        "2021-11-26T00:00:00-05:00",
        "2021-11-26T00:00:00.000-0500",
        "1900-01-01T19:00:00Z",
        "1900-01-01T00:00:00-05:00",
    ],
)
def test_a_date_printed_as_a_time_is_an_unknown_time(tipoff: str | None) -> None:
    listed = entry(tipoff)
    assert tipoffs(listed).isna().all()
    assert _date(listed, {}) == ["11-26"]
    assert not list(disagreements(logs(None, None) | {ResultSet.SCHEDULE: listed}, _games("2021-11-26")))


def _games(day: str) -> pd.DataFrame:
    return pd.DataFrame({"game_id": [GAME], "game_date": pd.to_datetime([day])})


@pytest.mark.parametrize(
    ("tipoff", "day"),
    [
        ("2021-11-27T00:00:00Z", "2021-11-26"),  # 19:00
        ("2021-10-30T00:00:00Z", "2021-10-29"),  # 20:00 in summer time
        ("2021-11-27T03:30:00+00:00", "2021-11-26"),
        ("2021-11-26T17:00:00Z", "2021-11-26"),
        ("2021-11-27T06:30:00Z", "2021-11-26"),  # 01:30: of the evening before
        ("2021-11-26T06:30:00Z", "2021-11-26"),
    ],
)
def test_a_tip_off_that_agrees(tipoff: str, day: str) -> None:
    listed = entry(tipoff, day)
    assert tipoffs(listed).notna().all()
    source = logs(day, None) | {ResultSet.SCHEDULE: listed}
    assert _date(listed, source) == [day[5:]]
    assert not list(disagreements(source, _games(day)))


@pytest.mark.parametrize(
    ("tipoff", "teams", "players", "stands", "says"),
    [
        (
            "2021-11-28T00:00:00Z",
            None,
            None,
            "11-26",
            "a tip-off at 19:00 Eastern of 2021-11-27, gameDateEst 2021-11-26",
        ),
        ("2021-11-27T08:30:00Z", None, None, "11-26", "a tip-off at 03:30 Eastern of 2021-11-27, gameDateEst"),
        (None, "2021-11-27", "2021-11-27", "11-27", "gameDateEst 2021-11-26, GAME_DATE of the teams' log 2021-11-27"),
        (None, "2021-11-27", None, "11-27", "gameDateEst 2021-11-26, GAME_DATE of the teams' log 2021-11-27"),
        (
            None,
            "2021-11-27",
            "2021-11-26",
            "11-26",
            "GAME_DATE of the teams' log 2021-11-27, GAME_DATE of the players'",
        ),
        (None, "2021-11-27", "2021-11-28", "11-26", "GAME_DATE of the players' log 2021-11-28"),
    ],
)
def test_who_decides_and_what_is_said(
    tipoff: str | None, teams: str | None, players: str | None, stands: str, says: str
) -> None:
    listed = entry(tipoff)
    source = logs(teams, players) | {ResultSet.SCHEDULE: listed}
    assert _date(listed, source) == [stands]
    [(game, claims)] = disagreements(source, _games(f"2021-{stands}"))
    assert game.game_id == GAME
    assert says in claims


def test_a_date_of_another_season_decides_nothing_and_is_named() -> None:
    """There nobody would look for the game."""
    source = logs("2022-11-26", "2022-11-26") | {ResultSet.SCHEDULE: entry(None)}
    assert _date(entry(None), source) == ["11-26"]
    [(_, claims)] = disagreements(source, _games("2021-11-26"))
    assert "GAME_DATE of the teams' log 2022-11-26" in claims


def test_two_spellings_of_a_date_are_one_date() -> None:
    source = logs("20211126", "2021-11-26T00:00:00") | {ResultSet.SCHEDULE: entry(None, "20211126")}
    assert _date(entry(None, "20211126"), source) == ["11-26"]
    assert not list(disagreements(source, _games("2021-11-26")))


def test_postponed_and_repeated_entries_stand_on_the_date_that_they_state() -> None:
    postponed = entry(None, "2021-11-25", postponedStatus="Y")
    both = pd.concat([postponed, entry(None)], ignore_index=True)
    assert _date(both, logs("2021-11-27", "2021-11-27")) == ["11-25", "11-27"]
    twice = pd.concat([entry(None), entry(None, "2021-11-28")], ignore_index=True)
    assert _date(twice, logs("2021-11-27", "2021-11-27")) == ["11-26", "11-28"]


def test_in_three_real_seasons_all_claims_agree() -> None:
    for season, games in {"2021-22": 1230, "2022-23": 1230, "2023-24": 1230}.items():
        source = {name: files().read(name, season) for name in (ResultSet.SCHEDULE, *LOGS)}
        listed = source[ResultSet.SCHEDULE]
        assert listed is not None
        regular = listed[listed["gameId"].str.startswith("002", na=False)]
        assert len(regular) >= games
        rows = pd.DataFrame({"game_id": regular["gameId"], "game_date": game_dates(regular, source)})
        assert not list(disagreements(source, rows))
        evenings = tipoffs(regular).dt.tz_convert("America/New_York").dt.strftime("%Y-%m-%d")
        assert (evenings.isna() | evenings.eq(regular["gameDateEst"].str[:10])).all()


LOGS = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG)


@pytest.fixture(scope="module")
def undamaged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str | None]:
    return _built(real_frames(), tmp_path_factory.mktemp("undamaged"))


def _built(frames: Frames, home: Path) -> dict[str, str | None]:
    at = session(home, DamagedSource(frames))
    build_range(at, FIRST, NIGHT, tables=BUILT)
    return _hashes(at)


def _hashes(at: Session) -> dict[str, str | None]:
    published = {name: cell(at, name, NIGHT).published for name in BUILT}
    return {name: row.content_hash if row else None for name, row in published.items()}


BUILT = ["raw_schedule", "raw_team_boxscores", "raw_player_boxscores", "raw_shots"]


def test_a_night_whose_tip_offs_are_printed_dates_stays_where_it_was(
    undamaged: dict[str, str | None], tmp_path: Path
) -> None:
    """The night before has no games: twelve moved there would be a night of its own."""
    frames = real_frames()
    schedule = frames[ResultSet.SCHEDULE].copy()
    of_night = schedule["gameDateEst"].str[:10].eq(str(NIGHT))
    assert of_night.sum() == 12
    schedule.loc[of_night, "gameDateTimeUTC"] = f"{NIGHT}T00:00:00Z"
    at = session(tmp_path, DamagedSource(frames | {ResultSet.SCHEDULE: schedule}))
    build_range(at, FIRST, NIGHT, tables=BUILT)
    assert cell(at, "raw_schedule", BEFORE).status == Status.NO_GAMES
    assert {cell(at, name, NIGHT).status for name in BUILT} == {Status.OK}
    stored = at.warehouse.read(TABLES["raw_schedule"], start=NIGHT, end=NIGHT)
    assert stored["tipoff_utc"].isna().all()
    found = _hashes(at)
    assert [name for name in BUILT if found[name] != undamaged[name]] == ["raw_schedule"]


def test_a_game_that_the_logs_have_on_another_date_stands_there_and_is_named(tmp_path: Path) -> None:
    frames = real_frames()
    for name in LOGS:
        log = frames[name]
        frames[name] = log.assign(GAME_DATE=log["GAME_DATE"].where(log["GAME_ID"] != GAME, str(BEFORE)))
    at = session(tmp_path, DamagedSource(frames))
    build_range(at, FIRST, NIGHT, tables=BUILT)
    found = cell(at, "raw_schedule", BEFORE)
    assert found.status == Status.DEGRADED
    [why] = [f for f in found.findings if f.cause is Cause.DATES_DIFFER]
    assert str(BEFORE) in str(why)
    assert GAME in str(why)
    assert cell(at, "raw_team_boxscores", BEFORE).status == Status.OK
    assert cell(at, "raw_player_boxscores", BEFORE).rows > 20
    assert cell(at, "raw_schedule", NIGHT).status == Status.OK
    assert cell(at, "raw_schedule", NIGHT).rows == 11
