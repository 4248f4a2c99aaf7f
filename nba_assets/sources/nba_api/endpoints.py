"""Parameters in, frames in the shape of `base.COLUMNS` out: one function per endpoint that the raw tables need.

Every answer is checked: the result set and the columns are there, the types are the declared ones. The nested
answers (V3) are read by name here, because nba_api's own parsers fill columns that have gone with None. An answer that
is empty, or null where its content should be, says nothing: it is asked for again, and is no change of format.
Whether an answer may be empty is known to the schedule, and therefore to `fetch`.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

import pandas as pd
from nba_api.stats.endpoints import (
    BoxScoreSummaryV3,
    BoxScoreTraditionalV3,
    CommonTeamRoster,
    LeagueGameLog,
    PlayByPlayV3,
    ScheduleLeagueV2,
    ShotChartDetail,
)
from nba_api.stats.library.http import NBAStatsResponse

from nba_assets.league.calendar import GameType
from nba_assets.league.clocks import ClockError, clock_seconds, clock_text
from nba_assets.sources.base import COLUMNS, ResultSet, SourceError, SourceSchemaError, conform
from nba_assets.sources.nba_api.client import Judge, StatsClient, describe

log = logging.getLogger(__name__)

ROW_CAP = 102_400
"""Where shotchartdetail stops, without a word."""

SEASON_TYPES: dict[str, str] = {
    GameType.REGULAR: "Regular Season",
    GameType.PLAY_IN: "PlayIn",
    GameType.PLAYOFFS: "Playoffs",
}

ENDPOINTS: dict[ResultSet, str] = {
    ResultSet.SCHEDULE: ScheduleLeagueV2.endpoint,
    ResultSet.TEAM_LOG: LeagueGameLog.endpoint,
    ResultSet.PLAYER_LOG: LeagueGameLog.endpoint,
    ResultSet.BOX_SCORES: BoxScoreTraditionalV3.endpoint,
    ResultSet.INACTIVES: BoxScoreSummaryV3.endpoint,
    ResultSet.SHOTS: ShotChartDetail.endpoint,
    ResultSet.PLAY_BY_PLAY: PlayByPlayV3.endpoint,
}

KEYS: dict[ResultSet, tuple[str, str]] = {
    ResultSet.TEAM_LOG: ("GAME_ID", "TEAM_ID"),
    ResultSet.PLAYER_LOG: ("GAME_ID", "PLAYER_ID"),
    ResultSet.BOX_SCORES: ("gameId", "personId"),
    ResultSet.INACTIVES: ("GAME_ID", "PLAYER_ID"),
    ResultSet.SHOTS: ("GAME_ID", "GAME_EVENT_ID"),
    ResultSet.PLAY_BY_PLAY: ("gameId", "actionNumber"),
}
"""What identifies a row; the first column is the game."""

_FIELD_GOALS = {"Made Shot": True, "Missed Shot": False}
_ASSIST = re.compile(r"\(\D+ \d+ AST\)")
_BLOCK = re.compile(r" BLOCK \(\d+ BLK\)")


def schedule(client: StatsClient, season: str) -> pd.DataFrame:
    """ResultSet.SCHEDULE of a season, in the league's order; without rows while it is not published."""
    request = ScheduleLeagueV2(season=season, get_request=False)
    origin = describe(request)
    answer = client.get(request, _nothing_in("leagueSchedule.gameDates")).get_dict()
    return _schedule(answer, origin)


def static_schedule(content: Any, season: str, url: str) -> pd.DataFrame:
    """As `schedule`, of the league's static file: the same members, always of the current season.

    Raises SourceError for a file of another season, or one that says nothing.
    """
    nothing = _nothing_in("leagueSchedule.gameDates")(content)
    if nothing is not None:
        raise SourceError(f"{url}: {nothing}")
    about = _member(content, "leagueSchedule", "seasonYear", origin=url)
    if about != season:
        raise SourceError(f"{url}: is about {about}, not {season}")
    return _schedule(content, url)


def _schedule(answer: Any, origin: str) -> pd.DataFrame:
    listing = _member(answer, "leagueSchedule", origin=origin)
    rows = [
        _scheduled(game, _member(listing, "seasonYear", origin=origin), origin)
        for day in _items(listing, "gameDates", origin)
        for game in _items(day, "games", origin)
    ]
    return _distinct(_conformed(rows, ResultSet.SCHEDULE, origin), ["gameId"], origin)


