"""November 2021 as it went wrong in the original, played again: each fault is caught by name on its first date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.engine.run_options import RunOptionsError, parse_options
from nba_assets.league.teams import CODES
from nba_assets.overview.explain import explain
from nba_assets.overview.matrix import matrix
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.engine.warehouses import (
    KNOWN_AFTER,
    OPENING_NIGHT,
    PRE_GAME,
    REQUIRED_RAW,
    EditedSource,
    build_range,
    cell,
    cells,
    copy_of,
    healthy,
    session,
)

LAST_GOOD, FIRST_BAD, TOLD, END = date(2021, 11, 15), date(2021, 11, 16), date(2021, 11, 29), date(2021, 11, 30)
Replay = Callable[[pd.DataFrame], pd.DataFrame]
RAW_AND_NOTHING_ELSE = tuple(name for name in TABLES if name.startswith("raw_"))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A warehouse with the raw tables up to the end of November, and nothing computed from them."""
    return copy_of(healthy(END, RAW_AND_NOTHING_ELSE), tmp_path)


def _corrupt(monkeypatch: pytest.MonkeyPatch, name: str, fault: Replay) -> None:
    """From now on what the table computes passes through the fault: something on the way, no change of its code."""
    table = TABLES[name]
    faulty = replace(table, compute=lambda inputs, dates: fault(table.compute(inputs, dates)))
    vars(faulty)["code_version"] = table.code_version
    monkeypatch.setitem(TABLES, name, faulty)


def test_a_game_summaries_of_six_dates_missing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lost = pd.DatetimeIndex([f"2021-11-{day}" for day in (16, 18, 21, 23, 28, 30)])
    _corrupt(monkeypatch, "player_game_summary", lambda rows: rows[~rows["game_date"].isin(lost)])
    at = session(home)
    build_range(at, OPENING_NIGHT, END, tables=["player_game_summary", "team_offense_game_summary"])
    gaps = {day for day in _days(FIRST_BAD, END) if cell(at, "player_game_summary", day).status == Status.GAP}
    assert gaps == {day.date() for day in lost}
    first = cell(at, "player_game_summary", FIRST_BAD)
    assert first.label == "PGS 0/68"
    assert (first.reason or "").startswith("0/68 complete, 68 required; played, but has no row: ")
    assert (first.reason or "").endswith("and 53 more")
    next_day = cell(at, "player_shot_zone_analysis", FIRST_BAD + timedelta(days=1))
    assert (next_day.status, str(next_day.root)) == (Status.BLOCKED, f"player_game_summary {FIRST_BAD}")
    assert cell(at, "player_game_summary", FIRST_BAD + timedelta(days=1)).status == Status.OK, (
        "other dates are published"
    )


