"""A plan is what the command then does: over random states of six real nights, typed as a person would.

The plan is taken from the printed JSON, what was done from the ledger and the state of every partition.
"""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pandas as pd
import pytest
from typer.testing import CliRunner

from nba_assets.cli import app
from nba_assets.league.calendar import days_between
from nba_assets.partition import FAILED, Status
from nba_assets.planning.load import load_state
from nba_assets.session import open_session
from nba_assets.sources.base import GAME_LOGS, ResultSet
from nba_assets.tables import TABLES
from nba_assets_tests.needs import real_data

FIRST, LAST = date(2021, 10, 19), date(2021, 10, 24)
SEASON = "2021-22"
OF_GAMES = (*GAME_LOGS, ResultSet.BOX_SCORES, ResultSet.INACTIVES, ResultSet.SHOTS)
Cells = set[tuple[str, date]]


class Season:
    """Six nights of a season in a directory of their own, in which games get lost, come back, and are corrected."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory / SEASON
        self._directory.mkdir(parents=True)
        for file in (real_data() / SEASON).glob("*.parquet"):
            shutil.copy(file, self._directory / file.name)
        log = self._read(ResultSet.TEAM_LOG)
        self.games = sorted(log.loc[log["GAME_DATE"] <= str(LAST), "GAME_ID"].unique())
        self._whole = {name: self._of_games(name, set(self.games)) for name in OF_GAMES}
        self.lost: set[str] = set()
        self.write()

    def write(self, correct: Callable[[pd.DataFrame], pd.DataFrame] = lambda log: log) -> None:
        """The files without the lost games; the logs as `correct` makes them."""
        for name, frame in self._whole.items():
            kept = frame[~frame[_game(frame)].isin(self.lost)]
            (correct(kept) if name in GAME_LOGS else kept).to_parquet(self._directory / f"{name}.parquet")

    def _of_games(self, name: ResultSet, games: set[str]) -> pd.DataFrame:
        frame = self._read(name)
        return frame[frame[_game(frame)].isin(games)]

    def _read(self, name: ResultSet) -> pd.DataFrame:
        return pd.read_parquet(self._directory / f"{name}.parquet")


def _game(frame: pd.DataFrame) -> str:
    return "gameId" if "gameId" in frame else "GAME_ID"


def _a_steal_more(game: str) -> Callable[[pd.DataFrame], pd.DataFrame]:
    def corrected(log: pd.DataFrame) -> pd.DataFrame:
        first = log["GAME_ID"].eq(game) & ~log.duplicated(["GAME_ID", "TEAM_ID"])
        return log.assign(STL=log["STL"].mask(first, log["STL"] + 1))

    return corrected


def _something_happens(random: Random, season: Season) -> None:
    """Games get lost, or come back, or one is corrected."""
    match random.randrange(3):
        case 0:
            season.lost |= {*random.sample(season.games, 2)}
            season.write()
        case 1:
            season.lost = set()
            season.write()
        case _:
            season.write(_a_steal_more(random.choice(season.games)))


def _command(random: Random) -> list[str]:
    first = FIRST + timedelta(days=random.choice([0, 0, 0, 1, 3]))
    last = random.choice([first, LAST, LAST])
    command = random.choice(["backfill", "backfill", "repair", "refresh"])
    arguments = [command, str(first), str(last)]
    if command != "refresh":
        tables = ",".join(random.sample([*TABLES], 9))
        arguments += random.choice([[], [], [], ["--force"], ["--tables", tables]])
    if command == "backfill":
        arguments += random.choice([[], ["--bootstrap-days", "0"]])
    if command == "repair":
        arguments += random.choice([[], [], ["--rewrite"]])
    return arguments


def _run(*arguments: str) -> Any:
    ran = CliRunner().invoke(app, [*arguments, "--format", "json"])
    assert ran.exit_code in (0, 1), ran.output
    assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
    return json.loads(ran.stdout)


def _planned(plan: list[dict[str, Any]]) -> dict[str, Cells]:
    found: dict[str, Cells] = {}
    for table in plan:
        for verdict, spans in table["dates"].items():
            days = [day for span in spans for day in days_between(*map(date.fromisoformat, span))]
            found.setdefault(verdict, set()).update((table["table"], day) for day in days)
    return found


def _ledger() -> pd.DataFrame:
    rows = open_session().warehouse.stored_ledger().sort_values("attempt_id")
    return rows.assign(day=rows["partition_date"].dt.date)


def _contents(rows: pd.DataFrame) -> dict[tuple[str, date], str]:
    published = rows[rows["published"].fillna(False).astype(bool)]
    return dict(
        zip(zip(published["table_name"], published["day"], strict=True), published["content_hash"], strict=True)
    )


def _done(before: pd.DataFrame, arguments: list[str]) -> dict[str, Cells]:
    """What a command has done, from the attempts that the ledger has more, and from what waits now as it did before."""
    after = _ledger()
    was, is_now = _contents(before), _contents(after)
    more = after[~after["attempt_id"].isin(before["attempt_id"]) & after["status"].ne(Status.STALE)]
    newest = more.drop_duplicates(["table_name", "day"], keep="last")
    found: dict[str, Cells] = {"build": set(), "unchanged": set(), "failed": set(), "blocked": set()}
    for row in newest.itertuples():
        cell = (row.table_name, row.day)
        if row.published:
            is_written = "--rewrite" in arguments or was.get(cell) != is_now[cell]
            found["build" if is_written else "unchanged"].add(cell)
        elif row.status in FAILED or row.status == Status.BLOCKED:
            found["failed" if row.status in FAILED else "blocked"].add(cell)
    first, last = map(date.fromisoformat, arguments[1:3])
    asked = arguments[arguments.index("--tables") + 1].split(",") if "--tables" in arguments else TABLES
    last = LAST if arguments[0] == "refresh" else last
    state = load_state(open_session(), first, last)
    for day in days_between(first, last):
        waiting = [name for name in asked if state.cell(name, day).status == Status.BLOCKED]
        found["blocked"] |= {(name, day) for name in waiting if state.newest(name, day) is not None}
    return {verdict: cells for verdict, cells in found.items() if cells}


def _try(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, steps: int) -> Counter[str]:
    random, season = Random(seed), Season(tmp_path / "data")
    for name, value in {"HOME": tmp_path / "home", "SOURCE": "files", "DATA_DIR": tmp_path / "data"}.items():
        monkeypatch.setenv(f"NBA_{name}", str(value))
    seen: Counter[str] = Counter()
    for step in range(steps):
        if not step:
            season.lost = {*random.sample(season.games, 2)}
            season.write()
        elif random.random() < 0.7:
            _something_happens(random, season)
        arguments = _command(random) if step else ["backfill", str(FIRST), str(LAST)]
        plan = _planned(_run(*arguments, "--dry-run")["plan"])
        before = _ledger()
        assert _planned(_run(*arguments, "--dry-run")["plan"]) == plan, "a plan changes nothing"
        pd.testing.assert_frame_equal(_ledger(), before)
        _run(*arguments)
        assert plan == _done(before, arguments), " ".join(arguments)
        seen.update({verdict: len(cells) for verdict, cells in plan.items()})
    return seen


@pytest.mark.long
def test_a_plan_comes_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _try(tmp_path, monkeypatch, seed=3, steps=3)
    assert set(seen) >= {"build", "failed", "blocked"}


@pytest.mark.soak
@pytest.mark.parametrize("seed", [10, 11])
def test_many_plans_come_true(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int) -> None:
    assert _try(tmp_path, monkeypatch, seed, steps=8).total() > 100
