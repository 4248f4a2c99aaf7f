"""Lists of doubtful size: what they mean for raw_player_boxscores, and for the slates that are made of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd

from nba_assets.league import teams
from nba_assets.league.calendar import REST_TYPES, game_types, seasons_of_games
from nba_assets.league.list_sizes import (
    ENOUGH_GAMES,
    FEWEST_DOUBTFUL,
    KNOWN_BY,
    blank_in_a_row,
    doubtful_lists,
    doubtful_lists_of,
    is_gap,
    lost_of_slates,
    nights_without_inactives,
)
from nba_assets.league.windows import GameLog
from nba_assets.partition import WAITS_FOR, Cause, Finding, finding
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.table import Inputs
from nba_assets.sources.base import ResultSet
from nba_assets.tables.games import game_name, without_cup_finals
from nba_assets.tables.postgame import finished_sides

LIST_COLUMNS = ("season", "game_date", "game_id", "team", "listing", "player_id")


def judge_lists(evidence: Evidence, found: dict[date, Expectation]) -> None:
    """Doubtful lists of the dates of raw_player_boxscores: many of one night lack, few degrade.

    One or two of a night are notes once their games are settled: some teams really had nobody inactive. Lists that
    are blank in a row, and a night on which no team has anybody inactive, degrade it whatever was listed before.
    """
    listings = _lists_as_they_will_stand(evidence)
    doubtful, settled = doubtful_lists_of(listings, evidence.dates), evidence.inputs.settled_games
    doubtful = doubtful.assign(is_gap=is_gap(doubtful))
    gaps = doubtful.loc[doubtful["is_gap"], "game_date"]
    nights = nights_without_inactives(evidence.rows).drop(gaps, errors="ignore")
    rows = blank_in_a_row(listings[~listings["game_date"].isin(gaps)])
    rows = rows[rows["game_date"].isin(evidence.dates) & ~rows["game_date"].isin(nights.index)]
    sides = finished_sides(evidence).itertuples() if len(doubtful) or len(rows) else ()
    names = {(side.game_id, side.team): game_name(side) for side in sides}
    for night, games in nights.items():
        found[night.date()].degrade(Cause.NOBODY_INACTIVE, games=int(games))
    for side in rows.sort_values(["game_id", "team"]).itertuples():
        name, result = f"{names[side.game_id, side.team]} {side.team}", found[side.game_date.date()]
        (result.note if side.run == 1 else result.degrade)(Cause.BLANK_IN_A_ROW, name, run=int(side.run))
    for day, of_day in by_date(doubtful, "game_date"):
        for side in of_day.sort_values(["game_id", "team"]).itertuples():
            game, short = names[side.game_id, side.team], _shortcoming(side)
            if side.is_gap:
                if f"{game} {side.team}" not in found[day].lacking:
                    found[day].lack_side(game, side.team, short.cause, **short.numbers)
            elif side.game_id in settled and _is_one_of_few(side):
                found[day].note(short.cause, f"{game} {side.team}", **short.numbers)
            else:
                found[day].degrade(short.cause, f"{game} {side.team}", **short.numbers, **_waits_for(side))


def judge_slates(evidence: Evidence, found: dict[date, Expectation]) -> None:
    """Slates of upcoming_player_game_context that are made of a doubtful list, or that lost too many players."""
    listings = without_cup_finals(evidence.inputs.before["raw_player_boxscores"])
    context = evidence.inputs.on_date["upcoming_team_game_context"]
    playing = context.loc[context["game_date"].isin(evidence.dates), ["season", "game_date", "team"]]
    name = _names(evidence.inputs.before["raw_schedule"])
    for side in _of_doubtful_lists(listings, playing, evidence.inputs.settled_games).itertuples():
        game, why = name(side.game_id), str(_shortcoming(side))
        found[side.on.date()].degrade(Cause.SLATE_OF_DOUBTFUL_LIST, side.team, game=game, why=why, **_waits_for(side))
    for side in _of_blank_lists(listings, playing).itertuples():
        game, why = name(side.game_id), str(side.why)
        found[side.on.date()].degrade(Cause.SLATE_OF_DOUBTFUL_LIST, side.team, game=game, why=why)
    for side in lost_of_slates(listings, playing, _known_lists(evidence.inputs)).itertuples():
        numbers = {"game": name(side.game_id), "lost": int(side.lost), "before": int(side.before)}
        waits = _waits_for_lists(side.game_date, evidence.inputs)
        found[side.game_date.date()].degrade(Cause.SLATE_LOST, side.team, **numbers, **waits)


def _lists_as_they_will_stand(evidence: Evidence) -> pd.DataFrame:
    """The rows of the dates, and those that stand of the season's other dates."""
    columns = [*LIST_COLUMNS]
    before = evidence.inputs.before.get("raw_player_boxscores")
    if before is None or before.empty:
        return evidence.rows[columns]
    others = without_cup_finals(before.loc[~before["game_date"].isin(evidence.dates), columns])
    return pd.concat([others, evidence.rows[columns]], ignore_index=True)


