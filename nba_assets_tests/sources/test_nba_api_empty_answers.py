"""Answers that say nothing: a passing fault, or data that is not there yet, but no new format."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from nba_assets.sources.base import ResultSet, SourceSchemaError
from nba_assets.sources.files import FilesSource
from nba_assets.sources.nba_api.fetch import FetchDriftError, FetchIncompleteError, fetch_season
from nba_assets.sources.nba_api.settings import NbaApiSettings
from nba_assets_tests.sources.stats_server import Fault, StatsServer

SEASON = "2021-22"
DAYS = [date(2021, 10, 19), date(2021, 10, 20)]
GAMES = [f"00221000{number:02d}" for number in range(1, 14)]
LAST_NIGHT = GAMES[-3:]
MORNING = datetime(2021, 10, 22, 12, 30, tzinfo=UTC)
CALLS = 1 + 2 + 1 + 2 * len(GAMES)
BOX = "boxscoretraditionalv3"


def fetch(settings: NbaApiSettings, days: list[date] = DAYS) -> Any:
    return fetch_season(SEASON, settings, dates=days, now=lambda: MORNING)


def failure_of(settings: NbaApiSettings, days: list[date] = DAYS) -> FetchIncompleteError:
    with pytest.raises(FetchIncompleteError) as raised:
        fetch(settings, days)
    return raised.value


def games_in(settings: NbaApiSettings, result_set: ResultSet) -> list[str]:
    frame = FilesSource(settings.cache_dir).find(result_set, SEASON)
    return [] if frame is None else sorted(set(frame["gameId" if "gameId" in frame else "GAME_ID"]))


def box_calls(server: StatsServer) -> Counter[str]:
    return Counter(dict(query)["GameID"] for _, query in server.calls(BOX))


def test_an_empty_object_once_for_each_of_six_games_costs_six_calls(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    asked: Counter[str] = Counter()

    def empty_at_first(payload: dict, query: dict) -> dict:
        asked[query["GameID"]] += 1
        return {} if query["GameID"] in GAMES[:6] and asked[query["GameID"]] == 1 else payload

    server.edits[BOX] = empty_at_first
    assert fetch(settings).calls == CALLS + 6
    assert box_calls(server) == Counter(GAMES) + Counter(GAMES[:6])
    assert games_in(settings, ResultSet.BOX_SCORES) == GAMES


def no_game(_payload: dict) -> Any:
    return {"meta": {}, "boxScoreTraditional": None}


def no_players(payload: dict) -> Any:
    payload["boxScoreTraditional"]["homeTeam"]["players"] = None
    return payload


def no_team(payload: dict) -> Any:
    payload["boxScoreTraditional"]["awayTeam"] = {}
    return payload


NOTHING: dict[str, tuple[Callable[[dict], Any], str]] = {
    "{}": (lambda _: {}, "the answer is {}"),
    "null": (lambda _: None, "the answer is null"),
    "an empty text": (lambda _: "", 'the answer is ""'),
    "no game": (no_game, "boxScoreTraditional is null"),
    "no players": (no_players, "boxScoreTraditional.homeTeam.players is null"),
    "no team": (no_team, "boxScoreTraditional.awayTeam is {}"),
}


@pytest.mark.parametrize("nothing", NOTHING)
def test_what_stays_empty_is_asked_for_three_times_and_concerns_its_game_alone(
    server: StatsServer, settings: NbaApiSettings, nothing: str
) -> None:
    change, said = NOTHING[nothing]
    server.edits[BOX] = lambda payload, query: change(payload) if query["GameID"] in LAST_NIGHT else payload
    failure = failure_of(settings)
    assert box_calls(server) == Counter({game: 3 if game in LAST_NIGHT else 1 for game in GAMES})
    assert f"no answer for game {LAST_NIGHT[0]} ({BOX}): {said} (3 attempts); run again later" in str(failure)
    assert "changed its format" not in str(failure)
    assert not isinstance(failure, SourceSchemaError)
    assert failure.dates == [DAYS[1]]
    assert games_in(settings, ResultSet.BOX_SCORES) == GAMES[:-3]
    assert games_in(settings, ResultSet.INACTIVES) == GAMES

    server.edits.clear()
    assert fetch(settings).calls == 3
    assert games_in(settings, ResultSet.BOX_SCORES) == GAMES


def test_after_ten_games_without_an_answer_the_others_are_still_asked_for(
    server: StatsServer, settings: NbaApiSettings
) -> None:
    server.edits[BOX] = lambda payload, query: {} if query["GameID"] in GAMES[:10] else payload
    failure = failure_of(settings)
    assert len(failure.failures) == 10
    assert games_in(settings, ResultSet.BOX_SCORES) == LAST_NIGHT
    assert games_in(settings, ResultSet.INACTIVES) == GAMES


@pytest.mark.parametrize("page", ["", "  \n", Fault().body])
def test_a_page_instead_of_data_is_no_answer_either(server: StatsServer, settings: NbaApiSettings, page: str) -> None:
    server.misbehave("boxscoresummaryv3", [Fault(body=page)] * 3)
    failure = failure_of(settings)
    assert f"no answer for game {GAMES[0]} (boxscoresummaryv3): expected JSON, got " in str(failure)
    assert len(server.calls("boxscoresummaryv3")) == len(GAMES) + 2
    assert games_in(settings, ResultSet.INACTIVES) == GAMES[1:]


def without_sets(payload: dict) -> Any:
    return payload | {"resultSets": []}


def null_sets(payload: dict) -> Any:
    return payload | {"resultSets": None}


def null_rows(payload: dict) -> Any:
    payload["resultSets"][0]["rowSet"] = None
    return payload


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (without_sets, "resultSets is []"),
        (null_sets, "resultSets is null"),
        (null_rows, "LeagueGameLog.rowSet is null"),
        (lambda _: {}, "the answer is {}"),
    ],
)
def test_a_log_without_result_sets_is_repeated_and_named_with_its_dates(
    server: StatsServer, settings: NbaApiSettings, change: Callable[[dict], Any], said: str
) -> None:
    server.edits["leaguegamelog"] = lambda payload, query: change(payload) if query["PlayerOrTeam"] == "P" else payload
    failure = failure_of(settings)
    asked = Counter(dict(query)["PlayerOrTeam"] for _, query in server.calls("leaguegamelog"))
    assert asked == {"T": 1, "P": 3}
    assert re.search(
        rf"no answer for leaguegamelog\(.*DateFrom=10/19/2021.*\): {re.escape(said)} \(3 att", str(failure)
    )
    assert failure.dates == DAYS
    assert not isinstance(failure, SourceSchemaError)
    assert games_in(settings, ResultSet.TEAM_LOG) == games_in(settings, ResultSet.BOX_SCORES) == GAMES


def test_a_renamed_member_stays_a_new_format_and_is_not_repeated(server: StatsServer, settings: NbaApiSettings) -> None:
    def renamed(payload: dict, query: dict) -> dict:
        if query["GameID"] == GAMES[0]:
            payload["boxScore"] = payload.pop("boxScoreTraditional")
        return payload

    server.edits[BOX] = renamed
    failure = failure_of(settings)
    assert isinstance(failure, FetchDriftError)
    assert "the answer lacks boxScoreTraditional; found meta, boxScore. The source has changed its format" in str(
        failure
    )
    assert box_calls(server)[GAMES[0]] == 1


@pytest.mark.parametrize(
    ("clock", "seconds"),
    [("PT40M", None), (34.2, "34:12"), ("34:12.5", None), ("PT00M00.00S", "0:00"), ("34.000000:12", "34:12")],
)
def test_a_clock_is_read_or_named(
    server: StatsServer, settings: NbaApiSettings, clock: Any, seconds: str | None
) -> None:
    changed: dict[str, Any] = {}

    def with_clock(payload: dict, query: dict) -> dict:
        if query["GameID"] == GAMES[0]:
            players = payload["boxScoreTraditional"]["homeTeam"]["players"]
            changed.update(next(player for player in players if player["statistics"]["minutes"]))
            changed["statistics"]["minutes"] = clock
        return payload

    server.edits[BOX] = with_clock
    if seconds is None:
        failure = failure_of(settings, DAYS[:1])
        who = f"{changed['firstName']} {changed['familyName']}"
        assert f"{BOX}(GameID={GAMES[0]}): statistics.minutes of {who}: {clock!r} is no time on the floor" in str(
            failure
        )
        assert games_in(settings, ResultSet.BOX_SCORES) == GAMES[1:2]
        return
    fetch(settings, DAYS[:1])
    rows = FilesSource(settings.cache_dir).read(ResultSet.BOX_SCORES, SEASON)
    of_him = rows["gameId"].eq(GAMES[0]) & rows["personId"].eq(changed["personId"])
    assert rows.loc[of_him, "minutes"].tolist() == [seconds]
