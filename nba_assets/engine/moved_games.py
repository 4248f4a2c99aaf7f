"""Games that have moved: a game stands on one date, so that both of its dates are read together."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

import pandas as pd

from nba_assets.engine.inputs import read_stored, with_source
from nba_assets.league.calendar import season_first_day, season_last_day, seasons_between
from nba_assets.session import Session
from nba_assets.sources.base import SourceError
from nba_assets.tables import SCHEDULE
from nba_assets.tables.games import POSTPONED
from nba_assets.tables.raw_schedule import whole_schedule
from nba_assets.warehouse.ledger import is_published


def dates_of_moved_games(session: Session, days: Collection[date]) -> list[date]:
    """The other published dates whose games are not those that the source's schedule has now, as far as it has more.

    A game stands on one date: where the schedule has one on a date of `days`, or on one that is published without it,
    both that date and the one on which it stands so far have to be read again, together with `days`. None if the source
    fails: then whoever reads the schedule says why.
    """
    seasons = seasons_between(days)
    first, last = season_first_day(seasons[0]), season_last_day(seasons[-1])
    ledger = session.warehouse.ledger(first, last, tables=[SCHEDULE.name])
    published = {day.date() for day in ledger.loc[is_published(ledger), "partition_date"]}
    if not published.difference(days):
        return []
    try:
        asked, _ = with_source(session, SCHEDULE, read_stored(session, SCHEDULE, ()), sorted(days))
        says = _games_on(whole_schedule(asked.source))
    except (SourceError, KeyError, ValueError):
        return []
    stored = session.warehouse.read(SCHEDULE, columns=("game_date", "game_id", "status"), start=first, end=last)
    stands = _games_on(stored)
    arrived = {(game, day) for game, day in says - stands if day in published or day in days}
    moved = {game for game, _ in arrived}
    dates = {day for _, day in arrived} | {day for game, day in stands if game in moved}
    return sorted((dates & published).difference(days))


def _games_on(schedule: pd.DataFrame) -> set[tuple[str, date]]:
    on = schedule[schedule["status"] != POSTPONED]
    return set(zip(on["game_id"], on["game_date"].dt.date, strict=True))
