"""Faults of the source on the night of 2021-11-07: what each is called, and that nothing false is published."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.settings import SettingsError, load_settings
from nba_assets.sources.base import ResultSet
from nba_assets.sources.files import FilesSource
from nba_assets.tables import downstream_of
from nba_assets_tests.engine.warehouses import (
    KNOWN_AFTER,
    PRE_GAME,
    REQUIRED_RAW,
    UNSEEN_BY_GAMES,
    Edit,
    EditedSource,
    build_range,
    cell,
    cells,
    copy_of,
    files,
    healthy,
    session,
    stored,
)
from nba_assets_tests.needs import real_data

BEFORE, DAY, NEXT = date(2021, 11, 6), date(2021, 11, 7), date(2021, 11, 8)
GAMES = {
    "0022100139": "BKN@TOR",
    "0022100140": "CLE@NYK",
    "0022100141": "UTA@ORL",
    "0022100142": "MIL@WAS",
    "0022100143": "IND@SAC",
    "0022100144": "SAS@OKC",
    "0022100145": "HOU@GSW",
    "0022100146": "CHA@LAC",
}
NAMES = [f"{game} {teams}" for game, teams in GAMES.items()]
LOGS = (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.INACTIVES, ResultSet.SHOTS)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A warehouse that is healthy up to the day before."""
    return copy_of(healthy(BEFORE), tmp_path)


def _without(games: list[str]) -> dict[ResultSet, Edit]:
    def drop(frame: pd.DataFrame) -> pd.DataFrame:
        return frame[~frame["GAME_ID" if "GAME_ID" in frame else "gameId"].isin(games)]

    return dict.fromkeys(LOGS, drop)


def _raw(home: Path, edits: dict[ResultSet, Edit], **settings: object) -> Session:
    """The night's required raw tables, from a source with these faults."""
    at = session(home, EditedSource(edits), **settings)
    build_range(at, DAY, DAY, tables=REQUIRED_RAW)
    return at


def _content(at: Session, table: str) -> str | None:
    attempt = cell(at, table, DAY).published
    return attempt.content_hash if attempt else None


def test_05_empty_success_is_a_gap_naming_all_eight_games(home: Path) -> None:
    at = _raw(home, _without(list(GAMES)))
    gap = cell(at, "raw_team_boxscores", DAY)
    assert (gap.status, gap.label, gap.rows) == (Status.GAP, "TBOX 0/8", 0)
    assert gap.reason == f"0/8 games (0/16 complete, 16 required); no box score: {', '.join(NAMES)}"
    _assert_blocked_because_of_the_night(at)


def test_06_half_a_day_is_a_gap_naming_three_games(home: Path) -> None:
    lost = list(GAMES)[:3]
    at = _raw(home, _without(lost))
    gap = cell(at, "raw_team_boxscores", DAY)
    assert (gap.status, gap.label) == (Status.GAP, "TBOX 5/8")
    assert gap.reason == f"5/8 games (10/16 complete, 16 required); no box score: {', '.join(NAMES[:3])}"
    assert {row.entity for row in at.warehouse.failures("raw_team_boxscores", DAY).itertuples()} == {
        f"{name} {team}" for name in NAMES[:3] for team in name.split()[1].split("@")
    }
    _assert_blocked_because_of_the_night(at)


def _assert_blocked_because_of_the_night(at: Session) -> None:
    """Whatever reads the night's box scores is blocked because of them; the night's own features need none."""
    for name in ("raw_player_boxscores", "raw_shots", "player_game_summary", "team_defense_game_summary"):
        blocked = cell(at, name, DAY)
        assert blocked.status == Status.BLOCKED, name
        assert str(blocked.root) == f"raw_team_boxscores {DAY}"
    assert stored(at, "raw_player_boxscores", DAY).empty
    assert cell(at, "upcoming_team_game_context", DAY).status == Status.MISSING


def test_10_duplicate_raw_rows_are_one_row_per_key(home: Path) -> None:
    doubled: dict[ResultSet, Edit] = dict.fromkeys(
        (*LOGS, ResultSet.SCHEDULE), lambda frame: pd.concat([frame, frame], ignore_index=True)
    )
    at = _raw(home, doubled)
    straight = session(healthy(NEXT))
    for name in REQUIRED_RAW:
        assert cell(at, name, DAY).status == Status.OK
        assert _content(at, name) == _content(straight, name), name
        assert set(at.warehouse.failures(name, DAY)["category"]) <= {"NOTE"}


