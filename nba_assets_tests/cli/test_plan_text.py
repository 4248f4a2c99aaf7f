"""A plan in a table: how many dates of each verdict, and how many of them would be DEGRADED."""

from __future__ import annotations

import json
from datetime import date, timedelta

import pytest

from nba_assets.cli.plan import print_plan, print_plan_as_json
from nba_assets.engine.dry_run import TablePlan, Verdict
from nba_assets.partition import Status

DAYS = tuple(date(2021, 11, 7) + timedelta(days=n) for n in range(12))
PLAN = TablePlan("raw_shots", {Verdict.UNCHANGED: DAYS}, {Status.STALE: 12}, [], DAYS[2:5])


def test_what_stays_degraded_is_counted_beside_what_is_unchanged(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan([PLAN], [], None)
    told = capsys.readouterr().out
    assert "raw_shots  12 (3 DEGRADED)  12 stale  2021-11-07 … 2021-11-18" in told
    assert "12 partitions: 12 unchanged (computed again, and found as it stands)" in told


def test_in_json_it_has_its_dates(capsys: pytest.CaptureFixture[str]) -> None:
    print_plan_as_json([PLAN], [], {})
    (told,) = json.loads(capsys.readouterr().out)["plan"]
    assert told["degraded"] == [["2021-11-09", "2021-11-11"]]
