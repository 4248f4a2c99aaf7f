"""What the embedded warehouse adds: one file, whole transactions, and clear words when it cannot be written."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb as engine
import pytest

from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.tables import TABLES
from nba_assets.warehouse.base import WarehouseError
from nba_assets.warehouse.duckdb import DuckDBWarehouse
from nba_assets_tests.warehouse.publications import LINES, lines, publication

DAY = date(2021, 11, 5)


@pytest.fixture
def warehouse(tmp_path: Path) -> DuckDBWarehouse:
    """A warehouse that loses its patience quickly, with one game published."""
    fresh = DuckDBWarehouse(tmp_path / "warehouse.duckdb", patience=0.3, queue=0.3)
    fresh.publish(publication(lines(DAY, [210.5]), [DAY]))
    return fresh


def totals(warehouse: DuckDBWarehouse) -> list[float]:
    """The totals stored for the day."""
    return warehouse.read(LINES, start=DAY, end=DAY)["total"].tolist()


@contextmanager
def another_process(code: str, warehouse: DuckDBWarehouse) -> Iterator[subprocess.Popen[str]]:
    """A process that runs code with `path` and the day, has printed a line, and is killed at the end."""
    before = f"""
        import os, signal, sys, time
        from datetime import date
        from pathlib import Path
        path, day = Path({str(warehouse.path)!r}), date({DAY.year}, {DAY.month}, {DAY.day})
    """
    program = textwrap.dedent(before) + textwrap.dedent(code)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        assert process.stdout.readline(), "the process ended without a word"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_killed_between_delete_and_insert_the_old_rows_are_there_and_the_next_run_repairs(
    warehouse: DuckDBWarehouse,
) -> None:
    code = """
        import pandas as pd
        from nba_assets.warehouse.duckdb import DuckDBWarehouse
        from nba_assets_tests.warehouse.publications import lines, publication

        class Deadly(pd.DataFrame):
            @property
            def empty(self):  # the first thing that is asked of rows after the delete
                print("deleted", flush=True)
                os.kill(os.getpid(), signal.SIGKILL)

        doomed = publication(lines(day, [1.0, 2.0]), [day], attempt="2")
        object.__setattr__(doomed, "rows", Deadly(doomed.rows))
        DuckDBWarehouse(path).publish(doomed)
    """
    with another_process(code, warehouse) as process:
        assert process.wait(30) == -signal.SIGKILL
    assert totals(warehouse) == [210.5]
    assert len(warehouse.ledger(DAY, DAY)) == 1
    warehouse.publish(publication(lines(DAY, [211.0, 212.0]), [DAY], attempt="3"))
    assert totals(warehouse) == [211.0, 212.0]


def test_killed_at_any_moment_rows_and_ledger_agree(warehouse: DuckDBWarehouse) -> None:
    code = """
        from nba_assets.warehouse.duckdb import DuckDBWarehouse
        from nba_assets_tests.warehouse.publications import lines, publication
        warehouse = DuckDBWarehouse(path)
        for attempt in range(10, 1000):
            warehouse.publish(publication(lines(day, [float(attempt)] * attempt), [day], attempt=str(attempt)))
            print(attempt, flush=True)
    """
    with another_process(code, warehouse) as process:
        for _ in range(3):
            process.stdout.readline()  # type: ignore[union-attr]
    said = warehouse.ledger(DAY, DAY).iloc[-1]
    rows = warehouse.read(LINES, start=DAY, end=DAY)
    assert len(rows) == said["rows"] >= 12
    assert partition_hashes(rows, LINES.contract, [DAY])[DAY] == said["content_hash"]


def test_an_exception_in_the_transaction_leaves_everything_as_it_was(warehouse: DuckDBWarehouse) -> None:
    broken = publication(lines(DAY, [1.0]), [DAY], attempt="2")
    broken.runs["attempt_id"] = None
    with pytest.raises(WarehouseError, match=r"attempt_id.*What was published before is untouched"):
        warehouse.publish(broken)
    assert totals(warehouse) == [210.5]


def test_a_writer_that_waits_in_vain_names_the_holder(warehouse: DuckDBWarehouse) -> None:
    code = """
        from nba_assets.warehouse.duckdb import DuckDBWarehouse
        with DuckDBWarehouse(path).writer("backfilling November"):
            print("holding", flush=True)
            time.sleep(60)
    """
    with another_process(code, warehouse) as holder:
        with pytest.raises(WarehouseError, match=rf"process {holder.pid}, backfilling November, since 20\d\d-"):
            warehouse.publish(publication(lines(DAY, [1.0]), [DAY], attempt="2"))
        assert totals(warehouse) == [210.5], "readers do not wait for a writer who is computing"
    warehouse.publish(publication(lines(DAY, [211.0]), [DAY], attempt="2"))
    assert totals(warehouse) == [211.0], "a killed holder holds nothing"


def test_a_file_that_somebody_has_open_is_named_with_what_to_close(warehouse: DuckDBWarehouse) -> None:
    code = """
        import duckdb
        connection = duckdb.connect(str(path))
        print("open", flush=True)
        time.sleep(60)
    """
    with another_process(code, warehouse) as holder:
        with pytest.raises(WarehouseError, match=rf"held open by another process.*{holder.pid}.*Close the notebook"):
            warehouse.read(LINES)
        with pytest.raises(WarehouseError, match="held open by another process"):
            warehouse.publish(publication(lines(DAY, [1.0]), [DAY], attempt="2"))
    assert totals(warehouse) == [210.5]


def test_a_reader_waits_for_a_short_write(warehouse: DuckDBWarehouse) -> None:
    code = """
        import duckdb
        connection = duckdb.connect(str(path))
        print("open", flush=True)
        time.sleep(0.5)
    """
    patient = DuckDBWarehouse(warehouse.path, patience=10.0)
    with another_process(code, warehouse):
        assert totals(patient) == [210.5]


def test_readers_of_one_process_do_not_wait_for_each_other_and_a_writer_waits_for_both(
    warehouse: DuckDBWarehouse,
) -> None:
    other = DuckDBWarehouse(warehouse.path, patience=0.1)
    with warehouse.reading(), other.reading():
        assert totals(warehouse) == totals(other) == [210.5]
        with pytest.raises(WarehouseError, match="held open"):
            DuckDBWarehouse(warehouse.path, patience=0.1).publish(publication(lines(DAY, [1.0]), [DAY], attempt="2"))
    warehouse.publish(publication(lines(DAY, [211.0]), [DAY], attempt="2"))
    assert totals(other) == [211.0]


def test_between_reads_anybody_may_open_the_file_and_use_its_views(warehouse: DuckDBWarehouse) -> None:
    assert totals(warehouse) == [210.5]
    with engine.connect(str(warehouse.path)) as notebook:
        assert notebook.sql("SELECT count(*) FROM nba_processing.coverage").fetchall() == [(1,)]
    assert totals(warehouse) == [210.5]


def test_a_writer_may_write_within_its_own_turn(warehouse: DuckDBWarehouse) -> None:
    with warehouse.writer("outer"):
        with warehouse.writer("inner"):
            warehouse.publish(publication(lines(DAY, [211.0]), [DAY], attempt="2"))
        with pytest.raises(WarehouseError, match="outer"), DuckDBWarehouse(warehouse.path, queue=0.1).writer("other"):
            pass
    assert totals(warehouse) == [211.0]
    with DuckDBWarehouse(warehouse.path, queue=0.1).writer("after"):
        pass


def test_a_file_that_is_no_database_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "notes.duckdb"
    path.write_text("not a database " * 1000)
    with pytest.raises(WarehouseError, match=r"notes\.duckdb.*Check NBA_DUCKDB_PATH"):
        DuckDBWarehouse(path, patience=0.1).read(LINES)
    assert path.read_text() == "not a database " * 1000


@pytest.fixture
def shared_directory() -> Iterator[Path]:
    """A directory that other users can be let into; pytest's own lie behind one that they cannot enter."""
    with TemporaryDirectory() as name:
        yield Path(name)


