"""Gaps that nobody waits for any more: which of them may be accepted as they are, and what becomes of one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from nba_assets.partition import ACCEPTANCES, CONTRADICTIONS, THRESHOLDS, Cause, Finding, Outcome, Status, finding
from nba_assets.schema.table import Phase

_REFUSED = CONTRADICTIONS | {Cause.ROWS_LOST, Cause.SEASON_NOT_COVERED}
"""Something is wrong rather than missing, or more stands than would be left."""


def may_be_accepted(phase: Phase, status: Status, findings: Iterable[Finding]) -> bool:
    """Whether a partition is a gap of a kind that can be accepted: of facts, with nothing wrong in what is there."""
    is_gap_of_facts = status == Status.GAP and phase != Phase.PRE_GAME
    return is_gap_of_facts and _REFUSED.isdisjoint(one.cause for one in findings)


def accepted(gap: Outcome, by: str) -> Outcome:
    """A gap, published as it is."""
    return replace(gap, status=Status.DEGRADED, findings=(finding(Cause.ACCEPTED, by=by), *gap.findings))


def accepted_before(gap: Outcome, published: Iterable[Finding]) -> str | None:
    """Who has accepted all that a gap lacks, by the findings of what is published; None if there is more."""
    findings = list(published)
    acceptance = next((one for one in findings if one.cause is Cause.ACCEPTED), None)
    known = _lacking(findings)
    # A game was accepted with both of its sides.
    is_known = (
        {(cause, entity), (cause, entity.rpartition(" ")[0])} & known for cause, entity in _lacking(gap.findings)
    )
    return str(acceptance.numbers["by"]) if acceptance is not None and all(is_known) else None


def _lacking(findings: Iterable[Finding]) -> set[tuple[Cause, str]]:
    counted = [one for one in findings if one.cause not in THRESHOLDS | ACCEPTANCES]
    return {(one.cause, entity) for one in counted for entity in one.entities}
