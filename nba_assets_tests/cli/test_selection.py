"""The dates and the tables that a command is asked about, as people type them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import Result

from nba_assets_tests.cli.command import nba_assets

NOW = {"NBA_NOW": "2021-10-24T12:00"}
"""Noon of the sixth day of the simulated season: its results are not due."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first days of the simulated season."""
    home = tmp_path_factory.mktemp("home")
    built = nba_assets("backfill", "--season", "2021-22", "--quiet", home=home, **NOW)
    assert built.exit_code == 0, built.stderr
    return home


def _coverage(home: Path, *arguments: str) -> list[dict[str, object]]:
    shown = nba_assets("coverage", *arguments, "--format", "json", home=home, **NOW)
    assert shown.exit_code == 0, shown.stderr
    rows: list[dict[str, object]] = json.loads(shown.stdout)["dates"]
    return rows


def test_the_last_dates_end_today_and_what_is_not_due_yet_fails_only_by_name(home: Path) -> None:
    assert [row["date"] for row in _coverage(home, "--last", "5")] == [f"2021-10-{day}" for day in (20, 21, 22, 23, 24)]
    by_name = nba_assets("backfill", "2021-10-24", "2021-10-24", "--quiet", home=home, **NOW)
    assert (by_name.exit_code, "not due" in by_name.stderr or "NOT_DUE" in by_name.stderr) == (1, True)


def test_the_same_dates_in_three_ways(home: Path) -> None:
    season = _coverage(home, "--season", "2021-22")
    assert season == _coverage(home, "2021-10-19", "2021-10-24"), "from the opening night to today"
    assert season == _coverage(home, "--last", "999999999")[-6:]
    assert season[-2:] == _coverage(home, "--last", "2")


def test_coverage_of_some_tables(home: Path) -> None:
    (row,) = _coverage(home, "--last", "1", "--select", "1+PGS", "--exclude", "raw_shots")
    assert list(row["cells"]) == [  # type: ignore[call-overload]
        *("raw_schedule", "raw_team_boxscores", "raw_player_boxscores", "player_game_summary")
    ]
    table = nba_assets("coverage", "2021-10-23", "2021-10-23", "--tables", "PGS,SHOTS", home=home, **NOW)
    assert table.stdout.split()[:5] == ["date", "games", "SHOTS", "PGS", "status"]
    assert table.stdout.splitlines()[1].endswith("Complete")


def _plan(home: Path, *arguments: str) -> list[str]:
    planned = nba_assets(*arguments, "--dry-run", "--format", "json", home=home, **NOW)
    assert planned.exit_code == 0, planned.stderr
    return [plan["table"] for plan in json.loads(planned.stdout)["plan"]]


def test_repair_and_backfill_build_what_is_selected(home: Path) -> None:
    rewritten = ["repair", "2021-10-22", "2021-10-22", "--rewrite"]
    assert _plan(home, *rewritten, "--select", "raw_shots+1") == [
        *("raw_shots", "player_game_summary", "team_offense_game_summary", "team_defense_game_summary")
    ]
    assert set(_plan(home, *rewritten, "--exclude", "pregame,postgame,INJ")) == {
        *("raw_schedule", "raw_team_boxscores", "raw_game_lines", "raw_player_boxscores", "raw_shots")
    }
    assert _plan(home, "backfill", "2021-10-19", "2021-10-19", "--select", "+MLFS") == [], "all is there"


def test_a_plan_says_what_is_not_due_of_dates_that_were_typed(home: Path) -> None:
    planned = nba_assets("backfill", "2021-10-24", "2021-10-24", "--dry-run", "--format", "json", home=home, **NOW)
    not_due = {plan["table"] for plan in json.loads(planned.stdout)["plan"] if "not due" in plan["dates"]}
    assert not_due == {
        *("raw_team_boxscores", "raw_player_boxscores", "raw_shots"),
        *("player_game_summary", "team_offense_game_summary", "team_defense_game_summary"),
    }
    assert _plan(home, "backfill", "--last", "1") == [], "nobody has named the date"


def test_an_export_of_the_last_days(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    done = nba_assets("export", "SCHED", "--last", "3", "--out", str(file), home=home, **NOW)
    assert done.exit_code == 0, done.stderr
    assert "raw_schedule 2021-10-22 … 2021-10-24 written" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("backfill",), "say which dates: START and END, --last N, or --season like 2021-22"),
        (("refresh",), "say which dates"),
        (("unaccept",), "say which dates"),
        (("export", "SCHED", "--out", "x.csv"), "say which dates"),
        (("backfill", "2021-10-22"), "give START and END, or neither"),
        (("backfill", "2021-10-22", "2021-10-22", "--last", "3"), "one of them"),
        (("coverage", "--last", "3", "--season", "2021-22"), "one of them"),
        (("coverage", "--season", "2021"), "'2021' is not a season; write it like 2021-22"),
        (("backfill", "--season", "2031-32"), "season 2031-32 has no partitions"),
        (("repair", "--season", "2019-20"), "season 2019-20 has no partitions"),
        (("backfill", "--last", "2", "--tables", "PGS", "--select", "raw"), "not both"),
        (("coverage", "--tables", "PGS", "--exclude", "raw"), "not both"),
        (("coverage", "--select", "raw_shot+"), "did you mean 'raw_shots'"),
        (("coverage", "--select", "raw", "--exclude", "*"), "selects no table"),
        (("backfill", "", ""), "is not a date"),
        (("repair", "--rewrite"), "--rewrite needs START and END, --last or --season"),
    ],
)
def test_what_is_not_clear_is_refused(home: Path, arguments: tuple[str, ...], message: str) -> None:
    found: Result = nba_assets(*arguments, home=home, **NOW)
    assert (found.exit_code, message in found.stderr) == (2, True), found.stderr


@pytest.mark.parametrize("number", ["0", "-3", "three", "1.5"])
def test_a_number_of_dates_is_a_whole_number(home: Path, number: str) -> None:
    assert nba_assets("coverage", "--last", number, home=home, **NOW).exit_code == 2
