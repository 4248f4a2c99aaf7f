"""A server on the loopback interface that answers as stats.nba.com does, from the files of real seasons.

It knows the league's response layouts and can misbehave on order. What a test expects does not belong here.
"""

from __future__ import annotations

import json
import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache, cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import repeat
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pandas as pd

from nba_assets.league.calendar import GameType
from nba_assets.sources.nba_api.settings import NbaApiSettings

REGULAR = frozenset({GameType.REGULAR.value})
ROW_CAP = 102_400
IDLE_SECONDS = 10
"""After so long, a connection that the client left open is closed from this side."""
STATIC_SCHEDULE = "scheduleLeagueV2.json"
HTML = "<!DOCTYPE html>\n<html><body>Access denied: request blocked.</body></html>"

_ID_PREFIXES = {"Regular Season": "002", "Playoffs": "004", "PlayIn": "005", "Pre Season": "001"}

Query = dict[str, str]
Payload = dict[str, Any]
Edit = Callable[[Payload, Query], Payload]


@dataclass(frozen=True)
class Asked:
    """A request as it arrived: when (time.monotonic), for what, with which headers."""

    at: float
    endpoint: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]

    @property
    def call(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """What makes two requests the same call."""
        return self.endpoint, self.query


@dataclass(frozen=True)
class Fault:
    """How one request is answered instead of properly: after a while, with a status and a text, or cut off."""

    status: int = 200
    body: str = HTML
    headers: tuple[tuple[str, str], ...] = ()
    cut: bool = False
    seconds: float = 0.0


class Season:
    """The result sets of one season directory, and the league's answers made of them."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._name = directory.name

    def _frame(self, name: str) -> pd.DataFrame:
        """One file, NULLs as None."""
        rows = pd.read_parquet(self._directory / f"{name}.parquet")
        return rows.astype(object).where(rows.notna(), None)

    def load(self) -> None:
        """Read all files, so that the first answer is as quick as the others."""
        _ = self._team_log, self._shots, self._statistics, self._box_scores, self._inactives, self._scheduled

    def schedule(self, _query: Query) -> Payload:
        """scheduleleaguev2."""
        by_day = defaultdict(list)
        for row in self._scheduled.values():
            by_day[row["gameDateEst"]].append(_scheduled(row))
        days = [
            {"gameDate": f"{day[5:7]}/{day[8:10]}/{day[:4]} 00:00:00", "games": games} for day, games in by_day.items()
        ]
        listing = {"seasonYear": self._name, "leagueId": "00", "gameDates": days, "weeks": [], "broadcasterList": []}
        return {"meta": {"version": 1}, "leagueSchedule": listing}

    def game_log(self, query: Query) -> Payload:
        """leaguegamelog."""
        log = self._team_log if query["PlayerOrTeam"] == "T" else self._player_log
        return _tabular("leaguegamelog", query, {"LeagueGameLog": _inside(log, query)})

    def shots(self, query: Query) -> Payload:
        """shotchartdetail, cut off at the row cap as over there."""
        rows = _inside(self._shots, query)
        if query["ContextMeasure"] != "FGA":
            rows = rows[rows["SHOT_MADE_FLAG"].eq(1)]
        averages = pd.DataFrame(columns=["GRID_TYPE", "SHOT_ZONE_BASIC", "FGA", "FGM", "FG_PCT"])
        return _tabular("shotchartdetail", query, {"Shot_Chart_Detail": rows.head(ROW_CAP), "LeagueAverages": averages})

    def box_score(self, query: Query) -> Payload:
        """boxscoretraditionalv3."""
        game = query["GameID"]
        statistics = self._statistics.get(game, {})
        players = defaultdict(list)
        for row in self._box_scores.get(game, []):
            players[row["teamId"]].append(_listed(row, statistics.get(row["personId"])))
        sides = {side: team | {"players": players[team["teamId"]]} for side, team in self._sides(game).items()}
        return _nested("boxScoreTraditional", game, sides)

    def summary(self, query: Query) -> Payload:
        """boxscoresummaryv3."""
        game = query["GameID"]
        inactives = defaultdict(list)
        for row in self._inactives.get(game, []):
            inactives[row["TEAM_ID"]].append({**_named(row["PLAYER_ID"], row["PLAYER_NAME"]), "jerseyNum": "0"})
        sides = {
            side: team | {"periods": [], "inactives": inactives[team["teamId"]]}
            for side, team in self._sides(game).items()
        }
        return _nested("boxScoreSummary", game, sides)

    def play_by_play(self, query: Query) -> Payload:
        """playbyplayv3 around the files' shots: the first ones are assisted and blocked, as many as the log says."""
        game = query["GameID"]
        shots = self._shots[self._shots["GAME_ID"].eq(game)].sort_values("GAME_EVENT_ID")
        log = self._team_log[self._team_log["GAME_ID"].eq(game)].set_index("TEAM_ID")
        assists, blocks = log["AST"].to_dict(), log["BLK"].to_dict()
        actions = [_action(2, "period", "Start of 1st Period (7:42 PM EST)", subType="start")]
        for shot in shots.to_dict("records"):
            event, own = shot["GAME_EVENT_ID"], shot["TEAM_ID"]
            (other,) = set(blocks) - {own}
            made, is_two = shot["SHOT_MADE_FLAG"] == 1, shot["SHOT_TYPE"].startswith("2PT")
            actions.append(_shot_action(shot, assisted=made and assists[own] > 0))
            assists[own] -= made
            if not made and is_two and blocks[other] > 0:
                blocks[other] -= 1
                actions.append(_action(event, "", "Gobert BLOCK (1 BLK)", teamId=other, personId=203497))
            if not made:
                actions.append(_action(event + 1, "Rebound", "Gobert REBOUND (Off:0 Def:1)", teamId=other))
        actions = [{**action, "actionId": number} for number, action in enumerate(actions, start=1)]
        return {"meta": {"version": 1}, "game": {"gameId": game, "videoAvailable": 1, "actions": actions}}

    def roster(self, query: Query) -> Payload:
        """commonteamroster: who was listed for the team, born on a date that is made up from his id."""
        log = self._player_log
        of_team = log[log["TEAM_ID"].eq(int(query["TeamID"]))].drop_duplicates("PLAYER_ID")
        rows = pd.DataFrame(
            {
                "TeamID": of_team["TEAM_ID"],
                "SEASON": query["Season"][:4],
                "PLAYER": of_team["PLAYER_NAME"],
                "NUM": "0",
                "BIRTH_DATE": of_team["PLAYER_ID"].map(birth_date_of).dt.strftime("%b %d, %Y").str.upper(),
                "AGE": 25.0,
                "PLAYER_ID": of_team["PLAYER_ID"],
            }
        )
        coaches = pd.DataFrame(columns=["TEAM_ID", "SEASON", "COACH_ID", "COACH_NAME"])
        return _tabular("commonteamroster", query, {"CommonTeamRoster": rows, "Coaches": coaches})

    def _sides(self, game: str) -> Payload:
        row = self._scheduled[game]
        return {side: _team(row, side) for side in ("homeTeam", "awayTeam")}

    @cached_property
    def _scheduled(self) -> dict[str, Payload]:
        return {row["gameId"]: row for row in self._frame("scheduleleaguev2").to_dict("records")}

    @cached_property
    def _team_log(self) -> pd.DataFrame:
        return self._frame("leaguegamelog_team")

    @cached_property
    def _player_log(self) -> pd.DataFrame:
        return self._frame("leaguegamelog_player")

    @cached_property
    def _shots(self) -> pd.DataFrame:
        return self._frame("shotchartdetail")

    @cached_property
    def _statistics(self) -> dict[str, dict[int, Payload]]:
        games: dict[str, dict[int, Payload]] = defaultdict(dict)
        for row in self._player_log.to_dict("records"):
            games[row["GAME_ID"]][row["PLAYER_ID"]] = row
        return games

    @cached_property
    def _box_scores(self) -> dict[str, list[Payload]]:
        return _by_game(self._frame("boxscore_players"), "gameId")

    @cached_property
    def _inactives(self) -> dict[str, list[Payload]]:
        return _by_game(self._frame("inactive_players"), "GAME_ID")


def birth_date_of(player_id: int) -> pd.Timestamp:
    """When the server says that a player was born."""
    return pd.Timestamp("1985-01-01") + pd.Timedelta(days=player_id % 6000)


@cache
def _season(directory: Path) -> Season:
    return Season(directory)


class StatsServer:
    """Use as a context manager; `url` is what `NbaApiSettings.base_url` takes.

    `edits` change the payloads of an endpoint, `faults` are used up one per request to it, `asked` is the log.
    `hold_after` lets so many requests through and answers no more until it is None again or the server closes.
    After `refuse_after` more requests to the API the next ones meet `refusals`, one each; then it is well again.
    `static_season` is that of the league's static file, which lies on another host and is not refused.
    """

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.asked: list[Asked] = []
        self.edits: dict[str, Edit] = {}
        self.faults: dict[str, Iterator[Fault]] = {}
        self.hold_after: int | None = None
        self.refuse_after: int | None = None
        self.refusals: Iterator[Fault] = repeat(Fault(403, "no"))
        self.static_season = "2021-22"
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stats = self
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="stats-server")

    def __enter__(self) -> StatsServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop, and wait for every connection to end; one that the client left open takes IDLE_SECONDS."""
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """The address, with nba_api's placeholder."""
        return f"http://127.0.0.1:{self._server.server_port}/stats/{{endpoint}}"

    @property
    def schedule_url(self) -> str:
        """The address of the league's static file."""
        return f"http://127.0.0.1:{self._server.server_port}/static/json/staticData/{STATIC_SCHEDULE}"

    def misbehave(self, endpoint: str, faults: Iterable[Fault]) -> None:
        """The next requests to an endpoint meet these faults, one each; then it is well again."""
        self.faults[endpoint] = iter(faults)

    def calls(self, endpoint: str | None = None) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
        """The calls asked for so far, in order, repeated ones too."""
        with self._lock:
            return [asked.call for asked in self.asked if endpoint in (None, asked.endpoint)]

    def season(self, name: str) -> Season:
        """The data of one season, which all servers of a process share."""
        return _season(self._data_dir / name)

    def answer(self, endpoint: str, query: Query, headers: Mapping[str, str]) -> Fault:
        """What a request gets; a proper answer is a Fault without one."""
        at = time.monotonic()
        with self._lock:
            self.asked.append(Asked(at, endpoint, tuple(sorted(query.items())), headers))
            held = self.hold_after is not None and len(self.asked) > self.hold_after
            fault = next(self.faults.get(endpoint, iter(())), None) or self._refusal(endpoint)
            if fault is None and not held:
                return Fault(body=self._payload(endpoint, query))
        while held and self.hold_after is not None and not self._closing.wait(0.02):
            pass
        if fault is None:
            return Fault(cut=True)
        self._closing.wait(fault.seconds)
        return fault

    def _refusal(self, endpoint: str) -> Fault | None:
        if self.refuse_after is None or endpoint == STATIC_SCHEDULE.lower():
            return None
        self.refuse_after -= 1
        return next(self.refusals, None) if self.refuse_after < 0 else None

    def _payload(self, endpoint: str, query: Query) -> str:
        season = self.season(self._season_asked(endpoint, query))
        payload = {
            STATIC_SCHEDULE.lower(): season.schedule,
            "scheduleleaguev2": season.schedule,
            "leaguegamelog": season.game_log,
            "shotchartdetail": season.shots,
            "boxscoretraditionalv3": season.box_score,
            "boxscoresummaryv3": season.summary,
            "playbyplayv3": season.play_by_play,
            "commonteamroster": season.roster,
        }[endpoint](query)
        return json.dumps(self.edits.get(endpoint, lambda payload, _: payload)(payload, query))

    def _season_asked(self, endpoint: str, query: Query) -> str:
        if endpoint == STATIC_SCHEDULE.lower():
            return self.static_season
        return query.get("Season") or _season_of(query["GameID"])


