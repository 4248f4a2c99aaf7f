"""Sources are chosen by name from one place; one more is a module and an entry."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.league.calendar import COUNTING_TYPES
from nba_assets.session import Session
from nba_assets.settings import Settings, SettingsError, load_settings
from nba_assets.sources.base import ResultSet, Unversioned
from nba_assets.sources.registry import SOURCES, RegisteredSource, is_made_up


class Silent(Unversioned):
    """A source that has nothing."""

    name = "silent"
    counting_types = COUNTING_TYPES

    def read(self, result_set: ResultSet, season: str, dates: Sequence[date] | None = None) -> pd.DataFrame | None:
        """Nothing of any season."""


def open_source(settings: Settings) -> Silent:  # noqa: ARG001
    """What the registry calls."""
    return Silent()


@pytest.mark.parametrize("name", list(SOURCES))
def test_every_registered_source_opens_under_its_name_with_its_types(tmp_path: Path, name: str) -> None:
    (tmp_path / "2021-22").mkdir()
    settings = load_settings(source=name, data_dir=tmp_path, home=tmp_path)
    source = Session(settings).source
    assert (source.name, source.counting_types) == (name, SOURCES[name].counting_types)
    assert settings.covered_types == source.counting_types


def test_an_unknown_name_is_refused_with_those_that_exist() -> None:
    with pytest.raises(SettingsError, match=f"NBA_SOURCE=espn: allowed: {', '.join(SOURCES)}$"):
        load_settings(source="espn")


def test_a_source_that_the_settings_do_not_describe_is_a_wrong_setting() -> None:
    with pytest.raises(SettingsError, match=r"^NBA_SOURCE=files needs NBA_DATA_DIR"):
        _ = Session(load_settings(source="files")).source


@pytest.mark.parametrize("made_up", [True, False])
def test_another_source_is_a_module_and_an_entry(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, made_up: bool
) -> None:
    monkeypatch.setitem(SOURCES, "silent", RegisteredSource("silent", __name__, is_made_up=made_up))
    settings = load_settings(source="silent", home=tmp_path)
    assert isinstance(Session(settings).source, Silent)
    assert settings.state == (tmp_path / "silent" if made_up else tmp_path)


def test_one_source_is_made_up_and_an_unknown_one_is_taken_for_real() -> None:
    assert [name for name in SOURCES if is_made_up(name)] == ["simulated"]
    assert not is_made_up("copy of files")


def test_choosing_a_source_imports_none() -> None:
    program = "import sys, nba_assets.session; print(*(m for m in sys.modules if m.startswith('nba_assets.sources.')))"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert not {"files", "simulated", "nba_api"} & {name.split(".")[2] for name in done.stdout.split()}
