"""What a repair says that it changed, in results and in the ledger, against the tables before and after it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import duckdb
import pandas as pd

from nba_assets.engine.materialize import PartitionResult, RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.partition import Partition
from nba_assets.schema.changes import COUNTS, Changes
from nba_assets.schema.contract import ColumnType, columns_of
from nba_assets.session import Session
from nba_assets.tables import TABLES
from nba_assets.warehouse.ledger import PROCESSOR_RUNS, is_published
from nba_assets_tests.engine.warehouses import EditedSource
from nba_assets_tests.repair.conftest import Month
from nba_assets_tests.repair.corrections import one_basket_more
from nba_assets_tests.repair.season import days_from, repair, without

GAME, DAY, WALKER = "0022300160", date(2023, 11, 8), 1629022  # LAC@BKN
DAYS = days_from(DAY, date(2023, 11, 10))
BOX_SCORES = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores", "player_game_summary")
OF_TEAMS = (*BOX_SCORES, "team_offense_game_summary", "team_defense_game_summary", "upcoming_team_game_context")
Frames = dict[str, pd.DataFrame]


def frames(session: Session) -> Frames:
    """All rows of all tables, by key."""
    return {name: session.warehouse.read(table).set_index(table.keys) for name, table in TABLES.items()}


def counts_between(before: Frames, after: Frames, partition: Partition) -> dict[str, int]:
    """The counts of a partition, column by column from frames that were joined by key."""
    table = TABLES[partition.table]
    old, new = (of_day(some[table.name], table.partition, partition.day) for some in (before, after))
    both = old.index.intersection(new.index, sort=False)
    differs = pd.DataFrame(index=both)
    for column in (c for c in columns_of(table.contract) if c.is_business and not c.is_key):
        one, other = (rows.loc[both, column.name] for rows in (old, new))
        if column.type is ColumnType.STRING_LIST:
            one, other = one.map(tuple), other.map(tuple)
        if column.type is ColumnType.FLOAT:
            one, other = one.round(9), other.round(9)
        differs[column.name] = ~(one.eq(other).fillna(value=False).astype(bool) | (one.isna() & other.isna()))
    numbers = (len(new) - len(both), len(old) - len(both), differs.any(axis=1).sum(), differs.to_numpy().sum())
    return dict(zip(COUNTS, map(int, numbers), strict=True))


def of_day(rows: pd.DataFrame, partition: str, day: date) -> pd.DataFrame:
    return rows[rows.index.get_level_values(partition) == pd.Timestamp(day)]


def recorded(session: Session, built: Iterable[PartitionResult]) -> dict[Partition, dict[str, int]]:
    """What the newest attempt at each built partition has in the ledger."""
    runs = session.warehouse.read_relation(PROCESSOR_RUNS).sort_values("attempt_id")
    newest = runs.drop_duplicates(["table_name", "partition_date"], keep="last")
    wanted = {result.outcome.partition for result in built}
    rows = newest.set_index(["table_name", "partition_date"])
    return {p: rows.loc[(p.table, pd.Timestamp(p.day)), list(COUNTS)].to_dict() for p in wanted}


def changes_of(built: Iterable[PartitionResult]) -> dict[Partition, Changes]:
    found = {result.outcome.partition: result.changes for result in built}
    return {partition: changes for partition, changes in found.items() if changes is not None}


def test_a_repair_says_what_it_changed_and_the_next_one_that_takes_it_back_the_reverse(month: Month) -> None:
    before = frames(month())
    struck_out = month(without(GAME))
    built = repair(struck_out, DAYS, {DAY}, OF_TEAMS)
    between = frames(struck_out)
    found = changes_of(built)
    assert {result.outcome.partition for result in built} == set(found)
    for partition, changes in found.items():
        assert changes.counts == counts_between(before, between, partition), partition
    assert recorded(struck_out, built) == {partition: changes.counts for partition, changes in found.items()}
    assert found[Partition("raw_team_boxscores", DAY)].counts == dict.fromkeys(COUNTS, 0) | {"rows_removed": 2}
    assert found[Partition("upcoming_team_game_context", date(2023, 11, 10))].columns["game_number"] == 2
    again = changes_of(repair(month(), DAYS, {DAY}, OF_TEAMS))
    for partition, changes in found.items():
        back = again[partition].counts
        assert (back["rows_added"], back["rows_removed"]) == (changes.rows_removed, changes.rows_added), partition
        assert (back["rows_changed"], back["cells_changed"]) == (changes.rows_changed, changes.cells_changed), partition


def test_what_is_published_for_the_first_time_is_added_whole(month: Month) -> None:
    runs = month().warehouse.read_relation(PROCESSOR_RUNS)
    published = runs[is_published(runs)]
    assert published["rows_added"].tolist() == published["rows"].tolist()
    assert published["rows_added"].sum() > 10_000
    assert (published[[*COUNTS[1:]]] == 0).all(axis=None)
    assert runs.loc[~is_published(runs), [*COUNTS]].isna().all(axis=None)


def test_what_is_written_again_as_it_was_has_changed_nothing(month: Month) -> None:
    run = RunInfo(options=RunOptions(rewrite=True))
    [result] = materialize(month(), "player_game_summary", [DAY], run)
    assert result.changed
    assert result.changes == Changes()


def test_the_largest_changes_name_the_player_and_both_values(month: Month) -> None:
    built = repair(month(EditedSource(one_basket_more(GAME, WALKER, "BKN"))), [DAY], {DAY}, BOX_SCORES)
    [line] = [r for r in built if r.outcome.partition == Partition("player_game_summary", DAY)]
    assert line.changes is not None
    points = next(cell for cell in line.changes.largest if cell.column == "points")
    assert (points.row["player_name"], points.row["team"]) == ("Lonnie Walker IV", "BKN")
    assert (points.before, points.after, points.size) == (21, 23, 2.0)


def test_rows_altered_in_the_table_count_as_they_stood(month: Month) -> None:
    session = month()
    table = TABLES["player_game_summary"]
    with duckdb.connect(str(session.settings.warehouse_path)) as shell:
        shell.execute(f"DELETE FROM {table.dataset}.{table.name} WHERE game_date = ? AND team = 'BKN'", [DAY])
        shell.execute(
            f"UPDATE {table.dataset}.{table.name} SET points = 99 WHERE game_date = ? AND team = 'LAC'", [DAY]
        )
    before = frames(session)
    [result] = materialize(session, table.name, [DAY], RunInfo())
    assert result.changes is not None
    assert result.changes.counts == counts_between(before, frames(session), Partition(table.name, DAY))
    assert result.changes.rows_added > 5
    assert result.changes.columns.keys() == {"points"}
