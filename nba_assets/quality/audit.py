"""Rows and an expectation become an outcome: one status per partition, its numbers and its reason.

What is expected is the business of `expectations`; where an outcome is recorded, of the ledger.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import date

from nba_assets.quality.expectation import Expectation, first
from nba_assets.quality.policy import Completeness, Policy
from nba_assets.quality.status import FINE, Status
from nba_assets.tables import TABLES, Phase

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


BY_FORCE = "published by force"
"""How the reason of a forced partition begins."""

_MOST_NAMED, _MOST_SHORTCOMINGS = 15, 4
"""How much a reason names: every game of the fullest night, and the rest is in the entity failures."""


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
    if not rows and not expectation.expected and TABLES[partition.table].phase == Phase.PRE_GAME:
        return replace(outcome, status=Status.BOOTSTRAP, reason="nobody has enough games of the season yet")
    shortfall = _shortfall(outcome, expectation, policy, mode)
    if shortfall is None:
        return _degraded(outcome, _lacking(expectation), expectation.degraded)
    label, text = shortfall
    reason = "; ".join(filter(None, [text, _lacking(expectation)]))
    if not policy.critical:
        return replace(_degraded(outcome, reason, expectation.degraded), label=label)
    if mode.force:
        return replace(outcome, status=Status.DEGRADED, label=label, reason=f"{BY_FORCE}: {reason}")
    return replace(outcome, status=Status.GAP, label=label, reason=reason)


def _shortfall(outcome: Outcome, expectation: Expectation, policy: Policy, mode: Mode) -> tuple[str, str] | None:
    """(label, text) of what is below a threshold; None where nothing is."""
    short = SHORT_NAMES[outcome.partition.table]
    entities = policy.entities(backfill=mode.backfill)
    if entities is not None and outcome.rows < entities:
        label = f"{short}={outcome.rows}"
        is_absolute = mode.completeness == Completeness.ABSOLUTE
        return label, label if is_absolute else f"{outcome.rows} rows, {entities} required"
    wanted = policy.rows(backfill=mode.backfill)
    if mode.completeness == Completeness.ABSOLUTE and wanted is not None:
        return (f"{short} < {wanted}", f"{short} < {wanted}") if outcome.rows < wanted else None
    met = expectation.expected - expectation.open
    required = policy.required(expectation.expected, backfill=mode.backfill)
    if met >= required:
        return None
    numbers = f"{outcome.complete}/{expectation.expected}"
    text = f"{numbers} complete, {required} required"
    if not expectation.games:
        return f"{short} {numbers}", text
    games = f"{expectation.complete_games}/{expectation.games}"
    return f"{short} {games}", f"{games} games ({text})"


def _degraded(outcome: Outcome, lacking: str, degraded: list[str]) -> Outcome:
    reasons = [text for text in (lacking, *degraded) if text]
    if not reasons:
        return outcome
    return replace(outcome, status=Status.DEGRADED, reason="; ".join(reasons))


def _lacking(expectation: Expectation) -> str:
    """ "no box score: 0022100111 LAC@LAL, 0022100112 SAC@UTA; no row: ATL and 3 more" """
    by_shortcoming: dict[str, list[str]] = {}
    for entity, what in sorted(expectation.lacking.items()):
        by_shortcoming.setdefault(what, []).append(entity)
    named = [_named(what, _games_whole(entities, expectation)) for what, entities in by_shortcoming.items()]
    more = f"; and {len(named) - _MOST_SHORTCOMINGS} more" if len(named) > _MOST_SHORTCOMINGS else ""
    return "; ".join(named[:_MOST_SHORTCOMINGS]) + more


def _named(what: str, names: list[str]) -> str:
    return f"{names[0]}: {what}" if len(names) == 1 else f"{what}: {first(names, _MOST_NAMED)}"


def _games_whole(entities: list[str], expectation: Expectation) -> list[str]:
    """A game's name in place of its two sides, if both are among the entities."""
    sides = Counter(expectation.game_of.get(entity, entity) for entity in entities)
    names = [
        game if sides[game] == 2 else entity
        for entity in entities
        for game in [expectation.game_of.get(entity, entity)]
    ]
    return list(dict.fromkeys(names))


def _failures(partition: Partition, expectation: Expectation) -> tuple[EntityFailure, ...]:
    category = "UNKNOWN_TEAM" if partition.table == "raw_schedule" else "UPSTREAM_GAP"
    lacking = [EntityFailure(entity, category, what) for entity, what in expectation.lacking.items()]
    early = [EntityFailure(entity, "INSUFFICIENT_HISTORY", what) for entity, what in expectation.insufficient.items()]
    return (*lacking, *early)
