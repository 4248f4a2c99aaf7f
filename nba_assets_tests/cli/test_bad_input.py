"""Bad input: one clear error that names what is wrong and the next step; what is published stays."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.sources.registry import SOURCES
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.needs import real_data


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backfill", "2021-10-20", "2021-10-19"), "START 2021-10-20 is after END 2021-10-19"),
        (("backfill", "2020-10-20", "2021-10-19"), "before the first partition, 2021-10-01"),
        (("backfill", "2021-13-01", "2021-10-19"), "START '2021-13-01' is not a date"),
        (("backfill", "2021-10-20", "2999-10-19"), "is after today"),
        (("backfill", "2021-10-20", "2021-10-21", "--tables", "raw_shotz"), "did you mean 'raw_shots'?"),
        (
            ("export", "ml_features", "2021-10-20", "2021-10-21", "--out", "x.csv"),
            "did you mean 'ml_feature_store_v2'?",
        ),
        (("export", "raw_shots", "2021-10-20", "2021-10-21", "--out", "x.xls"), "must end in .parquet or .csv"),
        (("coverage", "2021-10-20"), "give START and END, or neither"),
        (("repair",), "nothing has been built yet"),
        (("verify",), "nothing has been built yet"),
        (("impact", "0022199999"), "no loaded schedule has a game '0022199999'"),
        (("impact", "abc"), "'abc' is not a game id: write all ten digits, like 0022100147"),
        (("impact", "22100147"), "did you mean 0022100147?"),
        (("backfill", "2021-10-20", "2021-10-21", "--tables", ","), "--tables , names no table"),
        (("tables", "PDCC"), "did you mean 'player_daily_cache'?"),
        (("tables", "referees"), "there is no table 'referees'. There are: raw_schedule (SCHED), "),
        (("dev", "--port", "99999"), "less than or equal to 65534"),
        (("dev", "--port", "0"), "greater than or equal to 1"),
        (("dev", "--host", "nowhere.invalid"), "Choose another --port or --host"),
        (("coverage", "--out", "x.xlsx"), "give --format, or a name that ends in .html, .json, .md, .txt"),
        (("coverage", "--out", "no/such/x.html"), "--out no/such/x.html: there is no directory no/such"),
        (
            ("export", "raw_shots", "2021-10-20", "2021-10-21", "--out", "no/such/x.csv"),
            "--out no/such/x.csv: there is no directory no/such",
        ),
    ],
)
def test_a_wrong_argument_is_named(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    result = nba_assets(*arguments, home=tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"NBA_SOURCE": "filez"}, f"NBA_SOURCE=filez: allowed: {', '.join(SOURCES)}"),
        ({"NBA_WAREHOUSE": "sqlite"}, "NBA_WAREHOUSE=sqlite: allowed: duckdb, bigquery"),
        ({"NBA_SOURCE": "files"}, "NBA_SOURCE=files needs NBA_DATA_DIR"),
        ({"NBA_NOW": "1636502400"}, "NBA_NOW=1636502400: write it like 2021-11-01T09:00"),
        ({"NBA_PARTITIONS_END": "1636502400"}, "NBA_PARTITIONS_END=1636502400: write it like 2021-11-01"),
        ({"NBA_PARTITIONS_START": "yesterday"}, "NBA_PARTITIONS_START=yesterday: write it like 2021-11-01"),
        ({"NBA_SOURCE": "files", "NBA_DATA_DIR": "/nowhere/at/all"}, "NBA_DATA_DIR=/nowhere/at/all: there is no such"),
        ({"NBA_PARTITIONS_START": "soon"}, "NBA_PARTITIONS_START=soon"),
        ({"NBA_POLICY": '{"player_daily_cache": {"min_shares": 1}}'}, "did you mean 'min_share'?"),
    ],
)
def test_a_wrong_setting_is_named_with_what_is_allowed(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    result = nba_assets("backfill", "2021-10-19", "2021-10-20", home=tmp_path, **settings)
    assert result.exit_code == 2
    assert said in result.stderr


def test_partitions_can_start_earlier(tmp_path: Path) -> None:
    result = nba_assets(
        *("backfill", "2020-12-22", "2020-12-22", "--tables", "raw_schedule", "--format", "json"),
        home=tmp_path,
        NBA_PARTITIONS_START="2020-10-01",
    )
    assert printed_json(result)["statuses"] == {"OK": 1}


def test_a_file_without_a_column_is_an_error_that_names_it_and_loses_nothing(tmp_path: Path) -> None:
    data = _linked_season(tmp_path / "data")
    settings = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(data)}
    day = ("2021-10-19", "2021-10-19")
    assert nba_assets("backfill", *day, home=tmp_path, **settings).exit_code == 0
    log = data / "2021-22" / "leaguegamelog_team.parquet"
    renamed = pd.read_parquet(log).rename(columns={"PTS": "POINTS"})
    log.unlink()
    renamed.to_parquet(log)
    result = nba_assets("refresh", *day, "--quiet", home=tmp_path, **settings)
    assert result.exit_code == 1
    assert "ERROR raw_team_boxscores 2021-10-19" in result.stderr
    assert "leaguegamelog_team lacks the column PTS" in result.stderr
    cell = printed_json(nba_assets("coverage", *day, "--format", "json", home=tmp_path, **settings))["dates"][0][
        "cells"
    ]
    assert (cell["raw_team_boxscores"]["status"], cell["raw_team_boxscores"]["rows"]) == ("ERROR", 4)


@pytest.mark.long
def test_a_second_writer_waits_and_both_succeed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nba_assets", "backfill", "2021-10-19", "2021-10-20", "--quiet"]
    environment = {"NBA_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    started = time.monotonic()
    both = [
        subprocess.Popen(command, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) for _ in range(2)
    ]
    said = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    rows = printed_json(nba_assets("coverage", "2021-10-19", "2021-10-20", "--format", "json", home=tmp_path))["dates"]
    assert {row["status"] for row in rows} == {"Bootstrap"}
    assert time.monotonic() - started < 120


def _linked_season(directory: Path) -> Path:
    season = directory / "2021-22"
    season.mkdir(parents=True)
    for file in (real_data() / "2021-22").iterdir():
        (season / file.name).symlink_to(file)
    return directory
