"""Code versions that were worked out before, kept beside Python's own bytecode and, like that, made of the source.

To find out what a table's code depends on, its modules are parsed: a quarter of a second, at each start of a command.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from hashlib import blake2b
from importlib.util import cache_from_source
from pathlib import Path

from nba_assets.whole_file import replaced_whole

_PACKAGE = Path(__file__).parents[1]
_ROOMS = ("tables", "league", "schema")
"""Where everything is that a code version is made of, and how it is made."""


def known_or(name: str, make: Callable[[], str]) -> str:
    """The version of that name as this source gives it; made, and kept where that is possible, if it is not known."""
    if _source() is None:
        return make()
    versions = _versions()
    if name not in versions:
        versions[name] = make()
        _keep(versions)
    return versions[name]


@cache
def _versions() -> dict[str, str]:
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        kept = json.loads(_file().read_text(encoding="utf-8"))
        if kept["source"] == _source():
            return {name: version for name, version in kept["versions"].items() if isinstance(version, str)}
    return {}


def _keep(versions: dict[str, str]) -> None:
    if sys.dont_write_bytecode:
        return
    with suppress(OSError):
        _file().parent.mkdir(parents=True, exist_ok=True)
        with replaced_whole(_file()) as part:
            part.write_text(json.dumps({"source": _source(), "versions": versions}), encoding="utf-8")


def _file() -> Path:
    return Path(cache_from_source(str(_PACKAGE / "tables" / "__init__.py"))).with_name("code_versions.json")


@cache
def _source() -> str | None:
    """What changes with every letter of it, and with Python, which parses it; None where there are no files of it."""
    files = sorted(file for room in _ROOMS for file in (_PACKAGE / room).glob("*.py"))
    if not files:
        return None
    found = blake2b(repr(sys.version_info).encode(), digest_size=16)
    for file in files:
        found.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return found.hexdigest()
