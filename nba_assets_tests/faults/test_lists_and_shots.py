"""Lists and shots in doubt on a night of thirteen games, 2021-11-10: what they are called, and whom they reach."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.overview.explain import explain
from nba_assets.overview.matrix import matrix
from nba_assets.partition import Cause, Partition, Status
from nba_assets.planning.repair import repairable
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets_tests.engine.warehouses import (
    KNOWN_AFTER,
    KNOWN_BEFORE,
    OPENING_NIGHT,
    Edit,
    EditedSource,
    build_range,
    cell,
    cells,
    copy_of,
    files,
    healthy,
    session,
    stored,
)
from nba_assets_tests.repair.season import repair

BEFORE, DAY, NEXT, THEIR_NEXT = date(2021, 11, 9), date(2021, 11, 10), date(2021, 11, 11), date(2021, 11, 12)
GAME, NAME, TEAMS = "0022100163", "0022100163 DAL@CHI", ["CHI", "DAL"]
NO_INACTIVE = "no inactive player, though 5 of the previous 5 games had some"
INDIANAS_GAME = "0022100167"
DONCIC, BRUNSON, SAN_ANTONIOS_GAME = 1629029, 1628973, "0022100166"
LISTS = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores")
SLATES = ("raw_injury_reports", "player_game_summary", "team_offense_game_summary", "team_defense_game_summary")
SLATES = (*LISTS, "raw_shots", *SLATES, "upcoming_team_game_context", "upcoming_player_game_context")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A warehouse that is healthy up to the day before."""
    return copy_of(healthy(BEFORE), tmp_path)


def _of_night() -> set[str]:
    log = files().read(ResultSet.TEAM_LOG, "2021-22")
    assert log is not None
    return set(log.loc[log["GAME_DATE"].str[:10].eq(str(DAY)), "GAME_ID"])


def _without_inactives(of: Callable[[pd.DataFrame], pd.Series]) -> dict[ResultSet, Edit]:
    return {ResultSet.INACTIVES: lambda listed: listed[~of(listed)]}


def _of_dallas(listed: pd.DataFrame) -> pd.Series:
    return listed["GAME_ID"].eq(GAME) & listed["TEAM_ABBREVIATION"].eq("DAL")


def _until(day: date) -> Edit:
    return lambda log: log[log["GAME_DATE"].str[:10].le(str(day))]


def _content(at: Session, table: str, day: date) -> str | None:
    published = cell(at, table, day).published
    return published.content_hash if published else None


def _notes(at: Session, table: str, day: date) -> dict[str, str]:
    rows = at.warehouse.failures(table, day)
    return {row.entity: row.details for row in rows.itertuples() if row.category == "NOTE"}


def test_an_inactive_list_that_is_not_there_is_a_gap_that_names_the_games(home: Path) -> None:
    night = _of_night()
    assert len(night) == 13
    at = session(home, EditedSource(_without_inactives(lambda listed: listed["GAME_ID"].isin(night))))
    build_range(at, DAY, NEXT, tables=SLATES)
    gap = cell(at, "raw_player_boxscores", DAY)
    assert gap.status == Status.GAP
    assert NO_INACTIVE in (gap.reason or "")
    assert NAME in {entity for found in gap.findings for entity in found.entities}
    assert stored(at, "raw_player_boxscores", DAY).empty
    after = cell(at, "upcoming_player_game_context", NEXT)
    assert (after.status, str(after.root)) == (Status.BLOCKED, f"raw_player_boxscores {DAY}")


@pytest.mark.long
def test_nights_that_follow_without_lists_are_gaps_as_well(home: Path) -> None:
    later = session(home, EditedSource(_without_inactives(lambda listed: listed["GAME_ID"].ge("0022100158"))))
    build_range(later, DAY, date(2021, 11, 26), tables=LISTS)
    states = [cell(later, "raw_player_boxscores", DAY + pd.Timedelta(days=n)).status for n in range(17)]
    assert states.count(Status.GAP) >= 13
    assert set(states) <= {Status.GAP, Status.NO_GAMES, Status.DEGRADED}


