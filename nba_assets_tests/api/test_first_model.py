"""docs/notebooks/first_model.ipynb, executed on what `make november` builds: its stored outputs are what comes out."""

from __future__ import annotations

import base64
import os
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from nba_assets_tests.cli.command import nba_assets

pytestmark = pytest.mark.long

ROOT = Path(__file__).parents[2]
NOTEBOOK = ROOT / "docs" / "notebooks" / "first_model.ipynb"
PICTURE = ROOT / "docs" / "images" / "first_model.png"
IMAGE = "image/png"
MOST_CELLS, MOST_BYTES = 10, 100_000


@pytest.fixture(scope="module")
def november(home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout with a home: that of the room's tests, and what is missing of November."""
    checkout = tmp_path_factory.mktemp("checkout")
    shutil.copytree(home, checkout / ".nba")
    built = nba_assets("backfill", "2021-11-05", "2021-11-30", "--quiet", home=checkout / ".nba")
    assert built.exit_code == 0, built.output
    (checkout / NOTEBOOK.parent.relative_to(ROOT)).mkdir(parents=True)
    return checkout


@pytest.fixture
def executed(november: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> nbformat.NotebookNode:
    """A fresh run where it lies, in a kernel of its own, which leaves nothing outside of the test's directory."""
    for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR", "JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "MPLCONFIGDIR"):
        monkeypatch.setenv(name, str(tmp_path / name.lower()))
    fresh = nbformat.read(NOTEBOOK, as_version=4)
    for cell in fresh.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    kept = dict(fresh.metadata)
    where = {"metadata": {"path": str(november / NOTEBOOK.parent.relative_to(ROOT))}}
    NotebookClient(fresh, timeout=120, record_timing=False, resources=where).execute()
    fresh.metadata = nbformat.from_dict(kept)  # the kernel writes its Python's version there
    return fresh


def texts(notebook: nbformat.NotebookNode) -> list[list[dict[str, Any]]]:
    """What each code cell has put out, without the pixels: those of another font are others."""
    found = []
    for cell in notebook.cells:
        outputs = [dict(output) for output in cell.get("outputs", [])]
        for output in outputs:
            if "data" in output:
                output["data"] = {kind: text if kind != IMAGE else "" for kind, text in output["data"].items()}
        found.append(outputs)
    return found


def pictures(notebook: nbformat.NotebookNode) -> list[bytes]:
    """The pictures that it shows."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    return [base64.b64decode(one["data"][IMAGE]) for one in outputs if IMAGE in one.get("data", {})]


def test_the_outputs_are_those_of_a_fresh_run(executed: nbformat.NotebookNode) -> None:
    """After a change that is meant: NBA_TEST_WRITE_SNAPSHOT=1 pytest …/test_first_model.py, and look at both files."""
    if os.environ.get("NBA_TEST_WRITE_SNAPSHOT"):
        nbformat.write(executed, NOTEBOOK)
        PICTURE.write_bytes(pictures(executed)[0])
    stored = nbformat.read(NOTEBOOK, as_version=4)
    assert texts(executed) == texts(stored)
    assert len(pictures(executed)) == 1


def test_it_is_small_and_the_readme_shows_its_picture() -> None:
    stored = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(stored)
    assert len(stored.cells) <= MOST_CELLS
    assert pictures(stored) == [PICTURE.read_bytes()]
    assert PICTURE.stat().st_size < MOST_BYTES
    assert f"]({PICTURE.relative_to(ROOT)})" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert "nba-assets backfill 2021-10-19 2021-11-30" in (ROOT / "Makefile").read_text(encoding="utf-8")
