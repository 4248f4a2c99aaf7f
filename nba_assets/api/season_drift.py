"""The newest season beside the one before: what a model that was trained then meets now, without anybody's asking."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from nba_assets.api.training import FEATURES, STORE
from nba_assets.evaluation.drift import Drift, Limits, drift
from nba_assets.evaluation.errors import NoBaselineError, TooFewError
from nba_assets.league.calendar import (
    opening_at_the_latest,
    season_first_day,
    season_last_day,
    season_name,
    season_of,
    season_start_year,
)
from nba_assets.planning.history import history
from nba_assets.session import Session
from nba_assets.text import counted

LEAST_ROWS = 500
"""Of fewer, about two nights, deciles differ by chance alone."""


def drift_of_newest_season(session: Session) -> Drift:
    """The newest season that was built, beside NBA_DRIFT_BASELINE, or the season before it, up to the same day.

    Of the baseline count as many days from its opening night as the newest season has: after three weeks everybody's
    averages are of few games, and would have drifted from those of a whole season. The rows as they are stored: whether
    they are out of date is not asked here. Raises WarehouseError, and TooFewError, which says it in words, where there
    is nothing to compare: NoBaselineError, where a season that is named has nothing.
    """
    built = history(session)
    if not built:
        raise TooFewError("nothing has been built yet")
    current = season_of(built[-1])
    baseline = session.settings.drift_baseline or season_name(season_start_year(current) - 1)
    if baseline == current:
        raise TooFewError(f"{current} is the newest season, and NBA_DRIFT_BASELINE names it, too")
    so_far = built[-1] - opening_at_the_latest(current)
    try:
        old = _rows_of(session, baseline, so_far)
    except TooFewError as error:
        named = session.settings.drift_baseline
        raise error if named is None else NoBaselineError(f"NBA_DRIFT_BASELINE={named}: {error}") from error
    new = _rows_of(session, current, so_far)
    return drift(old, new, FEATURES.names, baseline=baseline, current=current, limits=limits_of(session))


def limits_of(session: Session) -> Limits:
    """From where on a feature has drifted, by the settings."""
    return Limits(psi=session.settings.drift_psi, null_share=session.settings.drift_null_share)


def _rows_of(session: Session, season: str, so_far: timedelta) -> pd.DataFrame:
    """The stored rows of a season until so long after its opening night."""
    last = min(season_last_day(season), opening_at_the_latest(season) + so_far)
    rows = session.warehouse.read(STORE, start=season_first_day(season), end=last)
    if len(rows) < LEAST_ROWS:
        found = f"{season} has {counted(len(rows), 'row')} of {STORE.name} until {last}"
        raise TooFewError(f"{found}: {LEAST_ROWS} are needed")
    return rows
