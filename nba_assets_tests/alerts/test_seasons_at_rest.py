"""Seasons in which nothing has changed are not looked at again; what changes, they are. And nothing is told less."""

from __future__ import annotations

import atexit
import random
import shutil
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import duckdb
import pytest

from nba_assets.alerts import store
from nba_assets.alerts.alert import Event
from nba_assets.alerts.notify import notify
from nba_assets.alerts.observe import InstanceFacts, observe
from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.league.calendar import days_between, season_of
from nba_assets.partition import Partition, Status
from nba_assets.planning.at_rest import SeasonsAtRest
from nba_assets.planning.load import load_state
from nba_assets.planning.repair import repairable
from nba_assets.session import Session
from nba_assets.sources.simulated import SimulatedSource
from nba_assets.tables import RAW, TABLES
from nba_assets_tests.alerts.ledger import bare_session, record
from nba_assets_tests.turns import marked

OLD, NEWER, NOW = "2021-22", "2022-23", "2024-10-30T12:00"
DAYS = days_between(date(2021, 10, 19), date(2021, 10, 24))
LATER = days_between(date(2022, 10, 18), date(2022, 10, 22))


SOURCE = SimulatedSource(today=date(2024, 10, 30))


def _session(home: Path, now: str = NOW, **settings: Any) -> Session:
    return Session(bare_session(home, now=now, **settings).settings, SOURCE)


@cache
def _home() -> Path:
    """The raw tables of some days of two seasons that are over, nothing evaluated yet."""
    home = Path(mkdtemp(prefix="at rest "))
    atexit.register(shutil.rmtree, home)
    session = _session(home)
    for days in (DAYS, LATER):
        for table in RAW:
            materialize(session, table, days, RunInfo())
    return home


def _built(home: Path, **settings: Any) -> Session:
    """A copy of the home, evaluated once."""
    shutil.copytree(_home(), home, dirs_exist_ok=True)
    session = _session(home, **settings)
    notify(session)
    return session


def _again(session: Session) -> Session:
    """Another process, later."""
    return Session(session.settings, SOURCE)


def _at_rest(session: Session) -> set[str]:
    return {*SeasonsAtRest(_again(session)).found}


def test_where_every_season_that_has_partitions_rests_nothing_is_left_to_look_at(tmp_path: Path) -> None:
    session = _built(tmp_path, partitions_start=date(2021, 10, 1), partitions_end=date(2022, 6, 30))
    assert OLD in _at_rest(session)
    again = _again(session)
    assert observe(again, InstanceFacts()).days == ()
    assert notify(again).recorded


def test_a_season_that_is_over_and_in_order_rests_once_it_was_looked_at(tmp_path: Path) -> None:
    session = _built(tmp_path)
    assert SeasonsAtRest(session).in_order == {OLD, NEWER}
    assert observe(session, InstanceFacts()).days == ()
    assert repairable(session) == []


def test_the_season_that_is_on_never_rests(tmp_path: Path) -> None:
    session = _built(tmp_path, now="2023-01-10T12:00")
    assert _at_rest(session) == {OLD}
    assert set(map(season_of, observe(session, InstanceFacts()).days)) == {NEWER}


def _attempt(session: Session) -> None:
    materialize(session, "raw_schedule", DAYS[:1], RunInfo())


def _delete_rows(session: Session) -> None:
    with duckdb.connect(str(session.settings.warehouse_path)) as connection:
        table = "nba_raw.raw_schedule"
        connection.execute(f"DELETE FROM {table} WHERE game_date = DATE '{DAYS[1]}'")
        assert connection.execute(f"SELECT count(*) FROM {table} WHERE game_date = '{DAYS[0]}'").fetchall() != [(0,)]


def _lose_the_file(session: Session) -> None:
    (session.settings.state / "seasons_at_rest.json").unlink(missing_ok=True)


def _damage_the_file(session: Session) -> None:
    (session.settings.state / "seasons_at_rest.json").write_text('{"2021-22": {"mark": ["?"], "is_in_')


@pytest.mark.parametrize("change", [_attempt, _delete_rows, _lose_the_file, _damage_the_file])
def test_what_changes_wakes_a_season(tmp_path: Path, change: Callable[[Session], None]) -> None:
    session = _built(tmp_path)
    assert OLD in _at_rest(session)
    change(session)
    assert OLD not in _at_rest(session)


