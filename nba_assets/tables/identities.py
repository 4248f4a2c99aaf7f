"""What holds in every box score, whoever keeps it: what sums to what, what cannot exceed what, and what is possible.

In five seasons (12,000 team-games, 128,000 player-games) the league's own files break none of these once, so that a row
which does is an error of the file. Limits are generous: about twice the largest number of those seasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import pandas as pd

from nba_assets.partition import Cause, Finding, finding
from nba_assets.tables.statistics import COUNTING_STATISTICS

_AT_MOST = (("fgm", "fga"), ("fg3m", "fg3a"), ("ftm", "fta"), ("fg3m", "fgm"), ("fg3a", "fga"))

MOST_OF_A_PLAYER: Mapping[str, int] = MappingProxyType(
    {"points": 150, "fga": 90, "fta": 60, "reb": 60, "ast": 50, "stl": 20, "blk": 25, "tov": 25, "pf": 10}
)
MOST_OF_A_TEAM: Mapping[str, int] = MappingProxyType(
    {"points": 300, "fga": 220, "fta": 120, "reb": 150, "ast": 100, "stl": 50, "blk": 50, "tov": 70, "pf": 80}
)


def broken_identities(rows: pd.DataFrame, most: Mapping[str, int]) -> dict[int, Finding]:
    """Position of each row that cannot be -> the first identity, order or limit that it breaks.

    `rows` has the counting statistics without NULL; `most` are the limits of a player or of a team.
    """
    by_shots = 2 * rows["fgm"] + rows["fg3m"] + rows["ftm"]
    by_end = rows["oreb"] + rows["dreb"]
    found: dict[int, Finding] = {}
    for at, row in _where(rows, rows["points"].ne(by_shots)):
        terms = f"2 · {row.fgm} + {row.fg3m} + {row.ftm} = {2 * row.fgm + row.fg3m + row.ftm}"
        found[at] = _broken(f"{row.points} points, but 2 FGM + FG3M + FTM = {terms}")
    for at, row in _where(rows, rows["reb"].ne(by_end)):
        found.setdefault(at, _broken(f"{row.reb} rebounds, but OREB + DREB = {row.oreb} + {row.dreb}"))
    for part, whole in _AT_MOST:
        for at, row in _where(rows, rows[part].gt(rows[whole])):
            numbers = f"{part.upper()} {getattr(row, part)} of {whole.upper()} {getattr(row, whole)}"
            found.setdefault(at, _broken(numbers))
    for name, limit in most.items():
        for at, row in _where(rows, rows[name].gt(limit) | rows[name].lt(0)):
            details = f"{getattr(row, name)} {name}: more than is possible ({limit}), or less than 0"
            found.setdefault(at, finding(Cause.IMPOSSIBLE, details=details))
    return found


def broken_between_teams(sides: pd.DataFrame) -> dict[int, Finding]:
    """Position of each side of a game that has more than it or its opponent made possible -> the first such number.

    A miss gives one rebound at most, a steal is a turnover of the opponent, a block one of his misses, an assist a
    basket. `sides` has the counting statistics, and those of `OF_OPPONENT` as `opponent_…`; NULL where it has no row.
    """
    misses = sides["fga"] - sides["fgm"] + sides["fta"] - sides["ftm"]
    numbers = sides.assign(misses=misses, opponent_misses=sides["opponent_fga"] - sides["opponent_fgm"])
    found: dict[int, Finding] = {}
    for mask, text in (
        (
            sides["oreb"] + sides["opponent_dreb"] > misses,
            "{0.oreb} offensive rebounds, and {0.opponent_dreb:g} defensive ones of the opponent, of {0.misses} misses",
        ),
        (sides["stl"] > sides["opponent_tov"], "{0.stl} steals, and {0.opponent_tov:g} turnovers of the opponent"),
        (sides["ast"] > sides["fgm"], "{0.ast} assists, and {0.fgm} field goals"),
        (
            sides["blk"] > numbers["opponent_misses"],
            "{0.blk} blocks, and {0.opponent_misses:g} missed field goals of the opponent",
        ),
    ):
        for at, row in _where(numbers, mask):
            found.setdefault(at, _broken(text.format(row)))
    return found


OF_OPPONENT = ("fga", "fgm", "dreb", "tov")


def _broken(details: str) -> Finding:
    return finding(Cause.IDENTITY_BROKEN, details=details)


def _where(rows: pd.DataFrame, mask: pd.Series) -> list[tuple[int, pd.Series]]:
    """(position, row as a named tuple) of the rows of a mask."""
    chosen = mask.fillna(False).to_numpy(dtype=bool)
    return list(zip(chosen.nonzero()[0].tolist(), rows[chosen].itertuples(), strict=True)) if chosen.any() else []


def differing_sum(side: Mapping[str, Any]) -> Finding | None:
    """The first counting statistic of a team that is not the sum of its players', `…_of_players`; None if all are."""
    for name in COUNTING_STATISTICS:
        of_players, of_team = int(side[f"{name}_of_players"]), int(side[name])
        if of_players != of_team:
            return finding(Cause.SUM_DIFFERS, statistic=name, of_players=of_players, of_team=of_team)
    return None


def contradicting_players(lines: pd.DataFrame) -> dict[tuple[str, str], Finding]:
    """(game_id, team) -> its players whose lines cannot be, and why.

    `lines` has game_id, team, player_id, player_name, MIN (whole minutes), `length` (the game's, in minutes; NULL
    if unknown) and the counting statistics without NULL.
    """
    lines = lines.reset_index(drop=True)
    found = broken_identities(lines, MOST_OF_A_PLAYER)
    for at, row in _where(lines, lines["MIN"].gt(lines["length"] + 1) | lines["MIN"].lt(0)):
        details = f"{row.MIN:g} minutes in a game of {row.length:g}"
        found.setdefault(at, finding(Cause.IMPOSSIBLE, details=details))
    players: dict[tuple[str, str], list[str]] = {}
    for at in sorted(found):
        line = lines.loc[at]
        told = f"{line['player_name']} ({line['player_id']}): {found[at]}"
        players.setdefault((line["game_id"], line["team"]), []).append(told)
    return {side: finding(Cause.PLAYERS_CONTRADICT, players=told) for side, told in players.items()}