def game_log(
    client: StatsClient, result_set: ResultSet, *, season: str, game_type: str, first: date, last: date
) -> pd.DataFrame:
    """ResultSet.TEAM_LOG or PLAYER_LOG: the games of one type from `first` to `last`.

    Two versions of a row that disagree both stay, in the order they came in: the raw tables name them.
    """
    request = LeagueGameLog(
        season=season,
        season_type_all_star=SEASON_TYPES[game_type],
        player_or_team_abbreviation="T" if result_set is ResultSet.TEAM_LOG else "P",
        date_from_nullable=_american(first),
        date_to_nullable=_american(last),
        get_request=False,
    )
    origin = describe(request)
    rows = _result_set(client.get(request, _no_rows_of("LeagueGameLog")), "LeagueGameLog", origin)
    return _without_repeats(conform(rows, result_set, origin=origin), origin)


def shots(client: StatsClient, *, season: str, game_type: str, first: date, last: date) -> pd.DataFrame:
    """ResultSet.SHOTS: every field goal attempt of one game type from `first` to `last`.

    Raises SourceError if the answer reaches the row cap: what lies beyond it is missing.
    """
    request = ShotChartDetail(
        team_id=0,
        player_id=0,
        context_measure_simple="FGA",
        season_nullable=season,
        season_type_all_star=SEASON_TYPES[game_type],
        date_from_nullable=_american(first),
        date_to_nullable=_american(last),
        get_request=False,
    )
    origin = describe(request)
    rows = _result_set(client.get(request, _no_rows_of("Shot_Chart_Detail")), "Shot_Chart_Detail", origin)
    if len(rows) >= ROW_CAP:
        raise SourceError(
            f"{origin}: {len(rows):,} rows; the endpoint stops at {ROW_CAP:,}, so shots are missing and none were "
            "kept. Set a smaller shots_window_days."
        )
    return _distinct(conform(rows, ResultSet.SHOTS, origin=origin), KEYS[ResultSet.SHOTS], origin)


def roster(client: StatsClient, *, season: str, team_id: int) -> pd.DataFrame:
    """ResultSet.BIRTH_DATES of one team: who is on its roster, or was at the end of a season that is over."""
    request = CommonTeamRoster(team_id=team_id, season=season, get_request=False)
    origin = describe(request)
    rows = _result_set(client.get(request, _no_rows_of("CommonTeamRoster")), "CommonTeamRoster", origin)
    return _distinct(conform(rows, ResultSet.BIRTH_DATES, origin=origin), ["PLAYER_ID"], origin)


def box_score(client: StatsClient, game_id: str) -> pd.DataFrame:
    """ResultSet.BOX_SCORES of one game: everybody listed, with starter, clock and the reason for not playing."""
    request = BoxScoreTraditionalV3(game_id=game_id, get_request=False)
    origin = describe(request)
    judge = _nothing_in("boxScoreTraditional.homeTeam.players", "boxScoreTraditional.awayTeam.players")
    game = _game(client.get(request, judge), "boxScoreTraditional", game_id, origin)
    rows = [
        _listed(game_id, team, player, origin)
        for team in _sides(game, origin)
        for player in _items(team, "players", origin)
    ]
    frame = _distinct(_conformed(rows, ResultSet.BOX_SCORES, origin), KEYS[ResultSet.BOX_SCORES], origin)
    if len(frame) and not frame["starter"].fillna(False).any():
        raise SourceSchemaError(f"{origin}: nobody has a position, which is how starters are marked.")
    return frame


def inactives(client: StatsClient, game_id: str) -> pd.DataFrame:
    """ResultSet.INACTIVES of one game; may be without rows, but not without the two lists."""
    request = BoxScoreSummaryV3(game_id=game_id, get_request=False)
    origin = describe(request)
    judge = _nothing_in("boxScoreSummary.homeTeam.inactives", "boxScoreSummary.awayTeam.inactives")
    game = _game(client.get(request, judge), "boxScoreSummary", game_id, origin)
    rows = [
        {
            "GAME_ID": game_id,
            "TEAM_ID": _member(team, "teamId", origin=origin),
            "TEAM_ABBREVIATION": _member(team, "teamTricode", origin=origin),
            "PLAYER_ID": _member(player, "personId", origin=origin),
            "PLAYER_NAME": _full_name(player, origin),
        }
        for team in _sides(game, origin)
        for player in _items(team, "inactives", origin)
    ]
    return _distinct(_conformed(rows, ResultSet.INACTIVES, origin), KEYS[ResultSet.INACTIVES], origin)


