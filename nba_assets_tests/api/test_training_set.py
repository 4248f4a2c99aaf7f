"""Training sets: features of a game with its outcome, splits in order of time, and a manifest that can be repeated."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import nba_assets as nba
from nba_assets.schema.fingerprint import partition_hashes
from nba_assets.session import open_session
from nba_assets.settings import load_settings
from nba_assets.tables import TABLES
from nba_assets_tests.cli.command import nba_assets

CUTS = ("2021-11-03", "2021-11-04")
NOW = "2021-11-05T12:00"
ASKED = ("--split", ",".join(CUTS))


@pytest.fixture(scope="module")
def reader(home: Path) -> nba.Reader:
    """What was built, the day after it."""
    return nba.open(home, now=NOW)


@pytest.fixture(scope="module")
def made(reader: nba.Reader) -> Any:
    """Points, by date."""
    return reader.training_set(split=CUTS)


def test_each_row_has_the_label_of_its_own_game(reader: nba.Reader, made: Any) -> None:
    rows = pd.concat([made.train, made.validation, made.test])
    outcomes = reader.read("PGS", "2021-10-19", "2021-11-04").set_index(["game_date", "player_id"])
    keys = pd.MultiIndex.from_frame(rows[["game_date", "player_id"]])
    assert list(rows["label"]) == list(outcomes.loc[keys, "points"])
    assert list(rows["game_id"]) == list(outcomes.loc[keys, "game_id"])
    store = reader.read("MLFS", "2021-10-19", "2021-11-04").set_index(["game_date", "player_id"])
    for feature in made.features:
        assert list(rows[feature].fillna(-99)) == list(store.loc[keys, feature].fillna(-99))


def test_splits_follow_each_other_and_nobody_is_lost_without_a_word(reader: nba.Reader, made: Any) -> None:
    assert made.train["game_date"].max() < pd.Timestamp(CUTS[0])
    assert set(made.validation["game_date"]) == {pd.Timestamp(CUTS[0])}
    assert set(made.test["game_date"]) == {pd.Timestamp(CUTS[1])}
    store = reader.read("MLFS", "2021-10-19", "2021-11-04")
    outcomes = reader.read("PGS", "2021-10-19", "2021-11-04")
    rows = sum(map(len, made.frames.values()))
    assert rows + made.left_out["did not play"] + made.left_out["of games without outcomes"] == len(store)
    assert rows + made.left_out["played without features"] == len(outcomes)
    assert made.left_out["did not play"] > 0


def test_who_did_not_play_is_kept_and_marked(reader: nba.Reader, made: Any) -> None:
    kept = reader.training_set(split=CUTS, not_played="keep")
    assert kept.test["played"].sum() == len(made.test) < len(kept.test)
    assert (kept.test["label"].isna() == ~kept.test["played"]).all()
    assert made.test["played"].all()
    assert str(kept.test["label"].dtype) == str(made.test["label"].dtype) == "Int64"


def test_a_label_can_be_a_sum_and_features_are_chosen(reader: nba.Reader) -> None:
    summed = reader.training_set(label="points+rebounds+assists", features=["points_avg_last_5", "is_home"], split=CUTS)
    assert summed.features == ["points_avg_last_5", "is_home"]
    outcomes = reader.read("PGS", *[CUTS[1]] * 2).set_index("player_id")
    of_game = outcomes.loc[list(summed.test["player_id"]), ["points", "reb", "ast"]].sum(axis=1)
    assert list(summed.test["label"]) == list(of_game)
    shares = reader.training_set(label="ts_pct", split=CUTS).test["label"]
    assert (str(shares.dtype), bool(shares.between(0, 1.5).any())) == ("float64", True)
    assert str(reader.training_set(label="won", split=CUTS).test["label"].dtype) == "boolean"


def test_what_is_live_can_be_learned_from_and_is_met_again(made: Any) -> None:
    for name in made.features:
        is_known = all(rows[name].notna().any() for rows in made.frames.values())
        assert (name in made.live) == (is_known and made.train[name].nunique() > 1), name
    assert {*made.live} < {*made.features}
    assert len(made.train.dropna(subset=made.live)) > 0


def test_a_report_says_what_no_model_can_learn_from(made: Any) -> None:
    told = repr(made)
    assert f"train: {len(made.train):,} rows, 2021-10-19 … 2021-11-02" in told
    assert "  always the same: usage_spike_score, minutes_change, playoff_game" in told, "of one night"
    assert f"left out: {made.left_out['did not play']} did not play" in told


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ({}, "2021-22 is one season: give more, or split it at dates"),
        ({"split": ("2021-11-04", "2021-11-03")}, "the earlier first"),
        ({"split": "2022-11-04"}, "no date of 2021-22 is left for test"),
        ({"split": "soon"}, "split 'soon' is not a date"),
        ({"split": ()}, "or one or two dates"),
        ({"split": "2021-10-20"}, "train, 2021-10-19 … 2021-10-19, would have no row"),
        ({"split": CUTS, "label": "point"}, "player_game_summary has no label 'point'; did you mean 'points'?"),
        ({"split": CUTS, "label": "points+team"}, "has no label 'team'"),
        ({"split": CUTS, "features": ["points_avg_last_6"]}, "did you mean 'points_avg_last_5'?"),
        ({"split": CUTS, "features": ["game_id"]}, "has no feature 'game_id'"),
        ({"split": CUTS, "features": []}, "name at least one feature"),
        ({"split": CUTS, "not_played": "mark"}, "not_played='mark' is not possible. There are: drop, keep"),
        ({"split": CUTS, "seasons": "2021"}, "'2021' is not a season"),
        ({"split": 5}, "split '5' is not a date"),
        ({"manifest": {}}, "a manifest is named by its file or directory, not by dict"),
        ({"manifest": "nowhere.json"}, "nowhere.json is no manifest of a training set"),
        ({"manifest": "nowhere.json", "label": "reb"}, "the manifest says what the set is made of: give it alone"),
        ({"manifest": "nowhere.json", "split": CUTS}, "the manifest says what the set is made of: give it alone"),
        (
            {"manifest": "nowhere.json", "features": np.array(["points_avg_last_5", "team_pace"])},
            "the manifest says what the set is made of: give it alone",
        ),
    ],
)
def test_what_cannot_be_is_refused(reader: nba.Reader, asked: dict[str, Any], message: str) -> None:
    with pytest.raises(nba.AskedError) as refused:
        reader.training_set(**asked)
    assert message in str(refused.value)


def test_dates_without_outcomes_are_an_error_or_left_out_whole(home: Path) -> None:
    late = nba.open(home, now="2021-11-07T12:00")
    with pytest.raises(nba.NotThereError, match="player_game_summary has nothing for"):
        late.training_set(seasons="2021-22", split=CUTS)
    with pytest.warns(nba.OutOfDateWarning) as warned:
        made = late.training_set(seasons="2021-22", split=CUTS, missing="skip")
    assert {one.filename for one in warned} == {__file__}
    assert made.test["game_date"].max() == pd.Timestamp("2021-11-04")


def test_seasons_split_by_season(home: Path) -> None:
    now = nba.open(home, now="2022-10-20T12:00")
    with pytest.raises(nba.NotThereError, match=r"player_game_summary has nothing for 240 of 257 dates"):
        now.training_set(seasons=["2021-22", "2022-23"])
    with pytest.warns(nba.OutOfDateWarning), pytest.raises(nba.AskedError, match=r"test, 2022-10-18 … .* have no row"):
        now.training_set(seasons=["2021-22", "2022-23"], missing="skip")


def written(directory: Path) -> dict[str, str]:
    """The files of a set, and a hash of each."""
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in sorted(directory.iterdir())}


@pytest.mark.long
def test_the_same_manifest_gives_the_same_bytes_in_another_home(home: Path, tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    first = nba_assets("training-set", *ASKED, "--out", str(one), home=home, NBA_NOW=NOW)
    assert first.exit_code == 0, first.stderr
    elsewhere = tmp_path / "elsewhere"
    assert nba_assets("backfill", "2021-10-19", "2021-11-04", "--quiet", home=elsewhere).exit_code == 0
    again = nba_assets(
        "training-set", "--manifest", str(one / "manifest.json"), "--out", str(other), home=elsewhere, NBA_NOW=NOW
    )
    assert again.exit_code == 0, again.stderr
    assert written(one) == written(other)
    assert set(written(one)) == {
        "manifest.json",
        "dictionary.csv",
        "train.parquet",
        "validation.parquet",
        "test.parquet",
    }


def test_files_say_what_is_in_them(home: Path, made: Any, tmp_path: Path) -> None:
    made.write(tmp_path / "set")
    table = pq.read_table(tmp_path / "set" / "test.parquet")
    assert table.num_rows == len(made.test)
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    assert manifest["splits"]["test"]["rows"] == table.num_rows
    assert manifest["splits"]["test"]["sha256"] == written(tmp_path / "set")["test.parquet"]
    assert manifest["tables"]["player_game_summary"]["2021-11-04"]["status"] == "OK"
    assert str(home) not in json.dumps(manifest), "nothing of where it was made"
    with (tmp_path / "set" / "dictionary.csv").open(newline="") as lines:
        described = {row["column"]: row for row in csv.DictReader(lines)}
    assert list(described) == table.column_names
    assert {row["role"] for row in described.values()} == {"key", "feature", "played", "label"}
    unknown = made.train["injury_risk"].isna().mean()
    assert float(described["injury_risk"]["null_share_train"]) == pytest.approx(unknown, abs=1e-4)


def test_a_restated_game_is_found_by_the_manifest(home: Path, tmp_path: Path) -> None:
    place, directory = tmp_path / "home", tmp_path / "set"
    shutil.copytree(home, place)
    assert nba_assets("training-set", *ASKED, "--out", str(directory), home=place, NBA_NOW=NOW).exit_code == 0
    before = written(directory)
    looked_at = ("training-set", "--manifest", str(directory))
    same = nba_assets(*looked_at, home=place, NBA_NOW=NOW)
    assert (same.exit_code, "the rows are those of the manifest" in same.stderr) == (0, True), same.stderr
    correct(place)
    found = nba_assets(*looked_at, "--out", str(directory), home=place, NBA_NOW=NOW)
    assert found.exit_code == 1
    assert "player_game_summary: other rows on 1 date (2021-11-02)" in found.stderr
    assert "comes out otherwise than its manifest says; nothing is written" in found.stderr
    assert written(directory) == before


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda manifest: manifest.pop("request"), "is no manifest of a training set: it should have request"),
        (lambda manifest: manifest.update(version=2), "is of version 2; this nba_assets reads version 1"),
        (lambda manifest: manifest["request"].pop("splits"), "the manifest is damaged"),
        (lambda manifest: manifest["request"].update(missing=7), "missing='7' is not possible"),
        (lambda manifest: manifest["request"].update(not_played=7), "not_played='7' is not possible"),
        (lambda manifest: manifest["request"].update(not_played="lost"), "not_played='lost' is not possible"),
        (lambda manifest: manifest.update(splits=None), "training set: splits is missing or damaged"),
        (lambda manifest: manifest["splits"]["test"].pop("content"), "splits.test.content is missing or damaged"),
        (lambda manifest: manifest.update(tables="zzz"), "training set: tables is missing or damaged"),
        (lambda manifest: manifest["tables"].update(player_game_summary=None), "tables.player_game_summary is missing"),
        (lambda manifest: manifest["request"].update(features=["gone"]), "has no feature 'gone'"),
        (lambda manifest: manifest["request"]["splits"].update(train=[["x", "y"]]), "date 'x' is not a date"),
    ],
)
def test_a_manifest_that_is_damaged_is_no_traceback(
    home: Path, made: Any, tmp_path: Path, damage: Callable[[Any], object], message: str
) -> None:
    made.write(tmp_path / "set")
    manifest = json.loads((tmp_path / "set" / "manifest.json").read_text())
    damage(manifest)
    (tmp_path / "set" / "manifest.json").write_text(json.dumps(manifest))
    refused = nba_assets("training-set", "--manifest", "set", home=home, NBA_NOW=NOW)
    assert (refused.exit_code, message in refused.stderr) == (2, True), refused.stderr


def test_a_file_of_brackets_is_no_manifest(home: Path, tmp_path: Path) -> None:
    (tmp_path / "deep.json").write_text("[" * 100_000)
    refused = nba_assets("training-set", "--manifest", "deep.json", home=home, NBA_NOW=NOW)
    assert (refused.exit_code, "it is not JSON" in refused.stderr) == (2, True), refused.stderr


def test_a_manifest_without_its_partitions_is_no_proof(reader: nba.Reader, made: Any, tmp_path: Path) -> None:
    made.write(tmp_path / "set")
    file = tmp_path / "set" / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"tables": {}}))
    with pytest.warns(nba.OutOfDateWarning):
        again = reader.training_set(manifest=file)
    assert {change.partition(":")[0] for change in again.changes} == {"ml_feature_store_v2", "player_game_summary"}


def test_an_older_set_stays_where_the_new_one_cannot_be_written(made: Any, tmp_path: Path) -> None:
    made.write(tmp_path / "set")
    before = written(tmp_path / "set")
    broken = replace(made, frames={**made.frames, "test": made.test.drop(columns="label")})
    with pytest.raises(KeyError):
        broken.write(tmp_path / "set")
    assert written(tmp_path / "set") == before


def test_the_directory_of_something_else_is_left_alone(made: Any, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text('{"name": "an extension"}')
    with pytest.raises(nba.AskedError, match="is no manifest of a training set"):
        made.write(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["manifest.json"]


def test_an_older_set_is_replaced_whole(reader: nba.Reader, made: Any, tmp_path: Path) -> None:
    made.write(tmp_path / "set")
    reader.training_set(split=CUTS[1]).write(tmp_path / "set")
    assert [*written(tmp_path / "set")] == ["dictionary.csv", "manifest.json", "test.parquet", "train.parquet"]


def correct(home: Path) -> None:
    """One more field goal of one player, published with its hash as a repair would."""
    day, table, stored = date(2021, 11, 2), TABLES["player_game_summary"], "nba_analytics.player_game_summary"
    first = f"(SELECT min(player_id) FROM {stored} WHERE game_date = '{day}')"
    with duckdb.connect(str(home / "simulated" / "warehouse.duckdb")) as connection:
        of_player = f"WHERE game_date = '{day}' AND player_id = {first}"
        connection.execute(f"UPDATE {stored} SET points = points + 2, fgm = fgm + 1 {of_player}")
    rows = open_session(load_settings(home=home)).warehouse.read(table, start=day, end=day)
    content = partition_hashes(rows, table.contract, [day])[day]
    with duckdb.connect(str(home / "simulated" / "warehouse.duckdb")) as connection:
        of_day = f"WHERE table_name = '{table.name}' AND partition_date = '{day}'"
        connection.execute(f"UPDATE nba_processing.processor_runs SET content_hash = ? {of_day}", [content])


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ((), 2, "say where: --out DIR; or which set to look at: --manifest FILE"),
        (("--out", "no/such/set"), 2, "no/such/set: there is no directory"),
        (("--out", "set", "--manifest", "x.json", "--label", "won"), 2, "--manifest says what the set is made of"),
        (("--manifest", "x.json"), 2, "x.json is no manifest of a training set"),
        (("--out", ".", *ASKED), 2, "has files that are no training set"),
        (("--out", "set"), 2, "2021-22 is one season"),
        (("--out", "set", *ASKED, "--features", " ,"), 2, "name at least one feature"),
        (("--out", "set", *ASKED, "--split", ""), 2, "or one or two dates"),
        (("--out", "file", *ASKED), 2, "file is a file: name a directory"),
    ],
)
def test_what_cannot_be_written_is_said(
    home: Path, tmp_path: Path, arguments: tuple[str, ...], status: int, message: str
) -> None:
    (tmp_path / "file").write_text("not a directory")
    told = nba_assets("training-set", *arguments, home=home, NBA_NOW=NOW)
    assert (told.exit_code, message in told.stderr) == (status, True), told.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["file"]
