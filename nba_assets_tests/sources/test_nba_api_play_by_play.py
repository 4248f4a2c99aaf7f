"""Play-by-play from the league: off by default, one call a game, and believed only where everything else agrees."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from nba_assets.schema.table import Inputs, Table
from nba_assets.settings import load_settings
from nba_assets.sources.base import ResultSet, Source
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api import NbaApiSource
from nba_assets.sources.nba_api.fetch import FetchDriftError, FetchIncompleteError, fetch_season
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets.tables import TABLES
from nba_assets_tests.sources.stats_server import REGULAR, StatsServer, quick_settings

SEASON = "2021-22"
DAY = date(2021, 11, 11)
GAMES = ["0022100171", "0022100172", "0022100173"]
FIRST = GAMES[0]
CALLS = 1 + 2 + 1 + 2 * 3
NEXT_NOON = datetime(2021, 11, 12, 17, 0, tzinfo=UTC)
AFTER_THE_GAME = ("raw_schedule", "raw_team_boxscores", "raw_player_boxscores", "raw_shots", "player_game_summary")


@pytest.fixture
def settings(server: StatsServer, tmp_path: Path) -> NbaApiSettings:
    return quick_settings(server, tmp_path / "cache", play_by_play=True)


def fetch(settings: NbaApiSettings) -> Any:
    return fetch_season(SEASON, settings, dates=[DAY], now=lambda: NEXT_NOON)


def inputs_of(source: Source) -> Inputs:
    """What the raw tables and the player's game need, computed one from the other."""
    frames = {result_set: source.read(result_set, SEASON, [DAY]) for result_set in ResultSet}
    done: dict[str, pd.DataFrame] = {}
    for name in AFTER_THE_GAME:
        table: Table = TABLES[name]
        given = Inputs(on_date=done, source=frames, counting_types=REGULAR)
        done = done | {name: table.shape(table.compute(given, pd.DatetimeIndex([DAY])))}
    return Inputs(on_date=done, source=frames, counting_types=REGULAR)


def live(settings: NbaApiSettings) -> Inputs:
    return inputs_of(NbaApiSource(settings, now=lambda: NEXT_NOON))


