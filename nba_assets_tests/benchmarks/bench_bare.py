"""Six weeks through Dagster beside Dagster alone: sixteen assets that compute nothing, with the same dates and checks.

Both on Dagster's own SQLite storage, ours on the storage of `nba-assets` beside. Printed are CPU seconds.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import dagster as dg
from dagster._core.instance.ref import InstanceRef

from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import days_between
from nba_assets.orchestration.instance import open_instance
from nba_assets.orchestration.launch import Launch
from nba_assets.orchestration.partitions import daily_partitions, tags_of_range
from nba_assets.session import open_session
from nba_assets.tables import TABLES
from nba_assets_tests.benchmarks.measure import process
from nba_assets_tests.needs import real_data

_FIRST, _LAST = date(2023, 10, 24), date(2023, 11, 30)
_DAYS = days_between(_FIRST, _LAST)
_CHECKS = ("one", "other")


def main() -> None:
    """Each in a process of its own, in turn."""
    alone = 0.0
    for name in _KINDS:
        with tempfile.TemporaryDirectory() as home:
            settings = {"NBA_SOURCE": "files", "NBA_HOME": home, "NBA_DATA_DIR": str(real_data())}
            seconds = process(["-m", __name__, name, home], settings).process_seconds
        alone = alone or seconds
        print(f"{name:32}{seconds:8.2f} s CPU{seconds / alone:7.2f} × Dagster alone", flush=True)


def _bare(home: Path) -> None:
    def body(context) -> Iterator[dg.AssetCheckResult]:  # type: ignore[no-untyped-def]  # Dagster cannot read it
        key = context.asset_key
        for day in context.partition_keys:
            context.log_event(dg.AssetMaterialization(key, partition=day))
        for day in context.partition_keys:
            for check in _CHECKS:
                context.log_event(
                    dg.AssetCheckEvaluation(asset_key=key, check_name=check, passed=True, metadata={}, partition=day)
                )
        yield from (dg.AssetCheckResult(check_name=check, asset_key=key, passed=True) for check in _CHECKS)

    assets = [
        dg.asset(
            name=table.name,
            partitions_def=daily_partitions(_FIRST, _LAST),
            check_specs=[dg.AssetCheckSpec(check, asset=table.name) for check in _CHECKS],
            backfill_policy=dg.BackfillPolicy.single_run(),
            output_required=False,
        )(body)
        for table in TABLES.values()
    ]
    job = dg.Definitions(assets=assets, executor=dg.in_process_executor).resolve_implicit_global_asset_job_def()
    with _stock(home) as instance:
        for asset in assets:
            selection, tags = [asset.key], tags_of_range(_FIRST, _LAST)
            assert job.execute_in_process(instance=instance, asset_selection=selection, tags=tags).success


def _ours(instance: dg.DagsterInstance) -> None:
    results = Launch(open_session(), instance, _DAYS, tuple(TABLES), RunOptions(backfill_mode=True), "season").run()
    assert len(results) == len(_DAYS) * len(TABLES)


def _ours_on_stock(home: Path) -> None:
    with _stock(home) as instance:
        _ours(instance)


def _ours_on_its_own(_: Path) -> None:
    with open_instance(open_session().settings) as instance:
        _ours(instance)


def _stock(home: Path) -> dg.DagsterInstance:
    """An instance as Dagster makes it where nothing is said."""
    place = home / "stock"
    place.mkdir()
    return dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(place)))


_KINDS = {
    "Dagster alone": _bare,
    "ours on Dagster's storage": _ours_on_stock,
    "ours on its own storage": _ours_on_its_own,
}

if __name__ == "__main__":
    _KINDS[sys.argv[1]](Path(sys.argv[2]))
