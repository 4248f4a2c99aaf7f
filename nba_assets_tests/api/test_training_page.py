"""The Python of docs/training.md runs as it stands, but for its dates: six weeks there, seventeen days here."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "training.md"
DATES = {"2021-11-15": "2021-11-03", "2021-11-22": "2021-11-04", "2021-11-30": "2021-11-04"}


@pytest.mark.filterwarnings("ignore::nba_assets.api.reader.OutOfDateWarning")
def test_the_code_of_the_page_runs(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NBA_HOME", str(home))
    monkeypatch.setenv("NBA_NOW", "2021-11-05T12:00")
    code = "\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL))
    for date, earlier in DATES.items():
        code = code.replace(date, earlier)
    names: dict[str, Any] = {}
    exec(compile(code, str(PAGE), "exec"), names)
    assert 0 < names["error"] < 15
    assert set(names["rows"]["game_date"].dt.strftime("%Y-%m-%d")) <= {"2021-11-02", "2021-11-03", "2021-11-04"}
    assert list(names["mine"].columns) == ["game_date", "player_id", "points"]
    assert len(names["mine"]) > 50
