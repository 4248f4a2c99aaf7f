"""What the calendar alone settles about a partition: nothing to do, too early in the season, or not played yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from nba_assets.partition import Cause, Finding, Outcome, Partition, Status, finding
from nba_assets.schema.table import Available, Phase, Table


@dataclass(frozen=True)
class DayFacts:
    """What is known of one date before anything is computed for it.

    `games` counts its counting games (None: no schedule is read), `unfinished` those of them that the table waits
    for; `no_games` says why there are none. `season_day` is the number of days since opening night, `is_early`
    whether the season's first days are not over. Of the schedule itself: `uncovered` is the name of a source that has
    none of the season, `beyond` says that the source's ends before the date, and `results` counts the counting games
    that have box scores of the date.
    """

    games: int | None
    unfinished: int
    no_games: Finding
    results_are_due: bool
    is_over: bool
    season_day: int
    is_early: bool
    uncovered: str | None = None
    beyond: Finding | None = None
    results: int = 0


def settled(table: Table, day: date, facts: DayFacts, *, force: bool) -> Outcome | None:
    """The outcome, if no rows need to be computed for it."""
    partition = Partition(table.name, day)
    if facts.uncovered is not None:
        why = finding(Cause.SEASON_NOT_COVERED, source=facts.uncovered, date=str(day))
        return Outcome(partition, Status.GAP, (why,), label="no schedule")
    if facts.beyond is not None and not facts.results:
        return Outcome(partition, Status.MISSING, (facts.beyond,), label="no schedule")
    if table.available == Available.AT_END_OF_DAY:
        return None if facts.is_over else Outcome(partition, Status.NOT_DUE, (finding(Cause.DAY_NOT_OVER),))
    if facts.games is None:
        return None
    if not facts.games and not facts.results:
        return Outcome(partition, Status.NO_GAMES, (facts.no_games,))
    if facts.unfinished and not facts.results_are_due:
        waits = finding(Cause.GAMES_NOT_OVER, unfinished=facts.unfinished, games=facts.games)
        return Outcome(partition, Status.NOT_DUE, (waits,))
    if _is_bootstrap(table, facts) and not force:
        return Outcome(partition, Status.BOOTSTRAP, (_bootstrap_day(facts),))
    return None


def forced_early(table: Table, outcome: Outcome, facts: DayFacts) -> Outcome:
    """What is published in the season's first days is published by force, and is not production-ready."""
    is_published = outcome.status in (Status.OK, Status.DEGRADED)
    if not _is_bootstrap(table, facts) or not is_published or outcome.is_forced:
        return outcome
    findings = (finding(Cause.FORCED), _bootstrap_day(facts), *outcome.findings)
    return replace(outcome, status=Status.DEGRADED, findings=findings)


def _is_bootstrap(table: Table, facts: DayFacts) -> bool:
    return facts.is_early and table.phase == Phase.PRE_GAME


def _bootstrap_day(facts: DayFacts) -> Finding:
    return finding(Cause.BOOTSTRAP_DAY, day=facts.season_day)
