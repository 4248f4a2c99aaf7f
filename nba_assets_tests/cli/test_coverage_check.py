"""`coverage --check` and `--fail-on`: an exit status for scripts, that agrees with what is shown."""

from __future__ import annotations

import json
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest

from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets

NOW = {"NBA_NOW": "2021-11-05T12:00"}
DAYS = ("2021-11-03", "2021-11-05")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three days whose season before them was never built: raw tables are there, pre-game tables wait."""
    home = tmp_path_factory.mktemp("home")
    assert nba_assets("backfill", *DAYS, "--quiet", home=home, **NOW).exit_code == 1
    return home


def _counts(home: Path, *arguments: str) -> Counter[str]:
    shown = nba_assets("coverage", *DAYS, *arguments, "--format", "json", home=home, **NOW)
    cells = [(name, cell) for row in json.loads(shown.stdout)["dates"] for name, cell in row["cells"].items()]
    return Counter(cell["status"] for name, cell in cells if arguments or not TABLES[name].optional)


def test_a_check_names_what_is_wrong_and_the_next_step(home: Path) -> None:
    found = nba_assets("coverage", *DAYS, "--check", home=home, **NOW)
    assert found.exit_code == 1
    assert found.stderr.splitlines()[-1] == (
        "check failed: 21 BLOCKED of 42 partitions. Next: nba-assets explain upcoming_team_game_context 2021-11-03"
    )
    assert _counts(home)["NOT_DUE"] == 6, "and that is in order"
    passed = nba_assets("coverage", *DAYS, "--check", "--select", "raw", "--format", "json", home=home, **NOW)
    assert (passed.exit_code, passed.stderr.splitlines()[-1]) == (0, "check passed: 18 partitions")
    assert json.loads(passed.stdout)["dates"]


@pytest.mark.parametrize("selected", [(), ("--select", "raw"), ("--select", "pregame")])
def test_every_set_of_statuses_is_judged_as_the_cells_say(home: Path, selected: tuple[str, ...]) -> None:
    counts = _counts(home, *selected)
    for size in (1, 2):
        for statuses in combinations(("OK", "NOT_DUE", "BLOCKED", "GAP"), size):
            found = nba_assets("coverage", *DAYS, *selected, "--fail-on", ",".join(statuses), home=home, **NOW)
            assert found.exit_code == int(any(counts[status] for status in statuses)), statuses


@pytest.mark.parametrize(
    "allowed", [("--allow", "blocked"), ("--allow", "GAP,Blocked"), ("--allow", "GAP", "--allow", "BLOCKED")]
)
def test_what_is_allowed_passes(home: Path, allowed: tuple[str, ...]) -> None:
    assert nba_assets("coverage", *DAYS, "--check", *allowed, home=home, **NOW).exit_code == 0


def test_where_nothing_has_been_built_nothing_is_whole(tmp_path: Path) -> None:
    nothing = nba_assets("coverage", "--check", home=tmp_path, **NOW)
    assert (nothing.exit_code, "nothing has been built yet" in nothing.stderr) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--allow", "DEGRADED"), "give --check"),
        (("--check", "--fail-on", "GAP"), "not both"),
        (("--check", "--allow", "DEGRADE"), "there is no status 'DEGRADE'; there are OK, DEGRADED"),
        (("--fail-on", ","), "there is no status ''"),
    ],
)
def test_what_contradicts_itself_is_refused(home: Path, arguments: tuple[str, ...], message: str) -> None:
    found = nba_assets("coverage", *DAYS, *arguments, home=home, **NOW)
    assert (found.exit_code, message in found.stderr) == (2, True)
