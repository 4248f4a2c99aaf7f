"""What is wrong now, read from the ledger: the snapshot that alerts are evaluated on, and what emails look up."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property

from pydantic import TypeAdapter

from nba_assets.alerts.alert import Alert, BackfillFacts, RootCause
from nba_assets.alerts.evaluate import Snapshot, undigested
from nba_assets.alerts.root_cause import QUIET, FailedRun, find_root_causes, unanswered, unrecorded, with_teams
from nba_assets.league.calendar import days_between, season_first_day, season_of
from nba_assets.overview.freshness import Freshness, never_asked_for, results_are_missed, was_tried
from nba_assets.overview.matrix import Matrix, matrix
from nba_assets.overview.player_names import PlayerNames
from nba_assets.partition import Partition, Status, sentence_of
from nba_assets.planning.at_rest import Found, SeasonsAtRest, is_in_order
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.planning.load import load_state
from nba_assets.planning.state import State
from nba_assets.session import Session
from nba_assets.tables import SCHEDULE, TABLES
from nba_assets.warehouse.corrections import CORRECTIONS, Correction, corrections_of

_OF_LATE = timedelta(days=30)
"""How long a correction that nobody was told of is news: not longer than alerts are remembered."""


@dataclass(frozen=True)
class InstanceFacts:
    """What the ledger cannot know: failed runs, whether a backfill is over, whether a job has succeeded since.

    `backfill_asked` gives all partitions that a backfill was asked for, None where nobody knows.
    """

    failures: tuple[FailedRun, ...] = ()
    backfill_is_over: Callable[[str], bool | None] = lambda _: None
    job_recovered: Callable[[str, str], bool] = lambda _, __: False
    backfill_asked: Callable[[str], Collection[Partition] | None] = lambda _: None


@dataclass(frozen=True)
class Observation:
    """The ledger's state of its attempted days, and the snapshot made of it.

    Neither has the seasons that are `asleep`: at rest, with the troubles that were found in them.
    """

    session: Session
    state: State
    days: tuple[date, ...]
    instance: InstanceFacts
    corrections: tuple[Correction, ...]
    rest: SeasonsAtRest
    asleep: Mapping[str, Sequence[RootCause]]

    @cached_property
    def snapshot(self) -> Snapshot:
        """What is wrong now."""
        causes = find_root_causes(self.state, self.days, today=self.session.today(), forgotten=self._forgotten)
        recovered = self.instance.job_recovered
        unknown_to_ledger = unrecorded(self.instance.failures, self.state, job_recovered=recovered)
        known = (cause for of_season in self.asleep.values() for cause in of_season)
        return Snapshot(
            root_causes=[*known, *map(self._with_names, causes), *self._unanswered(), *unknown_to_ledger],
            backfills=self._backfills(),
            neighbours=self._neighbours,
            attempt_at=self._attempt_at,
            job_recovered=recovered,
            in_full=self._in_full,
            corrections=self.corrections,
        )

    def _unanswered(self) -> list[RootCause]:
        silence = self.session.source.out_of_reach()
        return unanswered(silence, is_missed=silence is not None and results_are_missed(self.session, self.state))

    def keep_what_rests(self, alerts: Sequence[Alert], now: datetime) -> None:
        """Remember what was found in seasons that are over and of which nothing is left to be told."""
        waiting = undigested(alerts, self.snapshot, now)
        restless = {season_of(row.partition.day) for name in waiting for row in self._attempts.get(name, ())}
        self.rest.keep(
            {
                season: Found(is_in_order(self.session, self.state, days), _TROUBLES.dump_python(causes, mode="json"))
                for season, days in self._by_season().items()
                if season in self.rest.over - restless and (causes := self._settled_causes(season)) is not None
            }
        )

    def _by_season(self) -> dict[str, list[date]]:
        found: dict[str, list[date]] = defaultdict(list)
        for day in self.days:
            found[season_of(day)].append(day)
        return found

    def _settled_causes(self, season: str) -> list[RootCause] | None:
        """The root causes of a season; None if one of them passes, or concerns other seasons as well."""
        causes = [cause for cause in self.snapshot.root_causes if season in _seasons_of(cause)]
        is_settled = all(cause.status in _SETTLED and _seasons_of(cause) == {season} for cause in causes)
        return causes if is_settled else None

    def excerpt(self, first: date, last: date) -> Matrix | None:
        """The coverage of some of the dates, as far as the ledger goes."""
        state = self._awake(first, last)
        days = [day for day in state.attempted_days() if first <= day <= last]
        return matrix(self.session, days[0], days[-1], state=state) if days else None

    def _awake(self, first: date, last: date) -> State:
        """A state of all dates of a range; read for it, if seasons of it are asleep."""
        if any(season_of(first) <= season <= season_of(last) for season in self.asleep):
            return load_state(self.session, first, last)
        return self.state

    def digested(self, first: date, last: date, *, most: int) -> Matrix | None:
        """The coverage of a backfill's dates; of more than `most` the first that are not in order, or else the last."""
        whole = self.excerpt(first, last)
        if whole is None or len(whole.rows) <= most:
            return whole
        wrong = [row for row in whole.rows if not row.is_fine]
        rows = tuple(wrong[:most] or whole.rows[-most:])
        return replace(whole, rows=rows)

    def _with_names(self, cause: RootCause) -> RootCause:
        named = self._players.in_findings(cause.findings)
        findings = tuple(with_teams(found, lambda game_id: self.teams.get(game_id)) for found in named)
        if findings == cause.findings:
            return cause
        return replace(cause, findings=findings, reason=sentence_of(findings) or cause.reason)

    @cached_property
    def _players(self) -> PlayerNames:
        return PlayerNames(self.session.warehouse, self.days[0], self.days[-1])

    @cached_property
    def teams(self) -> Mapping[str, str]:
        """Game id -> "ATL@UTA"; read only where a game is named by its id alone."""
        columns = ["game_id", "away_team", "home_team"]
        games = self.session.warehouse.read(SCHEDULE, columns=columns, start=self.days[0], end=self.days[-1])
        return dict(zip(games["game_id"], games["away_team"] + "@" + games["home_team"], strict=True))

    def _attempt_at(self, partition: Partition) -> tuple[str, str | None]:
        """The newest attempt; where there was none, that at a schedule without games: nobody has to ask for more."""
        newest = self.state.newest(partition.table, partition.day) if partition.table in TABLES else None
        schedule = self.state.published(SCHEDULE.name, partition.day)
        if newest is None and schedule is not None and schedule.status == Status.NO_GAMES:
            newest = schedule
        return (newest.attempt_id, newest.backfill_id) if newest else ("", None)

    @cached_property
    def _forgotten(self) -> list[Freshness]:
        """The dates whose results are due, and that nobody has asked the source for."""
        return never_asked_for(self.session, self.state)

    @cached_property
    def _significant_days(self) -> dict[str, list[date]]:
        """The dates of each table that prove something about it."""
        forgotten = {results.day for results in self._forgotten}
        proven = forgotten.union(season_first_day(season) for season in self.asleep)  # one for all of its dates
        days = sorted(proven.union(self.days))
        return {
            table: [d for d in days if d in proven or self.state.cell(table, d).status not in QUIET] for table in TABLES
        }

    def _neighbours(self, partition: Partition) -> list[Partition]:
        """The dates before and after it that prove something about the table; what is asleep has none."""
        if season_of(partition.day) in self.asleep:
            return []
        days = self._significant_days.get(partition.table, [])
        place = bisect_left(days, partition.day)
        around = (*days[max(place - 1, 0) : place], *days[place + 1 : place + 2])
        return [Partition(partition.table, day) for day in around]

    @cached_property
    def _attempts(self) -> dict[str, list[LedgerRow]]:
        """The newest attempts at all partitions, date by date, by the backfill that made them."""
        attempts: dict[str, list[LedgerRow]] = defaultdict(list)
        for newest in (self.state.newest(table, day) for day in self.days for table in TABLES):
            if newest is not None and newest.backfill_id is not None:
                attempts[newest.backfill_id].append(newest)
        return attempts

    def _backfills(self) -> dict[str, BackfillFacts]:
        return {
            backfill_id: BackfillFacts(
                backfill_id,
                first_day=rows[0].partition.day,
                last_day=rows[-1].partition.day,
                counts=dict(Counter(row.status.value for row in rows)),
                last_attempt=max(row.attempt_id for row in rows),
                is_over=self.instance.backfill_is_over(backfill_id),
            )
            for backfill_id, rows in self._attempts.items()
        }

    def _in_full(self, facts: BackfillFacts) -> BackfillFacts:
        """A backfill with the partitions that it was asked for, and what they are now."""
        asked = self.instance.backfill_asked(facts.backfill_id)
        if asked is None:  # then it was for whole tables, and left no date out
            tables = {row.partition.table for row in self._attempts[facts.backfill_id]}
            days = [day for day in self.days if facts.first_day <= day <= facts.last_day]
            asked = {Partition(table, day) for table in tables for day in days}
        asked = sorted((p for p in asked if p.day <= self.state.end), key=lambda p: p.day)
        state = self._awake(asked[0].day, asked[-1].day) if asked else self.state
        cells = [state.cell(p.table, p.day) for p in asked]
        if not cells:
            return facts
        return replace(
            facts,
            first_day=cells[0].partition.day,
            last_day=cells[-1].partition.day,
            counts=dict(Counter(cell.status.value for cell in cells)),
            asked=frozenset(cell.partition for cell in cells),
            untried=tuple(cell.partition for cell in cells if cell.status == Status.MISSING),
        )


