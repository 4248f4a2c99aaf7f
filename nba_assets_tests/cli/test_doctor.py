"""`doctor` tells every fault that it is there to tell, dies of none, shows no secret, and creates nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.cli.test_reading_creates_nothing import contents
from nba_assets_tests.needs import real_data
from nba_assets_tests.postgres import dagster_yaml
from nba_assets_tests.sources.stats_server import StatsServer

SCHEDULE = ("backfill", "2021-11-01", "2021-11-02", "--tables", "raw_schedule")


@pytest.fixture(autouse=True)
def _no_other_instance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands that ran in this process before have set it."""
    monkeypatch.delenv("DAGSTER_HOME", raising=False)


def findings(home: Path | None, *options: str, **settings: str) -> tuple[int, list[dict[str, Any]]]:
    """The exit status, and what was found."""
    result = nba_assets("doctor", "--format", "json", *options, home=home, **settings)
    told = printed_json(result)
    assert told["version"] == 1
    assert told["ok"] is (result.exit_code == 0)
    return result.exit_code, told["findings"]


def texts(found: list[dict[str, Any]], level: str, about: str) -> str:
    """What was found of one level about one thing."""
    return "\n".join(f"{one['what']} {one['next']}" for one in found if (one["level"], one["about"]) == (level, about))


def test_where_nothing_is_all_is_well_and_stays_so(tmp_path: Path) -> None:
    status, found = findings(tmp_path / "home")
    assert (status, [one for one in found if one["level"] != "ok"]) == (0, [])
    assert "nothing has been built yet" in texts(found, "ok", "warehouse")
    assert "the first backfill makes it" in texts(found, "ok", "home")
    assert contents(tmp_path) == {}


def test_what_has_been_built_is_told_and_not_touched(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert nba_assets(*SCHEDULE, home=home).exit_code == 0
    before = contents(tmp_path)
    status, found = findings(home)
    assert status == 0
    assert "partitions of 2021-11-01 … 2021-11-02" in texts(found, "ok", "warehouse")
    assert "seasons stored: 2021-22" in texts(found, "ok", "warehouse")
    assert contents(tmp_path) == before
    with DuckDBWarehouse(home / "simulated" / "warehouse.duckdb").writer("a long backfill"):
        status, found = findings(home)
    assert status == 0, "somebody at work is no fault"
    assert "a long backfill" in texts(found, "warning", "warehouse")


def test_each_setting_says_where_it_comes_from_and_secrets_stay_secret(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("NBA_SEED=7\nAWS_SES_SECRET_ACCESS_KEY=hush\nNBA_API_PROXY=http://me:hush@proxy:1\n")
    result = nba_assets("doctor", home=tmp_path / "home", NBA_SURCE="files")
    assert result.exit_code == 0
    assert f"NBA_SEED=7 ({tmp_path / '.env'})" in result.stdout
    assert f"NBA_HOME={tmp_path / 'home'} (environment)" in result.stdout
    assert "NBA_SOURCE=simulated (default)" in result.stdout
    assert "NBA_SURCE is not a setting, and has no effect. Next: Did you mean NBA_SOURCE?" in result.stdout
    in_json = nba_assets("doctor", "--format", "json", home=tmp_path / "home")
    assert "hush" not in result.output + in_json.output
    assert "(set, not shown)" in in_json.stdout


@pytest.mark.parametrize("written", [b"what is this\n", b"\xfc\n", b"NBA_SEED=many\n", b"NBA_HOME=\n"])
def test_settings_that_cannot_be_read_are_a_problem(tmp_path: Path, written: bytes) -> None:
    (tmp_path / ".env").write_bytes(written)
    status, found = findings(None)
    assert status == 1
    assert str(tmp_path / ".env") in texts(found, "problem", "settings")


def test_a_damaged_warehouse_a_bad_home_and_a_source_that_is_not_there_are_problems(tmp_path: Path) -> None:
    (tmp_path / "simulated").mkdir()
    (tmp_path / "simulated" / "warehouse.duckdb").write_text("not a database " * 1000)
    status, found = findings(tmp_path)
    assert status == 1
    assert "warehouse.duckdb cannot be opened" in texts(found, "problem", "warehouse")
    (tmp_path / "notes.txt").write_text("not a directory")
    status, found = findings(tmp_path / "notes.txt", NBA_SOURCE="files", NBA_DATA_DIR=str(tmp_path / "nowhere"))
    assert status == 1
    assert "notes.txt is no directory" in texts(found, "problem", "home")
    assert "nowhere" in texts(found, "problem", "source")
    assert texts(found, "ok", "disk")


def test_another_leagues_warehouse_and_one_of_an_older_version_are_problems(tmp_path: Path) -> None:
    assert nba_assets(*SCHEDULE, home=tmp_path).exit_code == 0
    file = tmp_path / "simulated" / "warehouse.duckdb"
    real = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data()), "NBA_DUCKDB_PATH": str(file)}
    status, found = findings(tmp_path, **real)
    assert status == 1
    assert "holds data of the source 'simulated', and the source is now 'files'" in texts(found, "problem", "warehouse")
    with duckdb.connect(str(file)) as connection:
        connection.execute("DROP VIEW nba_processing.coverage")
        connection.execute("ALTER TABLE nba_processing.processor_runs DROP COLUMN label")
    status, found = findings(tmp_path)
    assert status == 1
    assert "nba-assets migrate" in texts(found, "problem", "warehouse")
    assert nba_assets("migrate", home=tmp_path).exit_code == 0
    assert findings(tmp_path)[0] == 0


def test_the_instance_is_told_with_its_storage(tmp_path: Path) -> None:
    status, found = findings(tmp_path / "home")
    assert "DAGSTER_HOME not set" in texts(found, "ok", "Dagster")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    status, found = findings(tmp_path / "home", DAGSTER_HOME=str(elsewhere))
    assert status == 0
    assert "elsewhere (DAGSTER_HOME) on Dagster's own SQLite" in texts(found, "ok", "Dagster")
    (elsewhere / "dagster.yaml").write_text(dagster_yaml("postgresql://dagster:a-secret@127.0.0.1:1/dagster"))
    result = nba_assets("doctor", home=tmp_path / "home", DAGSTER_HOME=str(elsewhere))
    assert result.exit_code == 1
    assert "dagster.yaml names cannot be used: connection to server" in result.output
    assert "a-secret" not in result.output
    status, found = findings(tmp_path / "home", DAGSTER_HOME=str(tmp_path / "nowhere"))
    assert status == 1
    assert "there is no such directory" in texts(found, "problem", "Dagster")
    assert contents(tmp_path).keys() == {"elsewhere", "elsewhere/dagster.yaml"}


def test_the_live_source_is_asked_only_online(tmp_path: Path) -> None:
    with StatsServer(real_data()) as server:
        live = {"NBA_SOURCE": "nba_api", "NBA_API_BASE_URL": server.url, "NBA_API_SCHEDULE_URL": server.schedule_url}
        _, found = findings(tmp_path / "home", **live)
        assert "was not asked" in texts(found, "ok", "source")
        assert "nba-assets fetch SEASON" in texts(found, "warning", "source")
        assert server.asked == []
        status, found = findings(tmp_path / "home", "--online", **live)
        assert status == 0
        assert "answers" in texts(found, "ok", "source")
        assert len(server.asked) == 1
    live["NBA_API_TIMEOUT_SECONDS"] = "2"
    status, found = findings(tmp_path / "home", "--online", **live)
    assert status == 1
    assert texts(found, "problem", "source")
    assert contents(tmp_path) == {}
