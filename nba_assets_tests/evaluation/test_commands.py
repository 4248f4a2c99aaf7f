"""`nba-assets evaluate` and `drift`, and the same in Python, on the first weeks of two simulated seasons."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import nba_assets as nba
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.evaluation.made_up import NOW, WEEKS

WITHOUT_SKLEARN = """
import sys
sys.modules["sklearn"] = None
from nba_assets.cli import main
main()
"""


@pytest.fixture
def reader(home: Path, monkeypatch: pytest.MonkeyPatch) -> nba.Reader:
    monkeypatch.setenv("NBA_NOW", NOW["NBA_NOW"])
    return nba.open(home)


def results(reader: nba.Reader) -> pd.DataFrame:
    """What became of each game: game_date, player_id, points."""
    return pd.concat([reader.read("PGS", *days)[["game_date", "player_id", "points"]] for days in WEEKS.values()])


def test_the_report_says_who_is_compared_with_what(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    found = nba_assets("evaluate", "--partial", "--out", str(page), home=home, **NOW)
    assert found.exit_code == 0, found.output
    assert "points of 2022-23, trained on 2021-22" in found.stdout
    assert "boosting rests on:" in found.stdout
    assert "<h1>points of 2022-23</h1>" in page.read_text(encoding="utf-8")


def test_as_json_and_in_python_it_is_the_same(home: Path, reader: nba.Reader) -> None:
    asked = ("evaluate", "--partial", "--seasons", "2021-22,2022-23", "--label", "points+rebounds")
    told = printed_json(nba_assets(*asked, "--format", "json", home=home, **NOW))
    with pytest.warns(nba.OutOfDateWarning):
        found = reader.evaluate(seasons=["2021-22", "2022-23"], label="points+rebounds", missing="skip")
    assert told == {"version": 1, **found.as_dict()}
    assert told["label"] == "points+reb"


def test_everybody_who_played_is_counted(reader: nba.Reader) -> None:
    """From the fifteenth day on with an earlier game, whether or not the store has a row of his."""
    with pytest.warns(nba.OutOfDateWarning):
        found = reader.evaluate(missing="skip")
    of_season = results(reader)[lambda rows: rows["game_date"] > "2022-01-01"]
    earlier = of_season.groupby("player_id")["game_date"].transform("min") < of_season["game_date"]
    assert found.scores["rows"].iloc[0] == (earlier & (of_season["game_date"] >= "2022-11-01")).sum()


def test_a_feature_that_knows_the_result_ends_with_1_and_is_named(
    home: Path, reader: nba.Reader, tmp_path: Path
) -> None:
    mine = results(reader).rename(columns={"points": "mine"})
    mine.to_parquet(tmp_path / "mine.parquet")
    found = nba_assets("evaluate", "--partial", "--extra", str(tmp_path / "mine.parquet"), home=home, **NOW)
    assert found.exit_code == 1
    assert "LEAK? mine is correlated" in found.stdout
    assert "that a feature knows the result" in found.stderr


EXTRAS: dict[str, tuple[Callable[[pd.DataFrame], pd.DataFrame], str]] = {
    "no player": (lambda rows: rows.drop(columns="player_id"), "extra has no column player_id"),
    "a row twice": (lambda rows: pd.concat([rows, rows.head(1)]), r"extra has player \d+ on 2021-10-19 twice"),
    "a text": (lambda rows: rows.assign(mine="high"), "extra: could not convert string"),
    "no feature": (lambda rows: rows[["game_date", "player_id"]], "no column besides game_date and player_id"),
    "a feature of the store": (lambda rows: rows.assign(home_away=1.0), "extra has home_away, which is there already"),
    "the name of a method": (lambda rows: rows.assign(boosting=1.0), "extra has boosting, which is there already"),
    "no date": (lambda rows: rows.assign(game_date="soon"), "extra: "),
    "nobody": (lambda rows: rows.assign(player_id=None), "extra: player_id has to be an NBA player id"),
    "half a player": (lambda rows: rows.assign(player_id=rows["player_id"] + 0.5), "extra: player_id has to be"),
    "a name": (lambda rows: rows.assign(player_id="LeBron James"), "extra: player_id has to be"),
    "a time of day": (lambda rows: rows.assign(game_date=rows["game_date"] + pd.Timedelta(hours=19)), "time of day"),
    "a time zone": (lambda rows: rows.assign(game_date=rows["game_date"].dt.tz_localize("US/Eastern")), "time zone"),
    "the day first": (lambda rows: rows.assign(game_date=rows["game_date"].dt.strftime("%d/%m/%Y")), "like 2021-11-01"),
    "a date that is a number": (lambda rows: rows.assign(game_date=20211101), "like 2021-11-01, not a number"),
    "another decade": (
        lambda rows: rows.assign(game_date=rows["game_date"] + pd.Timedelta(days=3650)),
        r"none of its [\d,]+ rows is of a game",
    ),
    "no row": (lambda rows: rows.head(0), "none of its 0 rows is of a game"),
    "infinity": (lambda rows: rows.assign(mine=float("inf")), "mine has infinite values"),
    "what cannot be squared": (lambda rows: rows.assign(mine=-1e300), "mine has infinite values, or greater"),
    "complex numbers": (lambda rows: rows.assign(mine=1j), "complex numbers, in mine"),
    "a column twice": (lambda rows: pd.concat([rows, rows[["mine"]]], axis=1), "extra has a column twice: mine"),
    "a path": (lambda _: "mine.parquet", "extra is a DataFrame with game_date and player_id, not a str"),
}


@pytest.mark.filterwarnings("ignore::nba_assets.api.reader.OutOfDateWarning")
@pytest.mark.parametrize("what", EXTRAS)
def test_extra_features_that_cannot_be_joined_are_refused(reader: nba.Reader, what: str) -> None:
    change, said = EXTRAS[what]
    with pytest.raises(nba.AskedError, match=said):
        reader.evaluate(extra=change(results(reader).rename(columns={"points": "mine"})), missing="skip")


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        (("--label", "luck"), 2, "has no label 'luck'"),
        (("--label", "minutes"), 2, "has no label 'minutes'. There are: "),
        (("--label", "pts"), 2, "did you mean 'points'?"),
        (("--label", "turnover"), 2, "did you mean 'turnovers'?"),
        (("--features", "luck"), 2, "has no feature 'luck'"),
        (("--features", ""), 2, "feature"),
        (("--seasons", "2021-22"), 2, "or build it with nba-assets backfill --season"),
        (("--seasons", "2021-22,2030-31"), 2, "2030-31"),
        (("--seasons", "lately"), 2, "lately"),
        (("--extra", "nowhere.parquet"), 2, "--extra nowhere.parquet: cannot be read as Parquet"),
        (("--extra", __file__), 2, "cannot be read as Parquet"),
        (("--extra", "."), 2, "it is a directory"),
        (("--seasons", ","), 2, "season"),
        (("--label", "points+"), 2, "has no label 'points+'"),
        (("--out", "nowhere/page.html"), 2, "there is no directory nowhere"),
        (("--out", "scores.csv"), 2, "--out scores.csv: a page is written; give it a name like page.html"),
        ((), 1, "Or take what is there, with --partial."),
    ],
)
def test_an_evaluation_that_cannot_be_is_refused_in_a_line(
    home: Path, given: tuple[str, ...], status: int, said: str
) -> None:
    partial = ["--partial"] if given else []
    found = nba_assets("evaluate", *given, *partial, home=home, **NOW)
    assert (found.exit_code, found.stdout) == (status, "")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


def test_without_its_packages_the_command_to_install_them_is_named(home: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", WITHOUT_SKLEARN, "evaluate", "--partial"],
        capture_output=True,
        text=True,
        env={**os.environ, "NBA_HOME": str(home), **NOW},
        check=False,
    )
    assert process.returncode == 1
    assert "pip install 'nba-assets[ml]'" in process.stderr
    assert "Traceback" not in process.stderr


OF_BOTH = ("drift", "--baseline", "2021-22", "--current", "2022-23", "--partial")


def test_drift_is_told_in_a_table_a_page_and_a_status(home: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    found = nba_assets(*OF_BOTH, "--out", str(page), home=home, **NOW)
    assert found.exit_code == 0, found.output
    assert "beside 2021-22" in found.stdout
    assert "<h1>Features of 2022-23 beside 2021-22</h1>" in page.read_text(encoding="utf-8")
    has_drifted = "nothing has drifted" not in found.stdout
    assert nba_assets(*OF_BOTH, "--check", "--quiet", home=home, **NOW).exit_code == has_drifted


def test_drift_as_json_and_in_python_is_the_same(home: Path, reader: nba.Reader) -> None:
    told = printed_json(nba_assets(*OF_BOTH, "--format", "json", home=home, **NOW))
    with pytest.warns(nba.OutOfDateWarning):
        found = reader.drift(baseline="2021-22", current="2022-23", missing="skip")
    rows = reader.read("MLFS", "2022-11-01", WEEKS["2022-23"][1])
    assert told == {"version": 1, **found.as_dict()}
    assert told["rows"]["current"] == len(rows)
    points = found.features.set_index("feature").loc["points_avg_last_10"]
    assert points["mean_current"] == pytest.approx(rows["points_avg_last_10"].mean())


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        (("--baseline", "2021-22"), 2, "--current"),
        (("--baseline", "2021-22", "--current", "lately"), 2, "lately"),
        (("--baseline", "2021-22", "--current", ""), 2, "season"),
        (("--baseline", "1990-91", "--current", "2021-22"), 2, "1990-91"),
        (("--baseline", "2021-22", "--current", "2022-23", "--features", "luck"), 2, "has no feature 'luck'"),
        (("--baseline", "2021-22", "--current", "2022-23", "--out", "no/where.html"), 2, "no directory no"),
        (("--baseline", "2021-22", "--current", "2022-23", "--out", "psi.json"), 2, "Its numbers: --format json"),
        (("--baseline", "2021-22", "--current", "2021-22"), 2, "2021-22 is in baseline and current"),
        (("--baseline", "2021-22,2022-23", "--current", "2022-23"), 2, "2022-23 is in baseline and current"),
        (("--baseline", ",", "--current", "2022-23"), 2, "an empty list of seasons"),
        (("--baseline", "2021-22", "--current", "2022-23"), 1, "has nothing for"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_in_a_line(
    home: Path, given: tuple[str, ...], status: int, said: str
) -> None:
    found = nba_assets("drift", *given, home=home, **NOW)
    assert (found.exit_code, found.stdout) == (status, "")
    assert said in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate",),
        ("evaluate", "--seasons", "2021-22,2022-23"),
        ("drift", "--baseline", "2021-22", "--current", "2022-23"),
        ("training-set", "--seasons", "2021-22,2022-23", "--out", "points"),
    ],
)
def test_of_an_empty_home_nothing_can_be_asked(command: tuple[str, ...], tmp_path: Path) -> None:
    found = nba_assets(*command, home=tmp_path / "empty", **NOW)
    assert (found.exit_code, found.stdout) == (2, "")
    assert "error: nothing has been built yet: run nba-assets backfill START END" in found.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("evaluate", "--partial", "--out", "/proc/page.html"),
        (*OF_BOTH, "--out", "/proc/page.html"),
        ("training-set", "--partial", "--out", "/proc/points"),
    ],
)
def test_a_place_that_cannot_be_written_is_refused_before_the_work(home: Path, command: tuple[str, ...]) -> None:
    """Where there are rights to write, and nothing can be written all the same; and no line of the work is printed."""
    found = nba_assets(*command, home=home, **NOW)
    assert (found.exit_code, found.stdout) == (1, "")
    assert [line for line in found.stderr.splitlines() if line] == found.stderr.splitlines()[-1:]
    assert f"error: --out {command[-1]}: cannot be written" in found.stderr


def test_control_c_of_what_publishes_nothing_says_no_more(home: Path) -> None:
    """The signal comes while it works, which its first line says."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nba_assets", "evaluate", "--partial"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "NBA_HOME": str(home), **NOW},
    )
    assert process.stderr is not None
    assert "simulated" in process.stderr.readline()
    process.send_signal(signal.SIGINT)
    _, rest = process.communicate(timeout=60)
    assert (process.returncode, rest.splitlines()[-1]) == (130, "interrupted")
