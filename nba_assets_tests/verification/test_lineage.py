"""What the record says a column is made of is what changes it, and nothing else does."""

from __future__ import annotations

from datetime import date, timedelta
from random import Random

import pandas as pd
import pytest

from nba_assets.schema.contract import names_of
from nba_assets.schema.table import Inputs, Table
from nba_assets.tables import RAW, TABLES, WITH_FEATURES
from nba_assets.tables.lineage import RECORD, finders, made_of, read_columns, text_of
from nba_assets.verification.lineage import COMPUTED, alterable, changed_by, found_by_experiment, what_is_read

ELSEWHEN = [date(2022, 1, 10) + timedelta(days=n) for n in range(5)]
COLUMNS_TRIED = 5
Read = dict[str, tuple[Inputs, pd.DatetimeIndex]]


@pytest.fixture(scope="module")
def read() -> Read:
    """What the tables read in another month of another league than the record was made with."""
    return what_is_read(COMPUTED, ELSEWHEN, seed=7)


def changed(table: Table, read: Read, column: str) -> set[str]:
    inputs, dates = read[table.name]
    return set(changed_by(table, table.shape(table.compute(inputs, dates)), inputs, dates, column))


@pytest.mark.parametrize("name", COMPUTED)
def test_what_changes_with_a_column_is_recorded_as_made_of_it(name: str, read: Read) -> None:
    table = TABLES[name]
    sources = made_of(table)
    for column in Random(name).sample(alterable(table), COLUMNS_TRIED):
        unrecorded = {one for one in changed(table, read, column) if column not in sources[one]}
        assert unrecorded == set(), f"{name} changes with {column}; run: python -m nba_assets.verification.lineage"


@pytest.mark.parametrize(
    ("name", "column", "made_of_it"),
    [
        ("player_game_summary", "raw_team_boxscores.won", {"won"}),
        ("player_game_summary", "raw_player_boxscores.oreb", {"oreb"}),
        ("team_offense_game_summary", "raw_team_boxscores.ftm", {"ftm", "ft_rate"}),
        ("upcoming_team_game_context", "raw_game_lines.total", {"total"}),
        ("upcoming_team_game_context", "team_offense_game_summary.margin", {"last_margin"}),
        ("team_defense_zone_analysis", "team_defense_game_summary.blocks", {"blocks_per_game"}),
        ("player_daily_cache", "player_game_summary.ftm", {"ft_points_share_last_10"}),
        ("ml_feature_store_v2", "team_defense_zone_analysis.opponent_pace", {"opponent_pace"}),
    ],
)
def test_some_columns_of_which_the_truth_is_known(name: str, column: str, made_of_it: set[str], read: Read) -> None:
    """A formula that stands in the code, the record, and the experiment say the same."""
    shown = {one for one, sources in made_of(TABLES[name]).items() if column in sources}
    flags = {"missing_features", "feature_quality_score", "is_production_ready", "data_quality_issues"}
    assert shown - flags == made_of_it
    assert changed(TABLES[name], read, column) - flags == made_of_it


@pytest.mark.parametrize("name", COMPUTED)
def test_the_record_names_columns_that_are_read(name: str) -> None:
    table = TABLES[name]
    recorded = made_of(table)
    assert list(recorded) == names_of(table.contract)
    readable = {f"{of}.{column}" for of, columns in read_columns(table).items() for column in columns}
    assert {source for sources in recorded.values() for source in sources} <= readable
    assert set(finders(table)) <= readable


def test_a_feature_is_made_of_its_sources_and_the_experiment_agrees() -> None:
    for table, features in WITH_FEATURES:
        for feature in features:
            assert set(made_of(table)[feature.name]) == set(feature.sources) - set(finders(table)), feature.name


def test_raw_tables_are_made_of_no_table() -> None:
    assert all(not any(made_of(TABLES[name]).values()) for name in RAW)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_record_is_what_the_experiments_find() -> None:
    assert text_of(found_by_experiment()) == RECORD.read_text(encoding="utf-8")
