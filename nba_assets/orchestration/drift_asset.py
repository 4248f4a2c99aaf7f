"""The `feature_drift` asset, whose check warns where the newest season's features are not those of the one before.

An asset of its own, because a check on the feature store itself would be executed with every run that builds a date of
it, whoever launches it, and is stored for no partition: it compares seasons, and a date changes none.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg
import pandas as pd

from nba_assets.api.season_drift import drift_of_newest_season
from nba_assets.api.training import STORE
from nba_assets.evaluation.drift import Drift
from nba_assets.evaluation.errors import NoBaselineError, TooFewError
from nba_assets.evaluation.records import records
from nba_assets.session import Session
from nba_assets.text import joined

ASSET = "feature_drift"
DRIFT_CHECK = f"no_drift__{STORE.name}"
_SHOWN = (
    *("feature", "verdict", "psi", "null_share_baseline", "null_share_current"),
    *("mean_baseline", "mean_current", "std_baseline", "std_current"),
)
_IN_WORDS = ("feature", "verdict")
_DIGITS = 4
_MOST_NAMED = 5


def drift_asset(owners: Sequence[str]) -> dg.AssetsDefinition:
    """The asset with its check; computed by hand, and on Mondays where somebody has switched that on."""
    spec = dg.AssetSpec(
        ASSET,
        deps=[STORE.name],
        group_name="evaluation",
        owners=[*owners],
        kinds={"pandas"},
        description="How the features of the newest season so far differ from those of the season before up to the "
        f"same day, over all rows of {STORE.name}: shares of NULL, means, stability index (psi). `nba-assets drift` "
        "compares whole seasons, whichever you name.",
    )
    check = dg.AssetCheckSpec(
        DRIFT_CHECK,
        asset=ASSET,
        description=f"No feature of {STORE.name} has drifted since the season before: psi below NBA_DRIFT_PSI, and a "
        "share of NULL within NBA_DRIFT_NULL_SHARE of what it was. Warns, and blocks nothing. Passes, and says so, "
        "where there are not enough rows to compare.",
    )

    @dg.multi_asset(name="compare_seasons", specs=[spec], check_specs=[check], required_resource_keys={"pipeline"})
    def feature_drift(context) -> Iterator[dg.MaterializeResult[Any] | dg.AssetCheckResult]:  # type: ignore[no-untyped-def]
        session: Session = context.resources.pipeline.session
        try:
            found = drift_of_newest_season(session)
        except TooFewError as error:
            yield dg.MaterializeResult(asset_key=ASSET, metadata={"not compared": str(error)})
            # Of a season that somebody has named, and mistyped, silence would be an alarm switched off.
            passed = not isinstance(error, NoBaselineError)
            yield _result(passed=passed, description=f"Not compared: {error}.", metadata={"not compared": str(error)})
            return
        yield dg.MaterializeResult(asset_key=ASSET, metadata=_numbers(found) | {"features": _table(found.features)})
        yield _verdict(found)

    return feature_drift


def _verdict(found: Drift) -> dg.AssetCheckResult:
    """What has drifted, and how far; the command that draws it."""
    drifted = found.features[found.features["feature"].isin(found.drifted)]
    metadata = _numbers(found)
    if found.drifted:
        metadata["drifted features"] = _table(drifted)
        metadata["next"] = f"nba-assets drift --baseline {found.baseline} --current {found.current} --out drift.html"
    return _result(passed=not found.drifted, description=_in_words(found, drifted), metadata=metadata)


def _result(*, passed: bool, description: str, metadata: dict[str, Any]) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        check_name=DRIFT_CHECK,
        asset_key=ASSET,
        passed=passed,
        severity=dg.AssetCheckSeverity.WARN,
        description=description,
        metadata=metadata,
    )


def _in_words(found: Drift, drifted: pd.DataFrame) -> str:
    of_both = f"{found.current} beside {found.baseline}"
    if drifted.empty:
        return f"{of_both}: none of {len(found.features)} features drifted."
    named = joined([_told(row) for row in drifted.to_dict("records")], _MOST_NAMED)
    return f"{of_both}: {len(drifted)} of {len(found.features)} features drifted: {named}."


def _told(row: dict[str, Any]) -> str:
    """ "recent_trend (psi 0.31)", "injury_risk (NULL 0% → 100%)" """
    if "NULL" in row["verdict"]:
        return f"{row['feature']} (NULL {row['null_share_baseline']:.0%} → {row['null_share_current']:.0%})"
    return f"{row['feature']} (psi {row['psi']:.2f})"


def _numbers(found: Drift) -> dict[str, Any]:
    """What is compared, and how many have drifted: plots of the catalogue."""
    psi = found.features["psi"].max()
    metadata: dict[str, Any] = {
        "baseline": f"{found.baseline}, {found.rows[0]:,} rows",
        "current": f"{found.current}, {found.rows[1]:,} rows",
        "drifted": len(found.drifted),
    }
    return metadata if pd.isna(psi) else metadata | {"greatest psi": float(psi)}


def _table(features: pd.DataFrame) -> dg.TableMetadataValue:
    """A row per feature; NULL stays NULL."""
    rows = records(features[[*_SHOWN]].round(_DIGITS))
    columns = [dg.TableColumn(name, "string" if name in _IN_WORDS else "float") for name in _SHOWN]
    return dg.MetadataValue.table([dg.TableRecord(row) for row in rows], schema=dg.TableSchema(columns))