@pytest.mark.soak
def test_lists_that_are_blank_from_opening_night_on_are_named_night_by_night(tmp_path: Path) -> None:
    """A blank list is usual then, by its team's own measure: in one range as night by night."""
    at_once, one_by_one = (
        session(tmp_path / name, EditedSource({ResultSet.INACTIVES: lambda listed: listed.head(0)}))
        for name in ("at_once", "one_by_one")
    )
    days = [OPENING_NIGHT + timedelta(days=n) for n in range(16)]
    build_range(at_once, days[0], days[-1], tables=SLATES)
    for day in days:
        build_range(one_by_one, day, day, tables=SLATES)
    nights, slates = (
        [cell(at_once, name, day) for day in days] for name in ("raw_player_boxscores", "upcoming_player_game_context")
    )
    assert {night.status for night in nights} == {Status.DEGRADED}
    assert nights[0].reason == "no team of the night lists an inactive player (2 games)"
    assert slates[-1].status == Status.DEGRADED
    assert (slates[-1].reason or "").startswith(
        "slate of a doubtful list, 0022100097 WAS@ATL (2021-11-01): no team of the night lists an inactive player"
    )
    for found in (*nights, *slates):
        same = cell(one_by_one, found.partition.table, found.partition.day)
        assert (same.status, same.reason) == (found.status, found.reason)


@pytest.mark.soak
def test_a_team_whose_lists_are_blank_from_its_first_game_on_is_named_game_by_game(tmp_path: Path) -> None:
    """It is no measure of itself; everybody else's lists are there. In one range as night by night."""
    edits: dict[ResultSet, Edit] = {
        ResultSet.INACTIVES: lambda listed: listed[listed["TEAM_ABBREVIATION"].ne("TOR")],
    }
    at_once, one_by_one = (session(tmp_path / name, EditedSource(edits)) for name in ("at_once", "one_by_one"))
    days = [OPENING_NIGHT + timedelta(days=n) for n in range(17)]
    build_range(at_once, days[0], days[-1], tables=SLATES)
    for day in days:
        build_range(one_by_one, day, day, tables=SLATES)
    found = [cell(at_once, "raw_player_boxscores", day) for day in days]
    doubted = [c.reason or "" for c in found if c.status == Status.DEGRADED]
    assert len(doubted) == 8
    assert [text.partition(": ")[2] for text in doubted] == [
        f"{run} games in a row without an inactive player" for run in range(2, 10)
    ]
    first = next(day for day in days if _notes(at_once, "raw_player_boxscores", day))
    [noted] = _notes(at_once, "raw_player_boxscores", first).values()
    assert noted == "1 game in a row without an inactive player", "the first that is known may be true"
    assert all(" TOR: " in text for text in doubted)
    slates = [cell(at_once, "upcoming_player_game_context", day) for day in days]
    assert any(c.status == Status.DEGRADED and "in a row without" in (c.reason or "") for c in slates)
    for same in (*found, *slates):
        other = cell(one_by_one, same.partition.table, same.partition.day)
        assert (same.status, same.reason) == (other.status, other.reason)


def test_a_night_that_is_a_gap_for_its_lists_is_told_so_once(home: Path) -> None:
    night = _of_night()
    at = session(home, EditedSource(_without_inactives(lambda listed: listed["GAME_ID"].isin(night))))
    build_range(at, DAY, DAY, tables=LISTS)
    causes = {found.cause for found in cell(at, "raw_player_boxscores", DAY).findings}
    assert Cause.NO_INACTIVE_PLAYER in causes
    assert Cause.NOBODY_INACTIVE not in causes


def test_two_lists_of_one_game_are_notes_once_the_source_has_gone_on(home: Path) -> None:
    at = session(home, EditedSource(_without_inactives(lambda listed: listed["GAME_ID"].eq(GAME))))
    build_range(at, DAY, DAY, tables=SLATES)
    assert cell(at, "raw_player_boxscores", DAY).status == Status.OK
    assert _notes(at, "raw_player_boxscores", DAY) == dict.fromkeys((f"{NAME} CHI", f"{NAME} DAL"), NO_INACTIVE)


