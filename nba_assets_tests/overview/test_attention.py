"""What needs attention is told by cause, not date by date: on real nights without a game, and once that is accepted."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.engine.run_options import RunOptions
from nba_assets.overview.as_json import matrix_as_dict
from nba_assets.overview.explain import explain
from nba_assets.overview.explain_text import as_dict
from nba_assets.overview.html import as_html
from nba_assets.overview.matrix import matrix
from nba_assets.overview.terminal import as_markdown, attention
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets_tests.engine.warehouses import (
    KNOWN_AFTER,
    KNOWN_BEFORE,
    EditedSource,
    build_range,
    copy_of,
    healthy,
    session,
)

BEFORE, FIRST, SECOND, THIRD = (date(2021, 11, day) for day in (6, 7, 8, 9))
FACTS = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.INACTIVES, ResultSet.SHOTS)
LOST = {"0022100141": "UTA@ORL", "0022100150": "NOP@DAL"}
JINGLES = ("204060", "Joe Ingles")


def _without_games(facts: pd.DataFrame) -> pd.DataFrame:
    return facts[~facts["GAME_ID" if "GAME_ID" in facts else "gameId"].isin(LOST)]


@pytest.fixture
def holes(tmp_path: Path) -> Session:
    """One game is missing of each of two nights; what could be built after them was asked for."""
    at = session(copy_of(healthy(BEFORE), tmp_path), EditedSource(dict.fromkeys(FACTS, _without_games)))
    build_range(at, FIRST, THIRD)
    return at


def test_two_gaps_with_one_cause_are_two_lines_wherever_they_are_told(holes: Session) -> None:
    found = matrix(holes, BEFORE, THIRD)
    heading, cause, what_to_do = attention(found)[1:]
    assert heading == "One cause needs attention:"
    games = ", ".join(f"{game} {teams}" for game, teams in LOST.items())
    where = f"raw_team_boxscores {FIRST} … {SECOND}, 2 dates"
    reason = f"no box score: {games}; finished games missing: DAL 1, NOP 1, ORL 1, UTA 1"
    assert cause == f"GAP {where}: {reason}"
    command = f"nba-assets repair {FIRST} {THIRD}"
    assert what_to_do == f"    holds back: 3 dates, 12 tables · {command}"
    markdown = as_markdown(found).splitlines()
    assert markdown[-1] == f"- **GAP** {where}: {reason}; holds back: 3 dates, 12 tables; `{command}`"
    assert f'"{FIRST} … {SECOND}, 2 dates","{reason}"' in as_html(found)


def test_what_was_accepted_is_the_one_cause_of_what_is_degraded_and_players_have_names(holes: Session) -> None:
    build_range(holes, FIRST, SECOND, tables=KNOWN_AFTER, options=RunOptions(force=True, forced_by="ada"))
    build_range(holes, SECOND, THIRD, tables=KNOWN_BEFORE)
    found = matrix(holes, BEFORE, THIRD)
    degraded = [cell for cell in found.cells() if cell.status == Status.DEGRADED]
    assert len(degraded) > 10
    (cause,) = found.troubles
    assert (cause.status, str(cause.first)) == (Status.DEGRADED, f"raw_team_boxscores {FIRST}")
    assert cause.how_many.startswith("degrades: 3 dates, ")
    assert cause.command == f"nba-assets refresh {FIRST} {SECOND}"
    assert all(game in cause.reason for game in LOST)

    number, name = JINGLES
    row = next(row for row in matrix_as_dict(found)["dates"] if row["date"] == str(THIRD))
    of_cache = row["cells"]["player_daily_cache"]
    assert name in of_cache["reason"]
    assert number not in of_cache["reason"]
    assert any(number in cause["entities"] for cause in of_cache["causes"]), "programs read the ids"
    told = as_dict(explain(holes, "player_daily_cache", THIRD))
    assert told["reason"] == of_cache["reason"]
    assert name in as_html(found)


def test_where_nothing_is_wrong_nothing_is_said(tmp_path: Path) -> None:
    found = matrix(session(copy_of(healthy(BEFORE), tmp_path)), BEFORE, BEFORE)
    assert found.troubles == attention(found) == []
    assert "attention" not in as_markdown(found)


def test_of_optional_tables_alone_the_date_is_what_they_are(tmp_path: Path) -> None:
    at = session(copy_of(healthy(BEFORE), tmp_path))
    found = matrix(at, BEFORE, FIRST, tables=["raw_injury_reports", "raw_game_lines"])
    assert [row.status for row in found.rows] == ["Complete", "Missing: raw_injury_reports and 1 more"]
    assert found.counts() == {Status.OK: 2, Status.MISSING: 2}