def play_by_play(client: StatsClient, game_id: str) -> pd.DataFrame:
    """ResultSet.PLAY_BY_PLAY of one game: every field goal, and whether it was assisted or blocked.

    Only the descriptions say so: that of an assisted shot ends in "(Nurkic 1 AST)"; a block is an action of its own,
    "Gobert BLOCK (2 BLK)", without a type and under the number of the shot. The names in them are not read.
    """
    request = PlayByPlayV3(game_id=game_id, get_request=False)
    origin = describe(request)
    response = client.get(request, _nothing_in("game.actions"))
    actions = _items(_game(response, "game", game_id, origin), "actions", origin)
    described = [
        (action, _member(action, "actionNumber", origin=origin), _text(action, "description", origin=origin))
        for action in actions
    ]
    blocked = {number for _, number, description in described if _BLOCK.search(description)}
    rows = [
        {
            "gameId": game_id,
            "actionNumber": number,
            "teamId": _member(action, "teamId", origin=origin),
            "personId": _member(action, "personId", origin=origin),
            "made": _FIELD_GOALS[kind],
            "assisted": bool(_ASSIST.search(description)),
            "blocked": number in blocked,
        }
        for action, number, description in described
        if (kind := _text(action, "actionType", origin=origin)) in _FIELD_GOALS
    ]
    frame = _distinct(_conformed(rows, ResultSet.PLAY_BY_PLAY, origin), KEYS[ResultSet.PLAY_BY_PLAY], origin)
    if len(frame) and not frame["assisted"].any():
        raise SourceSchemaError(f'{origin}: no description says "(… 1 AST)", which is how assists are marked.')
    return frame


def _scheduled(game: Any, season: str, origin: str) -> dict[str, Any]:
    def value(*path: str) -> Any:
        return _member(game, *path, origin=origin)

    status_text = _text(game, "gameStatusText", origin=origin)
    day = _text(game, "gameDateEst", origin=origin)[:10]
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", day):
        raise SourceSchemaError(f"{origin}: gameDateEst: expected 2021-10-19T…, found {day!r}.")
    not_started = value("gameStatus") == 1
    return {
        "seasonYear": season,
        "gameId": value("gameId"),
        "gameDateEst": day,
        "gameDateTimeUTC": None if _tipoff_is_open(game, status_text, origin) else value("gameDateTimeUTC"),
        "gameStatus": value("gameStatus"),
        # The field of this name has marked whole seasons as postponed; the text is what the league shows.
        "postponedStatus": "Y" if re.search("ppd|postponed|cancel", status_text, re.IGNORECASE) else "N",
        "gameLabel": value("gameLabel"),
        "arenaName": value("arenaName") or None,
        "arenaCity": value("arenaCity") or None,
        "homeTeam_teamTricode": value("homeTeam", "teamTricode") or None,
        "homeTeam_score": None if not_started else value("homeTeam", "score"),
        "awayTeam_teamTricode": value("awayTeam", "teamTricode") or None,
        "awayTeam_score": None if not_started else value("awayTeam", "score"),
    }


def _tipoff_is_open(game: Any, status_text: str, origin: str) -> bool:
    """The league writes midnight Eastern, or the year 1900, where it does not know the time."""
    utc = _text(game, "gameDateTimeUTC", origin=origin)
    eastern = _text(game, "gameDateTimeEst", origin=origin)
    return status_text.strip() == "TBD" or not utc or utc.startswith("1900") or eastern[11:19] == "00:00:00"


def _listed(game_id: str, team: Any, player: Any, origin: str) -> dict[str, Any]:
    position = None if _member(player, "position", origin=origin) is None else _text(player, "position", origin=origin)
    return {
        "gameId": game_id,
        "teamId": _member(team, "teamId", origin=origin),
        "teamTricode": _member(team, "teamTricode", origin=origin),
        "personId": _member(player, "personId", origin=origin),
        "playerName": _full_name(player, origin),
        "starter": None if position is None else bool(position),
        "minutes": _clock(player, origin),
        "comment": _text(player, "comment", origin=origin),
    }


def _full_name(player: Any, origin: str) -> str:
    parts = [_text(player, name, origin=origin) for name in ("firstName", "familyName")]
    return " ".join(filter(None, parts))


def _clock(player: Any, origin: str) -> str:
    """Time on the floor as mm:ss; "" for who did not play."""
    clock = _member(player, "statistics", "minutes", origin=origin)
    try:
        clock_seconds(clock)
    except ClockError as error:
        raise SourceSchemaError(f"{origin}: statistics.minutes of {_full_name(player, origin)}: {error}.") from error
    return clock_text(clock) or ""


def _game(response: NBAStatsResponse, name: str, game_id: str, origin: str) -> Any:
    game = _member(response.get_dict(), name, origin=origin)
    answered = _member(game, "gameId", origin=origin)
    if answered != game_id:
        raise SourceSchemaError(f"{origin}: the answer is about game {answered}.")
    return game


def _sides(game: Any, origin: str) -> tuple[Any, Any]:
    return _member(game, "homeTeam", origin=origin), _member(game, "awayTeam", origin=origin)


