"""What a row of the feature store is short of, in words: made of the columns that it has, not stored beside them."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

import pandas as pd

from nba_assets.api.asked import AskedError
from nba_assets.schema.feature import FeatureSet, Lack
from nba_assets.tables.cup_final import REST_FROM_TEAM
from nba_assets.tables.player_daily_cache import GAMES_NOT_LOADED, SHOTS_MISSING

READY = "ready"
GAMES_MISSING, TEAM_RESTED, ACCEPTED = "games missing", "rest by team", "gap accepted"

_ISSUES = {GAMES_NOT_LOADED: GAMES_MISSING, SHOTS_MISSING: Lack.ZONES.value, REST_FROM_TEAM: TEAM_RESTED}
_READ = ("missing_features", "data_quality_issues", "is_production_ready")


def readiness(rows: pd.DataFrame, features: FeatureSet) -> pd.Series:
    """Of each row "ready", or a comma list of what it is short of: texts, named "readiness", on the index of the rows.

    Lists are lists, or JSON as a CSV file has them. AskedError for rows that are not those of a feature store, or lack
    a column that it is made of.
    """
    known: dict[tuple[object, ...], str] = {}
    found = []
    for missing, issues, flag in zip(*_columns(rows), strict=True):
        key = (*missing, "", *issues, flag)
        if key not in known:
            known[key] = ", ".join(_reasons(missing, issues, features, is_flagged=bool(flag))) or READY
        found.append(known[key])
    return pd.Series(found, index=rows.index, name="readiness", dtype="string")


def _columns(rows: pd.DataFrame) -> list[list[Any]]:
    """The columns that it is made of, each as a list; AskedError where that is not possible."""
    if not isinstance(rows, pd.DataFrame):
        raise AskedError(
            f"readiness is of rows as nba.read gives them, a DataFrame of pandas, not {type(rows).__name__}"
        )
    absent = [name for name in _READ if name not in rows.columns]
    if absent:
        raise AskedError(
            f"readiness is made of {', '.join(_READ)} of the feature store, and {', '.join(absent)} is not there: read "
            "it, too. A training set has its own: data.readiness"
        )
    if twice := [name for name in _READ if isinstance(rows[name], pd.DataFrame)]:
        raise AskedError(f"{', '.join(twice)} is there twice")
    if unknown := [name for name in _READ if rows[name].isna().any()]:
        raise AskedError(f"{', '.join(unknown)} is NULL in some rows: they are not of the feature store")
    *lists, flag = _READ
    return [*([_listed(value, name) for value in rows[name]] for name in lists), [*rows[flag].astype(bool)]]


def _listed(value: Any, name: str) -> list[str]:
    try:
        listed = json.loads(value) if isinstance(value, str) else [*value]
    except (TypeError, ValueError):
        listed = None
    if not isinstance(listed, list):
        raise AskedError(f"{name} is to be a list in every row, or a list as JSON, not {value!r}")
    return listed


def _reasons(missing: Collection[str], issues: Collection[str], features: FeatureSet, *, is_flagged: bool) -> list[str]:
    """Who has too short a history lacks his zones and his points because of it: those are no reasons of their own."""
    lacks = {feature.lack for feature in features if feature.name in missing}
    own = {Lack.HISTORY, Lack.REPORT} if Lack.HISTORY in lacks else {*Lack}
    found = [*(lack.value for lack in Lack if lack in lacks & own), *(_ISSUES[one] for one in issues if one in _ISSUES)]
    reasons = list(dict.fromkeys(found))
    explained = GAMES_NOT_LOADED in issues or any(name in features.critical for name in missing)
    return reasons if is_flagged or explained else [*reasons, ACCEPTED]


def counted_reasons(readiness: pd.Series) -> dict[str, int]:
    """How many rows are ready, and how many are short of each thing; a row that is short of two counts for both."""
    return {str(reason): int(n) for reason, n in readiness.str.split(", ").explode().value_counts().items()}
