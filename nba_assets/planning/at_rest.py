"""Seasons at rest: over, and unchanged since every partition of them was looked at; what was found then still holds.

Seasons do not read each other. What a season's partitions are follows from its ledger and numbers of rows, from what
the source has of it at hand, from policies, code versions and the rules of this room. As long as none of that changes
nobody needs to derive it again: twenty seasons cost what the one costs in which something happens. What was found is
kept in a file of the home, and is done without where the file is lost.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from nba_assets.league.calendar import season_last_day, season_of
from nba_assets.planning.holes import not_in_order
from nba_assets.planning.load import parameters_of
from nba_assets.planning.shortfalls import may_help_to_ask, shortfalls
from nba_assets.planning.state import State
from nba_assets.schema.fingerprint import combine
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets.tables import TABLES
from nba_assets.whole_file import replaced_whole

_FILE = "seasons_at_rest.json"


@dataclass(frozen=True)
class Found:
    """What a look at a season has come to: whether a repair has nothing to do there, and its troubles, as JSON."""

    is_in_order: bool
    troubles: Any


class SeasonsAtRest:
    """The seasons that are as they were when somebody looked last, by name, with what was found then.

    To be made before the state of the other seasons is read: what changes meanwhile is looked at again next time.
    """

    def __init__(self, session: Session) -> None:
        self._file = session.settings.state / _FILE if session.has_a_place() else None
        self._marks = _marks(session)
        self._kept = _read(self._file)
        self.found = {season: found for season, (mark, found) in self._kept.items() if self._marks.get(season) == mark}

    @property
    def in_order(self) -> frozenset[str]:
        """Those in which a repair has nothing to do."""
        return frozenset(season for season, found in self.found.items() if found.is_in_order)

    @property
    def over(self) -> frozenset[str]:
        """Those that are over: what is found there can be kept."""
        return frozenset(self._marks)

    def keep(self, found: Mapping[str, Found]) -> None:
        """Remember what was found in seasons that are over; of others nothing is kept any more."""
        known = {season: self._kept[season] for season in self.found}
        now = known | {season: (self._marks[season], one) for season, one in found.items()}
        if self._file is None or now == self._kept:
            return
        text = json.dumps({season: {"mark": mark} | asdict(one) for season, (mark, one) in now.items()})
        with suppress(OSError), replaced_whole(self._file) as part:
            part.write_text(text, encoding="utf-8")


def is_in_order(session: Session, state: State, days: Sequence[date]) -> bool:
    """Whether a repair of the dates would find nothing to do, and nothing to ask the source for."""
    return not not_in_order(state, days) and not may_help_to_ask(session, shortfalls(state, days))


def _read(file: Path | None) -> dict[str, tuple[str, Found]]:
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        kept = json.loads(file.read_text(encoding="utf-8")) if file is not None else {}
        return {
            season: (str(one["mark"]), Found(one["is_in_order"] is True, one["troubles"]))
            for season, one in kept.items()
        }
    return {}


def _marks(session: Session) -> dict[str, str]:
    """Of each season of the ledger that is over, what changes with anything that its partitions follow from."""
    of_season: dict[str, list[str]] = defaultdict(list)
    for day, mark in sorted(session.warehouse.marks().items()):
        of_season[season_of(day)].append(f"{day}:{mark}")
    over = {season: marks for season, marks in of_season.items() if season_last_day(season) < session.today()}
    everywhere = _rules(), *(f"{n}:{t.code_version}:{parameters_of(session, n)}" for n, t in TABLES.items())
    return {season: combine([*everywhere, *_at_hand(session, season), *marks]) for season, marks in over.items()}


def _at_hand(session: Session, season: str) -> list[str]:
    return [f"{result_set}:{session.source.version(result_set, season)}" for result_set in ResultSet]


@cache
def _rules() -> str:
    """The rules by which a state is derived, as they are written."""
    return combine(file.read_text(encoding="utf-8") for file in sorted(Path(__file__).parent.glob("*.py")))