def test_a_read_only_place_is_named(shared_directory: Path) -> None:
    path = shared_directory / "warehouse.duckdb"
    DuckDBWarehouse(path).publish(publication(lines(DAY, [210.5]), [DAY]))
    code = f"""
        import os
        from datetime import date
        from pathlib import Path
        from nba_assets.warehouse.base import WarehouseError
        from nba_assets.warehouse.duckdb import DuckDBWarehouse
        from nba_assets_tests.warehouse.publications import LINES, lines, publication
        day, path = date(2021, 11, 5), Path({str(path)!r})
        if os.getuid() == 0:
            os.setuid(65534)
        try:
            DuckDBWarehouse(path, patience=0.1).publish(publication(lines(day, [1.0]), [day], attempt="2"))
        except WarehouseError as error:
            print(error)
    """
    with readable_by_others(path):
        run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=True)
    assert "cannot be" in run.stdout
    assert "permissions of" in run.stdout or "the file's permissions" in run.stdout
    assert totals(DuckDBWarehouse(path)) == [210.5]


@contextmanager
def readable_by_others(path: Path) -> Iterator[None]:
    """The file, its lock and its folder can be read by everybody, and written by nobody."""
    lock = path.with_name(path.name + ".lock")
    before = {each: each.stat().st_mode for each in (path, lock, path.parent)}
    for each in before:
        each.chmod(0o444 if each.is_file() else 0o555)
    try:
        yield
    finally:
        for each, mode in before.items():
            each.chmod(mode)


