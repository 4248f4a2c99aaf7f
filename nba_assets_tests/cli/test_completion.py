"""Completion: what is offered, that it loads no Dagster, and that no fault reaches the line that is being typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import nba_assets
from nba_assets.cli import completion
from nba_assets.partition import Status
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets as run

PROGRAM = """
import json, sys
from nba_assets.cli import main
sys.argv = ["nba-assets"]
try:
    main()
finally:
    with open("loaded.json", "w") as file:
        json.dump(sorted({name.split(".")[0] for name in sys.modules}), file)
"""


def complete(directory: Path, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
    """What bash is answered that has these words, the last of them unfinished."""
    asked = {"COMP_WORDS": "\n".join(["nba-assets", *words]), "COMP_CWORD": str(len(words))}
    asked |= {"_NBA_ASSETS_COMPLETE": "complete_bash", "PYTHONPATH": str(Path(nba_assets.__file__).parents[1])}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(
        command, env=os.environ | asked | settings, cwd=directory, capture_output=True, text=True, check=False
    )


def test_commands_and_the_tables_of_an_option_are_offered_without_dagster(tmp_path: Path) -> None:
    commands = complete(tmp_path, "un")
    assert (commands.stdout, commands.stderr) == ("unaccept\n", "")
    assert {"pandas", "dagster"}.isdisjoint(json.loads((tmp_path / "loaded.json").read_text()))
    tables = complete(tmp_path, "backfill", "--tables", "raw_shots,raw_te")
    assert (tables.stdout, tables.stderr) == ("raw_shots,raw_team_boxscores\n", "")
    assert "dagster" not in json.loads((tmp_path / "loaded.json").read_text())


@pytest.mark.parametrize("words", [("fetch", "2"), ("no-such-command", "x"), ("coverage", "--season", "2")])
def test_with_settings_that_cannot_be_read_nothing_is_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    (tmp_path / ".env").write_bytes(b"NBA_SOURCE=filez\n\xff\xfe\nno setting at all\n")
    found = complete(tmp_path, *words)
    assert (found.stdout.strip(), found.stderr) == ("", "")


def test_each_option_offers_what_it_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert completion.table("") == [*TABLES]
    assert completion.table("ML") == ["MLFS"]
    assert completion.tables("PGS,raw_sh") == ["PGS,raw_shots"]
    assert completion.selection("+raw_sh") == ["+raw_shots"]
    assert completion.selection("raw,group:an") == ["raw,group:analytics"]
    assert completion.selection("post") == ["postgame"]
    assert completion.statuses("OK,D") == ["OK,DEGRADED"]
    assert completion.statuses("") == [*Status]
    for season in ("2021-22", "2022-23", "notes"):
        (tmp_path / season).mkdir()
    monkeypatch.setenv("NBA_SOURCE", "files")
    monkeypatch.setenv("NBA_DATA_DIR", str(tmp_path))
    assert completion.season("20") == ["2021-22", "2022-23"]
    assert completion.season("2022") == ["2022-23"]
    monkeypatch.setenv("NBA_SOURCE", "filez")
    assert completion.season("") == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_what_is_shown_is_what_is_installed(tmp_path: Path, shell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    shown = run("--show-completion", shell, home=None)
    installed = run("--install-completion", shell, home=None)
    assert (shown.exit_code, installed.exit_code) == (0, 0)
    assert "_NBA_ASSETS_COMPLETE=complete_" in shown.stdout
    file = Path(installed.stdout.split("installed in ")[1].split(";")[0])
    assert file.is_relative_to(tmp_path)
    assert file.read_text() == shown.stdout or file.read_text() + "\n" == shown.stdout


def test_what_cannot_be_installed_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "file")
    found = run("--install-completion", "fish", home=None)
    assert (found.exit_code, found.stdout) == (1, "")
    assert found.stderr.startswith("error: completion cannot be installed: ")
    assert str(tmp_path / "file") in found.stderr
    unknown = run("--install-completion", "tcsh", home=None)
    assert unknown.exit_code == 2
    assert "'bash', 'zsh', 'fish'" in " ".join(unknown.stderr.split())
