"""How good features are: two plain models trained on older seasons, beside simple means, on the games of the newest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from nba_assets.evaluation import leaks
from nba_assets.evaluation.errors import TooFewError
from nba_assets.evaluation.leaks import Known, signs_of_leaks
from nba_assets.evaluation.models import BOOSTING, MODELS, trained
from nba_assets.evaluation.player_games import BASE, BASELINES, POPULATIONS, REGULARS, ROLES, is_in
from nba_assets.evaluation.records import as_text, records
from nba_assets.evaluation.scores import COLUMNS, scores, scores_by

METHODS = (*BASELINES, *MODELS)
_MOST_NAMED = 5


@dataclass(frozen=True)
class Evaluation:
    """Scores, and what they rest on. Printed, a report; `write` makes a page of it.

    `scores` has a row per population and method, `by_month` and `by_role` the same of parts of the test season,
    `importances` says by how much the boosted trees' error grows without a feature, `by_training` how good they are
    after which seasons, `features` per feature its share of NULL and its signs of a leak. Errors are mean absolute
    errors in units of the label; ratios are to the last-10 mean on the same rows.
    """

    label: str
    train: tuple[str, ...]
    test: str
    known: Known
    scores: pd.DataFrame
    by_month: pd.DataFrame
    by_role: pd.DataFrame
    by_training: pd.DataFrame
    importances: pd.DataFrame
    features: pd.DataFrame
    alarms: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """As docs/json.md describes it."""
        tables = ("scores", "by_month", "by_role", "by_training", "importances", "features")
        return {
            "label": self.label,
            "train": [*self.train],
            "test": self.test,
            "known": self.known,
            **{name: records(getattr(self, name)) for name in tables},
            "alarms": [*self.alarms],
        }

    def write(self, file: str | Path) -> None:
        """Write the page, one HTML file that needs no other."""
        from nba_assets.evaluation.page import page_of  # which draws

        Path(file).write_text(page_of(self), encoding="utf-8")

    def __repr__(self) -> str:
        """The scores, the most important features, and the alarms."""
        first, last = self.train[0], self.train[-1]
        taught_by = first if first == last else f"{first} … {last}"
        lines = [f"{self.label} of {self.test}, trained on {taught_by}", *as_text(self.scores).splitlines()]
        best = self.importances.head(_MOST_NAMED)
        lines.append(
            f"{BOOSTING} rests on: {', '.join(f'{r.feature} {r.mae_grows_by:+.3f}' for r in best.itertuples())}"
        )
        for share, what in (("null_share_train", "the seasons before"), ("null_share_test", self.test)):
            unknown = self.features.loc[self.features[share].eq(1), "feature"]
            lines += [f"never known in {what}: {', '.join(unknown)}"] if len(unknown) else []
        return "\n".join([*lines, *(f"LEAK? {alarm}" for alarm in self.alarms)])


def evaluated(
    rows: pd.DataFrame,
    features: Sequence[str],
    *,
    label: str,
    test: str,
    known: Known = "morning",
    progress: Callable[[str], None] = lambda _: None,
) -> Evaluation:
    """Train on the seasons before `test`, and measure on it. `rows` are those of `player_games`, with the features.

    Raises TooFewError if a season has no row. Three seasons with 25 features take about 10 s.
    """
    trained_on = tuple(sorted(name for name in rows["season"].unique() if name < test))
    old, new = rows[rows["season"].isin(trained_on)], rows[rows["season"] == test].copy()
    if new.empty or old.empty:
        what = test if new.empty else f"the seasons before {test}"
        raise TooFewError(f"{what}: nobody has played from the fifteenth day on, with an earlier game of the season")
    models = {}
    for name in MODELS:
        progress(f"training {name}")
        models[name] = trained(name, old, features)
        new[name] = models[name].predict(new)
    by_training = _by_training(rows, features, trained_on, new, progress)
    progress("which features count")
    regulars = new[is_in(new, REGULARS)]
    weights = models[BOOSTING].importances(regulars if len(regulars) else new)
    progress("looking for leaks")
    by_population = pd.concat(
        [scores(of, METHODS).assign(population=name) for name in POPULATIONS if len(of := new[is_in(new, name)])],
        ignore_index=True,
    )[["population", *COLUMNS]]
    signs = signs_of_leaks(new, features)
    return Evaluation(
        label,
        trained_on,
        test,
        known,
        by_population,
        scores_by(new, METHODS, _months(new)),
        _by_role(new),
        by_training,
        weights,
        _described(old, new, signs),
        leaks.alarms(by_population, MODELS, signs, known),
    )


def _by_training(
    rows: pd.DataFrame,
    features: Sequence[str],
    seasons: Sequence[str],
    new: pd.DataFrame,
    progress: Callable[[str], None],
) -> pd.DataFrame:
    """What the boosted trees are worth after all seasons, and after each alone that has a feature to learn from."""
    found = [_of_boosting(new).assign(trained_on=" and ".join(seasons))]
    for season in seasons if len(seasons) > 1 else ():
        progress(f"training on {season} alone")
        try:
            model = trained(BOOSTING, rows[rows["season"] == season], features)
        except TooFewError:
            continue
        found.append(_of_boosting(new.assign(**{BOOSTING: model.predict(new)})).assign(trained_on=season))
    return pd.concat(found, ignore_index=True)[["trained_on", *COLUMNS[1:]]]


def _of_boosting(rows: pd.DataFrame) -> pd.DataFrame:
    """The scores of the boosted trees alone."""
    return scores(rows, (BASE, BOOSTING)).tail(1)


def _by_role(new: pd.DataFrame) -> pd.DataFrame:
    in_order = new["role"].astype(pd.CategoricalDtype(ROLES, ordered=True))
    return scores_by(new, METHODS, in_order).astype({"role": str})


def _months(new: pd.DataFrame) -> pd.Series:
    return new["game_date"].dt.strftime("%Y-%m").rename("month")


def _described(old: pd.DataFrame, new: pd.DataFrame, signs: pd.DataFrame) -> pd.DataFrame:
    """The signs, and how much of each feature is NULL."""
    names = [*signs["feature"]]
    shares = {
        "null_share_train": old[names].isna().mean().to_numpy(),
        "null_share_test": new[names].isna().mean().to_numpy(),
    }
    return signs.assign(**shares)[["feature", *shares, "correlation", "step"]]
