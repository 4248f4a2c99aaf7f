"""What we use of Dagster without its promise: in one list, all of it there, and our storages override what exists."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import nba_assets
from nba_assets.orchestration import bulk_events, dagster_private, postgres_storage, sqlite_storage

ROOM = Path(nba_assets.__file__).parent
LIST = Path(dagster_private.__file__)
OUR_OWN = {
    "directory",
    "_engine",
    "_folder",
    "store_together",
    "_mark_failed",
    "_row",
    "_note_assets",
    "_plan_checks",
    "_replace_results",
    "_result_row",
    "_check_row",
}
"""What our storages add to Dagster's."""


def _private_imports(file: Path) -> Iterator[tuple[str, str]]:
    """(module, name) of each import from `dagster._…`, at whatever depth of the file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            found = [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [(alias.name, "") for alias in node.names]
        else:
            continue
        for module, name in found:
            if f"{module}.{name}".startswith(("dagster._", "dagster_shared")):
                yield module, name


@pytest.mark.parametrize(("module", "name"), list(_private_imports(LIST)), ids=lambda part: part.rpartition(".")[2])
def test_dagster_still_has(module: str, name: str) -> None:
    assert hasattr(import_module(module), name), f"this Dagster has no {module}.{name}; see {LIST.name}"
    assert name in dagster_private.__all__


def test_nothing_else_imports_what_is_private() -> None:
    files = sorted(ROOM.rglob("*.py"))
    assert LIST in files
    offenders = {str(file.relative_to(ROOM)): list(_private_imports(file)) for file in files if file != LIST}
    assert {file: imports for file, imports in offenders.items() if imports} == {}


def test_only_dagster_yaml_names_our_storages() -> None:
    names = {module.__name__.rpartition(".")[2] for module in (sqlite_storage, postgres_storage)}
    assert [file.name for file in ROOM.rglob("*.py") if names & _imported(file)] == []


def _imported(file: Path) -> set[str]:
    """The last part of every module, and every name, that a file imports from somewhere."""
    found = [node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.ImportFrom)]
    names = {alias.name for node in found for alias in node.names}
    return names | {(node.module or "").rpartition(".")[2] for node in found}


STORAGES = (
    sqlite_storage.LocalRunStorage,
    sqlite_storage.LocalScheduleStorage,
    sqlite_storage.PooledSqliteEventLogStorage,
    postgres_storage.EventLogStorage,
)
OUR_MODULES = {module.__name__ for module in (sqlite_storage, postgres_storage, bulk_events)}


@pytest.mark.parametrize("storage", STORAGES, ids=lambda storage: f"{storage.__module__}.{storage.__name__}")
def test_what_our_storages_override_exists(storage: type) -> None:
    ours = [each for each in storage.__mro__ if each.__module__ in OUR_MODULES]
    theirs = {name for each in storage.__mro__ if each not in ours for name in dir(each)}
    overridden = {name for each in ours for name in vars(each) if not name.startswith("__")} - OUR_OWN
    assert overridden - theirs == set(), f"Dagster no longer calls these of {storage.__name__}"
    assert "from_config_value" in overridden


def test_the_event_log_is_reached_by_the_connection_that_we_keep(tmp_path: Path) -> None:
    ours = sqlite_storage.PooledSqliteEventLogStorage(str(tmp_path))
    assert ours._conn_string.startswith("sqlite:///")
    with ours.index_connection() as first, ours.run_connection("any") as second:
        assert first.engine is second.engine is ours._engine
    ours.dispose()
