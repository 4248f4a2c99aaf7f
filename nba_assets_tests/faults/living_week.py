"""A week of a season as it is lived: the clock goes from tick to tick, the league errs, nobody lends a hand.

The replay server says what the league knows at the moment. Schedules, automation, the repair sensor and alerts act as a
daemon would have them act, in one process whose clock is moved. What goes wrong is in `mishaps.py`.
"""

from __future__ import annotations

import logging
import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import dagster as dg
import time_machine

from nba_assets.alerts.alert import Message
from nba_assets.alerts.notify import notify
from nba_assets.alerts.store import load
from nba_assets.alerts.transport import LogTransport
from nba_assets.league.calendar import EASTERN, days_between
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.planning.load import load_state
from nba_assets.planning.pending_requests import next_request_at, pending_requests
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, build_range, files, healthy, session
from nba_assets_tests.faults.mishaps import BOX_SCORE, LOG, SCHEDULE, SHOTS, SUMMARY, Mishap
from nba_assets_tests.needs import real_data
from nba_assets_tests.orchestration.morning import QUIET, Morning
from nba_assets_tests.sources.stats_server import Edit, Fault, Payload, Query, StatsServer, as_of, quick_settings

SEASON = "2021-22"
FIRST, LAST = date(2021, 11, 15), date(2021, 11, 21)
"""The dates whose games the mishaps befall."""
END = LAST + timedelta(days=3)
"""The last morning: by then everything has been asked for that a mishap kept back."""
_DAY = timedelta(days=1)
_TICKS = [(6, 0), (6, 15), (6, 45), (8, 0), (10, 0), (11, 0), (13, 0), (14, 30), (20, 0)]
_REREAD, _LAST_HOUR = (11, 0), 14
_ENDPOINTS = (SCHEDULE, LOG, SHOTS, BOX_SCORE, SUMMARY)


@dataclass
class Week:
    """One week with its mishaps; `calls` counts requests by date."""

    home: Path
    server: StatsServer
    mishaps: Sequence[Mishap]
    calls: Counter[date] = field(default_factory=Counter)
    _attempts: list[datetime] = field(default_factory=list)
    _cursor: str | None = None

    def live(self) -> None:
        """From the morning of the first date to the last one."""
        cache = self.home / "cache" / SEASON
        cache.mkdir(parents=True)
        for name in (ResultSet.INJURY_REPORTS, ResultSet.GAME_LINES):
            shutil.copy(real_data() / SEASON / f"{name}.parquet", cache)
        self.server.edits |= {endpoint: self._edit(endpoint) for endpoint in _ENDPOINTS}
        self.server.faults |= {endpoint: self._faults(endpoint) for endpoint in _ENDPOINTS}
        with time_machine.travel(_at(FIRST, 5, 0), tick=True) as clock:
            build_range(session(self.home), OPENING_NIGHT, FIRST - _DAY)
            source = NbaApiSource(quick_settings(self.server, self.home / "cache"))
            now = datetime.now(EASTERN)
            morning = Morning(self.home, loaded_to=None, now=now, source=source, by_the_clock=True)
            morning.tick()
            for moment in self._ticks():
                clock.move_to(moment)
                asked = len(self.server.asked)
                self._tick(morning, moment, clock)
                self.calls[moment.date()] += len(self.server.asked) - asked

    def session(self) -> Session:
        """What it has come to."""
        return session(self.home, now=_at(END, 23, 0))

    def messages(self) -> list[Message]:
        """What people were told, in order."""
        return list(load(self.session().warehouse).messages)

    def open_alerts(self) -> list[str]:
        """What is still reported as wrong."""
        alerts = load(self.session().warehouse).alerts
        return [
            f"{alert.table} {alert.status}: {alert.reason}" for alert in alerts if alert.is_open and alert.opened_at
        ]

    def log(self) -> str:
        """The mishaps, and what people were told of them, as they read it."""
        calls = ", ".join(f"{day:%m-%d} {number}" for day, number in sorted(self.calls.items()))
        parts = ["\n".join(map(str, self.mishaps)), f"calls: {calls}"]
        parts += [f"{m.created_at.astimezone(EASTERN):%a %m-%d %H:%M} Eastern\n{m.text}" for m in self.messages()]
        return "\n\n".join(parts)

    def _ticks(self) -> Iterator[datetime]:
        for day in days_between(FIRST, END):
            if not any(mishap.silences(day) for mishap in self.mishaps):
                yield from (_at(day, *hour) for hour in _TICKS)

    def _tick(self, morning: Morning, moment: datetime, clock: Any) -> None:
        """What a daemon does at that moment: the schedules, automation, then the repair sensor, then alerts."""
        morning.now = moment
        runs = len(morning.instance.get_runs())
        if self._is_to_be_asked(morning.session, moment):
            self._attempts.append(moment)
            _run(morning, "daily")
        if (moment.hour, moment.minute) == _REREAD:
            _run_requested(morning, morning.defs.resolve_schedule_def("reread_at_eleven"), "reread")
        if len(morning.instance.get_runs()) > runs:
            morning.carry_on(most_ticks=60)
        clock.shift(timedelta(minutes=5))
        self._repair(morning)
        clock.shift(timedelta(minutes=2))
        notify(morning.session, transports=[LogTransport("a week is played", level=logging.DEBUG)])

    def _is_to_be_asked(self, at: Session, moment: datetime) -> bool:
        """What the schedule every_morning decides, whose attempts Dagster dates by the real clock."""
        if moment.hour > _LAST_HOUR:
            return False
        pending, today = pending_requests(at), at.today()
        if not pending.must_be_there and not pending.outdated:
            return False
        youngest = max([*pending.outdated, *(partition.day for partition in pending.must_be_there)])
        of_today = [attempt for attempt in self._attempts if attempt.date() == today]
        return moment >= next_request_at(of_today, youngest, today)

    def _repair(self, morning: Morning) -> None:
        sensor = morning.defs.resolve_sensor_def("repair_what_is_stale")
        with dg.build_sensor_context(instance=morning.instance, cursor=self._cursor) as context:
            tick = sensor.evaluate_tick(context)
        self._cursor = tick.cursor
        for request in tick.run_requests or []:
            _run(morning, "repair", request.run_config)

    def _edit(self, endpoint: str) -> Edit:
        """What the league says of the moment, and what the mishaps make of it."""

        def edit(payload: Payload, query: Query) -> Payload:
            now = datetime.now(EASTERN)
            if endpoint == SCHEDULE:
                payload = as_of(now)(payload, query)
            for mishap in self.mishaps:
                if mishap.edit is not None and mishap.endpoint == endpoint and mishap.lasts(now):
                    payload = mishap.edit(payload, query)
            return payload

        return edit

    def _faults(self, endpoint: str) -> Iterator[Fault | None]:
        """One for each request: a fault, as long as there is one left."""
        left = [m for mishap in self.mishaps if mishap.endpoint == endpoint for m in [mishap] * mishap.faults]
        while True:
            now = datetime.now(EASTERN)
            due = next((mishap for mishap in left if mishap.lasts(now)), None)
            if due is not None:
                left.remove(due)
            yield None if due is None else due.fault


