"""Every test starts from the defaults: no setting of the person who runs them, and a directory of its own."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import hypothesis
import pytest

import nba_assets_tests.needs  # noqa: F401  reads NBA_DATA_DIR before it is taken away

for _name in [name for name in os.environ if name.startswith(("NBA_", "AWS_SES_", "DAGSTER_"))]:
    if not _name.startswith("NBA_TEST_"):
        del os.environ[_name]

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A shell starts what it puts into the background so, and the commands under test would inherit it.
    signal.signal(signal.SIGINT, signal.default_int_handler)

hypothesis.settings.register_profile("ci", derandomize=True, deadline=None)
hypothesis.settings.load_profile("ci")


_LONGEST = (
    *("e2e/test_bad_day", "faults/test_living_week", "e2e/test_confused_day", "e2e/test_shared_server"),
    *(
        "faults/test_damages",
        "warehouse/test_weeks_in_both",
        "orchestration/test_runs",
        "sources/test_incomplete_answers",
    ),
    *("repair/test_killed", "repair/test_late_games", "e2e/test_backfill_in_the_ui", "e2e/test_runs_in_containers"),
    *("repair/test_one_by_one", "repair/test_corrections", "sources/test_nba_api_fetch", "planning/test_impact"),
    *("orchestration/test_automation", "cli/test_nowhere_to_write", "warehouse/test_bigquery"),
)
"""Files that begin first, so that no worker is left alone with one of them at the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files first; Make keeps this order when it hands files to workers."""
    root = Path(__file__).parent
    rank = {name: position for position, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: rank.get(str(item.path.relative_to(root).with_suffix("")), len(_LONGEST)))


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a test writes with relative paths lands in its temporary directory, and no .env is read."""
    monkeypatch.chdir(tmp_path)