def test_a_full_disk_leaves_what_was_published(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    warehouse = DuckDBWarehouse(path)
    warehouse.publish(publication(lines(DAY, [210.5]), [DAY]))
    code = f"""
        import resource, signal
        from datetime import date
        from pathlib import Path
        import numpy as np
        from nba_assets.warehouse.base import WarehouseError
        from nba_assets.warehouse.duckdb import DuckDBWarehouse
        from nba_assets_tests.warehouse.publications import lines, publication
        path, day = Path({str(path)!r}), date(2021, 11, 5)
        rows = lines(day, [1.0])
        rows = rows.loc[rows.index.repeat(400_000)].reset_index(drop=True)
        rows = rows.assign(total=np.random.default_rng(1).random(len(rows)))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = path.stat().st_size + 100_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            DuckDBWarehouse(path, patience=0.1).publish(publication(rows, [day], attempt="2"))
        except WarehouseError as error:
            print(error)
    """
    run = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False)
    assert "warehouse.duckdb" in run.stdout, run.stderr
    assert "untouched" in run.stdout or "free space" in run.stdout
    assert totals(warehouse) == [210.5]
    assert len(warehouse.ledger(DAY, DAY)) == 1
    warehouse.publish(publication(lines(DAY, [211.0]), [DAY], attempt="3"))
    assert totals(warehouse) == [211.0]


def test_the_views_show_features_as_an_array_and_the_newest_attempts(warehouse: DuckDBWarehouse) -> None:
    with engine.connect(str(warehouse.path), read_only=True) as connection:
        coverage = connection.execute("SELECT table_name, status, rows FROM nba_processing.coverage").fetchall()
        vectors = connection.execute("DESCRIBE nba_predictions.ml_feature_store_v2_vector").fetchall()
    assert coverage == [("raw_game_lines", "OK", 1)]
    assert {name: type_ for name, type_, *_ in vectors}["features"] == "DOUBLE[]"


def test_rows_without_what_the_contract_now_wants_are_an_error_with_the_next_step(warehouse: DuckDBWarehouse) -> None:
    with engine.connect(str(warehouse.path)) as connection:
        connection.execute(
            "INSERT INTO nba_precompute.player_daily_cache (cache_date, season, player_id) VALUES (?, '2021-22', 1)",
            [DAY],
        )
    with pytest.raises(WarehouseError, match=r"player_daily_cache: column \w+ cannot be .*run: nba-assets repair"):
        warehouse.read(TABLES["player_daily_cache"], start=DAY, end=DAY)