def test_deleted_rows_are_found_in_a_season_that_rested(tmp_path: Path) -> None:
    session = _built(tmp_path)
    _delete_rows(session)
    found = {cell.partition for cell in repairable(_again(session))}
    assert Partition("raw_schedule", DAYS[1]) in found
    assert {partition.day for partition in found} == {DAYS[1]}
    assert NEWER in _at_rest(session)


def test_another_policy_wakes_all_seasons(tmp_path: Path) -> None:
    session = _built(tmp_path)
    stricter = _session(tmp_path, policy={"raw_schedule": {"min_rows": 1}})
    assert _at_rest(stricter) == set()
    assert _at_rest(session) == {OLD, NEWER}


def test_another_code_version_wakes_all_seasons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = _built(tmp_path)
    monkeypatch.setitem(vars(TABLES["player_game_summary"]), "code_version", "another-one")
    assert _at_rest(session) == set()


def test_nothing_is_kept_where_nothing_can_be_written(tmp_path: Path) -> None:
    session = _built(tmp_path)
    _lose_the_file(session)
    (session.settings.state / "seasons_at_rest.json").mkdir()
    assert notify(_again(session)).recorded
    assert _at_rest(session) == set()


def test_an_old_gap_stays_one_open_alert_and_is_resolved_when_it_is_repaired(tmp_path: Path) -> None:
    session = _built(tmp_path)
    record(session, "raw_team_boxscores", [DAYS[2]])
    notify(_again(session))
    assert OLD in _at_rest(session), "what is wrong is known"
    assert SeasonsAtRest(session).in_order == {NEWER}
    notify(_again(session))
    assert [message.event for message in store.load(session.warehouse).messages] == [Event.OPENED]
    materialize(_again(session), "raw_team_boxscores", [DAYS[2]], RunInfo())
    notify(_again(session))
    told = [message.event for message in store.load(session.warehouse).messages]
    assert told == [Event.OPENED, Event.RESOLVED]


def test_a_digest_counts_what_rests_as_well(tmp_path: Path) -> None:
    session = _built(tmp_path)
    materialize(session, "raw_schedule", LATER[:1], RunInfo(backfill_id="both"))
    asked = [Partition("raw_schedule", day) for day in (*DAYS, *LATER)]
    notify(_again(session), finished_backfill="both", asked=asked)
    record_of = next(alert for alert in store.load(session.warehouse).alerts if alert.alert_id == "both")
    assert (record_of.first_day, record_of.last_day) == (DAYS[0], LATER[-1])
    assert "MISSING" not in record_of.reason, record_of.reason


def test_a_state_of_some_seasons_is_that_of_the_whole(tmp_path: Path) -> None:
    session = _built(tmp_path)
    record(session, "raw_team_boxscores", [LATER[2]])
    whole = load_state(session, DAYS[0], LATER[-1])
    part = load_state(session, DAYS[0], LATER[-1], seasons=[NEWER])
    for day in LATER:
        for table in TABLES:
            assert part.cell(table, day) == whole.cell(table, day)


@pytest.mark.parametrize("seed", [0, *marked("soak", [1])])
def test_alerts_are_those_of_somebody_who_always_looks_at_everything(tmp_path: Path, seed: int) -> None:
    """Random attempts at two seasons, evaluated after each: once as it is, once with nothing remembered."""
    chosen = random.Random(seed)
    sessions = [_built(tmp_path / name) for name in ("remembers", "forgets")]
    now = datetime.now(UTC) + timedelta(hours=2)
    rested = 0
    for _ in range(9):
        day, now = chosen.choice([*DAYS, *LATER]), now + timedelta(hours=chosen.choice([1, 30]))
        table = chosen.choice(["raw_team_boxscores", "raw_player_boxscores"])
        status = chosen.choice([Status.GAP, Status.GAP, Status.ERROR, Status.DEGRADED, Status.BLOCKED])
        is_repaired = chosen.random() < 0.4
        for session in sessions:
            if is_repaired:
                materialize(_again(session), "raw_schedule", [day], RunInfo())
            else:
                record(session, table, [day], status)
        _lose_the_file(sessions[1])
        rested += len(_at_rest(sessions[0]))
        for session in sessions:
            assert notify(_again(session), now=now).recorded
        assert _alerts(sessions[0]) == _alerts(sessions[1])
    assert rested, "a season rested in between"


def _alerts(session: Session) -> list[tuple[Any, ...]]:
    """Without ids and moments, which differ from one ledger to the other."""
    alerts = store.load(session.warehouse).alerts
    return [
        (one.table, one.kind, one.status, one.is_open, one.opened_at is None, sorted(map(str, one.partitions)))
        for one in alerts
    ]
