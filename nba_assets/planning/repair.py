"""Which partitions a repair may change: what went stale, what was left out, and what may come out differently now."""

from __future__ import annotations

import json
from datetime import date

from nba_assets.league.calendar import season_of
from nba_assets.partition import WAITING, Partition, Status
from nba_assets.planning.acceptance import is_accepted_by_policy
from nba_assets.planning.at_rest import SeasonsAtRest
from nba_assets.planning.history import history
from nba_assets.planning.holes import not_in_order, waits_for
from nba_assets.planning.ledger_rows import LedgerRow
from nba_assets.planning.load import load_state
from nba_assets.planning.state import Cell, State, date_read
from nba_assets.schema.table import Input, Phase, TimeRule
from nba_assets.session import Session
from nba_assets.tables import TABLES


def repairable(session: Session) -> list[Cell]:
    """The partitions that a repair may change, of all history.

    Those that are STALE; gaps of which an input has changed since, or that a policy accepts by now; and what was left
    out (see `holes.py`) or ended in an error, and has by now everything that it is made of, or will have when the
    others are repaired. Not those whose input was built by a run that said `skip_downstream_trigger`. What the source
    has not delivered is left to the morning schedule, which spares it: a raw table is read again only where it is
    STALE, or failed on facts that have changed since, and read for the first time where it was left out behind another.
    """
    at_rest = SeasonsAtRest(session).in_order
    days = [day for day in history(session) if season_of(day) not in at_rest]
    if not days:
        return []
    state = load_state(session, days[0], days[-1], seasons={season_of(day) for day in days})
    left_alone = _SkippedRuns(state)
    found: dict[Partition, Cell] = {}
    for partition, cell in not_in_order(state, days).items():
        # What waits for something that is repaired is repaired with it: date by date the inputs come first.
        if (
            _may_change(state, cell)
            or is_accepted_by_policy(session, cell)
            or (cell.status in WAITING and waits_for(state, cell) in found)
        ):
            found[partition] = cell
    untouchable = {partition.day for partition, cell in found.items() if left_alone.concerns(cell)}
    return [cell for partition, cell in found.items() if partition.day not in untouchable]


def _may_change(state: State, cell: Cell) -> bool:
    if cell.status == Status.STALE:
        return True
    if cell.newest is not None and state.is_outdated(cell.newest):
        return True
    table, day = cell.partition.table, cell.partition.day
    is_raw = TABLES[table].phase == Phase.RAW
    if cell.status == Status.GAP:
        return not is_raw and cell.newest is not None and not state.is_repeated(cell.newest)
    possible = {Status.MISSING} if is_raw else {Status.MISSING, Status.ERROR}
    return cell.status in possible and state.obstacle(table, day) is None


class _SkippedRuns:
    """Published partitions whose run said that nothing should go on from it."""

    def __init__(self, state: State) -> None:
        self._found: dict[str, list[LedgerRow]] = {}
        for name in TABLES:
            published = (state.published(name, day) for day in state.published_dates(name))
            self._found[name] = [a for a in published if a is not None and _skips_downstream(a)]

    def concerns(self, cell: Cell) -> bool:
        """Whether one of the partition's inputs was built so, after the partition itself."""
        since = cell.published.attempt_id if cell.published else ""
        inputs = TABLES[cell.partition.table].inputs
        return any(
            attempt.attempt_id > since and _reads(input_, cell.partition.day, attempt.partition.day)
            for input_ in inputs
            for attempt in self._found[input_.table]
        )


def _skips_downstream(attempt: LedgerRow) -> bool:
    return bool(json.loads(attempt.options or "{}").get("skip_downstream_trigger"))


def _reads(input_: Input, day: date, other: date) -> bool:
    if input_.rule == TimeRule.BEFORE_DATE:
        return other < day
    return other == date_read(input_, day)
