"""What goes wrong with the league's answers in a season's course, for some hours or days: twenty kinds, from a seed.

A mishap befalls one game, one night or one endpoint, begins before the night and ends by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

import numpy as np

from nba_assets.league.calendar import EASTERN
from nba_assets_tests.sources.stats_server import HTML, Edit, Fault, Payload, Query

SCHEDULE, LOG, SHOTS = "scheduleleaguev2", "leaguegamelog", "shotchartdetail"
BOX_SCORE, SUMMARY = "boxscoretraditionalv3", "boxscoresummaryv3"
_SIDES = ("homeTeam", "awayTeam")
_ENDS = ((1, time(6, 10)), (1, time(7, 40)), (1, time(12, 30)), (2, time(9, 30)))
"""Days after the night, and hours, at which most mishaps are over: before and after the first attempts."""
_CORRECTED = (3, time(10, 30))
_SEEN_BY_REREADING = (1, time(10, 30))


@dataclass(frozen=True)
class Mishap:
    """One of them: `edit` changes answers of an endpoint while it lasts; `faults` of its requests fail instead."""

    kind: str
    day: date
    what: str
    since: datetime
    until: datetime
    endpoint: str | None = None
    edit: Edit | None = None
    fault: Fault | None = None
    faults: int = 0

    def __str__(self) -> str:
        return f"{self.day} {self.kind.replace('_', ' ')}: {self.what}, until {self.until:%m-%d %H:%M}"

    def lasts(self, now: datetime) -> bool:
        """Whether it is under way."""
        return self.since <= now < self.until

    def silences(self, day: date) -> bool:
        """Whether nothing runs on that day."""
        return self.kind == "daemon_off" and self.until.date() == day


@dataclass(frozen=True)
class _Night:
    """What a mishap can choose from."""

    day: date
    games: Sequence[str]
    rng: np.random.Generator

    def game(self) -> str:
        return str(self.rng.choice(list(self.games)))


Made = tuple[str, str, Edit]
"""What it befalls, the endpoint, and what becomes of its answers."""


def mishaps(seed: int, number: int, nights: dict[date, Sequence[str]]) -> list[Mishap]:
    """So many mishaps of the nights, which are given with their games; every kind once before any comes twice."""
    rng = np.random.default_rng(seed)
    kinds = [*(list(KINDS) if number >= len(KINDS) else rng.choice(list(KINDS), number, replace=False))]
    kinds += list(rng.choice(list(KINDS), number - len(kinds)))
    days = sorted(nights)
    made = []
    for kind in kinds:
        day = days[int(rng.integers(len(days)))]
        made.append(KINDS[str(kind)](str(kind), _Night(day, nights[day], rng)))
    return sorted(made, key=lambda mishap: (mishap.day, mishap.kind))


def _at(day: date, offset: int, hour: time) -> datetime:
    return datetime.combine(day + timedelta(days=offset), hour, tzinfo=EASTERN)


def _edited(
    make: Callable[[_Night], Made], ends: Collection[tuple[int, time]] = _ENDS
) -> Callable[[str, _Night], Mishap]:
    """A kind that changes answers from noon of the day on."""

    def mishap(kind: str, night: _Night) -> Mishap:
        what, endpoint, edit = make(night)
        offset, hour = list(ends)[int(night.rng.integers(len(ends)))]
        return Mishap(kind, night.day, what, _at(night.day, 0, time(12)), _at(night.day, offset, hour), endpoint, edit)

    return mishap


def _failing(fault: Fault, most: int) -> Callable[[str, _Night], Mishap]:
    """A kind in which some requests of the next day fail."""

    def mishap(kind: str, night: _Night) -> Mishap:
        endpoint = str(night.rng.choice([SCHEDULE, LOG, SHOTS, BOX_SCORE, SUMMARY]))
        many = int(night.rng.integers(1, most + 1))
        since, until = _at(night.day, 1, time(0)), _at(night.day, 2, time(0))
        return Mishap(kind, night.day, f"{many} answers of {endpoint}", since, until, endpoint, None, fault, many)

    return mishap


def _daemon_off(kind: str, night: _Night) -> Mishap:
    return Mishap(kind, night.day, "the whole day after", _at(night.day, 1, time(0)), _at(night.day, 1, time(23)))


# --- what becomes of answers -----------------------------------------------------------------------------------


def _rows(payload: Payload) -> tuple[list[list[Any]], dict[str, int]]:
    """The rows of a tabular answer, and where its columns are."""
    table = payload["resultSets"][0]
    return table["rowSet"], {name: place for place, name in enumerate(table["headers"])}


def _without_rows(is_gone: Callable[[list[Any], dict[str, int], Query], bool]) -> Edit:
    def edit(payload: Payload, query: Query) -> Payload:
        rows, at = _rows(payload)
        payload["resultSets"][0]["rowSet"] = [row for row in rows if not is_gone(row, at, query)]
        return payload

    return edit


def _log_in_part(night: _Night) -> Made:
    game = night.game()

    def edit(payload: Payload, query: Query) -> Payload:
        rows, at = _rows(payload)
        if query["PlayerOrTeam"] == "P":
            late = sorted(
                (r for r in rows if r[at["GAME_ID"]] == game), key=lambda r: (r[at["FGM"]], r[at["PLAYER_ID"]])
            )
            payload["resultSets"][0]["rowSet"] = [row for row in rows if row not in late[-3:]]
        return payload

    return f"three players of {game}", LOG, edit


def _log_lacks_game(night: _Night) -> Made:
    game = night.game()
    return game, LOG, _without_rows(lambda row, at, _: row[at["GAME_ID"]] == game)


def _log_lacks_team(night: _Night) -> Made:
    game = night.game()

    def is_gone(row: list[Any], at: dict[str, int], query: Query) -> bool:
        return query["PlayerOrTeam"] == "T" and row[at["GAME_ID"]] == game and "@" in row[at["MATCHUP"]]

    return f"the visitors of {game}", LOG, _without_rows(is_gone)


def _log_twice(_: _Night) -> Made:
    def edit(payload: Payload, _: Query) -> Payload:
        payload["resultSets"][0]["rowSet"] *= 2
        return payload

    return "all rows", LOG, edit


def _ids_without_zeros(_: _Night) -> Made:
    def edit(payload: Payload, _: Query) -> Payload:
        rows, at = _rows(payload)
        for row in rows:
            row[at["GAME_ID"]] = int(row[at["GAME_ID"]])
        return payload

    return "all games", LOG, edit


def _correction(night: _Night) -> Made:
    game = night.game()

    def edit(payload: Payload, query: Query) -> Payload:
        rows, at = _rows(payload)
        of_game = [row for row in rows if query["PlayerOrTeam"] == "P" and row[at["GAME_ID"]] == game]
        if of_game:
            team = of_game[0][at["TEAM_ID"]]
            own = sorted((row for row in of_game if row[at["TEAM_ID"]] == team), key=lambda row: row[at["FGM"]])
            for row, by in ((own[-1], -1), (own[-2], 1)):
                for name, size in (("PTS", 2), ("FGM", 1), ("FGA", 1)):
                    row[at[name]] += by * size
        return payload

    return f"two points of {game} are another's at first", LOG, edit


def _box_score(what: str, change: Callable[[list[Any]], list[Any]]) -> Callable[[_Night], Made]:
    def make(night: _Night) -> Made:
        game = night.game()

        def edit(payload: Payload, query: Query) -> Payload:
            for side in _SIDES if query["GameID"] == game else ():
                team = payload["boxScoreTraditional"][side]
                team["players"] = change(team["players"])
            return payload

        return f"{what} of {game}", BOX_SCORE, edit

    return make


def _with_other_clocks(players: list[Any]) -> list[Any]:
    """ "28:10" as another endpoint writes it."""
    for player in players:
        minutes, colon, seconds = player["statistics"]["minutes"].partition(":")
        if colon:
            player["statistics"]["minutes"] = f"{minutes}.000000:{seconds}"
    return players


def _says_nothing(night: _Night) -> Made:
    game = night.game()
    return game, BOX_SCORE, lambda payload, query: {} if query["GameID"] == game else payload


def _no_inactives(sides: Sequence[str], *, of_night: bool) -> Callable[[_Night], Made]:
    def make(night: _Night) -> Made:
        games = set(night.games) if of_night else {night.game()}

        def edit(payload: Payload, query: Query) -> Payload:
            for side in sides if query["GameID"] in games else ():
                payload["boxScoreSummary"][side]["inactives"] = []
            return payload

        return "all games" if of_night else f"one side of {min(games)}", SUMMARY, edit

    return make


def _half_the_shots(night: _Night) -> Made:
    game = night.game()

    def is_gone(row: list[Any], at: dict[str, int], _: Query) -> bool:
        return bool(row[at["GAME_ID"]] == game and row[at["GAME_EVENT_ID"]] % 2)

    return game, SHOTS, _without_rows(is_gone)


def _no_shots(night: _Night) -> Made:
    games = set(night.games)
    return "all games", SHOTS, _without_rows(lambda row, at, _: row[at["GAME_ID"]] in games)


def _in_schedule(what: str, change: Callable[[list[Any], Payload], None]) -> Callable[[_Night], Made]:
    """A change to the list of a date's games around one of them."""

    def make(night: _Night) -> Made:
        game = night.game()

        def edit(payload: Payload, _: Query) -> Payload:
            for of_day in payload["leagueSchedule"]["gameDates"]:
                for listed in [one for one in of_day["games"] if one["gameId"] == game]:
                    change(of_day["games"], listed)
            return payload

        return f"{game} {what}", SCHEDULE, edit

    return make