def nights() -> dict[date, list[str]]:
    """The dates that mishaps befall, with their games."""
    schedule = files().read(ResultSet.SCHEDULE, SEASON)
    assert schedule is not None
    days = schedule["gameDateEst"].str[:10].map(date.fromisoformat)
    of_week = schedule[days.between(FIRST, LAST) & schedule["gameStatus"].eq(3)]
    return {day: sorted(of_day) for day, of_day in of_week.groupby(days)["gameId"]}


def differences(week: Week) -> list[str]:
    """The partitions of all dates with results that are not what a clean build makes of them."""
    days = days_between(OPENING_NIGHT, END - _DAY)
    state = load_state(week.session(), days[0], days[-1])
    right = load_state(session(healthy(days[-1])), days[0], days[-1])
    found = []
    for day in days:
        for name in TABLES:
            cell, expected = state.cell(name, day), right.cell(name, day)
            rows, wanted = state.published(name, day), right.published(name, day)
            if cell.status != expected.status or content_of(rows) != content_of(wanted):
                found.append(f"{name} {day}: {cell.status} ({cell.reason}), not {expected.status}")
    return found


def content_of(row: LedgerRow | None) -> str | None:
    """The content hash of what is published, if anything is."""
    return None if row is None else row.content_hash


def _at(day: date, hour: int, minute: int) -> datetime:
    return datetime.combine(day, time(hour, minute), tzinfo=EASTERN)


def _run_requested(morning: Morning, schedule: dg.ScheduleDefinition, job: str) -> None:
    with dg.build_schedule_context(instance=morning.instance) as context:
        if schedule.evaluate_tick(context).run_requests:
            _run(morning, job)


def _run(morning: Morning, job: str, config: Mapping[str, Any] = MappingProxyType({})) -> None:
    morning.defs.resolve_job_def(job).execute_in_process(
        instance=morning.instance, run_config=QUIET | dict(config), raise_on_error=False
    )