@pytest.mark.parametrize(
    ("result_set", "table", "entity"),
    [
        (ResultSet.TEAM_LOG, "raw_team_boxscores", "0022100139 BKN"),
        (ResultSet.PLAYER_LOG, "raw_player_boxscores", "201142"),
    ],
)
def test_10_of_two_versions_the_newest_wins_and_it_is_said(
    home: Path, result_set: ResultSet, table: str, entity: str
) -> None:
    def with_an_older_version(frame: pd.DataFrame) -> pd.DataFrame:
        is_it = frame["GAME_ID"].eq("0022100139") & (
            frame["TEAM_ABBREVIATION"].eq("BKN") if table == "raw_team_boxscores" else frame["PLAYER_ID"].eq(201142)
        )
        return pd.concat([frame[is_it].assign(AST=frame["AST"] + 1), frame], ignore_index=True)

    at = _raw(home, {result_set: with_an_older_version})
    assert _content(at, table) == _content(session(healthy(NEXT)), table)
    failures = at.warehouse.failures(table, DAY)
    [row] = failures[failures["category"] != "NOTE"].itertuples()
    assert (row.entity, row.category) == (entity, "ERROR")
    assert "two versions disagree; the newest was used" in row.details
    told = cell(at, table, DAY)
    assert (told.status, told.reason) == (Status.DEGRADED, f"{entity}: {row.details}")


def _directory(
    result_set: ResultSet, change: Callable[[pd.DataFrame], pd.DataFrame] | None, tmp_path: Path
) -> FilesSource:
    """A directory like the real one, in which one file has another shape, or is not there."""
    real, season = real_data() / "2021-22", tmp_path / "files" / "2021-22"
    season.mkdir(parents=True)
    for file in real.iterdir():
        if file.stem != result_set:
            (season / file.name).symlink_to(file)
    if change is not None:
        change(pd.read_parquet(real / f"{result_set}.parquet")).to_parquet(season / f"{result_set}.parquet")
    return FilesSource(season.parent)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda frame: frame.rename(columns={"FG3M": "THREES"}),
            "lacks the column FG3M. Of the columns there, nobody reads: ",
        ),
        (lambda frame: frame.drop(columns="WL"), "lacks the column WL. "),
        (lambda frame: frame.assign(PTS=frame["PTS"].astype(str)), "leaguegamelog_team.PTS: expected int, found '"),
        (lambda frame: frame.assign(PTS=frame["PTS"].where(frame.index > 0)), "1 of 2460 values are NULL"),
    ],
    ids=["renamed", "missing", "int→str", "NULL"],
)
def test_11_another_shape_is_an_error_naming_the_column(
    home: Path, tmp_path: Path, change: Callable[[pd.DataFrame], pd.DataFrame], message: str
) -> None:
    at = session(home, _directory(ResultSet.TEAM_LOG, change, tmp_path))
    build_range(at, DAY, DAY, tables=("raw_schedule", "raw_team_boxscores"))
    error = cell(at, "raw_team_boxscores", DAY)
    assert (error.status, error.label) == (Status.ERROR, "TBOX error")
    assert message in (error.reason or "")
    assert stored(at, "raw_team_boxscores", DAY).empty
    assert cell(at, "raw_player_boxscores", DAY).status == Status.BLOCKED


def test_11_a_column_more_is_ignored(home: Path, tmp_path: Path) -> None:
    at = session(home, _directory(ResultSet.TEAM_LOG, lambda frame: frame.assign(NEW_STAT=1.5), tmp_path))
    build_range(at, DAY, DAY, tables=("raw_schedule", "raw_team_boxscores"))
    assert cell(at, "raw_team_boxscores", DAY).status == Status.OK
    assert _content(at, "raw_team_boxscores") == _content(session(healthy(NEXT)), "raw_team_boxscores")


@pytest.mark.parametrize("answer", [lambda frame: frame.head(0), lambda _: None], ids=["empty", "none"])
@pytest.mark.parametrize(
    ("result_set", "table"),
    [
        (ResultSet.SCHEDULE, "raw_schedule"),
        (ResultSet.TEAM_LOG, "raw_team_boxscores"),
        (ResultSet.PLAYER_LOG, "raw_player_boxscores"),
    ],
)
def test_11_an_empty_result_set_is_never_a_quiet_day(
    home: Path, result_set: ResultSet, table: str, answer: Edit
) -> None:
    at = _raw(home, {result_set: answer})
    gap = cell(at, table, DAY)
    assert gap.status == Status.GAP
    assert gap.reason
    for name in downstream_of(table) & set(REQUIRED_RAW):
        assert cell(at, name, DAY).status == Status.BLOCKED


