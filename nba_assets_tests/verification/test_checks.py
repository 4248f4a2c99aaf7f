"""Every check of `nba-assets verify`: it passes on a sound season, and a fixture that breaks its rule fails it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from datetime import date

import pandas as pd
import pytest

from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import TABLES
from nba_assets.verification import checks, published, recomputed
from nba_assets.verification.altered import stored_rows_are_those_published
from nba_assets.verification.replay import raw_tables, replay
from nba_assets.verification.report import CHECKS, run_check, stored_seasons, verify_warehouse
from nba_assets.verification.season import CheckResult, StoredSeason
from nba_assets_tests.verification.real_seasons import READ_AT, raw_season, replayed_season, source
from nba_assets_tests.verification.stored import InMemory, stored_season
from nba_assets_tests.warehouse.publications import ledger_rows

Frames = dict[str, pd.DataFrame]
SEASON = "2021-22"
MONTHS = pd.date_range("2021-11-02", "2021-12-20")


@pytest.fixture(scope="module")
def sound() -> Frames:
    """Every table of a simulated season that has come to December 20."""
    raw = raw_tables(SimulatedSource(today=date(2021, 12, 21)), [SEASON], read_at=READ_AT)
    history = pd.date_range("2021-10-19", "2021-11-01")
    before, after = replay(raw, history), replay(raw, MONTHS)
    post_game = {name: pd.concat([before[name], after[name]]) for name in after if name.endswith("_game_summary")}
    return {**raw, **after, **{name: rows.reset_index(drop=True) for name, rows in post_game.items()}}


def answer(check: Callable[[StoredSeason], CheckResult], frames: Frames) -> CheckResult:
    return check(stored_season(frames, SEASON, sampled_dates=1))


def published_as(frames: Frames) -> pd.DataFrame:
    """The ledger of somebody who published these rows."""
    return pd.concat(
        [
            ledger_rows(name, rows, sorted(rows[TABLES[name].partition].dt.date.unique()))
            for name, rows in frames.items()
        ]
    )


def test_rows_that_are_not_those_that_were_published_are_named(sound):
    runs = published_as(sound)
    altered = sound["player_game_summary"].assign(points=lambda rows: rows["points"] + (rows.index == 7))
    frames = {**sound, "player_game_summary": altered, "raw_shots": sound["raw_shots"].iloc[1:]}
    stored = stored_season(frames, SEASON, runs)
    broken = stored_rows_are_those_published(stored)
    assert broken.violations == 2
    day, first = (rows["game_date"].dt.date for rows in (altered.iloc[[7]], sound["raw_shots"].iloc[[0]]))
    ending = "the rows are not those that were published; run: nba-assets repair"
    assert sorted(broken.examples) == [
        f"player_game_summary {day.item()}: {ending} {day.item()} {day.item()}",
        f"raw_shots {first.item()}: {ending} {first.item()} {first.item()}",
    ]
    older = runs.assign(content_hash="of-other-columns")
    assert stored_rows_are_those_published(stored_season(frames, SEASON, older)).passed, "they cannot be compared"


def test_a_sound_season_passes_every_check(sound):
    told: list[str] = []
    warehouse = InMemory(sound, published_as(sound))
    report = verify_warehouse(
        warehouse, sampled_dates=1, progress=lambda season, outcome: told.append(f"{season} {outcome.name}")
    )
    results = report.results[SEASON]
    assert [outcome for outcome in results if not outcome.passed] == []
    assert report.passed
    assert [outcome.name for outcome in results if outcome.examined == 0] == ["published totals of 2021-22"]
    assert results[-5].note == "not the real league: another opening night"
    assert told == [f"{SEASON} {outcome.name}" for outcome in results]
    assert len(results) == len(CHECKS)
    assert {answer["passed"] for answer in report.as_dict()["seasons"][SEASON]} == {True}


def test_nothing_stored_is_nothing_proven(sound):
    assert stored_seasons(InMemory(sound)) == [SEASON]
    assert not verify_warehouse(InMemory(sound), []).passed


# A fault in one table for every check: what is done to its rows, and what the check must say of it.


def twice(rows: pd.DataFrame) -> pd.DataFrame:
    return pd.concat([rows, rows.iloc[[7]]], ignore_index=True)


def with_value(column: str, value: object, row: int = 7) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        changed = rows.copy()
        changed.loc[changed.index[row], column] = value
        return changed

    return change


def raised(column: str, by: float, row: int = 7) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda rows: with_value(column, rows[column].iloc[row] + by, row)(rows)


def without_row(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.drop(index=rows.index[7]).reset_index(drop=True)


def constant(column: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda rows: rows.assign(**{column: 0.5})


FAULTS = [
    pytest.param(
        checks.only_counting_games, "player_game_summary", with_value("game_id", "0062100001"), id="a Cup final"
    ),
    pytest.param(checks.tables_are_filled, "player_daily_cache", lambda rows: rows.head(0), id="an empty table"),
    pytest.param(checks.keys_are_unique, "team_offense_game_summary", twice, id="a row twice"),
    pytest.param(checks.points_agree, "raw_team_boxscores", raised("points", 2), id="two points too many"),
    pytest.param(checks.points_agree, "raw_schedule", lambda r: r.assign(home_score=r["home_score"] + 1), id="score"),
    pytest.param(
        checks.points_agree,
        "raw_player_boxscores",
        lambda r: r[r["game_id"] != r["game_id"].iloc[0]],
        id="a game without players",
    ),
    pytest.param(checks.players_sum_to_their_team, "raw_team_boxscores", raised("ast", 1), id="an assist of nobody"),
    pytest.param(checks.box_scores_agree_with_themselves, "raw_team_boxscores", raised("ftm", 1), id="a point less"),
    pytest.param(checks.box_scores_agree_with_themselves, "raw_team_boxscores", raised("oreb", 1), id="rebounds"),
    pytest.param(
        checks.box_scores_agree_with_themselves,
        "raw_player_boxscores",
        lambda r: r.assign(fga=r["fgm"] - r["fgm"].gt(0).astype("Int64")),
        id="more made than attempted",
    ),
    pytest.param(
        checks.box_scores_agree_with_themselves,
        "raw_player_boxscores",
        lambda r: r.assign(stl=r["stl"] + 30),
        id="thirty steals",
    ),
    pytest.param(
        checks.a_game_stands_on_one_date,
        "raw_schedule",
        lambda r: pd.concat([r, r.head(1).assign(game_date=r["game_date"].max())], ignore_index=True),
        id="a game on two dates",
    ),
    pytest.param(
        checks.one_winner_per_game,
        "team_offense_game_summary",
        lambda r: r.assign(won=~r["won"].astype(bool)),
        id="the winner with fewer points",
    ),
    pytest.param(
        checks.zones_make_up_the_attempts, "player_game_summary", raised("paint_attempts", 2), id="phantom shots"
    ),
    pytest.param(
        checks.zones_make_up_the_attempts,
        "team_offense_game_summary",
        lambda r: r.assign(
            mid_range_attempts=r["mid_range_attempts"] + 5, three_pt_attempts=r["three_pt_attempts"] - 5
        ),
        id="threes counted as twos",
    ),
    pytest.param(
        checks.both_teams_have_the_same_pace, "team_offense_game_summary", raised("pace", 0.001), id="two paces"
    ),
    pytest.param(checks.both_teams_have_the_same_pace, "team_offense_game_summary", without_row, id="half a game"),
    pytest.param(
        checks.defence_mirrors_offence, "team_defense_game_summary", raised("defensive_rating", 0.1), id="rating"
    ),
    pytest.param(checks.defence_mirrors_offence, "team_defense_game_summary", without_row, id="no defence"),
    pytest.param(
        checks.one_winner_per_game, "team_offense_game_summary", lambda r: r.assign(won=True), id="two winners"
    ),
    pytest.param(
        checks.no_more_results_than_games,
        "upcoming_team_game_context",
        lambda r: r.assign(wins=r["wins"] + 1),
        id="a game counted twice",
    ),
    pytest.param(checks.slate_keys_agree, "ml_feature_store_v2", without_row, id="a player without features"),
    pytest.param(checks.slate_keys_agree, "upcoming_player_game_context", without_row, id="features of nobody"),
    pytest.param(checks.features_are_in_range, "ml_feature_store_v2", with_value("pct_paint", 1.2), id="120 percent"),
    pytest.param(checks.no_feature_is_constant, "ml_feature_store_v2", constant("team_win_pct"), id="always a half"),
    pytest.param(
        recomputed.stored_rows_are_what_the_code_computes,
        "player_daily_cache",
        lambda r: r.assign(points_avg_last_5=r["points_avg_last_5"] + 0.2),
        id="an old formula",
    ),
    pytest.param(
        recomputed.stored_rows_are_what_the_code_computes,
        "ml_feature_store_v2",
        lambda r: pd.concat([r, r], ignore_index=True),
        id="stored twice",
    ),
]


@pytest.mark.parametrize(("check", "table", "fault"), FAULTS)
def test_a_fault_fails_the_check(sound, check, table: str, fault):
    assert answer(check, sound).passed
    broken = answer(check, {**sound, table: fault(sound[table])})
    assert not broken.passed
    assert broken.violations >= len(broken.examples) > 0


def test_a_leak_fails_the_leak_check(sound, monkeypatch):
    """The day's own games enter the player windows: `<= D` in one place."""
    table = TABLES["player_shot_zone_analysis"]

    def late(inputs, dates):
        rows = table.compute(inputs, dates + pd.Timedelta(days=1))
        return rows.assign(analysis_date=rows["analysis_date"] - pd.Timedelta(days=1))

    monkeypatch.setitem(TABLES, table.name, dataclasses.replace(table, compute=late))
    broken = answer(recomputed.nothing_leaks, sound)
    assert not broken.passed
    assert "player_shot_zone_analysis" in broken.examples[0]


