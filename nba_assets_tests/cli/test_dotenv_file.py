"""A `.env` file counts in every directory below it, and one that cannot be read is an error for every command."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from nba_assets.settings import SettingsError, load_settings, origin, places_set
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.cli.test_reading_creates_nothing import READING


@pytest.fixture
def below(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory two levels below `tmp_path`, the working directory."""
    directory = tmp_path / "notebooks" / "drafts"
    directory.mkdir(parents=True)
    monkeypatch.chdir(directory)
    return directory


def test_it_is_found_from_below_and_its_paths_are_beside_it(tmp_path: Path, below: Path) -> None:
    (tmp_path / ".env").write_text("NBA_DATA_DIR=data\nNBA_DUCKDB_PATH=/elsewhere/w.duckdb\nNBA_SEED=7\n")
    settings = load_settings()
    assert settings.seed == 7
    assert settings.data_dir == tmp_path / "data"
    assert settings.duckdb_path == Path("/elsewhere/w.duckdb")
    assert settings.home == tmp_path / ".nba", "no second home in the directory below"
    assert origin("NBA_SEED") == str(tmp_path / ".env")
    assert origin("NBA_SOURCE") == "default"
    assert below.is_dir()


@pytest.mark.usefixtures("below")
def test_the_nearest_counts_and_the_environment_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("NBA_SEED=7\nNBA_HOME=outer\n")
    (tmp_path / "notebooks" / ".env").write_text("NBA_SEED=8\n")
    assert (load_settings().seed, load_settings().home) == (8, tmp_path / "notebooks" / ".nba")
    monkeypatch.setenv("NBA_SEED", "9")
    monkeypatch.setenv("NBA_HOME", "mine")
    assert (load_settings().seed, load_settings().home) == (9, Path("mine"))
    assert origin("NBA_SEED") == "environment"
    assert places_set(load_settings()) == {"NBA_HOME": str(Path.cwd() / "mine")}


def test_without_one_paths_are_in_the_working_directory(below: Path) -> None:
    assert load_settings().state == below / ".nba" / "simulated"


def test_two_directories_have_one_home(tmp_path: Path, below: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("NBA_HOME=state\n")
    schedule = ("backfill", "2021-11-01", "2021-11-01", "--tables", "raw_schedule")
    monkeypatch.chdir(tmp_path)
    assert nba_assets(*schedule, home=None).exit_code == 0
    monkeypatch.chdir(below)
    assert "OK" in nba_assets("coverage", home=None).stdout
    assert list(below.iterdir()) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (b"NBA_SOURCE=files\nwhat is this\n", "line 2: cannot be read"),
        (b"NBA_SEED='2021\n", "line 1: cannot be read"),
        ("# Zürich\n".encode("latin-1"), "line 1: is not UTF-8"),
        (b"NBA_HOME=\n", "is empty: name a place"),
        (b"NBA_SEED=many\n", "NBA_SEED=many (in "),
    ],
)
def test_one_that_cannot_be_read_is_an_error_for_every_command(tmp_path: Path, written: bytes, said: str) -> None:
    (tmp_path / ".env").write_bytes(written)
    fetch = ("fetch", "2021-22")
    for command in (*(c for c in READING.values() if c != ("tables",)), fetch, ("alerts", "test"), ("dev",)):
        result = nba_assets(*command, home=None)
        assert result.exit_code == 2, command
        assert said in result.stderr, command
        assert str(tmp_path / ".env") in result.stderr, command
    assert nba_assets("tables", home=None).exit_code == 0
    assert nba_assets("--version", home=None).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == [".env"]


def test_what_a_line_says_is_not_repeated(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("AWS_SES_SECRET_ACCESS_KEY='hush\n")
    assert "hush" not in nba_assets("coverage", home=None).stderr


@pytest.mark.parametrize("name", ["NBA_HOME", "NBA_DATA_DIR", "NBA_DUCKDB_PATH", "NBA_API_CACHE_DIR"])
def test_an_empty_place_is_refused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    with pytest.raises(SettingsError, match=f"{name}=: is empty: name a place, or take the setting away"):
        load_settings()
    assert os.environ[name] == ""
