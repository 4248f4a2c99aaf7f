"""All that we import of Dagster without its promise to keep it: no other module of ours imports `dagster._…`.

Every name says why it is needed and what would replace it. When an upgrade takes one away, the tests fail by its
name; whether it still does the same is for the tests of the modules that use it.
"""

# Why: a check's result of one date in a run over many is logged as an AssetCheckEvaluation that names the
# materialization it speaks of; without it the automation gate over that check never opens. (reporting.py)
# Replace by: the public AssetCheckResult, once it has a partition in runs over a range.
from dagster._core.definitions.asset_checks.asset_check_evaluation import (
    AssetCheckEvaluationTargetMaterializationData,
)

# Why: what a run over a range says of each date is stored as one batch, and `context.log_event` writes every event
# apart: a third of a season's backfill. (event_batch.py)
# Replace by: the same of the public interface, once it stores batches.
from dagster._core.events import AssetObservationData, StepMaterializationData

# Why: whether a backfill is over decides when its alerts are sent, and when coverage follows; the instance answers in
# this enum, and is asked by this filter. (alert_sensor.py, sensors.py)
# Replace by: both under public names, or an `is_finished` of the backfill.
from dagster._core.execution.backfill import BulkActionsFilter, BulkActionStatus

# Why: a failed run says whether it will be tried again before the daemon hears of its failure. (bulk_events.py)
# Replace by: nothing, once Dagster stores the event after what it says of the run.
from dagster._core.execution.retries import auto_reexecution_should_retry_run

# Why: which storage a dagster.yaml chooses is told without opening it, which would create one. (instance.py)
# Replace by: nothing to be told of it.
from dagster._core.instance.ref import InstanceRef

# Why: launchers of runs in containers are told not to fail the runs that commands execute themselves. (run_launchers/)
# Replace by: the launchers of dagster-docker and dagster-k8s as they are, once they ask for their own runs only.
from dagster._core.launcher.base import CheckRunHealthResult, RunLauncher, WorkerStatus

# Why: the result of a check that was given last must be the newest, whenever its run was planned. (bulk_events.py)
# Replace by: nothing, once Dagster orders results by their time.
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus

# Why: the base classes of our storages, which keep connections open where the stock ones make a new engine for every
# event (sqlite_storage.py, which only dagster.yaml names), and the tables of the event log (bulk_events.py).
# Replace by: the stock storages, by taking three sections out of dagster.yaml. All of it works on them, slower.
from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.runs import SqliteRunStorage
from dagster._core.storage.schedules import SqliteScheduleStorage
from dagster._core.storage.tags import WILL_RETRY_TAG

__all__ = [
    "WILL_RETRY_TAG",
    "AssetCheckEvaluationTargetMaterializationData",
    "AssetCheckExecutionRecordStatus",
    "AssetCheckExecutionsTable",
    "AssetObservationData",
    "BulkActionStatus",
    "BulkActionsFilter",
    "CheckRunHealthResult",
    "ConsolidatedSqliteEventLogStorage",
    "InstanceRef",
    "RunLauncher",
    "SqlEventLogStorage",
    "SqlEventLogStorageTable",
    "SqliteRunStorage",
    "SqliteScheduleStorage",
    "StepMaterializationData",
    "WorkerStatus",
    "auto_reexecution_should_retry_run",
]