def test_a_table_that_hears_nothing_fails(sound, monkeypatch):
    table = TABLES["team_defense_zone_analysis"]
    frozen = sound[table.name]
    monkeypatch.setitem(TABLES, table.name, dataclasses.replace(table, compute=lambda _inputs, _dates: frozen))
    broken = answer(recomputed.earlier_results_count, sound)
    assert not broken.passed
    assert broken.examples[0].startswith("team_defense_zone_analysis")


def test_a_check_that_cannot_run_has_failed(sound):
    crippled = {name: rows for name, rows in sound.items() if name != "raw_schedule"}
    outcome = run_check(checks.points_agree, stored_season(crippled, SEASON))
    assert (outcome.passed, outcome.note) == (False, "could not run")


def test_published_totals_are_compared_on_the_real_season_only():
    raw = raw_season(SEASON)
    frames = {**raw, **replayed_season(SEASON)}
    real = answer(published.published_totals, frames)
    assert (real.passed, real.examined) == (True, 33)
    wrong = frames["player_game_summary"].assign(ast=lambda rows: rows["ast"] + (rows.index == 0))
    broken = answer(published.published_totals, {**frames, "player_game_summary": wrong})
    assert broken.examples == ("ast of players: 60637, published 60636",)
    half = {**frames, "raw_team_boxscores": frames["raw_team_boxscores"].head(200)}
    assert answer(published.published_totals, half).note == "100 of 1230 games are loaded"


@pytest.mark.parametrize("season", ["2021-22", "2022-23", "2023-24"])
def test_the_real_seasons_keep_every_identity(season: str):
    frames = {**raw_season(season), **replayed_season(season)}
    stored = stored_season(frames, season, counting_types=source().counting_types)
    identities = [check for check in CHECKS if check.__module__ != recomputed.__name__]
    assert [r for r in (run_check(check, stored) for check in identities) if not r.passed] == []


def test_a_season_that_is_not_there_fails(sound):
    report = verify_warehouse(InMemory(sound), ["2019-20"])
    assert not report.passed
    assert report.results["2019-20"][0].violations > 0
