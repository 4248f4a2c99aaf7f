"""The season's schedule as the league shows it on any day: what is to come, what is final, what was postponed.

Which games there are is decided in `fixtures` and `postseason`.
"""

from __future__ import annotations

from zlib import crc32

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league.calendar import EASTERN, GameType
from nba_assets.sources.base import ResultSet
from nba_assets.sources.simulated.fixtures import FIRST_DAY, SeasonDates, numbered_ids
from nba_assets.sources.simulated.places import ARENA, CITY, NEUTRAL_ARENAS, TEAM_CODE
from nba_assets.sources.simulated.published import Published, publish
from nba_assets.sources.simulated.rosters import NEVER, Texts
from nba_assets.sources.simulated.season import Season

_ALWAYS = FIRST_DAY - NEVER
_PRESEASON_DAY = -4
_SCHEDULED, _FINAL = 1, 3
_LABELS = {
    GameType.PRESEASON: "Preseason",
    GameType.REGULAR: "",
    GameType.ALL_STAR: "All-Star",
    GameType.PLAYOFFS: "Playoffs",
    GameType.PLAY_IN: "Play-In Tournament",
    GameType.CUP_FINAL: "NBA Cup",
}


def schedule(season: Season) -> Published:
    """Every counting game and a few that do not count.

    A game is final on the day after it; a postponement shows from the day it was for.
    """
    versions = [*_counting_games(season), *_postponements(season)]
    versions += _before_and_after(_not_counting(season))
    rows = pd.concat(versions, ignore_index=True)
    rows = rows.sort_values(["day", "tipoff"], kind="stable", ignore_index=True)
    listed = pd.DataFrame(
        {
            "seasonYear": season.dates.season,
            "gameId": rows["game_id"],
            "gameDateEst": date_texts(season.dates, rows["day"].to_numpy()),
            "gameDateTimeUTC": _utc_texts(season.dates, rows["day"], rows["tipoff"]),
            "gameStatus": rows["status"],
            "postponedStatus": np.where(rows["postponed"], "Y", "N"),
            "gameLabel": rows["game_id"].str[:3].map(_LABELS).fillna(""),
            "arenaName": rows["arena"],
            "arenaCity": rows["city"],
            "homeTeam_teamTricode": rows["home_code"],
            "homeTeam_score": rows["home_score"].astype("Int64"),
            "awayTeam_teamTricode": rows["away_code"],
            "awayTeam_score": rows["away_score"].astype("Int64"),
        }
    )
    return publish(listed, ResultSet.SCHEDULE, first=rows["first"], end=rows["end"])


def date_texts(dates: SeasonDates, day: npt.NDArray[np.int64], pattern: str = "%Y-%m-%d") -> Texts:
    """Days from opening night as texts."""
    different, position = np.unique(day, return_inverse=True)
    texts = (pd.Timestamp(dates.opening) + pd.to_timedelta(different, unit="D")).strftime(pattern)
    return np.asarray(texts, dtype=object)[position]


def _counting_games(season: Season) -> list[pd.DataFrame]:
    """The games as they are played, those that were postponed only from the day of the postponement on."""
    known_from = season.games["known_from"].to_numpy().copy()
    known_from[season.postponed["game"]] = season.postponed["day"]
    games = _between_teams(season.games.assign(known_from=known_from))
    return _before_and_after(
        games.assign(home_score=season.games["home_points"], away_score=season.games["away_points"])
    )


def _postponements(season: Season) -> list[pd.DataFrame]:
    """The fixtures that were given up: a game like any other until its day, then an entry without a game id."""
    given_up = season.postponed
    games = season.games.iloc[given_up["game"]].reset_index(drop=True)
    games = _between_teams(games.assign(day=given_up["day"], tipoff=given_up["tipoff"]))
    entry = [f"postponed-{crc32(game_id.encode()):08x}" for game_id in games["game_id"]]
    return [
        games.assign(status=_SCHEDULED, postponed=False, end=games["day"]),
        games.assign(status=_SCHEDULED, postponed=True, game_id=entry, first=games["day"], end=NEVER),
    ]


def _between_teams(games: pd.DataFrame) -> pd.DataFrame:
    """Games of two of the thirty (as `games_frame`) with codes and arena."""
    home, neutral = games["home"].to_numpy(), games["neutral"].to_numpy()
    # The last one is the place of a game that is not on neutral ground.
    foreign = np.array([*NEUTRAL_ARENAS, ("", "")], dtype=object)[neutral]
    return pd.DataFrame(
        {
            "game_id": games["game_id"],
            "day": games["day"],
            "tipoff": games["tipoff"].astype("Int64"),
            "home_code": TEAM_CODE[home],
            "away_code": TEAM_CODE[games["away"].to_numpy()],
            "arena": np.where(neutral < 0, ARENA[home], foreign[:, 0]),
            "city": np.where(neutral < 0, CITY[home], foreign[:, 1]),
            "first": games["known_from"],
        }
    )


def _not_counting(season: Season) -> pd.DataFrame:
    """A preseason game against a foreign club, the All-Star game, and from 2023 on the Cup final."""
    rows = [
        (GameType.PRESEASON, _PRESEASON_DAY, pd.NA, "BOS", "RMD", pd.NA, pd.NA),
        (GameType.ALL_STAR, season.dates.all_star, 20 * 60, "LBN", "DRT", 163, 160),
    ]
    if season.cup_final is not None:
        game = next(season.cup_final.games.itertuples())
        teams, points = (TEAM_CODE[game.home], TEAM_CODE[game.away]), (game.home_points, game.away_points)
        rows.append((GameType.CUP_FINAL, game.day, game.tipoff, *teams, *points))
    columns = ["game_type", "day", "tipoff", "home_code", "away_code", "home_score", "away_score"]
    games = pd.DataFrame(rows, columns=columns).astype(dict.fromkeys(("tipoff", "home_score", "away_score"), "Int64"))
    ids = [numbered_ids(game_type, season.dates.year, 1)[0] for game_type in games["game_type"]]
    return games.assign(game_id=ids, arena=None, city=None, first=_ALWAYS)


def _before_and_after(games: pd.DataFrame) -> list[pd.DataFrame]:
    """Each game twice: to be played, through its day; final from the next day on."""
    over = games["day"] + 1
    before = games.assign(status=_SCHEDULED, postponed=False, home_score=pd.NA, away_score=pd.NA, end=over)
    after = games.assign(status=_FINAL, postponed=False, first=over, end=NEVER)
    return [before.astype({"home_score": "Int64", "away_score": "Int64"}), after]


def _utc_texts(dates: SeasonDates, day: pd.Series, tipoff: pd.Series) -> pd.Series:
    """Tip-offs like 2021-10-19T23:30:00Z; NULL where the time of day is not known."""
    known = tipoff.notna()
    eastern = pd.Timestamp(dates.opening) + pd.to_timedelta(day[known], unit="D")
    eastern += pd.to_timedelta(tipoff[known].astype("int64"), unit="min")
    utc = eastern.dt.tz_localize(EASTERN).dt.tz_convert("UTC").dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return utc.reindex(day.index).astype(object)