_SETTLED = frozenset({Status.GAP, Status.ERROR, Status.DEGRADED})
"""Troubles that stay as they are until somebody is at work on them."""

_TROUBLES = TypeAdapter(list[RootCause])


def observe(session: Session, instance: InstanceFacts, alerts: Sequence[Alert] = ()) -> Observation:
    """Read the ledger up to the last partition that there is, but for seasons in which nothing can have changed."""
    rest, last = SeasonsAtRest(session), session.last_partition
    first = min(session.settings.partitions_start, last)
    asleep = _asleep(rest, instance, [alert for alert in alerts if alert.is_open])
    seasons = {season_of(day) for day in days_between(first, last)}
    state = load_state(session, first, last, seasons=seasons - asleep.keys())
    attempted = state.attempted_days()
    if asleep and attempted and not any(was_tried(day, state) for day in attempted):
        # Since when nobody has asked for results depends on the season before.
        asleep, state = {}, load_state(session, first, last, seasons=seasons)
    corrected = session.warehouse.read_relation(CORRECTIONS)
    of_late = corrected[corrected["corrected_at"] > datetime.now(UTC) - _OF_LATE]
    corrections = tuple(corrections_of(of_late))
    awake = seasons - asleep.keys()
    days = tuple(day for day in state.attempted_days() if season_of(day) in awake)
    return Observation(session, state, days, instance, corrections, rest, asleep)


def _asleep(rest: SeasonsAtRest, instance: InstanceFacts, alerts: Sequence[Alert]) -> dict[str, list[RootCause]]:
    """The seasons at rest with their troubles; none of which an open alert or a failed run tells anything else."""
    told = {partition for alert in alerts for partition in alert.partitions}
    failed = {season_of(day) for run in instance.failures for day in run.days}
    asleep = {}
    for season, found in rest.found.items():
        causes = _TROUBLES.validate_python(found.troubles)
        known = {cause.partition for cause in causes}
        if season not in failed and all(p in known for p in told if season_of(p.day) == season):
            asleep[season] = causes
    return asleep


def _seasons_of(cause: RootCause) -> set[str]:
    return {season_of(partition.day) for partition in (cause.partition, *cause.affected)}
