"""`log`: the runs of a backfill with a gap, what the failed one said, and that looking changes nothing."""

from __future__ import annotations

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from typer.testing import Result

from nba_assets.orchestration.dead_runs import PROCESS_TAG, this_process
from nba_assets.orchestration.instance import open_instance
from nba_assets.settings import Settings
from nba_assets.sources.base import ResultSet
from nba_assets_tests.cli.command import nba_assets, printed_json
from nba_assets_tests.engine.warehouses import EditedSource
from nba_assets_tests.repair.corrections import as_files

DAYS = ("2023-11-07", "2023-11-09")
GAP, GAME = ("raw_team_boxscores", "2023-11-08"), "0022300160"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A season's files without the box scores of one game."""

    def drop(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[frame["GAME_ID"].ne(GAME)]

    source = EditedSource({ResultSet.TEAM_LOG: drop, ResultSet.PLAYER_LOG: drop})
    data = as_files(source, "2023-24", tmp_path_factory.mktemp("data"))
    return {"NBA_SOURCE": "files", "NBA_DATA_DIR": str(data)}


@pytest.fixture(scope="module")
def home(settings: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """After a backfill of raw tables that has failed for one date, and a repair that has failed again."""
    home = tmp_path_factory.mktemp("home")
    backfill = nba_assets("backfill", *DAYS, "--tables", "SCHED,TBOX", home=home, **settings)
    assert backfill.exit_code == 1, backfill.output
    assert nba_assets("repair", *DAYS, "--tables", "TBOX", home=home, **settings).exit_code == 1
    return home


def test_the_latest_runs_come_first_and_failed_ones_name_their_partitions(home: Path, settings: dict[str, str]) -> None:
    runs = printed_json(nba_assets("log", "--format", "json", home=home, **settings))["runs"]
    gap = [{"table": GAP[0], "date": GAP[1]}]
    assert [(run["what"], run["dates"], run["status"], run["failed"]) for run in runs] == [
        ("raw_team_boxscores", [GAP[1], GAP[1]], "FAILURE", gap),
        ("raw_team_boxscores", [*DAYS], "FAILURE", gap),
        ("raw_schedule", [*DAYS], "SUCCESS", []),
    ]
    by = [run["started_by"] for run in runs]
    assert by[0] == "repair"
    assert by[1] == by[2]
    assert by[1].startswith("backfill cli-")
    assert [run["run_id"] for run in runs[:1]] == [
        run["run_id"] for run in printed_json(_log(home, settings, "--last", "1", "--format", "json"))["runs"]
    ]
    shown = _log(home, settings).stdout.splitlines()
    assert shown[0].split()[0] == runs[0]["run_id"][:8]
    assert shown[0].endswith("FAILURE  raw_team_boxscores 2023-11-08, by repair")
    assert shown[1] == "          failed: raw_team_boxscores 2023-11-08"


def test_the_lines_of_a_run_are_its_partitions_in_order_of_time_and_why_it_failed(
    home: Path, settings: dict[str, str]
) -> None:
    failed = printed_json(_log(home, settings, "--format", "json"))["runs"][1]
    found = printed_json(_log(home, settings, failed["run_id"][:8], "--format", "json"))
    assert found["run"] == failed
    lines = found["lines"]
    assert [line["at"] for line in lines] == sorted(line["at"] for line in lines)
    assert [(line["level"], line["table"], line["date"], line["text"][:3]) for line in lines] == [
        ("INFO", "raw_team_boxscores", None, "bac"),
        ("INFO", "raw_team_boxscores", "2023-11-07", "NO_"),
        ("INFO", "raw_team_boxscores", "2023-11-09", "OK,"),
        ("ERROR", *GAP, "GAP"),
        ("ERROR", "raw_team_boxscores", None, "raw"),
    ]
    text = _log(home, settings, failed["run_id"].upper()).stdout
    assert f"run {failed['run_id']}: raw_team_boxscores 2023-11-07 … 2023-11-09, by backfill cli-" in text
    assert "INFO raw_team_boxscores 2023-11-09: OK, 4 rows\n" in text
    assert f"{GAME} LAC@BKN: no box score. Next: nba-assets explain raw_team_boxscores 2023-11-08\n" in text
    assert "STEP_START" not in text
    assert not any(line.endswith(" ") for line in text.splitlines())


def test_explain_names_the_run_of_what_has_failed_and_of_nothing_else(home: Path, settings: dict[str, str]) -> None:
    newest = printed_json(_log(home, settings, "--format", "json"))["runs"][0]["run_id"]
    command = f"nba-assets log {newest[:8]}"
    explained = nba_assets("explain", *GAP, home=home, **settings).stdout
    assert f"what its run said: {command}" in explained
    assert _log(home, settings, *command.split()[2:]).exit_code == 0
    assert "nba-assets log" not in nba_assets("explain", GAP[0], DAYS[1], home=home, **settings).stdout
    assert "nba-assets log" not in nba_assets("explain", "PGS", GAP[1], home=home, **settings).stdout


@pytest.mark.parametrize(
    ("run", "said"),
    [
        ("no-such-run", "error: there is no run 'no-such-run'; `nba-assets log` shows the latest"),
        ("", "error: the ids of 3 runs begin with '': "),
    ],
)
def test_an_id_that_names_not_one_run_is_refused(home: Path, settings: dict[str, str], run: str, said: str) -> None:
    found = _log(home, settings, run)
    assert (found.exit_code, found.stdout) == (2, "")
    assert found.stderr.splitlines()[-1].startswith(said)


def test_a_run_whose_process_was_killed_says_so_and_is_not_marked(home: Path, settings: dict[str, str]) -> None:
    configured = Settings(home=home, source="files", data_dir=Path(settings["NBA_DATA_DIR"]))
    with open_instance(configured) as instance:
        left = dg.DagsterRun(
            job_name="repair", status=dg.DagsterRunStatus.STARTED, tags={PROCESS_TAG: f"{this_process()}0"}
        )
        instance.add_run(left)
    try:
        for _ in range(2):
            [killed] = printed_json(_log(home, settings, "--last", "1", "--format", "json"))["runs"]
            assert (killed["what"], killed["status"]) == ("repair", "KILLED")
    finally:
        with open_instance(configured) as instance:
            assert instance.get_run_by_id(left.run_id).status == dg.DagsterRunStatus.FAILURE
    said = _log(home, settings, left.run_id).stdout
    assert "ERROR the process that executed this run was killed" in said
    with open_instance(configured) as instance:
        instance.delete_run(left.run_id)


def test_runs_of_others_in_an_instance_that_is_shared_are_shown_as_they_are(tmp_path: Path) -> None:
    partitions = dg.StaticPartitionsDefinition(["us", "ca"])

    @dg.asset(partitions_def=partitions)
    def prices(context):  # type: ignore[no-untyped-def]  # Dagster cannot read a postponed annotation here
        context.log_event(dg.AssetObservation("prices", partition="us", metadata={"status": 7}))
        if context.partition_key == "ca":
            raise ValueError("no prices\n  of ca")
        return dg.MaterializeResult(metadata={"rows": 3})

    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        (tmp_path / "dagster.yaml").touch()
        for key in ("us", "ca"):
            dg.materialize([prices], partition_key=key, instance=instance, raise_on_error=False)
    shared = {"DAGSTER_HOME": str(tmp_path)}
    home = tmp_path / "home"
    failed, built = printed_json(nba_assets("log", "--format", "json", home=home, **shared))["runs"]
    assert (built["what"], built["dates"], built["failed"]) == ("all assets", None, [])
    assert (failed["started_by"], failed["status"], failed["failed"]) == ("a person", "FAILURE", [])
    said = nba_assets("log", built["run_id"], home=home, **shared).stdout.splitlines()
    assert [line.split(" ", 1)[1] for line in said[2:]] == ["WARNING prices: 7", "INFO prices: materialized"]
    last = nba_assets("log", failed["run_id"], home=home, **shared).stdout.splitlines()[-1]
    assert last.split(" ", 1)[1] == "ERROR prices: ValueError: no prices of ca"
    assert not home.exists()


def test_where_nothing_has_run_there_is_nothing_to_show_and_nothing_is_made(tmp_path: Path) -> None:
    home = tmp_path / "home"
    shown = nba_assets("log", home=home)
    assert (shown.exit_code, shown.stdout) == (0, "no run has been recorded in home/simulated/dagster yet\n")
    assert printed_json(nba_assets("log", "--format", "json", home=home))["runs"] == []
    assert nba_assets("log", "1234", home=home).exit_code == 2
    assert not home.exists()


def test_looking_leaves_the_instance_as_it_is(home: Path, settings: dict[str, str]) -> None:
    _log(home, settings)

    def contents() -> dict[str, bytes]:
        return {str(path): path.read_bytes() for path in (home / "dagster").rglob("*") if path.is_file()}

    before = contents()
    run = printed_json(_log(home, settings, "--format", "json"))["runs"][0]["run_id"]
    assert _log(home, settings, run).exit_code == 0
    assert contents() == before


def _log(home: Path, settings: dict[str, str], *arguments: str) -> Result:
    return nba_assets("log", *arguments, home=home, **settings)
