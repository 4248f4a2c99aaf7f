"""Published numbers of the 2021-22 regular season (basketball-reference.com), as they were printed there.

The league's totals are in the package: `verify` compares a user's own warehouse with them.
"""

from nba_assets.verification.published import TOTALS

TURNOVERS_OF_PLAYERS = TOTALS["tov"]
TURNOVERS_PUBLISHED = 33_857
"""Players' turnovers and 1,740 of teams (24 seconds, 5 seconds, …), which are in no row of a game log."""

_SHOOTING = """
ATL .543 .581 23.0  BOS .542 .578 24.0  BKN .540 .576 23.9  CHI .541 .579 20.4  CHA .544 .572 23.3  CLE .538 .571 24.0
DAL .538 .572 21.3  DEN .556 .590 21.9  DET .494 .533 23.4  GSW .552 .582 22.8  HOU .534 .565 21.7  IND .531 .564 25.5
LAC .531 .564 20.6  LAL .537 .567 21.1  MEM .522 .553 30.0  MIA .547 .584 23.5  MIL .546 .580 23.0  MIN .539 .573 24.4
NOP .517 .557 26.9  NYK .513 .550 25.1  OKC .497 .530 21.8  ORL .503 .538 19.8  PHI .534 .578 20.1  PHX .549 .581 22.3
POR .515 .550 23.0  SAC .525 .561 21.3  SAS .527 .556 23.7  TOR .510 .543 28.4  UTA .555 .589 25.4  WAS .532 .568 20.9
""".split()
SHOOTING: dict[str, tuple[float, float, float]] = {
    team: (float(efg), float(ts), float(orb))
    for team, efg, ts, orb in zip(*(_SHOOTING[k::4] for k in range(4)), strict=True)
}
"""Team -> eFG, TS (fractions) and offensive rebound share (percent)."""

_TURNOVERS = """
ATL 972 BKN 1153 BOS 1118 CHA 1087 CHI 1053 CLE 1181 DAL 1025 DEN 1189 DET 1163 GSW 1221 HOU 1351 IND 1183 LAC 1126
LAL 1191 MEM 1082 MIA 1194 MIL 1100 MIN 1175 NOP 1153 NYK 1087 OKC 1145 ORL 1188 PHI 1027 PHX 1060 POR 1187 SAC 1156
SAS 1043 TOR 1021 UTA 1149 WAS 1077
""".split()
TEAM_TURNOVERS: dict[str, int] = dict(zip(_TURNOVERS[::2], map(int, _TURNOVERS[1::2]), strict=True))
"""Team -> turnovers, those of the team included."""

RATINGS: dict[str, tuple[float, float, float]] = {
    "ATL": (116.5, 114.9, 97.7),
    "BOS": (114.4, 106.9, 96.6),
    "DET": (106.0, 113.8, 98.4),
    "GSW": (112.5, 106.9, 98.4),
    "MEM": (114.6, 109.0, 100.3),
    "OKC": (104.6, 112.8, 98.6),
    "PHX": (114.8, 107.3, 99.8),
    "UTA": (116.7, 110.5, 97.1),
}
"""Team -> offensive rating, defensive rating, pace."""
LEAGUE_PACE, LEAGUE_RATING = 98.24, 111.97

PLAYERS: dict[str, tuple[float, float, float]] = {
    "lukadoncic": (37.4, 0.571, 0.529),
    "joelembiid": (37.2, 0.616, 0.534),
    "giannisantetokounmpo": (34.9, 0.633, 0.582),
    "traeyoung": (34.4, 0.603, 0.536),
    "lebronjames": (32.3, 0.619, 0.590),
    "jaysontatum": (32.1, 0.578, 0.526),
    "nikolajokic": (31.9, 0.661, 0.620),
    "demarderozan": (31.8, 0.590, 0.521),
    "stephencurry": (30.8, 0.601, 0.554),
    "rudygobert": (16.9, 0.732, 0.713),
}
"""Player -> usage (percent), TS, eFG."""

TRADED: dict[tuple[str, str], tuple[int, float]] = {
    ("jamesharden", "BKN"): (44, 28.3),
    ("jamesharden", "PHI"): (21, 24.9),
    ("cjmccollum", "POR"): (36, 26.1),
    ("cjmccollum", "NOP"): (26, 29.4),
}
"""(player, team) -> games, usage."""