def _not_final(_: list[Any], game: Payload) -> None:
    game["gameStatus"] = min(game["gameStatus"], 2)


def _tipoff_is_a_date(_: list[Any], game: Payload) -> None:
    game["gameDateTimeUTC"] = game["gameDateTimeEst"] = f"{game['gameDateEst'][:10]}T00:00:00Z"


def _listed_twice(games: list[Any], game: Payload) -> None:
    games.append(game | {"gameStatus": 1, "postponedStatus": "Y", "gameStatusText": "PPD"})


def _lost(games: list[Any], game: Payload) -> None:
    games.remove(game)


KINDS: dict[str, Callable[[str, _Night], Mishap]] = {
    "log_in_part": _edited(_log_in_part),
    "log_lacks_game": _edited(_log_lacks_game),
    "log_lacks_team": _edited(_log_lacks_team),
    "log_twice": _edited(_log_twice),
    "ids_without_zeros": _edited(_ids_without_zeros),
    "correction": _edited(_correction, [_CORRECTED]),
    "box_score_empty": _edited(_box_score("players", lambda _: [])),
    "box_score_in_part": _edited(_box_score("all but five", lambda players: players[:5])),
    "other_clocks": _edited(_box_score("clocks", _with_other_clocks)),
    "says_nothing": _edited(_says_nothing),
    "no_inactives": _edited(_no_inactives(_SIDES, of_night=True)),
    "no_inactives_of_a_side": _edited(_no_inactives(_SIDES[:1], of_night=False)),
    "half_the_shots": _edited(_half_the_shots),
    "no_shots": _edited(_no_shots),
    "not_final": _edited(_in_schedule("not final yet", _not_final)),
    "tipoff_is_a_date": _edited(_in_schedule("without an hour", _tipoff_is_a_date), [_SEEN_BY_REREADING]),
    "listed_twice": _edited(_in_schedule("also postponed", _listed_twice)),
    "lost_by_schedule": _edited(_in_schedule("not listed", _lost)),
    "html": _failing(Fault(body=HTML), 8),
    "cut": _failing(Fault(cut=True), 8),
    "unavailable": _failing(Fault(503, "try later"), 12),
    "forbidden": _failing(Fault(403, "no"), 3),
    "daemon_off": _daemon_off,
}
