"""Errors and their ratios, the models, and that a planted leak sounds an alarm where honest features do not."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from nba_assets.evaluation.errors import TooFewError
from nba_assets.evaluation.evaluate import METHODS, Evaluation, evaluated
from nba_assets.evaluation.models import BOOSTING, LINEAR, trained
from nba_assets.evaluation.player_games import player_games
from nba_assets.evaluation.scores import scores, scores_by
from nba_assets_tests.evaluation.made_up import FEATURES, results, with_honest_features

LEAKS = {
    "the result itself": lambda mine: mine,
    "the last five games with this one": lambda mine: mine.rolling(5, min_periods=1).mean(),
    "the season with this one": lambda mine: mine.expanding().mean(),
}


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    return with_honest_features(player_games(results()))


@pytest.fixture(scope="module")
def honest(rows: pd.DataFrame) -> Evaluation:
    return evaluated(rows, FEATURES, label="points", test="2022-23")


def test_errors_and_ratios_are_what_they_say(rows: pd.DataFrame) -> None:
    found = scores(rows, ["last 5", "last 10"]).set_index("method")
    errors = [(rows[name] - rows["label"]).abs().mean() for name in found.index]
    assert found["mae"].tolist() == pytest.approx(errors)
    assert found["ratio"].tolist() == pytest.approx([errors[0] / errors[1], 1])
    assert found["rows"].tolist() == [len(rows)] * 2


@pytest.mark.filterwarnings("error")
def test_where_the_last_ten_games_are_never_off_there_is_no_ratio(rows: pd.DataFrame) -> None:
    found = scores(rows.assign(label=rows["last 10"]), ["last 5", "last 10"])
    assert (found["mae"] > 0).tolist() == [True, False]
    assert found[["ratio", "ratio_error"]].isna().all(axis=None)


def test_the_error_of_a_ratio_is_that_of_drawing_dates(rows: pd.DataFrame) -> None:
    """As by taking dates with repetition, one draw after the other."""
    random, dates = np.random.default_rng(5), rows["game_date"].unique()
    of_date = dict(list(rows.groupby("game_date")))
    drawn = []
    for _ in range(400):
        some = pd.concat([of_date[day] for day in random.choice(dates, len(dates))])
        off = [(some[name] - some["label"]).abs().mean() for name in ("last 5", "last 10")]
        drawn.append(off[0] / off[1])
    found = scores(rows, ["last 5", "last 10"])["ratio_error"]
    assert found.iloc[0] == pytest.approx(np.std(drawn), rel=0.15)
    assert found.iloc[1] == 0


def test_parts_are_scored_as_if_they_were_all(rows: pd.DataFrame) -> None:
    months = rows["game_date"].dt.strftime("%Y-%m").rename("month")
    found = scores_by(rows, ["last 10"], months)
    assert found["month"].tolist() == sorted(months.unique())
    assert found["mae"].tolist() == [
        scores(rows[months == month], ["last 10"])["mae"].iloc[0] for month in found["month"]
    ]


def test_honest_features_sound_no_alarm(honest: Evaluation) -> None:
    assert honest.alarms == ()
    of_all = honest.scores[honest.scores["population"] == "A"].set_index("method")["ratio"]
    assert list(of_all.index) == list(METHODS)
    assert of_all[[LINEAR, BOOSTING]].between(0.97, 1.06).all()


@pytest.mark.parametrize("leak", LEAKS)
def test_a_planted_leak_sounds_an_alarm_that_names_it(rows: pd.DataFrame, leak: str) -> None:
    in_order = rows.sort_values(["player_id", "season", "game_date"])
    mine = in_order.groupby(["player_id", "season"])["label"].transform(LEAKS[leak])
    found = evaluated(in_order.assign(mine=mine), (*FEATURES, "mine"), label="points", test="2022-23")
    assert [alarm for alarm in found.alarms if "mine moves on the date" in alarm]
    assert not [alarm for alarm in found.alarms if "form" in alarm or "noise" in alarm]
    assert any(f"{BOOSTING} has" in alarm for alarm in found.alarms)
    assert "LEAK? mine" in repr(found)


def test_what_counts_is_found(honest: Evaluation) -> None:
    assert honest.importances["feature"].tolist() == ["form", "noise"]
    assert honest.importances["mae_grows_by"].iloc[0] > 1
    assert abs(honest.importances["mae_grows_by"].iloc[1]) < 0.2


def test_shares_of_null_are_told(honest: Evaluation) -> None:
    told = honest.features.set_index("feature")
    assert told["null_share_test"].to_dict() == {"form": 0, "noise": 0, "unknown": 1}
    assert told.loc["unknown", ["correlation", "step"]].isna().all()
    assert "never known in 2022-23: unknown" in repr(honest)


def test_the_same_rows_give_the_same_evaluation(rows: pd.DataFrame, honest: Evaluation) -> None:
    again = evaluated(rows.copy(), FEATURES, label="points", test="2022-23")
    assert again.as_dict() == honest.as_dict()


def test_a_model_is_not_told_of_the_test_season(rows: pd.DataFrame) -> None:
    """Whatever became of its games, the predictions of the others are as they were."""
    is_old = rows["season"] == "2021-22"
    before = trained(LINEAR, rows[is_old], FEATURES).predict(rows)
    changed = rows.assign(label=rows["label"].where(is_old, 99.0))
    found = evaluated(changed, FEATURES, label="points", test="2022-23")
    assert found.train == ("2021-22",)
    after = trained(LINEAR, changed[is_old], FEATURES).predict(rows)
    np.testing.assert_array_equal(before, after)
    of_all = found.scores[found.scores["population"] == "A"].set_index("method")["mae"]
    assert of_all[LINEAR] == pytest.approx(np.abs(before[~is_old] - 99).mean(), rel=1e-12)


def test_a_season_that_can_teach_nothing_alone_is_left_out() -> None:
    rows = with_honest_features(player_games(results()))
    third = rows[rows["season"] == "2021-22"].assign(season="2020-21", form=float("nan"), noise=float("nan"))
    found = evaluated(pd.concat([third, rows]), FEATURES, label="points", test="2022-23")
    assert found.by_training["trained_on"].tolist() == ["2020-21 and 2021-22", "2021-22"]


def test_as_json_it_has_no_nan(honest: Evaluation) -> None:
    text = json.dumps(honest.as_dict(), allow_nan=False)
    assert json.loads(text)["train"] == ["2021-22"]


def test_the_page_has_every_table_and_three_pictures(honest: Evaluation, tmp_path) -> None:
    honest.write(tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("data:image/png;base64,") == 3
    assert "<td>last 10</td>" in page
    assert "nan" not in page.lower().split("base64")[0]
    assert not [address for address in ("http://", "https://", "file://") if address in page]


@pytest.mark.parametrize(("only", "named"), [("2021-22", "2022-23"), ("2022-23", "the seasons before 2022-23")])
def test_a_season_without_rows_is_an_error_that_names_it(rows: pd.DataFrame, only: str, named: str) -> None:
    with pytest.raises(TooFewError, match=f"^{named}: nobody has played"):
        evaluated(rows[rows["season"] == only], FEATURES, label="points", test="2022-23")


def test_features_that_nobody_knows_teach_nothing(rows: pd.DataFrame) -> None:
    with pytest.raises(TooFewError, match="nothing to learn from: in 2021-22"):
        evaluated(rows, ["unknown"], label="points", test="2022-23")
