"""Code that was rewritten and declared to give the same: what the former code has published stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.partition import Cause, Status
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell
from nba_assets.schema.code_version import checks_of, formula_of
from nba_assets.schema.evidence import Evidence, none_expected
from nba_assets.schema.table import Inputs, Table
from nba_assets.tables import TABLES
from nba_assets.tables.same_results import SAME_NUMBERS, SAME_VERDICTS
from nba_assets.tables.team_offense_game_summary import TEAM_OFFENSE_GAME_SUMMARY, compute
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import OPENING_NIGHT, copy_of, healthy, session
from nba_assets_tests.needs import real_data

LAST = OPENING_NIGHT + timedelta(days=1)
FORMER = TEAM_OFFENSE_GAME_SUMMARY
Use = Callable[[Table], Table]


def _rewritten(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    return compute(inputs, dates)


def _judged_otherwise(evidence: Evidence) -> dict:  # type: ignore[type-arg]
    return none_expected(evidence)


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Use:
    """Makes a table today's."""

    def today(table: Table) -> Table:
        monkeypatch.setitem(TABLES, table.name, table)
        return table

    return today


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Two dates as the former code has published them."""
    return copy_of(healthy(LAST), tmp_path)


def _declare(monkeypatch: pytest.MonkeyPatch, now: Table, *, verdicts: bool = False) -> None:
    halves = [(SAME_NUMBERS, formula_of)] + ([(SAME_VERDICTS, checks_of)] if verdicts else [])
    for declared, half in halves:
        monkeypatch.setitem(declared, now.name, (str(half(FORMER.code_version)), str(half(now.code_version))))


def _cell(home: Path) -> Cell:
    return load_state(session(home), OPENING_NIGHT, LAST).cell(FORMER.name, LAST)


def _repair(home: Path, *options: str) -> str:
    place = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data())}
    done = nba_assets("repair", str(OPENING_NIGHT), str(LAST), *options, home=home, **place)
    assert done.exit_code == 0, done.output
    return done.output


def test_nothing_is_built_again(home: Path, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    _declare(monkeypatch, use(replace(FORMER, compute=_rewritten)))
    cell = _cell(home)
    assert cell.published is not None
    assert (cell.status, cell.published.code_version) == (Status.OK, FORMER.code_version)
    assert _repair(home, "--dry-run").endswith("\nnothing to do\n")
    assert "nothing to do" in _repair(home)


def test_what_nobody_has_declared_is_stale_and_built(home: Path, use: Use) -> None:
    now = use(replace(FORMER, compute=_rewritten))
    cell = _cell(home)
    assert (cell.status, [f.cause for f in cell.findings]) == (Status.STALE, [Cause.CODE_CHANGED])
    assert FORMER.name in _repair(home, "--dry-run")
    _repair(home)
    built = _cell(home)
    assert built.published is not None
    assert (built.status, built.published.code_version) == (Status.OK, now.code_version)


def test_the_same_numbers_and_other_checks_are_judged_again(
    home: Path, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = use(replace(FORMER, compute=_rewritten, expect=_judged_otherwise))
    _declare(monkeypatch, now)
    cell = _cell(home)
    assert (cell.status, [f.cause for f in cell.findings]) == (Status.STALE, [Cause.CHECKS_CHANGED])
    _declare(monkeypatch, now, verdicts=True)
    assert _cell(home).status == Status.OK


def test_a_declaration_ends_with_the_formula_that_it_was_made_for(
    home: Path, use: Use, monkeypatch: pytest.MonkeyPatch
) -> None:
    _declare(monkeypatch, use(replace(FORMER, compute=_rewritten)))
    use(replace(FORMER, compute=TABLES["team_defense_game_summary"].compute))
    assert _cell(home).status == Status.STALE


def test_another_input_is_stale_all_the_same(home: Path, use: Use, monkeypatch: pytest.MonkeyPatch) -> None:
    _declare(monkeypatch, use(replace(FORMER, compute=_rewritten)))
    now = session(home)
    before = load_state(now, OPENING_NIGHT, LAST)
    attempt = before.published(FORMER.name, LAST)
    assert attempt is not None
    assert before.is_repeated(attempt)
    assert not before.is_repeated(attempt._replace(inputs_hash="of other inputs"))


@pytest.mark.parametrize(("declared", "half"), [(SAME_NUMBERS, formula_of), (SAME_VERDICTS, checks_of)])
def test_what_is_declared_is_of_todays_code(
    declared: dict[str, tuple[str, ...]], half: Callable[[str], str | None]
) -> None:
    """Whoever changes such a table compares again, or takes its line away: then it is STALE and built anew."""
    today = {name: half(table.code_version) for name, table in TABLES.items()}
    assert {name: codes[-1] for name, codes in declared.items()} == {name: today[name] for name in declared}