def _of_doubtful_lists(listings: pd.DataFrame, playing: pd.DataFrame, settled: frozenset[str]) -> pd.DataFrame:
    """The doubtful lists that teams' slates are made of: `on` is the date of the slate."""
    doubtful = doubtful_lists(listings)
    if doubtful.empty:
        return doubtful.assign(on=pd.NaT)
    rows = _latest_games(listings, playing).merge(doubtful, on=["game_id", "team"])
    is_note = [side.game_id in settled and _is_one_of_few(side) for side in rows.itertuples()]
    return rows[~pd.Series(is_note, index=rows.index, dtype=bool)]


def _of_blank_lists(listings: pd.DataFrame, playing: pd.DataFrame) -> pd.DataFrame:
    """The lists without inactive players, of a night or in a row, that slates are made of: on, team, game_id, why."""
    side = ["game_id", "team"]
    nights = nights_without_inactives(listings)
    of_nights = listings.loc[listings["game_date"].isin(nights.index), [*side, "game_date"]].drop_duplicates()
    games = of_nights["game_date"].map(nights)
    of_nights = of_nights[side].assign(why=[finding(Cause.NOBODY_INACTIVE, games=int(n)) for n in games])
    rows = blank_in_a_row(listings).query("run > 1")
    rows = rows[side].assign(why=[finding(Cause.BLANK_IN_A_ROW, run=int(run)) for run in rows["run"]])
    lists = pd.concat([of_nights, rows], ignore_index=True).drop_duplicates(side)
    return lists if lists.empty else _latest_games(listings, playing).merge(lists, on=side)


def _latest_games(listings: pd.DataFrame, playing: pd.DataFrame) -> pd.DataFrame:
    """The game that each team's slate of a date is made of: on (the date of the slate), team, game_id."""
    as_of = GameLog(listings.drop_duplicates(["game_id", "team"]), entity="team").before(
        playing["team"], playing["season"], playing["game_date"]
    )
    latest = pd.DataFrame({"on": playing["game_date"].array, "team": playing["team"].array})
    return latest.assign(game_id=as_of.latest("game_id").array)


def _is_one_of_few(side: Any) -> bool:
    """Whether a doubtful list is one of so few of its night that it may be true."""
    return bool(side.doubtful_of_night < FEWEST_DOUBTFUL)


def _waits_for(side: Any) -> dict[str, str]:
    """The number of a finding that says by which game's being settled it becomes a note."""
    return {WAITS_FOR: side.game_id} if _is_one_of_few(side) else {}


def _waits_for_lists(day: pd.Timestamp, inputs: Inputs) -> dict[str, str]:
    """The same for a slate that has lost players: more lists tell where they are, until a week after it."""
    log = inputs.source.get(ResultSet.PLAYER_LOG)
    if log is None or log.empty:
        return {}
    night, game = max(zip(log["GAME_DATE"].str[:10], log["GAME_ID"], strict=True))
    is_known = pd.Timestamp(night) > day + KNOWN_BY or game in inputs.settled_games
    return {} if is_known else {WAITS_FOR: game}


def _shortcoming(side: Any) -> Finding:
    if side.lacks_inactive:
        return finding(Cause.NO_INACTIVE_PLAYER, with_some=int(side.with_some), games=int(side.games))
    if side.games >= ENOUGH_GAMES:
        return finding(Cause.FEW_LISTED, listed=int(side.listed), games=int(side.games), median=float(side.median))
    return finding(Cause.SHORT_LIST, listed=int(side.listed))


def _names(schedule: pd.DataFrame) -> Callable[[str], str]:
    """Of a game id "0022100144 SAS@OKC (2021-11-07)", or the id alone if the schedule does not know it."""

    def name(game_id: str) -> str:
        games = schedule[schedule["game_id"] == game_id]
        return next((f"{game_name(game)} ({game.game_date:%Y-%m-%d})" for game in games.itertuples()), game_id)

    return name


def _known_lists(inputs: Inputs) -> pd.DataFrame:
    """season, game_date, team and player_id of who played or was inactive, as far as the source has it."""
    log, inactive = inputs.source.get(ResultSet.PLAYER_LOG), inputs.source.get(ResultSet.INACTIVES)
    if log is None:
        return pd.DataFrame(columns=["season", "game_date", "team", "player_id"]).astype({"player_id": "int64"})
    lists = log if inactive is None else pd.concat([log, inactive], ignore_index=True)
    lists = lists[~game_types(lists["GAME_ID"]).isin(REST_TYPES)]
    dates = log.drop_duplicates("GAME_ID").set_index("GAME_ID")["GAME_DATE"].str[:10]
    return pd.DataFrame(
        {
            "season": seasons_of_games(lists["GAME_ID"]),
            "game_date": pd.to_datetime(lists["GAME_ID"].map(dates)),
            "team": teams.canonical_codes(lists["TEAM_ABBREVIATION"]),
            "player_id": lists["PLAYER_ID"],
        }
    )