def test_one_list_is_a_note_once_the_source_has_gone_on(home: Path) -> None:
    at = session(home, EditedSource(_without_inactives(_of_dallas)))
    build_range(at, DAY, THEIR_NEXT, tables=SLATES)
    for table, day in (("raw_player_boxscores", DAY), ("upcoming_player_game_context", THEIR_NEXT)):
        assert cell(at, table, day).status == Status.OK, table
    assert _notes(at, "raw_player_boxscores", DAY) == {f"{NAME} DAL": NO_INACTIVE}


def test_one_list_of_the_newest_night_is_degraded(home: Path) -> None:
    edits = _without_inactives(_of_dallas) | {ResultSet.PLAYER_LOG: _until(DAY)}
    at = session(home, EditedSource(edits))
    build_range(at, DAY, DAY, tables=SLATES)
    build_range(at, THEIR_NEXT, THEIR_NEXT, tables=("raw_schedule",))
    degraded = cell(at, "raw_player_boxscores", DAY)
    assert (degraded.status, degraded.reason) == (Status.DEGRADED, f"{NAME} DAL: {NO_INACTIVE}")


def _evening(home: Path, edits: dict[ResultSet, Edit], day: date) -> Session:
    """A date's results, once the log has them, and what is known of the next date."""
    at = session(home, EditedSource(edits | {ResultSet.PLAYER_LOG: _until(day)}))
    for of_day, tables in ((day, KNOWN_AFTER), (day + timedelta(days=1), KNOWN_BEFORE)):
        build_range(at, of_day, of_day, tables=[name for name in tables if name in SLATES])
    return at


def _indianas_with_denver(listed: pd.DataFrame) -> pd.DataFrame:
    """Indiana's inactive players of 10 November are on no list of that night, and on Denver's two nights later."""
    are_they = listed["GAME_ID"].eq(INDIANAS_GAME) & listed["TEAM_ABBREVIATION"].eq("IND")
    later = listed[are_they].assign(GAME_ID="0022100182", TEAM_ABBREVIATION="DEN", TEAM_ID=1610612743)
    return pd.concat([listed[~are_they], later], ignore_index=True)


@pytest.mark.long
def test_day_by_day_the_verdict_ends_as_in_one_range_and_nothing_else_is_built(home: Path, tmp_path: Path) -> None:
    """Indiana plays on the next night as well: its slate is judged before its list is known to be the last word."""
    edits: dict[ResultSet, Edit] = {ResultSet.INACTIVES: _indianas_with_denver}
    days = [DAY, NEXT, THEIR_NEXT]
    night, slate = Partition("raw_player_boxscores", DAY), Partition("upcoming_player_game_context", NEXT)
    doubts = (Status.DEGRADED, f"{INDIANAS_GAME} IND@DEN IND: {NO_INACTIVE}")
    build_range(session(home), DAY, DAY, tables=[name for name in KNOWN_BEFORE if name in SLATES])

    at = _evening(home, edits, DAY)
    assert (cell(at, night.table, DAY).status, cell(at, night.table, DAY).reason) == doubts
    doubted = [Cause.SLATE_OF_DOUBTFUL_LIST, Cause.SLATE_LOST]
    assert [found.cause for found in cell(at, slate.table, NEXT).findings] == doubted

    at = _evening(home, edits, NEXT)
    waited = f"what was doubtful waited for {INDIANAS_GAME}"
    assert _stale(at, days) == {night: f"{waited}: settled by now", slate: f"{waited}, 0022100170: settled by now"}
    assert [str(command) for command in explain(at, night.table, DAY).commands] == [f"nba-assets repair {DAY} {DAY}"]
    assert night in {c.partition for c in repairable(at)}, "the sensor sees it as well"
    assert _repaired(at, days[:2]) == {(night, False), (slate, False)}
    assert cell(at, night.table, DAY).status == Status.OK
    assert [found.cause for found in cell(at, slate.table, NEXT).findings] == [Cause.SLATE_LOST]
    of_lists = f"nba-assets refresh {DAY} {DAY}"
    assert [str(command) for command in explain(at, slate.table, NEXT).commands] == [of_lists], "where the list is"
    (cause,) = matrix(at, NEXT, NEXT, tables=[slate.table]).troubles
    assert (cause.first, cause.command) == (slate, of_lists)

    at = _evening(home, edits, THEIR_NEXT)
    assert _stale(at, days) == {slate: "what was doubtful waited for 0022100173: settled by now"}
    assert _repaired(at, days) == {(slate, False)}
    assert cell(at, slate.table, NEXT).status == Status.OK
    (tmp_path / "straight").mkdir()
    straight = session(copy_of(healthy(BEFORE), tmp_path / "straight"), EditedSource(edits))
    build_range(straight, DAY, THEIR_NEXT, tables=SLATES)
    for day in days:
        for table in SLATES:
            found, expected = cell(at, table, day), cell(straight, table, day)
            assert (found.status, found.reason) == (expected.status, expected.reason), found.partition
            assert _content(at, table, day) == _content(straight, table, day)
            assert _notes(at, table, day) == _notes(straight, table, day)


