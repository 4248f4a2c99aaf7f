"""What a repair and its plan say of changed cells, typed as a person would: real nights, a line corrected, and back."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from typer.testing import Result

from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.planning.test_plan_comes_true import FIRST, Season

CURRY, HIS_NIGHT = 201939, "2021-10-21"
TABLES = "raw_schedule,raw_team_boxscores,raw_player_boxscores"
ROWS = "rows: 0 added, 0 removed, 2 changed (2 cells) in 2 tables."
COUNTS = {"rows_added": 0, "rows_removed": 0, "rows_changed": 1, "cells_changed": 1}
DETAILS = """\
raw_team_boxscores: 0 added, 0 removed, 1 changed (1 cell)
  column  cells  largest change
  stl         1  2021-10-21 0022100016 GSW: 5 → 6
raw_player_boxscores: 0 added, 0 removed, 1 changed (1 cell)
  column  cells  largest change
  stl         1  2021-10-21 Stephen Curry (GSW): 1 → 2
"""


def a_steal_more(log: pd.DataFrame) -> pd.DataFrame:
    """Curry's, and his team's, of the second night of the Warriors."""
    of_him = log["PLAYER_ID"].eq(CURRY) if "PLAYER_ID" in log else log["TEAM_ABBREVIATION"].eq("GSW")
    return log.assign(STL=log["STL"].mask(of_him & log["GAME_DATE"].eq(HIS_NIGHT), log["STL"] + 1))


def test_a_correction_is_told_by_the_plan_and_the_repair_alike_and_taking_it_back_as_well(tmp_path: Path) -> None:
    season = Season(tmp_path / "data")

    def run(command: str, *options: str) -> Result:
        settings = {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(tmp_path / "data")}
        result = nba_assets(
            command, str(FIRST), HIS_NIGHT, "--tables", TABLES, *options, home=tmp_path / "home", **settings
        )
        assert result.exit_code == 0, result.output
        return result

    assert re.search(r"rows: \d+ added, 0 removed, 0 changed \(0 cells\) in 3 tables\.", run("backfill").stdout)
    season.write(a_steal_more)
    plan = run("repair", "--dry-run", "--diff").stdout
    assert plan.startswith(DETAILS)
    assert f"{ROWS}\n2 partitions: 2 build (rows are written). Nothing was done." in plan
    planned = printed_json(run("repair", "--dry-run", "--diff", "--format", "json"))["plan"]
    done = printed_json(run("repair", "--diff", "--format", "json"))["changes"]
    assert {one["table"]: one["changes"] for one in planned} == {one.pop("table"): one for one in done["tables"]}
    assert {name: done[name] for name in COUNTS} == COUNTS | {"rows_changed": 2, "cells_changed": 2}
    [column] = done["tables"][1]["columns"]
    assert (column["column"], column["cells"]) == ("stl", 1)
    assert column["largest"] == {
        "date": HIS_NIGHT,
        "entity": "Stephen Curry (GSW)",
        "row": {"game_id": "0022100016", "player_id": CURRY, "player_name": "Stephen Curry", "team": "GSW"},
        "before": 1,
        "after": 2,
    }
    season.write()
    back = printed_json(run("repair", "--format", "json"))["changes"]
    assert back["tables"][0] == {"table": "raw_team_boxscores"} | COUNTS
    assert "rows:" not in run("repair").stdout
    rewritten = run("repair", "--rewrite").stdout
    assert "rows: none added, removed or changed." in rewritten
    assert "largest change" not in rewritten
