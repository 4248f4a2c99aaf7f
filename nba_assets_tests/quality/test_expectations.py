"""Every expectation on a real night: met by the rows that belong there, and failed by name when something is taken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import pandas as pd
import pytest

from nba_assets.engine.inputs import read_stored, with_source
from nba_assets.partition import Cause, finding
from nba_assets.schema.evidence import Evidence, Expectation
from nba_assets.schema.table import Inputs
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import healthy, session, stored

DAY = date(2021, 11, 6)
DATES = pd.DatetimeIndex([DAY])
GAME = "0022100136"
GAME_NAME = "0022100136 BOS@DAL"
DONCIC = 1629029


@pytest.fixture(scope="module")
def real() -> Session:
    return session(healthy(DAY))


def _evidence(real: Session, table: str, *, accepted: frozenset[date] = frozenset()) -> Evidence:
    spec = TABLES[table]
    inputs, _ = with_source(real, spec, read_stored(real, spec, [DAY]), [DAY])
    return Evidence(stored(real, table, DAY), inputs, DATES, real.policies[table], accepted)


def _expected(table: str, evidence: Evidence) -> Expectation:
    return TABLES[table].expect(evidence)[DAY]


def _lacking(table: str, evidence: Evidence) -> dict[str, str]:
    return {entity: str(short) for entity, short in _expected(table, evidence).lacking.items()}


def _without(evidence: Evidence, drop: Callable[[pd.DataFrame], pd.Series]) -> Evidence:
    return replace(evidence, rows=evidence.rows[~drop(evidence.rows)])


def _with_input(evidence: Evidence, table: str, edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Evidence:
    inputs = evidence.inputs
    sides = {"on_date": dict(inputs.on_date), "before": dict(inputs.before)}
    for frames in sides.values():
        if table in frames:
            frames[table] = edit(frames[table].copy())
    return replace(evidence, inputs=replace(inputs, **sides))


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("raw_schedule", 6),
        ("raw_team_boxscores", 12),
        ("raw_player_boxscores", 12),
        ("raw_shots", 6),
        ("team_offense_game_summary", 12),
        ("team_defense_game_summary", 12),
        ("upcoming_team_game_context", 12),
        ("upcoming_player_game_context", 12),
        ("team_defense_zone_analysis", 30),
        ("player_shot_zone_analysis", 337),
        ("player_daily_cache", 135),
        ("player_composite_factors", 200),
        ("ml_feature_store_v2", 200),
        ("raw_injury_reports", 0),
        ("raw_game_lines", 0),
    ],
)
def test_a_healthy_night_meets_what_the_schedule_says(real: Session, table: str, expected: int) -> None:
    found = _expected(table, _evidence(real, table))
    assert (found.expected, found.complete, found.open) == (expected, expected, 0)
    assert (found.lacking, found.degraded) == ({}, [])


def test_player_summaries_are_expected_of_everyone_who_is_listed_as_played(real: Session) -> None:
    evidence = _evidence(real, "player_game_summary")
    listed = stored(real, "raw_player_boxscores", DAY)
    assert _expected("player_game_summary", evidence).expected == int(listed["listing"].eq("played").sum())


@dataclass(frozen=True)
class Taken:
    """Rows taken from a table, and what the expectation must say of it."""

    table: str
    drop: Callable[[pd.DataFrame], pd.Series]
    entity: str
    what: str


def _of_boston(rows: pd.DataFrame) -> pd.Series:
    return rows["game_id"].eq(GAME) & rows["team"].eq("BOS")


def _of_dallas(rows: pd.DataFrame) -> pd.Series:
    return rows["team"].eq("DAL")


def _of_doncic(rows: pd.DataFrame) -> pd.Series:
    return rows["player_id"].eq(DONCIC)


TAKEN = (
    Taken("raw_team_boxscores", _of_boston, f"{GAME_NAME} BOS", "no box score"),
    Taken("raw_player_boxscores", _of_dallas, f"{GAME_NAME} DAL", "no players' box score"),
    Taken("raw_shots", lambda rows: rows["game_id"].eq(GAME), GAME_NAME, "no shots"),
    Taken("player_game_summary", _of_doncic, f"Luka Dončić ({DONCIC})", "played, but has no row"),
    Taken("team_offense_game_summary", _of_boston, f"{GAME_NAME} BOS", "no row"),
    Taken("team_defense_game_summary", _of_boston, f"{GAME_NAME} BOS", "no row"),
    Taken("upcoming_team_game_context", _of_dallas, "DAL", "no row"),
    Taken("upcoming_player_game_context", _of_dallas, "DAL", "only 0 players on the slate"),
    Taken("team_defense_zone_analysis", _of_dallas, "DAL", "no row"),
    Taken("player_shot_zone_analysis", _of_doncic, f"{DONCIC}", "no row"),
    Taken("player_daily_cache", _of_doncic, f"{DONCIC}", "no row"),
    Taken("player_composite_factors", _of_doncic, f"{DONCIC}", "no row"),
    Taken("ml_feature_store_v2", _of_doncic, f"{DONCIC}", "no row"),
)


@pytest.mark.parametrize("taken", TAKEN, ids=lambda taken: taken.table)
def test_what_is_taken_is_missed_by_name(real: Session, taken: Taken) -> None:
    evidence = _evidence(real, taken.table)
    found = _expected(taken.table, _without(evidence, taken.drop))
    assert str(found.lacking[taken.entity]) == taken.what
    assert found.complete == found.expected - len(found.lacking) < found.expected
    assert found.expected == _expected(taken.table, evidence).expected, (
        "what is expected must not come from the table itself"
    )
    assert all(GAME in entity or entity == taken.entity for entity in found.lacking)


def test_a_schedule_with_an_unknown_team_in_a_game_that_counts(real: Session) -> None:
    evidence = _evidence(real, "raw_schedule")
    strange = evidence.rows.assign(home_team=evidence.rows["home_team"].replace("DAL", "LBN"))
    assert _lacking("raw_schedule", replace(evidence, rows=strange)) == {
        "0022100136 BOS@LBN": "unknown team LBN: teams are declared in nba_assets/league/teams.py"
    }
    all_star = strange.assign(game_type="003")
    assert _lacking("raw_schedule", replace(evidence, rows=all_star)) == {}


def test_points_that_are_not_the_schedules(real: Session) -> None:
    evidence = _evidence(real, "raw_team_boxscores")
    rows = evidence.rows
    is_boston = rows["game_id"].eq(GAME) & rows["team"].eq("BOS")
    found = _expected(
        "raw_team_boxscores", replace(evidence, rows=rows.assign(points=rows["points"].mask(is_boston, 100)))
    )
    assert {entity: str(short) for entity, short in found.lacking.items()} == {
        f"{GAME_NAME} BOS": "box score has 100 points, the schedule 104"
    }


def test_a_past_game_that_is_not_final(real: Session) -> None:
    evidence = _evidence(real, "raw_team_boxscores")
    stuck = _with_input(
        evidence,
        "raw_schedule",
        lambda games: games.assign(status=games["status"].mask(games["game_id"].eq(GAME), "scheduled")),
    )
    assert _lacking("raw_team_boxscores", stuck) == {GAME_NAME: "not final in the schedule"}
    assert (_expected("raw_team_boxscores", stuck).complete_games, _expected("raw_team_boxscores", stuck).games) == (
        5,
        6,
    )


@pytest.mark.parametrize(
    ("column", "change", "message"),
    [
        ("points", 1, "points of the players sum to"),
        ("fga", 1, "fga of the players sum to"),
        ("seconds_played", -1200, "the players' time sums to 220 minutes, the game has 240"),
    ],
)
def test_players_who_do_not_add_up_to_their_team(real: Session, column: str, change: int, message: str) -> None:
    evidence = _evidence(real, "raw_player_boxscores")
    rows = evidence.rows.copy()
    doncic = rows.index[rows["player_id"].eq(DONCIC)]
    rows.loc[doncic, column] += change
    found = _expected("raw_player_boxscores", replace(evidence, rows=rows))
    assert list(found.lacking) == [f"{GAME_NAME} DAL"]
    assert message in str(found.lacking[f"{GAME_NAME} DAL"])


def test_fewer_than_five_players(real: Session) -> None:
    evidence = _evidence(real, "raw_player_boxscores")
    rows = evidence.rows
    few = rows[~(rows["team"].eq("DAL") & rows["listing"].eq("played"))]
    few = pd.concat([few, rows[rows["team"].eq("DAL") & rows["listing"].eq("played")].head(4)])
    assert _lacking("raw_player_boxscores", replace(evidence, rows=few)) == {
        f"{GAME_NAME} DAL": "only 4 players played"
    }


def test_shots_may_miss_one_and_not_two(real: Session) -> None:
    evidence = _evidence(real, "raw_shots")
    missed = evidence.rows.index[evidence.rows["team"].eq("DAL") & ~evidence.rows["made"]]
    assert _lacking("raw_shots", replace(evidence, rows=evidence.rows.drop(missed[:1]))) == {}
    found = _expected("raw_shots", replace(evidence, rows=evidence.rows.drop(missed[:2])))
    assert list(found.lacking) == [GAME_NAME]
    assert str(found.lacking[GAME_NAME]).startswith("DAL ")
    assert "the box score" in str(found.lacking[GAME_NAME])


def test_a_game_has_one_winner(real: Session) -> None:
    evidence = _evidence(real, "team_offense_game_summary")
    rows = evidence.rows.assign(won=evidence.rows["won"] | evidence.rows["game_id"].eq(GAME))
    assert _lacking("team_offense_game_summary", replace(evidence, rows=rows)) == {GAME: "2 winners"}


def test_a_slate_of_seven_is_too_few_and_one_of_twenty_seven_is_worth_a_note(real: Session) -> None:
    evidence = _evidence(real, "upcoming_player_game_context")
    of_dallas = evidence.rows[evidence.rows["team"].eq("DAL")]
    others = evidence.rows[~evidence.rows["team"].eq("DAL")]
    seven = replace(evidence, rows=pd.concat([others, of_dallas.head(7)]))
    assert _lacking("upcoming_player_game_context", seven) == {"DAL": "only 7 players on the slate"}
    assert _expected("upcoming_player_game_context", seven).open == 1
    many = replace(evidence, rows=pd.concat([others, *([of_dallas] * 2)]))
    assert _lacking("upcoming_player_game_context", many) == {}
    assert _expected("upcoming_player_game_context", many).notes == [
        finding(Cause.LARGE_SLATE, "DAL", players=2 * len(of_dallas))
    ]


@pytest.mark.parametrize(
    ("table", "history", "entity"),
    [
        ("upcoming_team_game_context", "team_offense_game_summary", "DAL"),
        ("team_defense_zone_analysis", "team_defense_game_summary", "DAL"),
        ("player_shot_zone_analysis", "player_game_summary", f"{DONCIC}"),
    ],
)
def test_a_finished_game_that_is_not_loaded_is_named(real: Session, table: str, history: str, entity: str) -> None:
    game, day = "0022100104", date(2021, 11, 2)
    evidence = _with_input(_evidence(real, table), history, lambda rows: rows[rows["game_id"] != game])
    found = _expected(table, evidence)
    assert str(found.lacking[entity]) == f"1 finished game missing: {game} ({day})"
    assert entity not in found.accepted
    accepted = _expected(table, replace(evidence, accepted_dates=frozenset({day})))
    assert accepted.lacking == found.lacking
    assert accepted.open == 0


def test_a_team_game_that_a_person_accepted_as_missing_is_missing_afterwards_too(real: Session) -> None:
    def lost(rows: pd.DataFrame) -> pd.DataFrame:
        return rows[rows["game_id"] != GAME]

    evidence = _evidence(real, "team_defense_game_summary", accepted=frozenset({DAY}))
    evidence = _without(evidence, lambda rows: rows["game_id"].eq(GAME))
    assert _expected("team_defense_game_summary", evidence).open == 2, (
        "the box score is there: nobody has accepted this"
    )
    assert _expected("team_defense_game_summary", _with_input(evidence, "raw_team_boxscores", lost)).open == 0


@pytest.mark.parametrize("table", ["player_game_summary", "team_offense_game_summary", "team_defense_game_summary"])
def test_a_game_without_shots_degrades_its_summaries_by_name(real: Session, table: str) -> None:
    evidence = _evidence(real, table)
    column = "opp_paint_attempts" if table == "team_defense_game_summary" else "paint_attempts"
    rows = evidence.rows.assign(**{column: evidence.rows[column].mask(evidence.rows["game_id"].eq(GAME))})
    found = _expected(table, replace(evidence, rows=rows))
    assert (found.lacking, list(map(str, found.degraded))) == ({}, [f"shots unknown of 1 game: {GAME_NAME}"])


def test_unknown_shots_in_a_window_degrade_and_count_nothing(real: Session) -> None:
    defenses = _evidence(real, "team_defense_zone_analysis")
    rows = defenses.rows
    fewer = rows.assign(games_with_shots=rows["games_with_shots"].where(~rows["team"].isin(["BOS", "DAL"]), 3))
    found = _expected("team_defense_zone_analysis", replace(defenses, rows=fewer))
    unknown_of = "shots unknown in the windows of 2 teams: BOS, DAL"
    assert (found.lacking, list(map(str, found.degraded))) == ({}, [unknown_of])
    shooters = _evidence(real, "player_shot_zone_analysis")
    unknown = shooters.rows["total_shots_last_10"].mask(shooters.rows["player_id"].eq(DONCIC))
    found = _expected(
        "player_shot_zone_analysis", replace(shooters, rows=shooters.rows.assign(total_shots_last_10=unknown))
    )
    assert (found.lacking, list(map(str, found.degraded))) == ({}, ["shots unknown in the windows of 1 player"])


def test_players_without_enough_history_are_not_expected_in_the_cache(real: Session) -> None:
    found = _expected("player_daily_cache", _evidence(real, "player_daily_cache"))
    slate = stored(real, "upcoming_player_game_context", DAY)
    early = slate[slate["games_played_season"] < 5]
    assert set(found.insufficient) == set(early["player_id"].astype(str))
    assert found.expected + len(found.insufficient) == len(slate)


def test_the_inputs_of_a_real_night_are_left_as_they_were(real: Session) -> None:
    evidence = _evidence(real, "player_daily_cache")
    before: Inputs = evidence.inputs
    copies = {name: frame.copy() for name, frame in before.on_date.items()}
    TABLES["player_daily_cache"].expect(evidence)
    for name, frame in copies.items():
        pd.testing.assert_frame_equal(before.on_date[name], frame)
