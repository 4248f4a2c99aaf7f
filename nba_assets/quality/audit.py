"""Rows and an expectation become an outcome: one status per partition, its numbers and its findings.

What is expected is said by each table; where an outcome is recorded, by the ledger. Knows no table by name.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from nba_assets.partition import Cause, EntityFailure, Finding, Outcome, Partition, Status, finding
from nba_assets.schema.evidence import Expectation
from nba_assets.schema.policy import Completeness, Policy
from nba_assets.schema.table import Phase, Table

UPSTREAM_GAP, UNKNOWN_TEAM, INSUFFICIENT_HISTORY = "UPSTREAM_GAP", "UNKNOWN_TEAM", "INSUFFICIENT_HISTORY"
"""The categories of entity failures; what a source's rows were rejected for has its own."""
NOTE = "NOTE"
"""The category of what is worth saying and no failure."""


@dataclass(frozen=True)
class Mode:
    """How thresholds are applied in a run."""

    completeness: Completeness = Completeness.RELATIVE
    backfill: bool = False
    force: bool = False


def audit(table: Table, day: date, rows: int, expectation: Expectation, policy: Policy, mode: Mode) -> Outcome:
    """OK, DEGRADED, GAP, or BOOTSTRAP where no entity has enough history yet.

    The blocking threshold counts entities with something missing that was not accepted; the reported share counts all.
    """
    wanted = _wanted_rows(policy, mode)
    outcome = Outcome(
        Partition(table.name, day),
        Status.OK,
        rows=rows,
        expected=expectation.expected,
        complete=expectation.complete,
        required=policy.required(expectation.expected, backfill=mode.backfill) if wanted is None else wanted,
        notes=tuple(expectation.notes),
        failures=_failures(expectation),
    )
    if not rows and not expectation.expected and table.phase == Phase.PRE_GAME:
        return replace(outcome, status=Status.BOOTSTRAP, findings=(finding(Cause.NOBODY_HAS_HISTORY),))
    lacking = _lacking(expectation)
    shortfall = _shortfall(table, outcome, expectation, policy, mode)
    if shortfall is None:
        return _degraded(outcome, [*lacking, *expectation.degraded])
    label, below = shortfall
    outcome = replace(outcome, label=label)
    if not policy.critical:
        return _degraded(outcome, [below, *lacking, *expectation.degraded])
    if mode.force:
        return _degraded(outcome, [finding(Cause.FORCED), below, *lacking])
    return replace(outcome, status=Status.GAP, findings=(below, *lacking))


def _wanted_rows(policy: Policy, mode: Mode) -> int | None:
    """The number of rows wanted in absolute mode, for the tables that have one."""
    return policy.rows(backfill=mode.backfill) if mode.completeness == Completeness.ABSOLUTE else None


def _shortfall(
    table: Table, outcome: Outcome, expectation: Expectation, policy: Policy, mode: Mode
) -> tuple[str, Finding] | None:
    """(label, finding) of what is below a threshold; None where nothing is."""
    short = table.short_name
    entities = policy.entities(backfill=mode.backfill)
    if entities is not None and outcome.rows < entities:
        is_absolute = mode.completeness == Completeness.ABSOLUTE
        cause = Cause.ENTITIES_COUNTED if is_absolute else Cause.BELOW_ENTITIES
        below = finding(cause, short_name=short, rows=outcome.rows, required=entities)
        return f"{short}={outcome.rows}", below
    wanted = _wanted_rows(policy, mode)
    if wanted is not None:
        below = finding(Cause.BELOW_ROWS, short_name=short, rows=outcome.rows, required=wanted)
        return (f"{short} < {wanted}", below) if outcome.rows < wanted else None
    required = policy.required(expectation.expected, backfill=mode.backfill)
    if expectation.expected - expectation.open >= required:
        return None
    numbers = {"complete": outcome.complete, "expected": expectation.expected, "required": required}
    if not expectation.games:
        return f"{short} {outcome.complete}/{expectation.expected}", finding(Cause.BELOW_SHARE, **numbers)
    games = {"complete_games": expectation.complete_games, "games": expectation.games}
    label = f"{short} {expectation.complete_games}/{expectation.games}"
    return label, finding(Cause.BELOW_GAMES, **games, **numbers)


def _degraded(outcome: Outcome, findings: list[Finding]) -> Outcome:
    return replace(outcome, status=Status.DEGRADED, findings=tuple(findings)) if findings else outcome


def _lacking(expectation: Expectation) -> list[Finding]:
    """One finding for all entities that fall short alike."""
    alike: dict[str, list[str]] = {}
    for entity, short in sorted(expectation.lacking.items()):
        alike.setdefault(repr(short), []).append(entity)
    return [
        replace(expectation.lacking[entities[0]], entities=tuple(_games_whole(entities, expectation)))
        for entities in alike.values()
    ]


def _games_whole(entities: list[str], expectation: Expectation) -> list[str]:
    """A game's name in place of its two sides, if both are among the entities."""
    games = {entity: expectation.game_of.get(entity, entity) for entity in entities}
    sides = Counter(games.values())
    return list(dict.fromkeys(game if sides[game] == 2 else entity for entity, game in games.items()))


def _failures(expectation: Expectation) -> tuple[EntityFailure, ...]:
    lacking = [
        EntityFailure(entity, UNKNOWN_TEAM if short.cause is Cause.UNKNOWN_TEAM else UPSTREAM_GAP, str(short))
        for entity, short in expectation.lacking.items()
    ]
    early = [EntityFailure(entity, INSUFFICIENT_HISTORY, str(f)) for entity, f in expectation.insufficient.items()]
    return (*lacking, *early, *_noted(expectation))


def _noted(expectation: Expectation) -> Iterator[EntityFailure]:
    """The notes, where people look for what is behind a partition; one about nobody is about the date."""
    for note in expectation.notes:
        for entity in note.entities or (_OF_DATE,):
            yield EntityFailure(entity, NOTE, str(replace(note, entities=())))


_OF_DATE = "note"