def test_b_every_team_game_stored_four_times(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _corrupt(monkeypatch, "team_defense_game_summary", lambda rows: pd.concat([rows] * 4, ignore_index=True))
    at = session(home)
    build_range(at, OPENING_NIGHT, OPENING_NIGHT, tables=KNOWN_AFTER)
    error = cell(at, "team_defense_game_summary", OPENING_NIGHT)
    assert error.status == Status.ERROR
    assert error.reason == "rows that should be unique are not: BKN × 4; GSW × 4; LAL × 4; and 1 more"
    assert error.rows == 0
    blocked = cell(at, "team_defense_zone_analysis", OPENING_NIGHT + timedelta(days=1))
    assert (blocked.status, str(blocked.root)) == (Status.BLOCKED, f"team_defense_game_summary {OPENING_NIGHT}")


class TestFrozenDefenses:
    """(c): nothing of the team defences was loaded after November 15."""

    @pytest.fixture(scope="class")
    @classmethod
    def frozen(cls, tmp_path_factory: pytest.TempPathFactory) -> Session:
        at = session(copy_of(healthy(END, RAW_AND_NOTHING_ELSE), tmp_path_factory.mktemp("frozen")))
        with pytest.MonkeyPatch.context() as patch:
            _corrupt(patch, "team_defense_game_summary", lambda r: r[r["game_date"] <= pd.Timestamp(LAST_GOOD)])
            build_range(at, OPENING_NIGHT, END, tables=[n for n in TABLES if n not in RAW_AND_NOTHING_ELSE])
        return at

    def test_the_first_date_is_a_gap_that_names_its_games(self, frozen: Session) -> None:
        assert cell(frozen, "team_defense_game_summary", LAST_GOOD).status == Status.OK
        gap = cell(frozen, "team_defense_game_summary", FIRST_BAD)
        assert (gap.status, gap.label) == (Status.GAP, "TDGS 0/3")
        assert "no row: 0022100210 GSW@BKN, 0022100211 PHI@UTA, 0022100212 SAS@LAC" in (gap.reason or "")

    def test_what_reads_it_is_blocked_because_of_it_and_nothing_else_is(self, frozen: Session) -> None:
        night = cells(frozen, FIRST_BAD)
        assert {night[name].status for name in PRE_GAME} == {Status.OK}, "the night itself reads up to the 15th"
        later = cells(frozen, TOLD)
        blocked = {name for name, c in later.items() if c.status == Status.BLOCKED}
        assert blocked == {"team_defense_zone_analysis", "player_composite_factors", "ml_feature_store_v2"}
        assert {str(later[name].root) for name in blocked} == {f"team_defense_game_summary {FIRST_BAD}"}
        others = {name: c.status for name, c in later.items() if name not in blocked}
        assert others.pop("team_defense_game_summary") == Status.GAP
        assert set(others.values()) == {Status.OK}

    def test_the_matrix_names_every_team_concerned(self, frozen: Session) -> None:
        row = next(row for row in matrix(frozen, TOLD, TOLD).rows if row.day == TOLD)
        reason = row.cells["team_defense_zone_analysis"].reason or ""
        told = dict(part.split() for part in reason.split("finished games missing: ")[1].split(", "))
        assert set(told) == set(CODES)
        assert told["LAC"] == "7"
        assert row.status.startswith("TDGS 0/9: ")

    def test_explain_prints_the_chain_from_the_features_to_the_first_gap(self, frozen: Session) -> None:
        explanation = explain(frozen, "ml_feature_store_v2", TOLD)
        chain, node = [], explanation.tree
        while True:
            chain.append((node.cell.partition.table, node.cell.partition.day, node.cell.status))
            if not node.inputs:
                break
            [node] = node.inputs
        assert chain == [
            ("ml_feature_store_v2", TOLD, Status.BLOCKED),
            ("player_composite_factors", TOLD, Status.BLOCKED),
            ("team_defense_zone_analysis", TOLD, Status.BLOCKED),
            ("team_defense_game_summary", FIRST_BAD, Status.GAP),
        ]
        nights = [root.cell.partition.day for root in explanation.roots]
        assert (nights[0], nights[-1], len(nights)) == (FIRST_BAD, TOLD - timedelta(days=1), 12)
        assert {root.cell.partition.table for root in explanation.roots} == {"team_defense_game_summary"}
        lacking = {of_team.team: of_team for n in explanation.tree.walk() for of_team in n.missing}
        assert set(lacking) == set(CODES)
        assert lacking["LAC"].games[:2] == ("0022100212 SAS@LAC (2021-11-16)", "0022100226 LAC@MEM (2021-11-18)")
        assert tuple(map(str, explanation.commands)) == (
            "nba-assets repair 2021-11-16 2021-11-29",
            "nba-assets backfill 2021-11-16 2021-11-29 --accept-gaps",
        )

    def test_the_repair_brings_thirty_teams(self, frozen: Session, tmp_path: Path) -> None:
        """As `repair` does: every table in its order over the range; a complete run gives 30 where 29 was told."""
        healed = session(copy_of(frozen.settings.home, tmp_path))
        tables = ["team_defense_game_summary", "team_defense_zone_analysis", "player_composite_factors"]
        build_range(healed, FIRST_BAD, TOLD, tables=[*tables, "ml_feature_store_v2"])
        defense = cell(healed, "team_defense_zone_analysis", TOLD)
        assert (defense.status, defense.rows) == (Status.OK, 30)
        assert matrix(healed, TOLD, TOLD).rows[0].status == "Complete"


def test_d_minutes_lost_at_the_source(home: Path) -> None:
    lost: dict[ResultSet, Callable[[pd.DataFrame], pd.DataFrame | None]] = {
        ResultSet.BOX_SCORES: lambda box: box.assign(minutes=""),
        ResultSet.PLAYER_LOG: lambda log: log.assign(MIN=0),
    }
    at = session(home, EditedSource(lost))
    build_range(at, FIRST_BAD, FIRST_BAD, tables=REQUIRED_RAW)
    gap = cell(at, "raw_player_boxscores", FIRST_BAD)
    assert (gap.status, gap.label) == (Status.GAP, "PBOX 0/3")
    assert "the players' time sums to 0 minutes, the game has 240: 0022100210 GSW@BKN" in (gap.reason or "")


def test_d_minutes_lost_on_the_way(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _corrupt(monkeypatch, "player_game_summary", lambda rows: rows.assign(seconds_played=pd.NA))
    at = session(home)
    build_range(at, FIRST_BAD, FIRST_BAD, tables=["player_game_summary"])
    error = cell(at, "player_game_summary", FIRST_BAD)
    assert error.status == Status.ERROR
    assert "seconds_played" in (error.reason or "")


def test_e_the_run_flag_misspelt() -> None:
    with pytest.raises(RunOptionsError, match="there is no run option 'is_back_fill'; did you mean 'backfill_mode'"):
        parse_options({"is_back_fill": True})


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
