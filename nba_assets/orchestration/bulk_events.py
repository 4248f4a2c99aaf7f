"""An event log that stores a batch of events at once, where a check's newest result counts and no retry is missed.

Dagster's own stores one event after the other, and a check's result in several statements. It also takes a check's
greatest row for the newest, makes it when a run is planned, and keeps it when there is a result: of two backfills over
the same dates, planned in one order and executed in the other, the older result would hide the newer, a green check
over a gap. Here a result becomes the newest row of its partition.

And of a failed run Dagster stores the event first, then that the run has failed, then that it will be tried again.
Its daemon looks at a new failure once, and if it comes in between leaves the run alone for good: its backfill waits
for ever. Here the event comes last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from typing import Any, NamedTuple

import dagster as dg
import sqlalchemy

from nba_assets.orchestration.dagster_private import (
    WILL_RETRY_TAG,
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionsTable,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    auto_reexecution_should_retry_run,
)

_OF_ASSETS = frozenset(
    {
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_OBSERVATION,
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    }
)
_PLANNED_CHECK = dg.DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED
_RESULT = dg.DagsterEventType.ASSET_CHECK_EVALUATION
_IN_BULK = _OF_ASSETS | {_PLANNED_CHECK, _RESULT}


class _Stored(NamedTuple):
    """An event, the id of its row, and how it was written there."""

    event: dg.EventLogEntry
    id: int
    text: str

    @property
    def type(self) -> dg.DagsterEventType:
        return self.event.get_dagster_event().event_type

    @property
    def data(self) -> Any:
        return self.event.get_dagster_event().event_specific_data


class BulkEvents(SqlEventLogStorage):
    """Mixed into an event log that has all runs in one place."""

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event; that of a failed run once the run says that it has failed, and whether it is tried again."""
        said = event.dagster_event
        if said is not None and said.is_run_failure and self.has_instance and self._instance.run_retries_enabled:
            self._mark_failed(event.run_id, said, datetime.fromtimestamp(event.timestamp, UTC))
        super().store_event(event)

    def _mark_failed(self, run_id: str, said: dg.DagsterEvent, at: datetime) -> None:
        """What Dagster does as well, but after the event is stored; once more changes nothing."""
        run = self._instance.get_run_by_id(run_id)
        if run is not None:
            failed = run.with_status(dg.DagsterRunStatus.FAILURE)
            reason = getattr(said.event_specific_data, "failure_reason", None)
            again = auto_reexecution_should_retry_run(self._instance, failed, reason)
            self._instance.add_run_tags(run_id, {WILL_RETRY_TAG: str(again).lower()})
            self._instance.run_storage.handle_run_event(run_id, said, at)

    def store_event_batch(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store the events; those that are seldom one after the other."""
        if {event.dagster_event_type for event in events} <= _IN_BULK:
            self.store_together(events)
        else:
            super().store_event_batch(events)

    def store_together(self, events: Sequence[dg.EventLogEntry]) -> None:
        """Store events of assets and checks, all of them or none."""
        if not events:
            return
        with self.index_transaction() as connection:
            rows = [self._row(event) for event in events]
            table = SqlEventLogStorageTable
            insertion = table.insert().returning(table.c.id, sort_by_parameter_order=True)
            ids = connection.scalars(insertion, rows).all()
            stored = [_Stored(event, id_, row["event"]) for event, id_, row in zip(events, ids, rows, strict=True)]
            self._note_assets(connection, [one for one in stored if one.type in _OF_ASSETS])
            self._plan_checks(connection, [one for one in stored if one.type == _PLANNED_CHECK])
            self._replace_results(connection, [one for one in stored if one.type == _RESULT])

    def _row(self, event: dg.EventLogEntry) -> dict[str, Any]:
        """As Dagster's own rows are, with an eighth less of text."""
        said = event.get_dagster_event()
        return {
            "run_id": event.run_id,
            "event": dg.serialize_value(event, separators=(",", ":")),
            "dagster_event_type": said.event_type_value,
            "timestamp": self._event_insert_timestamp(event),  # type: ignore[no-untyped-call]
            "step_key": said.step_key,
            "asset_key": said.asset_key.to_string() if said.asset_key else None,
            "partition": said.partition,
        }

    def _note_assets(self, connection: sqlalchemy.Connection, stored: Sequence[_Stored]) -> None:
        """The tags of all events, and of each asset the last one."""
        self._store_asset_event_tags(connection, [one.event for one in stored], [one.id for one in stored])
        last = {(str(one.event.get_dagster_event().asset_key), one.type): one for one in stored}
        for one in last.values():
            self._store_asset_event(connection, one.event, one.id)

    def _plan_checks(self, connection: sqlalchemy.Connection, stored: Sequence[_Stored]) -> None:
        rows = [
            self._check_row(one, partition, AssetCheckExecutionRecordStatus.PLANNED)
            for one in stored
            for partition in (one.data.partitions_subset.get_partition_keys() if one.data.partitions_subset else [None])
        ]
        if rows:
            connection.execute(AssetCheckExecutionsTable.insert(), rows)

    def _update_asset_check_evaluation(self, event: dg.EventLogEntry, event_id: int | None) -> None:
        assert event_id is not None  # the row of every event is stored first
        with self.index_transaction() as connection:
            self._replace_results(connection, [_Stored(event, event_id, dg.serialize_value(event))])

    def _replace_results(self, connection: sqlalchemy.Connection, stored: Sequence[_Stored]) -> None:
        """New rows for what was planned by the same run, or evaluated by it before."""
        for replaced in _same_check(stored):
            connection.execute(AssetCheckExecutionsTable.delete().where(replaced))
        if stored:
            connection.execute(AssetCheckExecutionsTable.insert(), [self._result_row(one) for one in stored])

    def _result_row(self, one: _Stored) -> dict[str, Any]:
        status = AssetCheckExecutionRecordStatus
        target = one.data.target_materialization_data
        row = self._check_row(one, one.data.partition, status.SUCCEEDED if one.data.passed else status.FAILED)
        return row | {"materialization_event_storage_id": target.storage_id if target else None}

    def _check_row(
        self, one: _Stored, partition: str | None, status: AssetCheckExecutionRecordStatus
    ) -> dict[str, Any]:
        return {
            "asset_key": one.data.asset_key.to_string(),
            "check_name": one.data.check_name,
            "partition": partition,
            "run_id": one.event.run_id,
            "execution_status": status.value,
            "evaluation_event": one.text,
            "evaluation_event_timestamp": self._event_insert_timestamp(one.event),  # type: ignore[no-untyped-call]
            "evaluation_event_storage_id": one.id,
        }


def _same_check(stored: Sequence[_Stored]) -> Iterator[sqlalchemy.ColumnElement[bool]]:
    """What is true of the rows of the same checks, partitions and runs."""
    rows = AssetCheckExecutionsTable.c

    def check_of(one: _Stored) -> tuple[str, str, str]:
        return one.data.asset_key.to_string(), one.data.check_name, one.event.run_id

    for (asset, check, run), of_check in groupby(sorted(stored, key=check_of), key=check_of):
        partitions = [one.data.partition for one in of_check]
        is_partition = rows.partition.is_(None) if partitions == [None] else rows.partition.in_(partitions)
        yield sqlalchemy.and_(rows.asset_key == asset, rows.check_name == check, rows.run_id == run, is_partition)
