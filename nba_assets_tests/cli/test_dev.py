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

from nba_assets.cli.console import UsageError
from nba_assets.cli.dev import alone, coverage_page, ui_page
from nba_assets.settings import load_settings
from nba_assets_tests.cli.command import nba_assets

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


def test_what_it_starts_runs_in_a_directory_of_its_own(tmp_path: Path) -> None:
    """In a checkout Dagster would warn of a dagster.yaml that does not count, and mean ours."""
    says_where = "import pathlib; pathlib.Path('here').touch()"
    program = "import sys; from nba_assets.cli.dev import supervise; supervise(sys.argv[2:], sys.argv[1])"
    started = [sys.executable, "-c", says_where]
    subprocess.run([sys.executable, "-c", program, str(tmp_path), *started], check=True, timeout=60)
    assert (tmp_path / "here").exists()


@pytest.mark.long
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
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = load_settings(home=tmp_path)
    settings.coverage_page.parent.mkdir(parents=True, exist_ok=True)
    settings.coverage_page.write_text("the page")
    with coverage_page(settings, "127.0.0.1", 0) as variables:
        url = variables["NBA_COVERAGE_URL"]
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


def test_the_ui_has_an_address_for_what_is_started_unless_people_come_to_it_by_another(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    assert ui_page(settings, "127.0.0.1", 3000) == {"NBA_DAGSTER_URL": "http://127.0.0.1:3000"}
    behind_a_proxy = load_settings(home=tmp_path, dagster_url="https://nba.example.org/")
    assert (ui_page(behind_a_proxy, "127.0.0.1", 3000), behind_a_proxy.dagster_url) == ({}, "https://nba.example.org")


def test_two_on_one_state_are_one_too_many(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path)
    settings.state.mkdir(parents=True)
    with alone(settings, "http://127.0.0.1:3000/asset-groups"):
        second = alone(settings, "http://127.0.0.1:3002/asset-groups")
        with pytest.raises(UsageError, match=r"already at work on .*: http://127\.0\.0\.1:3000/asset-groups"), second:
            raise AssertionError("both would work")
        with alone(load_settings(home=tmp_path, source="files"), "on another state"):
            pass
    with alone(settings, "once the first has ended"):
        assert (settings.state / "dev.address").read_text() == "once the first has ended"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"NBA_SOURCE": "files"}, "NBA_SOURCE=files needs NBA_DATA_DIR"),
        ({"NBA_SOURCE": "files", "NBA_DATA_DIR": "nowhere"}, "nowhere"),
        ({"NBA_PARTITIONS_START": "2099-01-01"}, "there is no partition yet: NBA_PARTITIONS_START=2099-01-01 is after"),
        ({"NBA_NOW": "2021-11-01", "NBA_PARTITIONS_START": "2021-11-02"}, "NBA_PARTITIONS_START=2021-11-02 is after"),
    ],
)
def test_it_does_not_start_where_nothing_could_be_built(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    result = nba_assets("dev", "--port", "47311", home=tmp_path, **settings)
    assert result.exit_code == 2
    assert said in result.stderr.replace("\n", " ")
    assert "Traceback" not in result.output


@pytest.mark.parametrize("command", [("dev", "--port", "47311"), ("backfill", "2021-10-19", "2021-10-19")])
@pytest.mark.parametrize(
    ("written", "said"),
    [("nonsense: 3", "nonsense"), ("nonsense: [", "while parsing"), (None, "cannot be used")],
)
def test_a_damaged_instance_is_named(tmp_path: Path, command: tuple[str, ...], written: str | None, said: str) -> None:
    place = tmp_path / "simulated" / "dagster"
    if written is None:
        place.parent.mkdir(parents=True)
        place.write_text("a file")
    else:
        place.mkdir(parents=True)
        (place / "dagster.yaml").write_text(written)
    result = nba_assets(*command, home=tmp_path)
    assert result.exit_code == 2
    assert said in result.stderr
    assert str(place) in result.stderr.replace("\n", "")
    assert "Traceback" not in result.output