@pytest.mark.parametrize(
    ("result_set", "table"),
    [
        (ResultSet.SCHEDULE, "raw_schedule"),
        (ResultSet.TEAM_LOG, "raw_team_boxscores"),
        (ResultSet.BOX_SCORES, "raw_player_boxscores"),
    ],
)
def test_11_a_file_that_is_not_there_is_an_error_naming_it(
    home: Path, tmp_path: Path, result_set: ResultSet, table: str
) -> None:
    at = session(home, _directory(result_set, None, tmp_path))
    build_range(at, DAY, DAY, tables=REQUIRED_RAW)
    error = cell(at, table, DAY)
    file = tmp_path / "files" / "2021-22" / f"{result_set}.parquet"
    assert (error.status, error.reason) == (
        Status.ERROR,
        f"there is no file {file}, the {result_set} of the season 2021-22: fetch or copy it",
    )
    for name in downstream_of(table) & set(REQUIRED_RAW):
        assert cell(at, name, DAY).status == Status.BLOCKED


def test_11_a_date_without_games_needs_no_file(home: Path, tmp_path: Path) -> None:
    at, thanksgiving = session(home, _directory(ResultSet.TEAM_LOG, None, tmp_path)), date(2021, 11, 25)
    build_range(at, thanksgiving, thanksgiving, tables=("raw_schedule", "raw_team_boxscores"))
    assert cell(at, "raw_team_boxscores", thanksgiving).status == Status.NO_GAMES


def test_11_a_season_without_a_folder_is_a_gap_naming_it(tmp_path: Path) -> None:
    at, day = session(tmp_path), date(2020, 12, 25)
    build_range(at, day, day, tables=("raw_schedule",))
    gap = cell(at, "raw_schedule", day)
    looked_for = f"there is no folder {real_data() / '2020-21'}; seasons found: 2021-22, "
    assert gap.status == Status.GAP
    assert (gap.reason or "").startswith(f"the source 'files' has no schedule that covers {day}; {looked_for}")


def test_11_a_directory_without_any_season_is_refused_before_anything_is_built(tmp_path: Path) -> None:
    settings = load_settings(home=tmp_path, source="files", data_dir=tmp_path)
    with pytest.raises(SettingsError, match=r"has no season in it; .*: 2021-22/leaguegamelog_team.parquet"):
        build_range(Session(settings), DAY, DAY)
    assert not (tmp_path / "warehouse.duckdb").exists()


def test_12_a_season_without_shots_is_degraded_and_names_what_is_not_there(home: Path, tmp_path: Path) -> None:
    at = session(home, _directory(ResultSet.SHOTS, None, tmp_path))
    build_range(at, DAY, DAY, tables=(*REQUIRED_RAW, "player_game_summary"))
    shots = cell(at, "raw_shots", DAY)
    assert (shots.status, shots.label) == (Status.DEGRADED, "SHOTS 0/8")
    told = f"0/8 complete, 8 required; the source has no shotchartdetail of 2021-22: {', '.join(NAMES)}"
    assert shots.reason == told
    assert cell(at, "player_game_summary", DAY).status == Status.DEGRADED


def test_12_a_game_without_shots_has_unknown_zones_and_blocks_nothing(home: Path) -> None:
    game, teams = "0022100139", ["BKN", "TOR"]
    at = session(home, EditedSource({ResultSet.SHOTS: lambda shots: shots[shots["GAME_ID"] != game]}))
    build_range(at, DAY, NEXT)
    night, after = cells(at, DAY), cells(at, NEXT)
    assert (night["raw_shots"].status, night["raw_shots"].label) == (Status.DEGRADED, "SHOTS 7/8")
    assert night["raw_shots"].reason == f"7/8 complete, 8 required; {game} BKN@TOR: no shots"
    assert night["player_game_summary"].reason == f"shots unknown of 1 game: {game} BKN@TOR"
    summaries = stored(at, "player_game_summary", DAY).set_index("player_id")
    zones = summaries[["paint_attempts", "mid_range_attempts", "three_pt_attempts"]]
    assert zones[summaries["game_id"].eq(game)].isna().all(axis=None)
    assert zones[~summaries["game_id"].eq(game)].notna().all(axis=None)
    assert not {cell_.status for cell_ in (night | after).values()} & {Status.GAP, Status.BLOCKED, Status.ERROR}
    assert after["team_defense_zone_analysis"].reason == "shots unknown in the windows of 2 teams: BKN, TOR"
    defense = stored(at, "team_defense_zone_analysis", NEXT).set_index("team")
    for column in ("paint_pct_allowed_last_15", "three_pt_defense_vs_league_avg", "strongest_zone"):
        assert defense.loc[teams, column].isna().all()
        assert defense.drop(teams)[column].notna().all()
    shooters = stored(at, "player_shot_zone_analysis", NEXT)
    played = shooters["player_id"].isin(summaries.index[summaries["game_id"].eq(game)])
    zones_of = shooters[["paint_rate_last_10", "three_pt_rate_last_10", "primary_scoring_zone"]]
    assert zones_of[played].isna().all(axis=None)
    features = stored(at, "ml_feature_store_v2", NEXT)
    nets = features[features["player_id"].isin(shooters.loc[played, "player_id"])]
    assert nets["pct_three"].isna().all()
    assert nets["is_production_ready"].any(), "shots are not among the critical features"
    assert nets["data_quality_issues"].map(lambda codes: "SHOTS_MISSING" in codes).all()