def edit_actions(server: StatsServer, change: Callable[[dict[str, Any]], object], *, game: str | None = None) -> None:
    """Change the actions of a game, or of all."""

    def edit(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        if game in (None, query["GameID"]):
            for action in payload["game"]["actions"]:
                change(action)
        return payload

    server.edits["playbyplayv3"] = edit


def games_known(shots: pd.DataFrame, column: str, *, made: bool) -> dict[str, bool]:
    """Game -> whether the column is known of all makes (misses) of the game; of some only is a failure."""
    known = shots.loc[shots["made"].eq(made)].groupby("game_id")[column].agg(lambda values: set(values.notna()))
    assert known.map(len).eq(1).all()
    return {game: next(iter(values)) for game, values in known.items()}


def test_it_is_asked_for_only_if_the_settings_say_so(server: StatsServer, tmp_path: Path) -> None:
    assert load_settings().nba_api().play_by_play is False
    assert load_settings(api_play_by_play=True).nba_api().play_by_play is True
    without = quick_settings(server, tmp_path)
    assert fetch(without).calls == CALLS
    assert NbaApiSource(without).read(ResultSet.PLAY_BY_PLAY, SEASON, [DAY]) is None
    assert server.calls("playbyplayv3") == []

    report = fetch(quick_settings(server, tmp_path, play_by_play=True))
    assert report.calls == 3, "the rest is in the cache"
    assert [dict(query)["GameID"] for _, query in server.calls("playbyplayv3")] == GAMES
    assert fetch(quick_settings(server, tmp_path, play_by_play=True)).calls == 0
    assert NbaApiSource(without).read(ResultSet.PLAY_BY_PLAY, SEASON, [DAY]) is not None, "it is in the cache now"


def test_the_assists_and_blocks_of_every_team_are_those_of_its_box_score(settings: NbaApiSettings) -> None:
    inputs = live(settings)
    shots, teams = inputs.on_date["raw_shots"], inputs.on_date["raw_team_boxscores"].set_index(["game_id", "team"])
    assert sorted(set(shots["game_id"])) == GAMES
    assisted = shots.groupby(["game_id", "team"])["assisted"].sum()
    blocked = shots.groupby(["game_id", "opponent"])["blocked"].sum().rename_axis(["game_id", "team"])
    pd.testing.assert_series_equal(assisted, teams["ast"].sort_index(), check_names=False, check_dtype=False)
    pd.testing.assert_series_equal(blocked, teams["blk"].sort_index(), check_names=False, check_dtype=False)
    assert shots["assisted"].notna().eq(shots["made"]).all()
    assert shots["blocked"].isna().eq(shots["made"]).all()

    players = inputs.on_date["player_game_summary"]
    assert (players["assisted_fgm"] + players["unassisted_fgm"]).eq(players["fgm"]).all()
    of_team = players.groupby(["game_id", "team"])["assisted_fgm"].sum()
    pd.testing.assert_series_equal(of_team, assisted, check_names=False, check_dtype=False)
    assert TABLES["raw_shots"].reject(inputs, pd.DatetimeIndex([DAY])).empty

    assert settings.cache_dir.is_dir()
    copied = inputs_of(FilesSource(settings.cache_dir, counting_types=REGULAR))
    pd.testing.assert_frame_equal(copied.on_date["raw_shots"], shots)


DISAGREEMENTS: dict[str, tuple[Callable[[dict[str, Any]], object], set[str]]] = {
    "another numbering": (lambda a: a.update(actionNumber=a["actionNumber"] + 1), {"assists", "blocks"}),
    "another shooter": (lambda a: a.update(personId=1) if a["actionNumber"] < 20 else None, {"assists", "blocks"}),
    "an assist too few": (lambda a: a.update(description=a["description"].replace("(3 PTS) (", "")), {"assists"}),
    "blocks in other words": (lambda a: a.update(description=a["description"].replace("BLOCK", "DENIED")), {"blocks"}),
}


@pytest.mark.parametrize("disagreement", DISAGREEMENTS)
def test_what_disagrees_is_unknown_and_named_and_the_other_games_are_not_touched(
    server: StatsServer, settings: NbaApiSettings, disagreement: str
) -> None:
    change, unknown = DISAGREEMENTS[disagreement]
    edit_actions(server, change, game=FIRST)
    inputs = live(settings)
    shots, players = inputs.on_date["raw_shots"], inputs.on_date["player_game_summary"]
    assert games_known(shots, "assisted", made=True) == {
        game: game != FIRST or "assists" not in unknown for game in GAMES
    }
    assert games_known(shots, "blocked", made=False) == {
        game: game != FIRST or "blocks" not in unknown for game in GAMES
    }
    of_first = players["game_id"].eq(FIRST)
    assert players.loc[~of_first, "assisted_fgm"].notna().all()
    assert players.loc[of_first, ["assisted_fgm", "unassisted_fgm"]].isna().all(axis=None) == ("assists" in unknown)
    rejected = TABLES["raw_shots"].reject(inputs, pd.DatetimeIndex([DAY]))
    assert set(rejected["entity"]) == {f"{FIRST} {what}" for what in unknown}
    assert rejected["details"].str.contains("play-by-play disagrees").all()


DRIFTS: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "a member renamed": (lambda a: a.update(text=a.pop("description")), "lacks description; found actionNumber"),
    "a text for a number": (lambda a: a.update(personId=str(a["personId"])), r"personId: expected int, found"),
    "other types of action": (lambda a: a.update(actionType="shot"), "the answer has no rows, though game"),
    "assists in other words": (
        lambda a: a.update(description=a["description"].replace("AST)", "assists)")),
        "no description says",
    ),
}


@pytest.mark.parametrize("drift", DRIFTS)
def test_another_format_is_an_error_and_nothing_of_it_is_kept(
    server: StatsServer, settings: NbaApiSettings, drift: str
) -> None:
    change, message = DRIFTS[drift]
    edit_actions(server, change)
    with pytest.raises(FetchDriftError, match=rf"playbyplayv3\(GameID={FIRST}.*{message}") as raised:
        fetch(settings)
    assert raised.value.dates == [DAY]
    files = FilesSource(settings.cache_dir)
    assert files.read(ResultSet.PLAY_BY_PLAY, SEASON) is None
    assert set(files.read(ResultSet.SHOTS, SEASON)["GAME_ID"]) == set(GAMES), "the rest is kept"
    server.edits.clear()
    assert fetch(settings).calls == 3


def test_half_a_game_is_asked_for_again(server: StatsServer, settings: NbaApiSettings) -> None:
    def only_one_team(payload: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
        actions = payload["game"]["actions"]
        teams = sorted({action["teamId"] for action in actions if action["isFieldGoal"]})
        if query["GameID"] == FIRST:
            payload["game"]["actions"] = [action for action in actions if action["teamId"] == teams[0]]
        return payload

    server.edits["playbyplayv3"] = only_one_team
    with pytest.raises(FetchIncompleteError, match=rf"playbyplayv3\(GameID={FIRST}\).*not all there yet.*no rows of"):
        fetch(settings)
    assert set(FilesSource(settings.cache_dir).read(ResultSet.PLAY_BY_PLAY, SEASON)["gameId"]) == set(GAMES[1:])
    server.edits.clear()
    assert fetch(settings).calls == 1
