"""From stored rows to what an evaluation compares: every game of who played, with its features, and others given."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from nba_assets.api.asked import GAME_DATE, AskedError, one_of
from nba_assets.api.frames import typed
from nba_assets.api.standing import Standing, published_in_both
from nba_assets.api.training import LABEL, OUTCOMES, features_named, label_named, summed
from nba_assets.evaluation.evaluate import METHODS
from nba_assets.evaluation.leaks import WHEN_KNOWN, Known
from nba_assets.evaluation.player_games import ADDED, player_games
from nba_assets.schema.contract import columns_of
from nba_assets.schema.reads import GAME, PLAYER

_BY = [GAME_DATE, PLAYER]
_OF_RESULTS = (GAME_DATE, "season", GAME, PLAYER, "seconds_played")
_RESERVED = frozenset({*_OF_RESULTS, LABEL, *METHODS, *ADDED})


@dataclass(frozen=True)
class Compared:
    """What is to be evaluated: features of the store, and others by date and player."""

    label: str
    features: tuple[str, ...]
    known: Known
    extra: pd.DataFrame | None

    @property
    def names(self) -> tuple[str, ...]:
        """All features, the store's first."""
        return self.features if self.extra is None else (*self.features, *self.extra.columns.drop(_BY))

    def rows(self, store: Standing, outcomes: Standing) -> pd.DataFrame:
        """Population A of the dates that are published in both tables, in order of date, game and player."""
        known = published_in_both(store, outcomes)
        results = typed(outcomes.rows, OUTCOMES, [c for c in columns_of(OUTCOMES.contract) if c.name in _OF_RESULTS])
        results = results.assign(**{LABEL: summed(outcomes.rows, self.label).astype("float64")})
        games = player_games(results[results[LABEL].notna()])
        games = games[games[GAME_DATE].isin(known)].sort_values([GAME_DATE, GAME, PLAYER])
        rows = games.merge(store.rows[[*_BY, *self.features]], on=_BY, how="left", validate="1:1")
        return rows if self.extra is None else rows.merge(self.extra, on=_BY, how="left", validate="1:1")


def compared(label: str, features: str | Iterable[str] | None, known: Known, extra: pd.DataFrame | None) -> Compared:
    """What is asked for; AskedError for what cannot be."""
    one_of(known, WHEN_KNOWN, f"known='{known}' is not possible")
    names = features_named(features)
    return Compared(label_named(label), names, known, None if extra is None else _readable(extra, names))


def _readable(extra: pd.DataFrame, taken: Sequence[str]) -> pd.DataFrame:
    """A frame of features by game_date and player_id, one row each, with numbers and names of its own."""
    absent = [name for name in _BY if name not in extra.columns]
    if absent:
        raise AskedError(f"extra has no column {', '.join(absent)}: its rows are joined by {' and '.join(_BY)}")
    try:
        rows = extra.assign(**{GAME_DATE: pd.to_datetime(extra[GAME_DATE]), PLAYER: extra[PLAYER].astype("int64")})
        rows = rows.astype(dict.fromkeys(rows.columns.drop(_BY), "float64"))
    except (TypeError, ValueError) as error:
        raise AskedError(f"extra: {error}") from error
    rows[GAME_DATE] = rows[GAME_DATE].astype("datetime64[ns]")
    twice = rows[rows.duplicated(_BY)]
    if len(twice):
        first: Any = twice.iloc[0]
        raise AskedError(f"extra has player {first[PLAYER]} on {first[GAME_DATE].date()} twice")
    clash = [name for name in rows.columns.drop(_BY) if name in {*taken, *_RESERVED}]
    if clash:
        raise AskedError(f"extra has {', '.join(clash)}, which is there already: give it another name")
    if len(rows.columns) == len(_BY):
        raise AskedError(f"extra has no column besides {' and '.join(_BY)}: no feature")
    return rows
