"""The 2021-22 regular season as basketball-reference.com published it, for a warehouse that holds the real league.

Turnovers are those of players: the published 33,857 has 1,740 of teams (24 seconds, 5 seconds, …) besides, which
are in no row of a box score.
"""

from __future__ import annotations

from nba_assets.league.calendar import GameType
from nba_assets.tables import SCHEDULE
from nba_assets.tables.games import finished_games
from nba_assets.tables.player_game_summary import PLAYER_GAME_SUMMARY
from nba_assets.tables.raw_team_boxscores import RAW_TEAM_BOXSCORES
from nba_assets.tables.team_offense_game_summary import TEAM_OFFENSE_GAME_SUMMARY
from nba_assets.verification.season import CheckResult, StoredSeason, result

SEASON = "2021-22"
GAMES, PLAYERS, PLAYER_GAMES, OVERTIME_GAMES, OVERTIME_PERIODS = 1230, 605, 26_039, 58, 67
TOTALS = {
    "points": 272_115,
    "fgm": 99_930,
    "fga": 216_722,
    "fg3m": 30_598,
    "fg3a": 86_535,
    "ftm": 41_657,
    "fta": 53_781,
    "oreb": 25_422,
    "dreb": 83_925,
    "ast": 60_636,
    "stl": 18_772,
    "blk": 11_594,
    "tov": 32_117,
    "pf": 48_306,
}
_OPENING_NIGHT = {("BKN", "MIL"), ("GSW", "LAL")}
_NAME = "published totals of 2021-22"


def published_totals(stored: StoredSeason) -> CheckResult:
    """Games, players, overtimes and every counting statistic of the regular season are the published ones."""
    reason = _why_not(stored)
    if reason:
        return result(_NAME, examined=0, violations=(), note=reason)
    regular = _regular_games(stored)
    players, teams = (
        stored.rows(table)[lambda rows: rows["game_id"].isin(regular)]
        for table in (PLAYER_GAME_SUMMARY, TEAM_OFFENSE_GAME_SUMMARY)
    )
    overtimes = teams.drop_duplicates("game_id")["overtime_periods"]
    found = {
        "games": (teams["game_id"].nunique(), GAMES),
        "players": (players["player_id"].nunique(), PLAYERS),
        "player-games": (len(players), PLAYER_GAMES),
        "overtime games": (int((overtimes > 0).sum()), OVERTIME_GAMES),
        "overtime periods": (int(overtimes.sum()), OVERTIME_PERIODS),
    }
    for name, total in TOTALS.items():
        found[f"{name} of players"] = (int(players[name].sum()), total)
        found[f"{name} of teams"] = (int(teams[name].sum()), total)
    wrong = (f"{name}: {ours}, published {theirs}" for name, (ours, theirs) in found.items() if ours != theirs)
    return result(_NAME, examined=len(found), violations=wrong)


def _why_not(stored: StoredSeason) -> str:
    """Why there is nothing to compare; empty if there is."""
    if stored.season != SEASON:
        return f"only {SEASON} is compared"
    schedule = stored.rows(SCHEDULE)
    first = schedule[schedule["game_date"].eq("2021-10-19") & schedule["game_type"].eq(GameType.REGULAR)]
    if set(zip(first["away_team"], first["home_team"], strict=True)) != _OPENING_NIGHT:
        return "not the real league: another opening night"
    loaded = stored.rows(RAW_TEAM_BOXSCORES)["game_id"].isin(_regular_games(stored)).sum() / 2
    return "" if loaded >= GAMES else f"{loaded:g} of {GAMES} games are loaded"


def _regular_games(stored: StoredSeason) -> set[str]:
    return set(finished_games(stored.rows(SCHEDULE), frozenset({GameType.REGULAR}))["game_id"])
