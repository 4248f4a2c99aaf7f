"""Which of two results of a check is the newer: the one that was given later, whenever its run was planned.

Dagster takes a check's greatest row for the newest, makes it when a run is planned, and keeps it when there is a
result. Of two backfills over the same dates, planned in one order and executed in the other, the older result would
hide the newer: a green check over a gap.
"""

from __future__ import annotations

from typing import Any

import dagster as dg
import sqlalchemy

from nba_assets.orchestration.dagster_private import (
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionsTable,
    SqlEventLogStorage,
)


class NewestResultCounts(SqlEventLogStorage):
    """Mixed into an event log: a result becomes the newest row of its partition."""

    def _update_asset_check_evaluation(self, event: dg.EventLogEntry, event_id: int | None) -> None:
        evaluation: Any = event.dagster_event and event.dagster_event.event_specific_data
        rows = AssetCheckExecutionsTable.c
        planned = sqlalchemy.and_(
            rows.asset_key == evaluation.asset_key.to_string(),
            rows.check_name == evaluation.check_name,
            rows.run_id == event.run_id,
            rows.partition.is_(None) if evaluation.partition is None else rows.partition == evaluation.partition,
            rows.execution_status == AssetCheckExecutionRecordStatus.PLANNED.value,
        )
        with self.index_connection() as connection:
            connection.execute(AssetCheckExecutionsTable.delete().where(planned))
        super()._update_asset_check_evaluation(event, event_id)
