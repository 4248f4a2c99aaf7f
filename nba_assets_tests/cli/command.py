"""`nba-assets …` in this process, with settings of one's own."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import jsonschema
from typer.testing import CliRunner, Result

from nba_assets.cli import app

DOCS = Path(__file__).parents[2] / "docs"
SCHEMA = json.loads((DOCS / "json" / "schema.json").read_text(encoding="utf-8"))


def nba_assets(*arguments: str, home: Path | None, **settings: str) -> Result:
    """The outcome of a command line; `settings` are variables of the environment, and so is `home` if there is one."""
    place = {} if home is None else {"NBA_HOME": str(home)}
    environment: Mapping[str, str] = {**place, "COLUMNS": "160", **settings}
    result = CliRunner().invoke(app, list(arguments), env=environment)
    if ("--format", "json") in pairwise(arguments) and "--out" not in arguments:
        _require_described(arguments, result)
    return result


def printed_json(result: Result) -> Any:
    """What a command with --format json printed on standard output."""
    return _parsed(result.stdout)


def definition_of(arguments: Sequence[str]) -> str:
    """What the schema of docs/json.md calls that which a command prints."""
    command, is_of_one = arguments[0], any(not one.startswith("-") for one in arguments[1:2])
    if command in ("backfill", "repair", "refresh"):
        return "plan" if "--dry-run" in arguments else "build"
    of_one = {"tables": "columns", "log": "lines"}
    return of_one.get(command, command) if is_of_one else command


def _require_described(arguments: Sequence[str], result: Result) -> None:
    """Nothing at all, or an object that the schema describes; an error, or a usage error, leaves nothing half said."""
    if result.stdout:
        require_described(_parsed(result.stdout), definition_of(arguments))
    else:
        assert result.exit_code != 0, "asked for JSON, and got none"


def _parsed(text: str) -> Any:
    """JSON as others read it, too: NaN, which Python would let pass, is none."""

    def refuse(name: str) -> None:
        raise ValueError(f"{name} is not JSON")

    return json.loads(text, parse_constant=refuse)


def require_described(printed: Any, definition: str) -> None:
    """ValidationError unless the schema describes all that a command printed."""
    jsonschema.Draft202012Validator(_CLOSED | _sealed({"$ref": f"#/$defs/{definition}"})).validate(printed)


def _sealed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that refuses the members that it does not describe.

    The one in docs lets them pass, for they may come with any release. What another definition extends stays open.
    """
    found = dict(schema)
    for keyword in ("items", "additionalProperties"):
        if isinstance(found.get(keyword), dict):
            found[keyword] = _sealed(found[keyword])
    if "properties" in found:
        found["properties"] = {name: _sealed(part) for name, part in found["properties"].items()}
    if "anyOf" in found:
        found["anyOf"] = [_sealed(part) for part in found["anyOf"]]
    return found | {"unevaluatedProperties": False}


def _open(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A definition: whatever is in it is sealed, it itself where it is used."""
    sealed = _sealed(schema)
    del sealed["unevaluatedProperties"]
    return sealed


_CLOSED = SCHEMA | {"$defs": {name: _open(part) for name, part in SCHEMA["$defs"].items()}}
