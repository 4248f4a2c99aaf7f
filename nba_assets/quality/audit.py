"""Rows and an expectation become an outcome: one status per partition, its numbers and its reason.

What is expected is the business of `expectations`; where an outcome is recorded, of the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from nba_assets.quality.expectations import Expectation
from nba_assets.quality.policy import Completeness, Policy
from nba_assets.quality.status import FINE, Status

SHORT_NAMES: dict[str, str] = {
    "raw_schedule": "SCHED",
    "raw_team_boxscores": "TBOX",
    "raw_player_boxscores": "PBOX",
    "raw_shots": "SHOTS",
    "raw_injury_reports": "INJ",
    "raw_game_lines": "LINES",
    "player_game_summary": "PGS",
    "team_offense_game_summary": "TOGS",
    "team_defense_game_summary": "TDGS",
    "upcoming_team_game_context": "UTGC",
    "upcoming_player_game_context": "UPGC",
    "team_defense_zone_analysis": "TDZA",
    "player_shot_zone_analysis": "PSZA",
    "player_daily_cache": "PDC",
    "player_composite_factors": "PCF",
    "ml_feature_store_v2": "MLFS",
}
"""What the coverage matrix calls the tables; the names of the legend."""


@dataclass(frozen=True)
class Partition:
    """One (table, date)."""

    table: str
    day: date

    def __str__(self) -> str:
        return f"{self.table} {self.day}"


@dataclass(frozen=True)
class EntityFailure:
    """An entity that a partition left out or could not complete."""

    entity: str
    category: str
    details: str


@dataclass(frozen=True)
class Outcome:
    """What an attempt at a partition came to; `root` is where a BLOCKED partition's trouble began.

    `label` is the shortest form of what is wrong, for a cell or a date of the matrix.
    """

    partition: Partition
    status: Status
    reason: str | None = None
    label: str | None = None
    rows: int = 0
    expected: int | None = None
    complete: int | None = None
    required: int | None = None
    production_ready_share: float | None = None
    root: Partition | None = None
    notes: tuple[str, ...] = ()
    failures: tuple[EntityFailure, ...] = field(default=(), repr=False)

    @property
    def share(self) -> float | None:
        """complete / expected, always between 0 and 1; None where nothing is expected."""
        if not self.expected or self.complete is None:
            return None
        share = self.complete / self.expected
        if not 0 <= share <= 1:
            raise ValueError(f"{self.partition}: a share of {share} is impossible ({self.complete}/{self.expected})")
        return share

    @property
    def is_published(self) -> bool:
        """Whether the partition's rows are to replace what stood there."""
        return self.status in FINE


@dataclass(frozen=True)
class Mode:
    """How thresholds are applied in a run."""

    completeness: Completeness = Completeness.RELATIVE
    backfill: bool = False
    force: bool = False


def audit(partition: Partition, rows: int, expectation: Expectation, policy: Policy, mode: Mode) -> Outcome:
    """OK, DEGRADED, GAP, or BOOTSTRAP where nobody has enough history yet.

    The blocking threshold counts entities that lack something nobody has accepted; the reported share counts all.
    """
    outcome = Outcome(
        partition,
        Status.OK,
        rows=rows,
        expected=expectation.expected,
        complete=expectation.complete,
        required=policy.required(expectation.expected, backfill=mode.backfill),
        notes=tuple(expectation.notes),
        failures=_failures(partition, expectation),
    )
    if mode.completeness == Completeness.ABSOLUTE and policy.rows(backfill=mode.backfill) is not None:
        outcome = replace(outcome, required=policy.rows(backfill=mode.backfill))
    if not rows and not expectation.expected and policy.needs_history:
        return replace(outcome, status=Status.BOOTSTRAP, reason="nobody has enough games of the season yet")
    shortfall = _shortfall(outcome, expectation, policy, mode)
    if shortfall is None:
        return _degraded(outcome, _lacking(expectation), expectation.degraded)
    label, text = shortfall
    reason = "; ".join(filter(None, [text, _lacking(expectation)]))
    if not policy.critical:
        return replace(_degraded(outcome, reason, expectation.degraded), label=label)
    if mode.force:
        return replace(outcome, status=Status.DEGRADED, label=label, reason=f"published by force: {reason}")
    return replace(outcome, status=Status.GAP, label=label, reason=reason)


def _shortfall(outcome: Outcome, expectation: Expectation, policy: Policy, mode: Mode) -> tuple[str, str] | None:
    """(label, text) of what is below a threshold; None where nothing is."""
    short = SHORT_NAMES[outcome.partition.table]
    entities = policy.entities(backfill=mode.backfill)
    if entities is not None and outcome.rows < entities:
        return f"{short}={outcome.rows}", f"{outcome.rows} rows, {entities} required"
    wanted = policy.rows(backfill=mode.backfill)
    if mode.completeness == Completeness.ABSOLUTE and wanted is not None:
        return (f"{short} < {wanted}", f"{short} < {wanted}") if outcome.rows < wanted else None
    met = expectation.expected - expectation.open
    required = policy.required(expectation.expected, backfill=mode.backfill)
    if met < required:
        numbers = f"{outcome.complete}/{expectation.expected}"
        return f"{short} {numbers}", f"{numbers} complete, {required} required"
    return None


def _degraded(outcome: Outcome, lacking: str, degraded: list[str]) -> Outcome:
    reasons = [text for text in (lacking, *degraded) if text]
    if not reasons:
        return outcome
    return replace(outcome, status=Status.DEGRADED, reason="; ".join(reasons))


def _lacking(expectation: Expectation, most: int = 4) -> str:
    """ "0022100111 LAC@LAL BOS: no box score; … and 3 more" """
    named = [f"{entity}: {what}" for entity, what in sorted(expectation.lacking.items())]
    more = f"; and {len(named) - most} more" if len(named) > most else ""
    return "; ".join(named[:most]) + more


def _failures(partition: Partition, expectation: Expectation) -> tuple[EntityFailure, ...]:
    category = "UNKNOWN_TEAM" if partition.table == "raw_schedule" else "UPSTREAM_GAP"
    lacking = [EntityFailure(entity, category, what) for entity, what in expectation.lacking.items()]
    early = [EntityFailure(entity, "INSUFFICIENT_HISTORY", what) for entity, what in expectation.insufficient.items()]
    return (*lacking, *early)
