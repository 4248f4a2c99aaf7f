"""`nba-assets dev` watches over what it starts: nothing of it is left, however it ends. And it serves the page."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from nba_assets.cli.dev import coverage_page
from nba_assets.settings import load_settings

STARTER = """
import os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open("pids.new", "w") as file:
    file.write(f"{os.getpid()} {child.pid}")
os.rename("pids.new", "pids")
"""
"""A program that starts another, as Dagster does, and says which."""
WAITS, ENDS = "time.sleep(600)", "sys.exit(3)"
IS_DEAF = "import signal; [signal.signal(n, signal.SIG_IGN) for n in (signal.SIGINT, signal.SIGTERM)]"
SUPERVISE = """
import sys
from nba_assets.cli.dev import supervise
print(supervise([sys.executable, '-c', sys.argv[1]]))
"""


def supervised(directory: Path, then: str, *, before: str = "") -> tuple[subprocess.Popen[str], list[int]]:
    """A process that supervises the program, and the processes of the program, once these have begun."""
    process = subprocess.Popen(
        [sys.executable, "-c", SUPERVISE, f"{before}\n{STARTER}\n{then}"],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (directory / "pids").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    return process, [int(pid) for pid in (directory / "pids").read_text().split()]


def is_running(pid: int) -> bool:
    """Not if it has ended and nobody has asked for its status yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("told", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_told_to_end_it_ends_all_that_it_started(tmp_path: Path, told: signal.Signals) -> None:
    process, pids = supervised(tmp_path, WAITS)
    assert all(map(is_running, pids))
    process.send_signal(told)
    said, _ = process.communicate(timeout=60)
    assert said.splitlines()[-1] == "True"
    assert process.returncode == 0
    assert not any(map(is_running, pids))


def test_what_ends_by_itself_takes_the_rest_along(tmp_path: Path) -> None:
    process, pids = supervised(tmp_path, ENDS)
    said, _ = process.communicate(timeout=60)
    assert said.splitlines()[-1] == "False"
    assert not any(map(is_running, pids))


def test_told_twice_it_waits_no_longer(tmp_path: Path) -> None:
    process, pids = supervised(tmp_path, WAITS, before=IS_DEAF)
    process.send_signal(signal.SIGINT)
    time.sleep(1)
    assert is_running(pids[0]), "it has time to finish what it is at"
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=10)
    assert said.splitlines()[-1] == "True"
    assert not any(map(is_running, pids))


def test_in_the_background_of_a_shell_it_hears_as_well(tmp_path: Path) -> None:
    """A shell has SIGINT ignored there, and what is started inherits that."""
    kept = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        process, pids = supervised(tmp_path, WAITS)
    finally:
        signal.signal(signal.SIGINT, kept)
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=20)
    assert said.splitlines()[-1] == "True"
    assert not any(map(is_running, pids))


def test_the_coverage_page_has_an_address_for_what_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBA_COVERAGE_URL", "")  # and whatever is set below is taken back
    settings = load_settings(home=tmp_path)
    settings.coverage_page.parent.mkdir(parents=True, exist_ok=True)
    settings.coverage_page.write_text("the page")
    with coverage_page(settings, "127.0.0.1", 0):
        url = load_settings(home=tmp_path).coverage_url
        assert url is not None
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert answer.read() == b"the page"
    assert url in capsys.readouterr().err


def test_without_a_port_for_the_page_it_goes_on_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBA_COVERAGE_URL", "")  # and whatever is set below is taken back
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with coverage_page(load_settings(home=tmp_path), "127.0.0.1", other.getsockname()[1]):
            assert load_settings(home=tmp_path).coverage_url is None
    assert "the coverage page has no address" in capsys.readouterr().err.replace("\n", " ")


def test_a_page_that_others_serve_is_left_to_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NBA_COVERAGE_URL", "https://nba.example.org/coverage/")
    with coverage_page(load_settings(home=tmp_path), "127.0.0.1", 0):
        assert load_settings(home=tmp_path).coverage_url == "https://nba.example.org/coverage"
    assert capsys.readouterr().err == ""