@pytest.mark.long
def test_20_one_missing_game_is_one_root_and_its_arrival_heals_everything(home: Path) -> None:
    at = session(home, EditedSource(_without(["0022100139"])))
    build_range(at, DAY, NEXT)
    night, after = cells(at, DAY), cells(at, NEXT)
    blocked = [c for c in (*night.values(), *after.values()) if c.status == Status.BLOCKED]
    assert {str(c.root) for c in blocked} == {f"raw_team_boxscores {DAY}"}
    assert all(f"because of raw_team_boxscores {DAY} GAP: 7/8 games" in (c.reason or "") for c in blocked)
    failed = [c.partition for c in (*night.values(), *after.values()) if c.status in (Status.GAP, Status.ERROR)]
    assert [str(partition) for partition in failed] == [f"raw_team_boxscores {DAY}"]
    assert {name for name, c in night.items() if c.status == Status.OK} == {"raw_schedule", *UNSEEN_BY_GAMES, *PRE_GAME}
    assert {name for name, c in after.items() if c.status == Status.OK} >= {*REQUIRED_RAW, "player_game_summary"}
    assert "finished games missing: BKN 1" in (after["upcoming_team_game_context"].reason or "")

    arrived = session(home)
    build_range(arrived, DAY, NEXT)
    for day in (DAY, NEXT):
        assert {c.status for c in cells(arrived, day).values()} == {Status.OK}


def test_27_on_a_neutral_court_the_schedule_says_who_is_at_home(home: Path) -> None:
    neutral = _raw(home, {ResultSet.TEAM_LOG: lambda log: log.assign(MATCHUP=log["MATCHUP"].str.replace("vs.", "@"))})
    rows = stored(neutral, "raw_team_boxscores", DAY)
    home_teams = rows[rows["is_home"]].set_index("game_id")["team"].to_dict()
    assert home_teams == {game: teams.split("@")[1] for game, teams in GAMES.items()}
    assert _content(neutral, "raw_team_boxscores") == _content(session(healthy(NEXT)), "raw_team_boxscores")


def test_28_shots_under_an_unknown_game_are_attached_to_none(home: Path) -> None:
    lost, unknown = "0022100140", "0022000000"
    at = _raw(home, {ResultSet.SHOTS: lambda shots: shots.assign(GAME_ID=shots["GAME_ID"].replace(lost, unknown))})
    shots = files().read(ResultSet.SHOTS, "2021-22")
    assert shots is not None
    strays = f"{int(shots['GAME_ID'].eq(lost).sum())} shots under a game id not in the schedule"
    degraded = cell(at, "raw_shots", DAY)
    assert degraded.status == Status.DEGRADED
    assert degraded.reason == f"7/8 complete, 8 required; {lost} CLE@NYK: no shots; {unknown}: {strays}"
    assert at.warehouse.failures("raw_shots", DAY).set_index("entity").loc[unknown, "details"] == strays
    assert not stored(at, "raw_shots", DAY)["game_id"].isin([lost, unknown]).any()


def test_29_a_player_listed_for_two_teams_on_one_day_is_on_the_slate_of_the_later_game(home: Path) -> None:
    """Both of his teams play again on the 9th."""
    moved, tomorrow = 1999999, date(2021, 11, 9)

    def in_both(listed: pd.DataFrame) -> pd.DataFrame:
        rows = [
            {"GAME_ID": "0022100152", "TEAM_ID": 1610612737, "TEAM_ABBREVIATION": "ATL", "PLAYER_ID": moved},
            {"GAME_ID": "0022100147", "TEAM_ID": 1610612755, "TEAM_ABBREVIATION": "PHI", "PLAYER_ID": moved},
        ]
        return pd.concat([listed, pd.DataFrame(rows).assign(PLAYER_NAME="Moved Man")], ignore_index=True)

    at = session(home, EditedSource({ResultSet.INACTIVES: in_both}))
    build_range(at, DAY, NEXT, tables=KNOWN_AFTER)
    listed = stored(at, "raw_player_boxscores", NEXT)
    assert sorted(listed.loc[listed["player_id"].eq(moved), "team"]) == ["ATL", "PHI"]
    teams = ("raw_schedule", *UNSEEN_BY_GAMES, "upcoming_team_game_context", "upcoming_player_game_context")
    build_range(at, tomorrow, tomorrow, tables=teams)
    slate = stored(at, "upcoming_player_game_context", tomorrow)
    assert {"ATL", "PHI"} <= set(slate["team"])
    assert list(slate.loc[slate["player_id"].eq(moved), "team"]) == ["ATL"]
