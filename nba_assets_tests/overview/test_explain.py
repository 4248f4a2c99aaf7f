"""Explanations on a real night whose box scores lack a game: from any cell to the root, by name, with the command."""

from __future__ import annotations

import io
import json
from datetime import date, datetime
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import EASTERN
from nba_assets.overview.explain import explain
from nba_assets.overview.explain_text import as_dict, as_tree
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.engine.warehouses import (
    KNOWN_AFTER,
    KNOWN_BEFORE,
    REQUIRED_RAW,
    EditedSource,
    build_range,
    copy_of,
    healthy,
    session,
)
from nba_assets_tests.needs import real_data

BEFORE, DAY, NEXT = date(2021, 11, 6), date(2021, 11, 7), date(2021, 11, 8)
GAME = "0022100139"
LOGS = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.INACTIVES)


def _without_game(log: pd.DataFrame) -> pd.DataFrame:
    return log[log["GAME_ID"] != GAME]


@pytest.fixture(scope="module")
def gap(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """7 of 8 games of the 7th; the schedule is known up to the 8th."""
    at = session(
        copy_of(healthy(BEFORE), tmp_path_factory.mktemp("gap")), EditedSource({ResultSet.TEAM_LOG: _without_game})
    )
    build_range(at, DAY, DAY, tables=REQUIRED_RAW)
    materialize(at, "raw_schedule", [NEXT], RunInfo())
    return at


def _text(at: Session, table: str, day: date, *, full: bool = True) -> str:
    shown = io.StringIO()
    Console(width=200, file=shown).print(as_tree(explain(at, table, day), full=full))
    return shown.getvalue()


def test_a_gap_is_its_own_root_with_its_entities_and_two_ways_out(gap: Session) -> None:
    explanation = explain(gap, "raw_team_boxscores", DAY)
    assert [root.cell.partition.table for root in explanation.roots] == ["raw_team_boxscores"]
    assert [(e.entity, e.category, e.details) for e in explanation.tree.entities] == [
        (f"{GAME} BKN@TOR BKN", "UPSTREAM_GAP", "no box score"),
        (f"{GAME} BKN@TOR TOR", "UPSTREAM_GAP", "no box score"),
    ]
    assert explanation.games[0] == f"{GAME} BKN@TOR (final)"
    assert len(explanation.games) == 8
    assert tuple(map(str, explanation.commands)) == (
        "nba-assets repair 2021-11-07 2021-11-08",
        "nba-assets backfill 2021-11-07 2021-11-08 --accept-gaps",
    ), "to the last date that waits for it"
    lines = [line.strip(" │├└─") for line in _text(gap, "raw_team_boxscores", DAY, full=False).splitlines()]
    assert f"7/8 games (14/16 complete, 16 required); {GAME} BKN@TOR: no box score" in lines
    assert "held back: 2 dates, 12 tables" in lines


@pytest.mark.long
def test_what_is_degraded_names_all_its_roots(tmp_path: Path) -> None:
    nights = [date(2021, 11, day) for day in (2, 3, 5)]
    games: set[str] = set()

    def without_shots(shots: pd.DataFrame) -> pd.DataFrame:
        """None of the first game of each of the nights."""
        of_nights = shots[shots["GAME_DATE"].isin([f"{night:%Y%m%d}" for night in nights])]
        games.update(of_nights.groupby("GAME_DATE")["GAME_ID"].min())
        return shots[~shots["GAME_ID"].isin(games)]

    at = session(copy_of(healthy(BEFORE), tmp_path), EditedSource({ResultSet.SHOTS: without_shots}))
    for night in nights:
        build_range(at, night, night, tables=KNOWN_AFTER)
    build_range(at, BEFORE, BEFORE, tables=KNOWN_BEFORE)
    explanation = explain(at, "ml_feature_store_v2", BEFORE)
    assert explanation.tree.cell.status == Status.DEGRADED
    assert [str(root.cell.partition) for root in explanation.roots] == [f"raw_shots {night}" for night in nights]
    assert {game.split()[0] for root in explanation.roots for game in root.lacking} == games
    assert len(games) == 3
    told = _text(at, "ml_feature_store_v2", BEFORE, full=False)
    assert "root: raw_shots DEGRADED on 3 dates, 2021-11-02 … 2021-11-05: no shots: " in told
    assert all(game in told for game in games)


def test_a_young_gap_is_accepted_by_force_of_its_own_date_alone(gap: Session) -> None:
    a_week_later = session(gap.settings.home, now=datetime(2021, 11, 14, 12, tzinfo=EASTERN))
    assert tuple(map(str, explain(a_week_later, "ml_feature_store_v2", NEXT).commands)) == (
        "nba-assets repair 2021-11-07 2021-11-08",
        "nba-assets backfill 2021-11-07 2021-11-07 --force",
    )


def test_what_waits_leads_to_the_gap_and_names_team_and_game(gap: Session) -> None:
    explanation = explain(gap, "ml_feature_store_v2", NEXT)
    assert explanation.tree.cell.status == Status.BLOCKED
    assert {str(root.cell.partition) for root in explanation.roots} == {f"raw_team_boxscores {DAY}"}
    assert [root.lacking for root in explanation.roots] == [(f"{GAME} BKN@TOR (2021-11-07)",)]
    lacking = {of_team.team: of_team for node in explanation.tree.walk() for of_team in node.missing}
    assert set(lacking) == {"BKN", "TOR"}, "the other fourteen teams of the night have lost nothing"
    assert lacking["BKN"].name == "Brooklyn Nets"
    assert f"{GAME} BKN@TOR (2021-11-07)" in lacking["BKN"].games
    assert str(explanation.commands[0]) == "nba-assets repair 2021-11-07 2021-11-08"


def test_every_input_is_expanded_once_and_none_that_another_leads_to(gap: Session) -> None:
    tree = explain(gap, "ml_feature_store_v2", NEXT).tree
    expanded = [node.cell.partition for node in tree.walk() if not node.seen]
    assert len(expanded) == len(set(expanded))
    for node in tree.walk():
        children = {child.cell.partition for child in node.inputs}
        below = {n.cell.partition for child in node.inputs for n in child.walk()} - children
        assert not children & below


def test_the_tree_reads_from_the_cell_to_the_root(gap: Session) -> None:
    text = _text(gap, "player_game_summary", DAY)
    lines = [line.strip() for line in text.splitlines()]
    assert lines[0] == "player_game_summary 2021-11-07 BLOCKED"
    assert lines[1].startswith("├── root: raw_team_boxscores 2021-11-07 GAP: 7/8 games")
    root = next(line for line in lines[2:] if "raw_team_boxscores 2021-11-07 GAP" in line)
    assert root.endswith("GAP  14/16 complete, 16 required  ← root")
    assert "7/8 games (14/16 complete, 16 required); 0022100139 BKN@TOR: no box score" in text
    assert text.count("no box score") == 1, "what the reason names is not listed again"
    assert "8 games on 2021-11-07: 0022100139 BKN@TOR (final)" in text
    assert "  nba-assets repair 2021-11-07 2021-11-07" in text


def test_one_missing_game_fits_on_a_screen_and_nothing_is_told_twice(gap: Session) -> None:
    text = _text(gap, "ml_feature_store_v2", NEXT, full=False)
    lines = [line.strip(" │├└─") for line in text.splitlines() if line.strip()]
    assert lines[1].startswith("root: raw_team_boxscores 2021-11-07 GAP: 7/8 games")
    assert lines[2:5] == [
        f"BKN (Brooklyn Nets): 1 finished game missing: {GAME} BKN@TOR (2021-11-07)",
        f"TOR (Toronto Raptors): 1 finished game missing: {GAME} BKN@TOR (2021-11-07)",
        "held back: 2 dates, 12 tables",
    ]
    assert len(lines) <= 12
    lines = [line.strip(" │├└─") for line in _text(gap, "ml_feature_store_v2", NEXT).splitlines() if line.strip()]
    assert len(lines) <= 40
    told = [line for line in lines if not line.endswith("(see above)")]
    assert len(told) == len(set(told))
    assert [line for line in lines if line.startswith(("#", "nba-assets"))] == [
        "# rebuilds it, raw tables from the source, and then what waits for it",
        "nba-assets repair 2021-11-07 2021-11-08",
        "# only if the rest will never come: publishes what is there of gaps past the late limit, DEGRADED, and builds "
        "what waits",
        "nba-assets backfill 2021-11-07 2021-11-08 --accept-gaps",
    ]


def test_json_holds_the_whole_tree(gap: Session) -> None:
    told = json.loads(json.dumps(as_dict(explain(gap, "player_game_summary", DAY))))
    assert (told["table"], told["date"], told["status"]) == ("player_game_summary", "2021-11-07", "BLOCKED")
    node = told
    while node["inputs"]:
        node = node["inputs"][0]
    assert (node["table"], node["status"], node["expected"], node["complete"]) == ("raw_team_boxscores", "GAP", 16, 14)
    assert node["entities"][0]["entity"] == f"{GAME} BKN@TOR BKN"
    assert told["commands"][0].startswith("nba-assets repair")
    (root,) = told["roots"]
    assert (root["table"], root["date"], root["status"]) == ("raw_team_boxscores", "2021-11-07", "GAP")
    assert root["lacking_games"] == [f"{GAME} BKN@TOR (2021-11-07)"]
    assert told["held_back"]["dates"] == ["2021-11-07"]
    assert "player_game_summary" in told["held_back"]["tables"]


def test_players_are_named(gap: Session) -> None:
    explanation = explain(gap, "player_daily_cache", BEFORE)
    assert explanation.tree.cell.status == Status.OK
    early = {entity.name: entity for entity in explanation.tree.entities}
    assert early["Frank Kaminsky (1626163)"].category == "INSUFFICIENT_HISTORY"
    assert tuple(map(str, explanation.commands)) == ()
    assert "Frank Kaminsky" not in _text(gap, "player_daily_cache", BEFORE), "a short history is nothing wrong"


def test_missing_not_due_and_stale_say_what_to_do(gap: Session, tmp_path: Path) -> None:
    untouched = date(2021, 12, 1)
    missing = explain(gap, "ml_feature_store_v2", untouched)
    assert missing.tree.cell.status == Status.MISSING
    assert tuple(map(str, missing.commands)) == (
        "nba-assets repair 2021-11-07 2021-12-01",
        "nba-assets backfill 2021-11-07 2021-12-01 --accept-gaps",
    )
    noon = session(copy_of(healthy(BEFORE), tmp_path), now=datetime(2021, 11, 7, 12, tzinfo=EASTERN))
    materialize(noon, "raw_schedule", [DAY], RunInfo())
    waiting = explain(noon, "raw_team_boxscores", DAY)
    assert (waiting.tree.cell.status, tuple(map(str, waiting.commands))) == (Status.NOT_DUE, ())


def test_stale_names_the_input_that_was_computed_later(tmp_path: Path) -> None:
    def corrected(log: pd.DataFrame) -> pd.DataFrame:
        """A steal more of each team: of its row, and of its first player's."""
        first = log["GAME_ID"].eq("0022100136") & ~log.duplicated(["GAME_ID", "TEAM_ID"])
        return log.assign(STL=log["STL"].mask(first, log["STL"] + 1))

    logs = dict.fromkeys((ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG), corrected)
    at = session(copy_of(healthy(BEFORE), tmp_path), EditedSource(logs))
    build_range(at, BEFORE, BEFORE, tables=["raw_team_boxscores"])
    explanation = explain(at, "team_offense_game_summary", BEFORE)
    assert explanation.tree.cell.status == Status.STALE
    assert [str(node.cell.partition) for node in explanation.tree.inputs] == [f"raw_team_boxscores {BEFORE}"]
    assert tuple(map(str, explanation.commands)) == (f"nba-assets repair {BEFORE} {BEFORE}",)


def test_degraded_leads_to_what_a_person_accepted(tmp_path: Path) -> None:
    lost = {rs: (lambda frame: frame[frame["GAME_ID" if "GAME_ID" in frame else "gameId"] != GAME]) for rs in LOGS}
    at = session(copy_of(healthy(BEFORE), tmp_path), EditedSource(lost))
    build_range(at, DAY, DAY, tables=KNOWN_AFTER, options=RunOptions(force=True))
    build_range(at, NEXT, NEXT, tables=["raw_schedule", "team_defense_zone_analysis"])
    explanation = explain(at, "team_defense_zone_analysis", NEXT)
    assert explanation.tree.cell.status == Status.DEGRADED
    assert {str(root.cell.partition) for root in explanation.roots} == {f"raw_team_boxscores {DAY}"}
    assert tuple(map(str, explanation.commands)) == (f"nba-assets refresh {DAY} {DAY}",)


class TestCommand:
    """`nba-assets explain TABLE DATE`"""

    @pytest.fixture
    def run(self, gap: Session) -> object:
        settings = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(real_data())}
        return lambda *arguments: nba_assets("explain", *arguments, home=gap.settings.home, **settings)

    @pytest.mark.parametrize("name", ["raw_team_boxscores", "TBOX", "tbox"])
    def test_a_table_by_its_name_or_its_short_name(self, run, name: str) -> None:  # type: ignore[no-untyped-def]
        result = run(name, "2021-11-07")
        assert result.exit_code == 0
        assert "raw_team_boxscores 2021-11-07 GAP" in result.output

    def test_json_on_standard_output(self, run) -> None:  # type: ignore[no-untyped-def]
        result = run("MLFS", "2021-11-08", "--format", "json")
        assert result.exit_code == 0
        assert json.loads(result.stdout)["status"] == "BLOCKED"

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("ml_feature_store", "2021-11-08"), "did you mean 'ml_feature_store_v2'"),
            (("MLFS", "08.11.2021"), "DATE '08.11.2021' is not a date; write it like 2021-11-01"),
            (("MLFS", "2015-11-08"), "2015-11-08 is before the first partition"),
        ],
    )
    def test_what_cannot_be_explained_ends_with_status_two(self, run, arguments: tuple[str, str], message: str) -> None:  # type: ignore[no-untyped-def]
        result = run(*arguments)
        assert result.exit_code == 2
        assert message in " ".join(result.output.split())


@pytest.mark.parametrize("table", TABLES)
def test_every_table_can_be_explained(gap: Session, table: str) -> None:
    assert _text(gap, table, DAY).startswith(f"{table} {DAY} ")


@pytest.mark.parametrize("day", [date(2021, 10, 1), date(2021, 10, 19), date(2021, 11, 25)])
def test_every_kind_of_day_can_be_explained(gap: Session, day: date) -> None:
    assert _text(gap, "ml_feature_store_v2", day).startswith(f"ml_feature_store_v2 {day} ")