def _stale(at: Session, days: Sequence[date]) -> dict[Partition, str | None]:
    return {c.partition: c.reason for day in days for c in cells(at, day).values() if c.status == Status.STALE}


def _repaired(at: Session, days: Sequence[date]) -> set[tuple[Partition, bool]]:
    """What a repair builds, and whether it was written."""
    return {(one.outcome.partition, one.changed) for one in repair(at, days, tables=SLATES)}


def test_a_team_that_really_had_nobody_inactive_is_a_note() -> None:
    """San Antonio, 2021-11-07."""
    at = session(healthy(BEFORE))
    night = date(2021, 11, 7)
    assert cell(at, "raw_player_boxscores", night).status == Status.OK
    assert _notes(at, "raw_player_boxscores", night) == {"0022100144 SAS@OKC SAS": NO_INACTIVE}
    [entity] = explain(at, "raw_player_boxscores", night).tree.entities
    assert (entity.entity, entity.details) == ("0022100144 SAS@OKC SAS", NO_INACTIVE)


def _listed(game: str, team: str, team_id: int, player: int, name: str) -> dict[str, object]:
    return {"GAME_ID": game, "TEAM_ID": team_id, "TEAM_ABBREVIATION": team, "PLAYER_ID": player, "PLAYER_NAME": name}


def _on_the_bench_of_san_antonio(box: pd.DataFrame) -> pd.DataFrame:
    row = {"gameId": SAN_ANTONIOS_GAME, "teamId": 1610612759, "teamTricode": "SAS", "personId": DONCIC}
    row |= {"playerName": "Luka Dončić", "starter": False, "minutes": "", "comment": "DNP - Coach's Decision"}
    return pd.concat([box, pd.DataFrame([row])], ignore_index=True)


def test_a_player_in_uniform_for_two_teams_is_an_error_of_his_night_alone(home: Path) -> None:
    at = session(home, EditedSource({ResultSet.BOX_SCORES: _on_the_bench_of_san_antonio}))
    build_range(at, DAY, NEXT, tables=LISTS)
    error = cell(at, "raw_player_boxscores", DAY)
    assert error.status == Status.ERROR
    told = f"Luka Dončić (1629029) is played for DAL in {GAME} and dnp for SAS in {SAN_ANTONIOS_GAME}: "
    assert told in (error.reason or "")
    assert cell(at, "raw_player_boxscores", NEXT).status == Status.OK


@pytest.mark.long
def test_a_player_inactive_for_another_team_stays_with_the_one_that_he_played_for(home: Path) -> None:
    extra = _listed(SAN_ANTONIOS_GAME, "SAS", 1610612759, DONCIC, "Luka Dončić")
    at = session(
        home,
        EditedSource(
            {ResultSet.INACTIVES: lambda listed: pd.concat([listed, pd.DataFrame([extra])], ignore_index=True)}
        ),
    )
    build_range(at, DAY, THEIR_NEXT, tables=SLATES)
    assert cell(at, "raw_player_boxscores", DAY).status == Status.OK
    told = f"played for DAL in {GAME}, inactive for SAS in {SAN_ANTONIOS_GAME}; the first counts"
    assert _notes(at, "raw_player_boxscores", DAY) == {f"Luka Dončić ({DONCIC})": told}
    slate = stored(at, "upcoming_player_game_context", THEIR_NEXT)
    assert {"DAL", "SAS"} <= set(slate["team"])
    assert list(slate.loc[slate["player_id"].eq(DONCIC), "team"]) == ["DAL"]


