"""The thirty NBA teams: ids, canonical codes and the spellings that sources use for them.

Only identity belongs here. Which games count is a matter of the calendar.
"""

from __future__ import annotations

import pandas as pd

from nba_assets.league.distinct import each

# NBA team id -> canonical code and full name.
_TEAMS: dict[int, tuple[str, str]] = {
    1610612737: ("ATL", "Atlanta Hawks"),
    1610612738: ("BOS", "Boston Celtics"),
    1610612739: ("CLE", "Cleveland Cavaliers"),
    1610612740: ("NOP", "New Orleans Pelicans"),
    1610612741: ("CHI", "Chicago Bulls"),
    1610612742: ("DAL", "Dallas Mavericks"),
    1610612743: ("DEN", "Denver Nuggets"),
    1610612744: ("GSW", "Golden State Warriors"),
    1610612745: ("HOU", "Houston Rockets"),
    1610612746: ("LAC", "LA Clippers"),
    1610612747: ("LAL", "Los Angeles Lakers"),
    1610612748: ("MIA", "Miami Heat"),
    1610612749: ("MIL", "Milwaukee Bucks"),
    1610612750: ("MIN", "Minnesota Timberwolves"),
    1610612751: ("BKN", "Brooklyn Nets"),
    1610612752: ("NYK", "New York Knicks"),
    1610612753: ("ORL", "Orlando Magic"),
    1610612754: ("IND", "Indiana Pacers"),
    1610612755: ("PHI", "Philadelphia 76ers"),
    1610612756: ("PHX", "Phoenix Suns"),
    1610612757: ("POR", "Portland Trail Blazers"),
    1610612758: ("SAC", "Sacramento Kings"),
    1610612759: ("SAS", "San Antonio Spurs"),
    1610612760: ("OKC", "Oklahoma City Thunder"),
    1610612761: ("TOR", "Toronto Raptors"),
    1610612762: ("UTA", "Utah Jazz"),
    1610612763: ("MEM", "Memphis Grizzlies"),
    1610612764: ("WAS", "Washington Wizards"),
    1610612765: ("DET", "Detroit Pistons"),
    1610612766: ("CHA", "Charlotte Hornets"),
}

CODE_BY_ID: dict[int, str] = {team_id: code for team_id, (code, _) in _TEAMS.items()}
ID_BY_CODE: dict[str, int] = {code: team_id for team_id, code in CODE_BY_ID.items()}
NAME_BY_CODE: dict[str, str] = dict(_TEAMS.values())
CODES: tuple[str, ...] = tuple(sorted(ID_BY_CODE))
FIRST_SEASONS: dict[str, str] = {}
"""Code -> first season, of the teams that have joined since the first season of the partitions."""

DECLARED_IN = "nba_assets/league/teams.py"
"""For messages: where a new team is to be declared."""

_OTHER_SPELLINGS: dict[str, str] = {
    "BRK": "BKN",
    "CHO": "CHA",
    "PHO": "PHX",
    "GS": "GSW",
    "NO": "NOP",
    "NY": "NYK",
    "SA": "SAS",
    "UTAH": "UTA",
    "WSH": "WAS",
}
_CODE_BY_NAME: dict[str, str] = {name: code for code, name in NAME_BY_CODE.items()} | {
    "Los Angeles Clippers": "LAC",
}


def canonical_codes(codes: pd.Series) -> pd.Series:
    """Team codes in the canonical spelling; codes outside the thirty are returned as they came."""
    return each(codes, lambda code: _OTHER_SPELLINGS.get(code, code))


def codes_from_names(names: pd.Series) -> pd.Series:
    """Full team names ("Brooklyn Nets") to codes; NULL where the name is none of the thirty."""
    return names.map(_CODE_BY_NAME)


def plays_in(code: object, season: str) -> bool:
    """Whether a code is one of the teams of a season."""
    return code in ID_BY_CODE and FIRST_SEASONS.get(str(code), season) <= season


def is_team(codes: pd.Series) -> pd.Series:
    """Whether each code is one of the thirty canonical codes."""
    return codes.isin(CODES)
