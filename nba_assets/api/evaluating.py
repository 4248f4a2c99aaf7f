"""From stored rows to what an evaluation compares: every game of who played, with its features, and others given."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from nba_assets.api.asked import GAME_DATE, AskedError, one_of
from nba_assets.api.extra_features import JOINED_BY, readable
from nba_assets.api.frames import typed
from nba_assets.api.standing import Standing, published_in_both
from nba_assets.api.training import LABEL, OUTCOMES, features_named, label_named, summed
from nba_assets.evaluation.evaluate import METHODS
from nba_assets.evaluation.leaks import WHEN_KNOWN, Known
from nba_assets.evaluation.player_games import ADDED, player_games
from nba_assets.schema.contract import columns_of
from nba_assets.schema.reads import GAME, PLAYER

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
        return self.features if self.extra is None else (*self.features, *self.extra.columns.drop(JOINED_BY))

    def rows(self, store: Standing, outcomes: Standing) -> pd.DataFrame:
        """Population A of the dates that are published in both tables, in order of date, game and player."""
        known = published_in_both(store, outcomes)
        results = typed(outcomes.rows, OUTCOMES, [c for c in columns_of(OUTCOMES.contract) if c.name in _OF_RESULTS])
        results = results.assign(**{LABEL: summed(outcomes.rows, self.label).astype("float64")})
        games = player_games(results[results[LABEL].notna()])
        games = games[games[GAME_DATE].isin(known)].sort_values([GAME_DATE, GAME, PLAYER])
        rows = games.merge(store.rows[[*JOINED_BY, *self.features]], on=JOINED_BY, how="left", validate="1:1")
        return rows if self.extra is None else _with_extra(rows, self.extra)


def _with_extra(rows: pd.DataFrame, extra: pd.DataFrame) -> pd.DataFrame:
    """The rows with their features of `extra`; AskedError if none is joined: what is not there sounds no alarm."""
    joined = rows.merge(extra, on=JOINED_BY, how="left", validate="1:1", indicator=True)
    if not joined["_merge"].eq("both").any():
        by = " and ".join(JOINED_BY)
        raise AskedError(f"extra: none of its {len(extra):,} rows is of a game that counts, by {by}")
    return joined.drop(columns="_merge")


def compared(label: str, features: str | Iterable[str] | None, known: Known, extra: pd.DataFrame | None) -> Compared:
    """What is asked for; AskedError for what cannot be."""
    one_of(known, WHEN_KNOWN, f"known='{known}' is not possible")
    names = features_named(features)
    return Compared(label_named(label), names, known, None if extra is None else readable(extra, {*names, *_RESERVED}))
