"""Commands where nothing can be written, in a process of its own that a right or a disk has been taken from.

`python -m nba_assets_tests.cli.nowhere_to_write` reads from standard input what to do, and prints what came of it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from nba_assets_tests.cli.command import nba_assets
from nba_assets_tests.needs import absent, needs_program

_WITHOUT_ROOTS_RIGHTS = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner,-chown", "--")
WAREHOUSE = Path("simulated") / "warehouse.duckdb"
"""Where it lies in a home."""


@dataclass(frozen=True)
class Came:
    """What came of one command; `raised` if it did not end by itself."""

    status: int
    stdout: str
    stderr: str
    raised: str | None


def read_only(home: Path, *parts: str, commands: Sequence[Sequence[str]]) -> list[Came]:
    """What comes of commands for somebody who may only read these parts of a home."""
    before = _WITHOUT_ROOTS_RIGHTS if os.getuid() == 0 else ()
    return _in_a_process([*map(needs_program, before[:1]), *before[1:]], home, commands, parts or ("",))


def on_a_full_disk(home: Path, *, commands: Sequence[Sequence[str]]) -> list[Came]:
    """What comes of commands on a copy of a home that fills its disk; then there is room, and the last one runs again.

    The disk is in memory, and gone with the process, which alone can see it.
    """
    unshare = [needs_program("unshare"), "--mount", *([] if os.getuid() == 0 else ["--map-root-user"])]
    if subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        absent("a small disk of its own, which only root may mount here")
    return _in_a_process(unshare, home, commands)


def _in_a_process(
    before: Sequence[str], home: Path, commands: Sequence[Sequence[str]], parts: Sequence[str] = ()
) -> list[Came]:
    asked = json.dumps({"home": str(home), "commands": commands, "parts": parts})
    command = [*before, sys.executable, "-m", __name__]
    done = subprocess.run(command, input=asked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return [Came(**one) for one in json.loads(done.stdout)]


def _came(command: Sequence[str], home: Path) -> Came:
    result = nba_assets(*command, home=home, COLUMNS="2000")
    raised = None if isinstance(result.exception, (SystemExit, type(None))) else repr(result.exception)
    return Came(result.exit_code, result.stdout, result.stderr, raised)


@contextmanager
def _without_a_right(home: Path, parts: Sequence[str]) -> Iterator[None]:
    places = [place for part in parts for place in (home / part, *(home / part).rglob("*"))]
    modes = {place: place.stat().st_mode for place in places}
    for place, mode in modes.items():
        place.chmod(mode & 0o555)
    try:
        yield
    finally:
        for place, mode in modes.items():
            place.chmod(mode)


@contextmanager
def _full_disk(home: Path) -> Iterator[Callable[[], None]]:
    """Something that makes room."""
    content = home.with_name(f"{home.name}-before")
    home.rename(content)
    home.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(home)], check=True)
    shutil.copytree(content, home, dirs_exist_ok=True)
    ballast = home / "ballast"
    with ballast.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    yield ballast.unlink


def main() -> None:
    """Do what standard input says."""
    asked = json.loads(sys.stdin.read())
    home, commands = Path(asked["home"]), asked["commands"]
    if asked["parts"]:
        with _without_a_right(home, asked["parts"]):
            came = [_came(command, home) for command in commands]
    else:
        with _full_disk(home) as make_room:
            stood = (home / WAREHOUSE).read_bytes()
            came = [_came(command, home) for command in commands]
            assert (home / WAREHOUSE).read_bytes() == stood
            make_room()
            came.append(_came(commands[-1], home))
    print(json.dumps([asdict(one) for one in came]))


if __name__ == "__main__":
    main()
