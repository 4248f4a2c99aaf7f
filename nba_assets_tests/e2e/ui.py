"""What a person sets off in Dagster's UI, as its dialogs send it, and what came of it: colours by date, checks, runs.

What a page of it shows is in `pages.py`, what a test expects is the business of the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nba_assets.league.calendar import days_between
from nba_assets.tables import TABLES
from nba_assets_tests.e2e.deployment import Deployment

Colours = dict[date, str]
"""Date -> what the UI shows of it; dates of which Dagster knows nothing are left out."""

_LAUNCH = """
mutation($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
_CANCEL = "mutation($id: String!) { cancelPartitionBackfill(backfillId: $id) { __typename } }"
_LAUNCH_JOB = """
mutation($selector: JobOrPipelineSelector!) {
  launchRun(executionParams: {selector: $selector, runConfigData: {}}) {
    __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  }
}"""
_RUN = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_RUNS = """
{
  runsOrError(limit: 1000) {
    ... on Runs { results { runId jobName status tags { key value } assetSelection { path } } }
  }
}"""
_BACKFILL = "query($id: String!) { partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } } }"
_BACKFILLS = "{ partitionBackfillsOrError { ... on PartitionBackfills { results { id endTimestamp } } } }"
_TICKS = """
query($selector: RepositorySelector!) {
  sensorsOrError(repositorySelector: $selector) {
    ... on Sensors { results { name sensorState { ticks(limit: 200) { timestamp status error { message } } } } }
  }
}"""
_DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } } }"
_PARTITIONS = """
query($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    assetPartitionStatuses { ... on TimePartitionStatuses { ranges { status startKey endKey } } }
  }
}"""
_CHECKS = """
query($keys: [AssetKeyInput!]) {
  assetNodes(assetKeys: $keys) {
    assetKey { path }
    assetChecksOrError {
      ... on AssetChecks {
        checks {
          name
          executionForLatestMaterialization { status }
          partitionStatuses { ... on AssetCheckTimePartitionStatuses { ranges { status startKey endKey } } }
        }
      }
    }
  }
}"""
_EXECUTIONS = """
query($key: AssetKeyInput!, $check: String!, $partition: String!) {
  assetCheckExecutions(assetKey: $key, checkName: $check, partition: $partition, limit: 1) {
    status
    evaluation { metadataEntries { label ... on TextMetadataEntry { text } ... on MarkdownMetadataEntry { mdStr } } }
  }
}"""


@dataclass(frozen=True)
class Run:
    """A run as the list of runs has it."""

    run_id: str
    job: str
    status: str
    tables: tuple[str, ...]
    tags: Mapping[str, str]

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen in it."""
        return self.status in ("SUCCESS", "FAILURE", "CANCELED")


def launch(deployment: Deployment, days: Sequence[date], tables: Iterable[str] = tuple(TABLES)) -> str:
    """The id of a backfill, launched as the dialog launches it: these tables, exactly these dates."""
    params = {
        "assetSelection": [{"path": [name]} for name in tables],
        "partitionNames": [str(day) for day in days],
    }
    answer = deployment.graphql(_LAUNCH, params=params)["launchPartitionBackfill"]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    return str(answer["backfillId"])


def cancel(deployment: Deployment, backfill: str) -> None:
    """The button *Terminate* of a backfill."""
    answer = deployment.graphql(_CANCEL, id=backfill)["cancelPartitionBackfill"]
    assert answer["__typename"] == "CancelBackfillSuccess", answer


def end_of(deployment: Deployment, backfill: str, seconds: float) -> str:
    """The final status of a backfill; waits for it."""
    return str(deployment.until("the backfill ends", seconds, lambda: _backfill_ended(deployment, backfill)))


def _backfill_ended(deployment: Deployment, backfill: str) -> str | None:
    status = deployment.graphql(_BACKFILL, id=backfill)["partitionBackfillOrError"]["status"]
    return None if status in ("REQUESTED", "FAILING", "CANCELING") else str(status)


def run_job(deployment: Deployment, job: str, seconds: float) -> str:
    """The status in which a job ends that is launched without configuration."""
    selector = {"jobName": job, "repositoryName": "__repository__", "repositoryLocationName": deployment.location}
    run_id = deployment.graphql(_LAUNCH_JOB, selector=selector)["launchRun"]["run"]["runId"]

    def ended() -> str | None:
        status = deployment.graphql(_RUN, id=run_id)["runOrError"]["status"]
        return str(status) if status in ("SUCCESS", "FAILURE", "CANCELED") else None

    return str(deployment.until(f"the job {job} ends", seconds, ended))


def runs(deployment: Deployment) -> list[Run]:
    """All runs, the newest first."""
    found = deployment.graphql(_RUNS)["runsOrError"]["results"]
    return [
        Run(
            run["runId"],
            run["jobName"],
            run["status"],
            tuple(key["path"][-1] for key in run["assetSelection"] or ()),
            {tag["key"]: tag["value"] for tag in run["tags"]},
        )
        for run in found
    ]


def status_of(deployment: Deployment, run: str) -> str:
    """Of the run with this id."""
    (found,) = [each.status for each in runs(deployment) if each.run_id == run]
    return found


def backfills(deployment: Deployment) -> dict[str, float | None]:
    """Id of each backfill, those of automation too -> when it ended, in seconds of the clock."""
    found = deployment.graphql(_BACKFILLS)["partitionBackfillsOrError"]["results"]
    return {backfill["id"]: backfill["endTimestamp"] for backfill in found}


@dataclass(frozen=True)
class Tick:
    """One evaluation of a sensor; `error` is empty where it went well."""

    sensor: str
    at: float
    is_over: bool
    error: str


def ticks(deployment: Deployment) -> list[Tick]:
    """The last two hundred evaluations of every sensor."""
    selector = {"repositoryName": "__repository__", "repositoryLocationName": deployment.location}
    sensors = deployment.graphql(_TICKS, selector=selector)["sensorsOrError"]["results"]
    return [
        Tick(sensor["name"], tick["timestamp"], tick["status"] != "STARTED", (tick["error"] or {}).get("message", ""))
        for sensor in sensors
        for tick in sensor["sensorState"]["ticks"]
    ]


def evaluated(deployment: Deployment, sensor: str, times: int, since: float, seconds: float) -> None:
    """Wait until a sensor was evaluated so often since a moment."""
    deployment.until(
        f"{times} evaluations of {sensor}",
        seconds,
        lambda: sum(tick.sensor == sensor and tick.is_over and tick.at > since for tick in ticks(deployment)) >= times,
    )


def ailing_daemons(deployment: Deployment) -> list[str]:
    """The parts of Dagster's daemon that are needed, and of which nothing was heard, or an error."""
    statuses = deployment.graphql(_DAEMONS)["instance"]["daemonHealth"]["allDaemonStatuses"]
    return [status["daemonType"] for status in statuses if status["required"] and not status["healthy"]]


