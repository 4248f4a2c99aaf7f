"""The docs stay true where that is cheap to ask: paths, links and commands exist, and the rooms import one way."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from nba_assets.cli import COMMANDS

ROOT = Path(__file__).parents[1]
CONTRIBUTING = ROOT / "docs" / "contributing"
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
HOUSE = (CONTRIBUTING / "README.md").read_text(encoding="utf-8")


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _anchors(page: Path) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if "://" not in link and (not target.exists() or (anchor and anchor not in _anchors(target))):
            broken.append(link)
    assert broken == []


@pytest.mark.parametrize("page", sorted(CONTRIBUTING.glob("*.md")), ids=_name)
def test_every_path_that_contributors_are_sent_to_exists(page: Path) -> None:
    """Whether in backticks or in the lines of a command."""
    named = re.findall(r"(?<![\w/])(?:nba_assets|nba_assets_tests|docs)/[\w/.]*\w/?", page.read_text(encoding="utf-8"))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_command_exists(page: Path) -> None:
    """In backticks or at the beginning of a line of code; `$` before it or not."""
    named = re.findall(
        r"(?:`|^\s*(?:\$ )?)nba-assets ([a-z]+(?:-[a-z]+)*)", page.read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert set(named) <= set(COMMANDS)


def test_every_command_is_in_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"`nba-assets {name}" not in readme] == []


def _rooms() -> dict[str, int]:
    """Each room of the contributors' table and the number of its row."""
    rows = [re.findall(r"`nba_assets/(\w+)(?:/|\.py)`", row.split("|")[1]) for row in HOUSE.splitlines() if "|" in row]
    return {room: number for number, rooms in enumerate(rows) for room in rooms}


def _imports(module: Path) -> Iterator[str]:
    """The rooms that a module imports from when it runs: what is imported for its types alone does not count."""
    tree = ast.parse(module.read_text(encoding="utf-8"))
    for_types = [n for n in ast.walk(tree) if isinstance(n, ast.If) and getattr(n.test, "id", "") == "TYPE_CHECKING"]
    skipped = {id(node) for block in for_types for node in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from [node.module.split(".")[1]] if node.module.startswith("nba_assets.") else []
        elif isinstance(node, ast.Import):
            yield from (name.name.split(".")[1] for name in node.names if name.name.startswith("nba_assets."))


def test_a_room_imports_from_its_own_row_of_the_table_and_those_above() -> None:
    rooms = _rooms()
    wrong = []
    for module in sorted((ROOT / "nba_assets").rglob("*.py")):
        path = module.relative_to(ROOT / "nba_assets")
        if path.name == "__init__.py" and len(path.parts) == 1:
            continue
        own = rooms[path.parts[0].removesuffix(".py")]
        wrong += [f"{path} imports from {room}" for room in _imports(module) if rooms[room] > own]
    assert wrong == []