def _in_game(column: str, value: object) -> dict[ResultSet, Edit]:
    def edit(shots: pd.DataFrame) -> pd.DataFrame:
        return shots.assign(**{column: shots[column].mask(shots["GAME_ID"].eq(GAME), value)})

    return {ResultSet.SHOTS: edit}


def _all_of_one(shots: pd.DataFrame) -> pd.DataFrame:
    of_dallas = shots["GAME_ID"].eq(GAME) & shots["TEAM_ID"].eq(1610612742)
    return shots.assign(PLAYER_ID=shots["PLAYER_ID"].mask(of_dallas, DONCIC))


def _exchanged(shots: pd.DataFrame) -> pd.DataFrame:
    other = shots["PLAYER_ID"].replace({DONCIC: BRUNSON, BRUNSON: DONCIC})
    return shots.assign(PLAYER_ID=shots["PLAYER_ID"].mask(shots["GAME_ID"].eq(GAME), other))


@pytest.mark.long
@pytest.mark.parametrize(
    ("edits", "told"),
    [
        (
            _in_game("SHOT_ZONE_BASIC", "Mid Range"),
            "shots in a zone or of a type that is not known: 'Mid Range'",
        ),
        ({ResultSet.SHOTS: _all_of_one}, f"Luka Dončić ({DONCIC}) "),
        ({ResultSet.SHOTS: _exchanged}, f"Jalen Brunson ({BRUNSON}) "),
    ],
    ids=["a zone that nobody knows", "all of one player", "two players exchanged"],
)
def test_shots_that_are_not_believed_are_unknown_wherever_they_are_read(
    home: Path, edits: dict[ResultSet, Edit], told: str
) -> None:
    at = session(home, EditedSource(edits))
    build_range(at, DAY, THEIR_NEXT)
    night, quiet, after = cells(at, DAY), cells(at, NEXT), cells(at, THEIR_NEXT)
    assert (night["raw_shots"].status, night["raw_shots"].label) == (Status.DEGRADED, "SHOTS 12/13")
    assert (night["raw_shots"].reason or "").startswith(f"12/13 complete, 13 required; {NAME}: ")
    assert told in (night["raw_shots"].reason or "")
    assert GAME not in set(stored(at, "raw_shots", DAY)["game_id"])
    for table in ("player_game_summary", "team_offense_game_summary", "team_defense_game_summary"):
        assert night[table].reason == f"shots unknown of 1 game: {NAME}"
    assert quiet["team_defense_zone_analysis"].reason == "shots unknown in the windows of 2 teams: CHI, DAL"
    for table in ("player_composite_factors", "ml_feature_store_v2"):
        assert quiet[table].status == Status.OK, "neither team plays: the league's average alone lacks the game"
        assert _notes(at, table, NEXT) == {"note": "league average without 1 game"}
        assert after[table].status == Status.DEGRADED
        assert "shots unknown in the windows of 2 opponents: CHI, DAL" in (after[table].reason or "")
    straight = session(healthy(THEIR_NEXT))
    ready = [stored(s, "ml_feature_store_v2", NEXT)["is_production_ready"].mean() for s in (at, straight)]
    assert ready[0] == ready[1]
    for table in ("raw_player_boxscores", "upcoming_player_game_context"):
        assert _content(at, table, DAY) == _content(straight, table, DAY)


def test_shots_that_are_believed_are_what_they_were() -> None:
    at = session(healthy(THEIR_NEXT))
    assert {c.status for day in (DAY, NEXT, THEIR_NEXT) for c in cells(at, day).values()} == {Status.OK}
    assert _notes(at, "ml_feature_store_v2", THEIR_NEXT) == {}
