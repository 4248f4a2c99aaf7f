"""The map of the simulated league: divisions, arenas, the names of its people.

Constants only. Teams are numbered 0-29 in the alphabetical order of their codes throughout this package.
"""

from __future__ import annotations

import numpy as np

from nba_assets.league.teams import CODES, ID_BY_CODE, NAME_BY_CODE

_ARENAS: dict[str, tuple[str, str, int]] = {
    "BOS": ("TD Garden", "Boston", 0),
    "BKN": ("Barclays Center", "Brooklyn", 0),
    "NYK": ("Madison Square Garden", "New York", 0),
    "PHI": ("Wells Fargo Center", "Philadelphia", 0),
    "TOR": ("Scotiabank Arena", "Toronto", 0),
    "CHI": ("United Center", "Chicago", 1),
    "CLE": ("Rocket Mortgage Fieldhouse", "Cleveland", 0),
    "DET": ("Little Caesars Arena", "Detroit", 0),
    "IND": ("Gainbridge Fieldhouse", "Indianapolis", 0),
    "MIL": ("Fiserv Forum", "Milwaukee", 1),
    "ATL": ("State Farm Arena", "Atlanta", 0),
    "CHA": ("Spectrum Center", "Charlotte", 0),
    "MIA": ("Kaseya Center", "Miami", 0),
    "ORL": ("Amway Center", "Orlando", 0),
    "WAS": ("Capital One Arena", "Washington", 0),
    "DEN": ("Ball Arena", "Denver", 2),
    "MIN": ("Target Center", "Minneapolis", 1),
    "OKC": ("Paycom Center", "Oklahoma City", 1),
    "POR": ("Moda Center", "Portland", 3),
    "UTA": ("Vivint Arena", "Salt Lake City", 2),
    "GSW": ("Chase Center", "San Francisco", 3),
    "LAC": ("Crypto.com Arena", "Los Angeles", 3),
    "LAL": ("Crypto.com Arena", "Los Angeles", 3),
    "PHX": ("Footprint Center", "Phoenix", 2),
    "SAC": ("Golden 1 Center", "Sacramento", 3),
    "DAL": ("American Airlines Center", "Dallas", 1),
    "HOU": ("Toyota Center", "Houston", 1),
    "MEM": ("FedExForum", "Memphis", 1),
    "NOP": ("Smoothie King Center", "New Orleans", 1),
    "SAS": ("AT&T Center", "San Antonio", 1),
}
"""Team code -> arena, city, hours behind Eastern time; division by division, the first three of the East."""

TEAMS = len(CODES)
TEAM_CODE = np.array(CODES, dtype=object)
TEAM_ID = np.array([ID_BY_CODE[code] for code in CODES], dtype=np.int64)
TEAM_NAME = np.array([NAME_BY_CODE[code] for code in CODES], dtype=object)
ARENA = np.array([_ARENAS[code][0] for code in CODES], dtype=object)
CITY = np.array([_ARENAS[code][1] for code in CODES], dtype=object)
HOURS_BEHIND = np.array([_ARENAS[code][2] for code in CODES], dtype=np.int64)
DIVISION_TEAMS = np.array([CODES.index(code) for code in _ARENAS]).reshape(6, 5)
CONFERENCE = np.zeros(TEAMS, dtype=np.int64)
CONFERENCE[DIVISION_TEAMS[3:].ravel()] = 1
"""0 = East, 1 = West."""

NEUTRAL_ARENAS: tuple[tuple[str, str], ...] = (
    ("Arena CDMX", "Mexico City"),
    ("Accor Arena", "Paris"),
    ("The O2", "London"),
)

FIRST_NAMES: tuple[str, ...] = tuple(
    """
    Aaron Abel Adrian Alonzo Amari Andre Anton Ante Aris Beau Blake Bojan Brandon Bryce Caleb Cameron Cedric Clint
    Cole Corey Dalton Damian Danilo Darius Davion De'Andre Desmond Devin Dillon Domas Donovan Drew Dwight Eli
    Emeka Evan Filip Frank Gabe Gary Goga Grant Harrison Hugo Immanuel Isaiah Ivica Jae'Sean Jalen Jarrett Jaxson
    Jericho Jonas Jordan Josh Julius Keegan Kelan Kenrich Khalil Kyle Lamar Landry Luka Malik Marcus Mateo Maxi
    Miles Moses Nico Nikola Obi Omari Patrick P.J. Quentin Rafael Rudy Sekou
    """.split()
)
LAST_NAMES: tuple[str, ...] = tuple(
    """
    Abara Adeyemi Alcott Ambrose Antić Archer Ashby Baptiste Barlow Beckett Bellamy Birch Blažević Boone Bradshaw
    Briggs Brogan Burkett Calloway Carrow Castellan Chambers Clarkson Coleman Crowder Dačić Dawkins Delacroix
    Diallo Dixon Dorsey Drummond Dubois Easton Edgerton Ekholm Ellison Fairfax Farrow Fenwick Fontaine Forde
    Gaines Garland Gibbs Godfrey Grayson Gueye Hachem Halvorsen Hargrove Haywood Hendrix Holloway Huntley Ibarra
    Ingram Jansen Jelavić Jessup Kaminski Keita Kessler Kirkland Knowles Köhler Lachance Langford Lattimore
    Lockett Mabry Maddox Marković Mbaye McCall McDaniel Merritt Montero N'Dour Nwosu O'Keefe Okafor Oyelaran
    Pemberton Pritchard Quarles Radović Ramsey Redmond Rhodes Saunders Selden Şimşek Stallworth Tatum-Wright
    Thornhill Toure Underwood Valančius Vaughn Whitlock Yarborough
    """.split()
)