def partitions(deployment: Deployment) -> dict[str, Colours]:
    """Table -> its partitions as the page *Partitions* colours them: MATERIALIZED, FAILED, MATERIALIZING."""
    nodes = deployment.graphql(_PARTITIONS, keys=_keys(TABLES))["assetNodes"]
    return {node["assetKey"]["path"][0]: _by_date(node["assetPartitionStatuses"]["ranges"]) for node in nodes}


def checks(deployment: Deployment) -> dict[tuple[str, str], Colours]:
    """(Table, check) -> as its own page *Partitions* colours them.

    SUCCEEDED, FAILED, IN_PROGRESS, EXECUTION_FAILED (its run failed without a result), SKIPPED (it succeeded without).
    """
    nodes = deployment.graphql(_CHECKS, keys=_keys(TABLES))["assetNodes"]
    return {
        (node["assetKey"]["path"][0], check["name"]): _by_date((check["partitionStatuses"] or {}).get("ranges", []))
        for node in nodes
        for check in node["assetChecksOrError"]["checks"]
    }


def standing_checks(deployment: Deployment) -> dict[str, str | None]:
    """Check of the asset `coverage` -> its status for the newest matrix; None without one."""
    (node,) = deployment.graphql(_CHECKS, keys=_keys(["coverage"]))["assetNodes"]
    newest = {
        check["name"]: check["executionForLatestMaterialization"] for check in node["assetChecksOrError"]["checks"]
    }
    return {name: execution and str(execution["status"]) for name, execution in newest.items()}


def text_of_check(deployment: Deployment, table: str, check: str, day: date) -> str:
    """What the newest result of a check says of a date; empty where there is none."""
    variables = {"key": {"path": [table]}, "check": check, "partition": str(day)}
    found = deployment.graphql(_EXECUTIONS, **variables)["assetCheckExecutions"]
    entries = [entry for one in found if one["evaluation"] for entry in one["evaluation"]["metadataEntries"]]
    return "\n".join(f"{entry['label']}: {entry.get('text') or entry.get('mdStr') or ''}" for entry in entries)


def days(colours: Colours, status: str) -> set[date]:
    """The dates that have a status."""
    return {day for day, found in colours.items() if found == status}


def _keys(names: Iterable[str]) -> list[dict[str, Any]]:
    return [{"path": [name]} for name in names]


def _by_date(ranges: Iterable[Mapping[str, str]]) -> Colours:
    found: Colours = {}
    for one in ranges:
        first, last = (date.fromisoformat(one[end][:10]) for end in ("startKey", "endKey"))
        found |= dict.fromkeys(days_between(first, last), one["status"])
    return found