def _nothing_in(*paths: str) -> Judge:
    """Whether an answer is empty, or null or {} where one of the nested members should be.

    A member that is not there at all is another format: whoever reads it says so.
    """

    def judge(answer: Any) -> str | None:
        for path in paths:
            node, walked = answer, "the answer"
            for name in path.split("."):
                if _is_nothing(node):
                    return f"{walked} is {_shown(node)}"
                if not isinstance(node, Mapping) or name not in node:
                    break
                node, walked = node[name], name if node is answer else f"{walked}.{name}"
            else:
                if node is None:
                    return f"{walked} is null"
        return None

    return judge


def _no_rows_of(name: str) -> Judge:
    """Whether a tabular answer is empty, or null where its result sets or the rows of one should be."""

    def judge(answer: Any) -> str | None:
        if _is_nothing(answer) or not isinstance(answer, Mapping):
            return f"the answer is {_shown(answer)}"
        for member in ("resultSets", "resultSet"):
            if member in answer and not answer[member]:
                return f"{member} is {_shown(answer[member])}"
            for found in answer.get(member, ()):
                if isinstance(found, Mapping) and found.get("name") == name and found.get("rowSet", ()) is None:
                    return f"{name}.rowSet is null"
        return None

    return judge


def _is_nothing(node: Any) -> bool:
    return node is None or (isinstance(node, Mapping | list | str) and not node)


def _shown(value: Any) -> str:
    return json.dumps(value)[:80]


def _member(node: Any, *path: str, origin: str) -> Any:
    """What is found under a name in a nested answer; SourceSchemaError if there is no such name."""
    for name in path:
        if not isinstance(node, Mapping) or name not in node:
            found = ", ".join(node) if isinstance(node, Mapping) else repr(node)[:80]
            raise SourceSchemaError(
                f"{origin}: the answer lacks {'.'.join(path)}; found {found or 'nothing'}. "
                "The source has changed its format: nothing was published from it."
            )
        node = node[name]
    return node


def _text(node: Any, *path: str, origin: str) -> str:
    """A text without surrounding blanks; "" for null, SourceSchemaError for anything else."""
    value = _member(node, *path, origin=origin)
    if not isinstance(value, str | None):
        raise SourceSchemaError(f"{origin}: {'.'.join(path)}: expected text, found {value!r}.")
    return (value or "").strip()


def _items(node: Any, name: str, origin: str) -> list[Any]:
    value = _member(node, name, origin=origin)
    if not isinstance(value, list):
        raise SourceSchemaError(f"{origin}: {name}: expected a list, found {value!r}.")
    return value


def _result_set(response: NBAStatsResponse, name: str, origin: str) -> pd.DataFrame:
    """One result set of a tabular answer, columns and types unchecked."""
    try:
        data_sets = response.get_data_sets()
        found = ", ".join(data_sets)
        if name in data_sets:
            return pd.DataFrame(data_sets[name]["data"], columns=data_sets[name]["headers"])
    except (KeyError, TypeError, ValueError) as error:
        raise SourceSchemaError(
            f"{origin}: no readable result sets in the answer ({type(error).__name__}: {error}). "
            "The source has changed its format: nothing was published from it."
        ) from error
    raise SourceSchemaError(
        f"{origin}: the answer lacks the result set {name}; it has {found or 'none'}. "
        "The source has changed its format: nothing was published from it."
    )


def _conformed(rows: list[dict[str, Any]], result_set: ResultSet, origin: str) -> pd.DataFrame:
    return conform(pd.DataFrame(rows, columns=list(COLUMNS[result_set])), result_set, origin=origin)


def _without_repeats(frame: pd.DataFrame, origin: str) -> pd.DataFrame:
    """Each row once, in the order of its last appearance."""
    versions = frame.drop_duplicates(keep="last")
    if len(versions) < len(frame):
        log.warning("%s: dropped %d row(s) that came twice", origin, len(frame) - len(versions))
    return versions.reset_index(drop=True)


def _distinct(frame: pd.DataFrame, key: Iterable[str], origin: str) -> pd.DataFrame:
    """One row per key: of rows that disagree the last of the answer, which is the newest."""
    columns = list(key)
    if not frame.duplicated(columns).any():
        return frame
    versions = _without_repeats(frame, origin)
    nameless = versions[columns].isna().any(axis=1)
    rivals = versions.duplicated(columns, keep="last") & ~nameless
    if rivals.any():
        log.warning(
            "%s: %d row(s) came in two versions that disagree; the newest was kept: %s",
            origin,
            int(rivals.sum()),
            "; ".join(", ".join(map(str, row)) for row in versions.loc[rivals, columns].head(5).to_numpy()),
        )
    return versions[~rivals].reset_index(drop=True)


def _american(day: date) -> str:
    return day.strftime("%m/%d/%Y")
