"""What is not known of the features, season by season, and why: the share of NULL, and what the contract says of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import pandas as pd

from nba_assets.schema.contract import Column

NULL_WHEN = "null_when"


class NoWholeRowWarning(UserWarning):
    """No row of a split has all features: `dropna` leaves nothing of it."""


def null_counts(rows: pd.DataFrame, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Season -> its number of `rows`, and of `nulls` by column, where there are any."""
    found = {}
    for season, of_season in rows.groupby("season"):
        counts = of_season[[*names]].isna().sum()
        found[str(season)] = {"rows": len(of_season), "nulls": {str(name): int(n) for name, n in counts.items() if n}}
    return found


def null_shares(rows: pd.DataFrame, columns: Iterable[Column]) -> pd.DataFrame:
    """A line per column: the share of NULL in each season's rows, from 0 to 1, and when it is NULL, as `null_when`."""
    reasons = {column.name: column.null_when for column in columns}
    shares = rows[[*reasons]].isna().groupby(rows["season"].astype(str)).mean().T
    shares.index.name, shares.columns.name = "feature", None
    return shares.assign(**{NULL_WHEN: pd.Series(reasons, dtype="string")})


def as_lines(shares: pd.DataFrame) -> list[str]:
    """The shares as a report has them: those that are not 0 everywhere, with the reason behind."""
    seasons = [name for name in shares.columns if name != NULL_WHEN]
    some = shares[shares[seasons].gt(0).any(axis=1)]
    if some.empty:
        return ["share of NULL: none"]
    wide = max(map(len, some.index)) + 2
    lines = [f"{'share of NULL':{wide}}{''.join(f'{season:>9}' for season in seasons)}  NULL"]
    for name, found in some.iterrows():
        values = "".join(f"{found[season]:>9.3f}" for season in seasons)
        lines.append(f"  {name:{wide - 2}}{values}  {found[NULL_WHEN]}")
    return lines