def as_of(moment: datetime) -> Edit:
    """The schedule as the site gives it at a moment, Eastern: the games of that date and of later ones are to come."""

    def edit(payload: Payload, _query: Query) -> Payload:
        for day in payload["leagueSchedule"]["gameDates"]:
            for game in day["games"]:
                if game["gameDateEst"][:10] >= f"{moment:%Y-%m-%d}" and game["postponedStatus"] != "Y":
                    game["gameStatus"] = 1
                    game["homeTeam"]["score"] = game["awayTeam"]["score"] = 0
        return payload

    return edit


def quick_settings(server: StatsServer, cache_dir: Path, **changes: Any) -> NbaApiSettings:
    """Settings for a fetch from that server: no rate limit, short pauses, the game types that the files have."""
    quick: dict[str, Any] = {"calls_per_second": math.inf, "backoff_seconds": 0.01, "proxy": "", "game_types": REGULAR}
    return NbaApiSettings(cache_dir=cache_dir, base_url=server.url, **(quick | changes))


class _Server(ThreadingHTTPServer):
    # Not daemons, so that closing the server waits for them.
    daemon_threads = False
    stats: StatsServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    timeout = IDLE_SECONDS

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        endpoint = parts.path.rsplit("/", 1)[-1].lower()
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = self.server.stats.answer(endpoint, query, dict(self.headers))
        body = answer.body.encode()
        with suppress(ConnectionError):
            self.send_response(answer.status)
            for name, value in (*answer.headers, ("Content-Length", str(len(body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if answer.cut else body)
            self.wfile.flush()
        if answer.cut:
            self.close_connection = True

    def log_message(self, *_: object) -> None:
        """Nothing: the log is `StatsServer.asked`."""


def _season_of(game_id: str) -> str:
    year = 2000 + int(game_id[3:5])
    return f"{year}-{(year + 1) % 100:02d}"


def _inside(rows: pd.DataFrame, query: Query) -> pd.DataFrame:
    first, last = (datetime.strptime(query[name], "%m/%d/%Y").strftime("%Y%m%d") for name in ("DateFrom", "DateTo"))
    days = rows["GAME_DATE"].str.replace("-", "")
    return rows[days.between(first, last) & rows["GAME_ID"].str.startswith(_ID_PREFIXES[query["SeasonType"]])]


def _tabular(resource: str, query: Query, frames: Mapping[str, pd.DataFrame]) -> Payload:
    sets = [
        {"name": name, "headers": list(frame.columns), "rowSet": frame.to_numpy().tolist()}
        for name, frame in frames.items()
    ]
    return {"resource": resource, "parameters": query, "resultSets": sets}


def _nested(name: str, game: str, sides: Payload) -> Payload:
    ids = {f"{side}Id": team["teamId"] for side, team in sides.items()}
    return {"meta": {"version": 1}, name: {"gameId": game, **ids, **sides}}


def _by_game(rows: pd.DataFrame, game: str) -> dict[str, list[Payload]]:
    games = defaultdict(list)
    for row in rows.to_dict("records"):
        games[row[game]].append(row)
    return games


def _team(row: Payload, side: str) -> Payload:
    code = row[f"{side}_teamTricode"]
    return {"teamId": row[f"{side}_teamId"], "teamCity": "", "teamName": code, "teamTricode": code, "teamSlug": ""}


def _named(player_id: int, name: str) -> Payload:
    first, _, family = name.partition(" ")
    return {"personId": player_id, "firstName": first, "familyName": family}


def _listed(row: Payload, log: Payload | None) -> Payload:
    """A player of a box score; the position stands for having started."""
    position = None if row["starter"] is None else "F" * row["starter"]
    names = {"points": "PTS", "assists": "AST", "reboundsTotal": "REB", "fieldGoalsAttempted": "FGA"}
    statistics = {name: 0 if log is None else log[column] for name, column in names.items()}
    return {
        **_named(row["personId"], row["playerName"]),
        "position": position,
        "comment": row["comment"],
        "jerseyNum": "0",
        "statistics": {"minutes": row["minutes"], **statistics},
    }


def _shot_action(shot: Payload, *, assisted: bool) -> Payload:
    """A field goal as play-by-play tells it, like "Markkanen 5' Jump Shot (2 PTS) (Nurkic 1 AST)"."""
    made, family = shot["SHOT_MADE_FLAG"] == 1, shot["PLAYER_NAME"].partition(" ")[2]
    text = f"{family} {shot['SHOT_DISTANCE']}' {shot['ACTION_TYPE']}"
    description = (
        f"{text} ({shot['SHOT_TYPE'][0]} PTS)" + " (Hardaway Jr. 1 AST)" * assisted if made else f"MISS {text}"
    )
    return _action(
        shot["GAME_EVENT_ID"],
        shot["EVENT_TYPE"],
        description,
        teamId=shot["TEAM_ID"],
        personId=shot["PLAYER_ID"],
        playerName=family,
        subType=shot["ACTION_TYPE"],
        shotResult="Made" if made else "Missed",
        isFieldGoal=1,
    )


def _action(number: int, kind: str, description: str, **members: Any) -> Payload:
    """An action of play-by-play; a block has the number of its shot, and no type."""
    common = {"clock": "PT11M42.00S", "period": 1, "teamId": 0, "teamTricode": "", "personId": 0, "playerName": ""}
    common |= {"shotResult": "", "isFieldGoal": 0, "scoreHome": "", "scoreAway": "", "location": "", "subType": ""}
    return {"actionNumber": number, "actionType": kind, "description": description} | common | members


def _scheduled(row: Payload) -> Payload:
    postponed, day = row["postponedStatus"] == "Y", row["gameDateEst"]
    tipoff = row["gameDateTimeUTC"]
    if tipoff is None:  # what the league writes for a time that it does not know
        eastern, utc = f"{day}T00:00:00Z", f"{day}T05:00:00Z"
    else:
        local = pd.Timestamp(tipoff).tz_convert("America/New_York")
        eastern, utc = local.strftime("%Y-%m-%dT%H:%M:%SZ"), tipoff
    return {
        "gameId": row["gameId"],
        "gameStatus": row["gameStatus"],
        "gameStatusText": "PPD" if postponed else "Final" if row["gameStatus"] == 3 else "7:30 pm ET",
        "gameDateEst": f"{day}T00:00:00Z",
        "gameDateTimeEst": eastern,
        "gameDateTimeUTC": utc,
        "gameLabel": row["gameLabel"],
        "gameSubtype": "",
        "arenaName": row["arenaName"] or "",
        "arenaCity": row["arenaCity"] or "",
        "arenaState": row["arenaState"] or "",
        "postponedStatus": row["postponedStatus"],
        **{side: _team(row, side) | {"score": row[f"{side}_score"]} for side in ("homeTeam", "awayTeam")},
        "broadcasters": {"nationalBroadcasters": []},
        "pointsLeaders": [],
    }
