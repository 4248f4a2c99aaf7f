"""Code versions that are kept: as long as the source is the same, beside its bytecode, and no longer."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from nba_assets.tables import TABLES

_ASK = """
import json
from nba_assets.tables import TABLES
print(json.dumps({name: table.code_version for name, table in TABLES.items()}))
"""
_PACKAGE = Path(__file__).parents[2] / "nba_assets"
_TODAY = {name: table.code_version for name, table in TABLES.items()}


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the package, of which nothing is known yet."""
    place = tmp_path / "nba_assets"
    shutil.copytree(_PACKAGE, place, ignore=shutil.ignore_patterns("__pycache__"))
    return place


def _asked(package: Path, **more: str) -> dict[str, str]:
    settings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    settings |= {"PYTHONPATH": str(package.parent)} | more
    said = subprocess.run(
        [sys.executable, "-c", _ASK], cwd=package.parent, env=settings, check=True, capture_output=True, text=True
    )
    found: dict[str, str] = json.loads(said.stdout)
    return found


def _kept(package: Path) -> Path | None:
    return next((package / "tables").rglob("code_versions.json"), None)


def test_what_is_known_is_not_worked_out_again(copied: Path) -> None:
    assert _asked(copied) == _TODAY
    kept = _kept(copied)
    assert kept is not None
    known = json.loads(kept.read_text())
    assert len(known["versions"]) == len(TABLES)
    kept.write_text(json.dumps(known | {"versions": dict.fromkeys(known["versions"], "by hand")}))
    assert set(_asked(copied).values()) == {"by hand"}


def test_with_another_source_nothing_is_known(copied: Path) -> None:
    _asked(copied)
    module = copied / "league" / "formulas.py"
    module.write_text(module.read_text().replace("0.44", "0.45"))
    now = _asked(copied)
    assert now["player_game_summary"] != _TODAY["player_game_summary"]
    assert now["raw_schedule"] == _TODAY["raw_schedule"]


@pytest.mark.long
@pytest.mark.parametrize("text", ["", "{", "[]", '{"source": 1}', '{"source": null, "versions": []}'])
def test_a_damaged_file_is_written_anew(copied: Path, text: str) -> None:
    _asked(copied)
    kept = _kept(copied)
    assert kept is not None
    kept.write_text(text)
    assert _asked(copied) == _TODAY
    assert json.loads(kept.read_text())["versions"]


def test_nothing_is_kept_where_no_bytecode_is(copied: Path) -> None:
    assert _asked(copied, PYTHONDONTWRITEBYTECODE="1") == _TODAY
    assert _kept(copied) is None
