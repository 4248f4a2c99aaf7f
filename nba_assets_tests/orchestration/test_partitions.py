"""Where the partitions end: with what the source covers, so that the UI's last dates are dates of games."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from nba_assets.alerts.observe import InstanceFacts, observe
from nba_assets.definitions import build_defs
from nba_assets.league.calendar import EASTERN, days_between, season_last_day
from nba_assets.orchestration.partitions import daily_partitions
from nba_assets.orchestration.resources import Pipeline
from nba_assets.orchestration.schedules import next_attempt
from nba_assets.overview.freshness import never_asked_for, results_are_missed
from nba_assets.planning.history import history
from nba_assets.planning.pending_requests import dates_to_reread, dates_to_sweep, pending_requests
from nba_assets.session import Session, partitions_end
from nba_assets.settings import SettingsError, load_settings
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.sources.registry import SOURCES
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, copy_of, healthy, session
from nba_assets_tests.needs import real_data
from nba_assets_tests.orchestration.morning import QUIET, eastern

START, LAST_FINAL = date(2021, 10, 1), date(2024, 6, 17)
"""The last game of the newest of the real seasons, 2023-24, was played on that date."""
NEXT_SEASON, AFTER_IT = date(2024, 10, 22), season_last_day("2024-25") + timedelta(days=1)
_DAY = timedelta(days=1)


def real(**settings: Any) -> Session:
    return Session(load_settings(source="files", data_dir=real_data(), **settings))


@pytest.mark.parametrize(
    ("end", "last"),
    [
        (date(2024, 6, 17), date(2024, 6, 17)),
        (date(2024, 11, 2), date(2024, 11, 2)),
        (date(2024, 11, 3), date(2024, 11, 3)),
        (date(2024, 11, 4), date(2024, 11, 3)),
        (date(2025, 11, 4), date(2024, 11, 3)),
        (None, date(2024, 11, 3)),
    ],
    ids=["in the past", "yesterday", "today", "tomorrow", "in a year", "none"],
)
@pytest.mark.parametrize("hour", [0, 1, 23])
def test_partitions_end_with_their_end_and_never_after_today(end: date | None, last: date, hour: int) -> None:
    """November 3 is the day of twenty-five hours."""
    now = datetime(2024, 11, 3, hour, tzinfo=EASTERN)
    partitions = daily_partitions(START, end)
    assert partitions.get_partition_keys(current_time=now) == [str(day) for day in days_between(START, last)]
    assert daily_partitions(last, last).get_partition_keys(current_time=now) == [str(last)]


@pytest.mark.parametrize(
    ("now", "end"),
    [
        ("2024-06-16T20:00", date(2024, 6, 16)),
        ("2024-10-21T23:59", date(2024, 10, 21)),
        ("2025-01-15T12:00", date(2025, 1, 15)),
        (f"{AFTER_IT}T00:00", LAST_FINAL),
        ("2026-02-01T12:00", LAST_FINAL),
        ("2021-11-17T10:00", date(2021, 11, 17)),
        ("2021-09-30T23:00", None),
    ],
    ids=[
        "finals",
        "summer",
        "next season, whose folder somebody has forgotten",
        "a season without a folder is over",
        "long after",
        "in the midst of what is there",
        "before the first partition",
    ],
)
def test_files_end_once_a_whole_season_has_gone_by_without_them(now: str, end: date | None) -> None:
    opened = real(now=now)
    assert opened.partitions_end == end
    assert opened.has_ended() is (end == LAST_FINAL)


def test_today_is_never_cut_off_while_a_season_may_still_come() -> None:
    """Without a clock of its own: nothing of a season that goes on, the past of one that is over."""
    ended_on = SOURCES["files"].ended_on
    settings = real().settings
    running = [ended_on(settings, day) for day in (date(2024, 1, 1), LAST_FINAL, NEXT_SEASON, AFTER_IT - _DAY)]
    assert running == [None, None, None, None]
    assert ended_on(settings, AFTER_IT) == LAST_FINAL
    assert real().partitions_end == LAST_FINAL


@pytest.mark.parametrize("source", ["simulated", "nba_api"])
def test_a_source_that_goes_on_has_no_end_but_that_of_a_clock_that_stands(source: str) -> None:
    assert partitions_end(load_settings(source=source)) is None
    assert partitions_end(load_settings(source=source, now="2022-01-01")) == date(2022, 1, 1)
    assert not Session(load_settings(source=source)).has_ended()


def _lone_season(directory: Path) -> Path:
    (directory / "2021-22").mkdir()
    name = f"{ResultSet.SCHEDULE}.parquet"
    shutil.copy(real_data() / "2021-22" / name, directory / "2021-22" / name)
    return directory / "2021-22" / name


def test_what_cannot_be_read_has_no_end_and_raises_nothing(tmp_path: Path) -> None:
    settings = load_settings(source="files", data_dir=tmp_path)
    assert partitions_end(settings) is None
    schedule = _lone_season(tmp_path)
    assert partitions_end(settings) == date(2022, 6, 16)
    frame = pd.read_parquet(schedule)
    for damaged in (frame.iloc[:0], frame.drop(columns="gameDateEst"), frame.assign(gameDateEst="soon")):
        damaged.to_parquet(schedule)
        assert partitions_end(settings) is None
    schedule.write_bytes(b"no Parquet")
    assert partitions_end(settings) is None
    schedule.unlink()
    assert partitions_end(settings) is None
    (tmp_path / "2022-24").mkdir()
    assert partitions_end(settings) is None
    assert partitions_end(load_settings(source="files")) is None
    assert partitions_end(load_settings(source="files", data_dir=tmp_path / "nowhere")) is None
    build_defs(settings)


def test_the_setting_overrides(tmp_path: Path) -> None:
    assert real(partitions_end=date(2022, 4, 10)).partitions_end == date(2022, 4, 10)
    asked = real(partitions_end=date(2024, 12, 31), now="2024-11-01")
    assert (asked.partitions_end, asked.last_partition) == (date(2024, 12, 31), date(2024, 11, 1))
    assert not asked.has_ended()
    wrong = nba_assets("coverage", home=tmp_path, NBA_PARTITIONS_END="2021-09-30")
    assert wrong.exit_code == 2
    expected = "NBA_PARTITIONS_END=2021-09-30: is before the first partition, 2021-10-01 (NBA_PARTITIONS_START)"
    assert expected in wrong.stderr
    assert "NBA_PARTITIONS_END=soon" in nba_assets("coverage", home=tmp_path, NBA_PARTITIONS_END="soon").stderr
    with pytest.raises(SettingsError, match=r"^NBA_PARTITIONS_START=soon"):
        load_settings(partitions_start="soon", partitions_end="2021-09-30")


def test_every_asset_with_dates_ends_there() -> None:
    graph = build_defs(real().settings).resolve_asset_graph()
    for name in TABLES:
        partitions = graph.get(dg.AssetKey(name)).partitions_def
        assert partitions is not None
        assert partitions.get_partition_keys()[-1] == str(LAST_FINAL)


@pytest.fixture
def beyond(tmp_path: Path) -> Session:
    """A warehouse with eight dates, of which the last three have no partition any more."""
    copy_of(healthy(OPENING_NIGHT + 7 * _DAY), tmp_path)
    return session(tmp_path, now=eastern(2021, 11, 20, 12), partitions_end=OPENING_NIGHT + 4 * _DAY)


def _environment(opened: Session) -> dict[str, str]:
    return {
        "NBA_SOURCE": "files",
        "NBA_DATA_DIR": str(real_data()),
        "NBA_NOW": "2021-11-20T12:00",
        "NBA_PARTITIONS_END": str(opened.partitions_end),
    }


def test_what_is_stored_beyond_the_end_is_neither_shown_nor_repaired_nor_in_the_way(beyond: Session) -> None:
    end = OPENING_NIGHT + 4 * _DAY
    assert beyond.has_ended()
    assert history(beyond) == days_between(OPENING_NIGHT, end)
    home, environment = beyond.settings.home, _environment(beyond)
    rows = printed_json(nba_assets("coverage", "--format", "json", home=home, **environment))["dates"]
    assert [row["date"] for row in rows] == [str(day) for day in days_between(OPENING_NIGHT, end)]
    repaired = nba_assets("repair", home=home, **environment)
    assert repaired.exit_code == 0, repaired.output
    assert "nothing to do, in" in repaired.stdout
    stored = beyond.warehouse.ledger(end + _DAY, OPENING_NIGHT + 7 * _DAY)
    assert len(stored) == 3 * len(TABLES), "what is stored stays, and is there again with a later end"
    again = nba_assets("coverage", "--format", "json", home=home, **environment | {"NBA_PARTITIONS_END": "2021-11-20"})
    assert printed_json(again)["dates"][-1]["date"] == str(OPENING_NIGHT + 7 * _DAY)


@pytest.mark.parametrize("command", ["backfill", "repair", "refresh", "coverage"])
def test_a_date_beyond_the_end_is_refused_with_the_setting(beyond: Session, command: str) -> None:
    result = nba_assets(command, "2021-10-20", "2021-10-24", home=beyond.settings.home, **_environment(beyond))
    assert result.exit_code == 2
    said = "2021-10-24 is after the last partition, 2021-10-23. Set NBA_PARTITIONS_END to 2021-10-24 or later."
    assert said in result.stderr


def test_the_end_of_the_source_is_named(tmp_path: Path) -> None:
    environment = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data())}
    result = nba_assets("backfill", "2024-06-17", "2024-06-18", home=tmp_path, **environment)
    assert result.exit_code == 2
    said = "2024-06-18 is after the last partition, 2024-06-17, where the source 'files' ends. Set NBA_PARTITIONS_END"
    assert said in result.stderr


def test_nothing_is_waited_for_once_it_has_ended(beyond: Session) -> None:
    """No morning asks for today, no alert complains of dates that do not exist."""
    assert not pending_requests(beyond).days
    with dg.DagsterInstance.ephemeral() as instance:
        reason = next_attempt(beyond, instance)
        assert isinstance(reason, dg.SkipReason)
        assert reason.skip_message == "the last partition is 2021-10-23: there is nothing to wait for"
        job = build_defs(pipeline=Pipeline(beyond)).resolve_job_def("daily")
        assert job.execute_in_process(instance=instance, run_config=QUIET).success
        observed = observe(beyond, InstanceFacts())
    assert observed.days == tuple(days_between(OPENING_NIGHT, OPENING_NIGHT + 4 * _DAY))
    assert never_asked_for(beyond, observed.state) == []
    assert not results_are_missed(beyond, observed.state)
    assert len(beyond.warehouse.ledger(start=date(2021, 11, 20))) == 0


class _Asked(FilesSource):
    """Files of which somebody could be asked for others."""

    is_asked = True


def test_nothing_is_read_again_once_it_has_ended(tmp_path: Path) -> None:
    copy_of(healthy(OPENING_NIGHT + 7 * _DAY), tmp_path)
    monday = {"source": _Asked(real_data()), "now": eastern(2021, 10, 25, 12)}
    goes_on = session(tmp_path, **monday)
    assert dates_to_reread(goes_on) == [date(2021, 10, 22), date(2021, 10, 24)]
    assert dates_to_sweep(goes_on) == days_between(OPENING_NIGHT, date(2021, 10, 24))
    ended = session(tmp_path, partitions_end=date(2021, 10, 24), **monday)
    assert dates_to_reread(ended) == []
    assert dates_to_sweep(ended) == []


def test_the_settings_say_where_the_partitions_of_a_launch_end(beyond: Session) -> None:
    """The last date of the range is built as a run of Dagster's, like every other."""
    home, environment = beyond.settings.home, _environment(beyond)
    day = str(OPENING_NIGHT + 4 * _DAY)
    result = nba_assets("repair", day, day, "--rewrite", "--format", "json", home=home, **environment)
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["built"] == len(TABLES)
