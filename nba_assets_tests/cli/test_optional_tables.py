"""An optional table that fails: a failure of who asked for it by name, a warning to everybody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba_assets.cli.selection import tables_asked, tables_typed
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.needs import real_data

DAY = ("2021-10-19", "2021-10-19")
WARNING = (
    "warning: raw_game_lines failed on 1 date; it is optional, and nothing waits for it. raw_game_lines 2021-10-19"
)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A season whose lines cannot be read."""
    data = tmp_path_factory.mktemp("data")
    season = data / "2021-22"
    season.mkdir()
    for file in (real_data() / season.name).iterdir():
        (season / file.name).symlink_to(file)
    (season / "game_lines.parquet").unlink(missing_ok=True)
    (season / "game_lines.parquet").write_text("no Parquet at all")
    return {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(data)}


@pytest.fixture(scope="module")
def home(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After the raw tables that come first, but for the lines."""
    home = tmp_path_factory.mktemp("home")
    assert nba_assets("backfill", *DAY, "--tables", "SCHED,TBOX,INJ", home=home, **settings).exit_code == 0
    return home


@pytest.mark.parametrize(
    "asked", [("--tables", "LINES"), ("--select", "+raw_game_lines"), ("--tables", "SCHED,LINES", "--quiet")]
)
def test_one_that_was_named_fails_the_command(home: Path, settings: dict[str, str], asked: tuple[str, ...]) -> None:
    for command in ("backfill", "repair"):
        found = nba_assets(command, *DAY, *asked, home=home, **settings)
        assert found.exit_code == 1
        assert "ERROR raw_game_lines 2021-10-19: " in found.stderr
        assert found.stderr.splitlines()[-1] == "Next: nba-assets explain raw_game_lines 2021-10-19"
        assert "warning: raw_game_lines" not in found.stderr


@pytest.mark.parametrize("asked", [("--select", "raw_schedule,raw_t*,group:raw", "--exclude", "PBOX,SHOTS"), ()])
def test_one_that_came_along_is_a_warning(home: Path, settings: dict[str, str], asked: tuple[str, ...]) -> None:
    found = nba_assets("backfill", *DAY, *asked, "--quiet", home=home, **settings)
    assert (found.exit_code, found.stdout) == (0, "")
    assert [line[: len(WARNING)] for line in found.stderr.splitlines() if "warning: raw_game" in line] == [WARNING]


def test_what_counts_is_what_the_statuses_are_of(home: Path, settings: dict[str, str]) -> None:
    as_json = ("--format", "json")
    named = printed_json(nba_assets("backfill", *DAY, "--tables", "SCHED,LINES", *as_json, home=home, **settings))
    assert named["statuses"] == {"OK": 1, "ERROR": 1}
    assert [root["table"] for root in named["roots"]] == ["raw_game_lines"]
    along = printed_json(
        nba_assets("backfill", *DAY, "--select", "1+raw_shots,*lines", *as_json, home=home, **settings)
    )
    assert "ERROR" in along["statuses"], "an item that selects one table names it"


@pytest.mark.parametrize(
    ("tables", "select", "typed"),
    [
        ("INJ,PGS", None, {"raw_injury_reports", "player_game_summary"}),
        (None, "1+INJ raw", {"raw_injury_reports"}),
        (None, "+MLFS", {"ml_feature_store_v2"}),
        (None, "raw_[ig]*", {"raw_injury_reports", "raw_game_lines"}),
        (None, None, set()),
    ],
)
def test_which_tables_were_named(tables: str | None, select: str | None, typed: set[str]) -> None:
    assert tables_typed(tables_asked(tables, select, None), tables, select) == typed
