"""The schedule against the results: a game stands on one date, between the same two teams, with one score.

The schedule says who plays when; the team game log says who has played. Where both speak of a game and contradict each
other nobody can tell from here which is wrong, so that neither is believed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import pandas as pd

from nba_assets.league.calendar import eastern_dates, game_types
from nba_assets.partition import Cause, Finding, finding
from nba_assets.schema.evidence import Evidence
from nba_assets.schema.table import Inputs
from nba_assets.tables.game_logs import newest, player_log, team_log
from nba_assets.tables.games import FINAL, POSTPONED, game_name, is_listed
from nba_assets.tables.identities import MOST_OF_A_TEAM, broken_identities

_MATCHUP = r"^\w+ (vs\.|@) \w+$"
_NUMBERS = {
    Cause.OTHER_TEAMS: ("matchup",),
    Cause.OTHER_HOME_TEAM: ("matchup",),
}
_PLACES = {True: "vs.", False: "@"}


@dataclass(frozen=True)
class Contradiction:
    """What is wrong with one game, and with which of its sides (none: with the game).

    `is_listed` says whether the schedule has the game on the date; `blocks`, whether a table that is computed from the
    schedule would be wrong.
    """

    day: date
    game: str
    finding: Finding
    blocks: bool = True
    is_listed: bool = True
    side: str | None = None

    @property
    def entity(self) -> str:
        """ "0022100111 LAC@LAL", or "0022100111 LAC@LAL LAC" """
        return f"{self.game} {self.side}" if self.side else self.game


def results(inputs: Inputs) -> pd.DataFrame:
    """The newest version of each counting team-game of the log, whatever the schedule says of it."""
    return _counting(newest(team_log(inputs), "team"), inputs)


def results_of_players(inputs: Inputs) -> pd.DataFrame:
    """One row per counting team-game of the players' log: game_id, team, log_date, and what one of its players did."""
    return _counting(newest(player_log(inputs), "team"), inputs)


def _counting(log: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    return log[game_types(log["game_id"].astype(object)).isin(inputs.counting_types)]


def contradictions(evidence: Evidence, schedule: pd.DataFrame) -> Iterator[Contradiction]:
    """What the schedule's rows of the dates and the results of the same games say differently.

    `schedule` has game_date, game_id, game_type, status, home_team, away_team, home_score and away_score.
    """
    of_dates = schedule[schedule["game_date"].isin(evidence.dates)]
    log = results(evidence.inputs)
    # The players' log knows of a game as well, should the teams' have lost it.
    known = pd.concat([log, results_of_players(evidence.inputs)])
    known = known[known["log_date"].isin(evidence.dates)].drop_duplicates(["game_id", "team"])
    yield from _not_listed(known[~is_listed(known["game_id"], known["log_date"], of_dates)])
    listed = log.merge(of_dates[of_dates["game_type"].isin(evidence.inputs.counting_types)], on="game_id")
    yield from _of_games(listed)
    # On its evening a schedule may well be older than the log.
    is_over = listed["game_date"].lt(eastern_dates(pd.Series([evidence.inputs.read_at]))[0])
    yield from _of_results(listed[is_over & listed["WL"].notna() & listed["log_date"].eq(listed["game_date"])])


def _not_listed(rows: pd.DataFrame) -> Iterator[Contradiction]:
    """Games with box scores on a date on which the schedule does not have them."""
    for (game_id, day), sides in rows.groupby(["game_id", "log_date"]):
        away_first = next((m.split(" @ ") for m in sides["MATCHUP"].dropna() if " @ " in m), sides["team"].tolist())
        name = f"{game_id} {'@'.join(away_first)}"
        yield Contradiction(day.date(), name, finding(Cause.NOT_IN_SCHEDULE), is_listed=False)


def _of_games(rows: pd.DataFrame) -> Iterator[Contradiction]:
    """Games that were postponed and played, between other teams or at the other team's home.

    On which date a game stands of which the claims differ is decided, and named, by `game_dates`.
    """
    rows = rows[rows["status"].eq(FINAL) | rows["log_date"].eq(rows["game_date"])]
    is_home = rows["team"].eq(rows["home_team"])
    is_side = is_home | rows["team"].eq(rows["away_team"])
    place = rows["MATCHUP"].str.extract(_MATCHUP)[0]
    # Both teams' rows of a game on a neutral court say "@": there the schedule alone says who the home team is.
    is_neutral = place.eq("@").groupby(rows["game_id"]).transform("sum").ge(2)
    for wrong, cause in (
        (rows["status"].eq(POSTPONED), Cause.POSTPONED_BUT_PLAYED),
        (~is_side, Cause.OTHER_TEAMS),
        (is_side & ~is_neutral & place.ne(is_home.map(_PLACES)), Cause.OTHER_HOME_TEAM),
    ):
        for row in rows[wrong].itertuples():
            numbers = {"matchup": row.MATCHUP}
            found = finding(cause, **{name: numbers[name] for name in _NUMBERS.get(cause, ())})
            yield Contradiction(row.game_date.date(), game_name(row), found, side=row.team)


def _of_results(rows: pd.DataFrame) -> Iterator[Contradiction]:
    """Games whose status or score in the schedule is not what the log says: facts that no other table is made of.

    Nor is a score believed that agrees with a line of the log which cannot be.
    """
    rows = rows.reset_index(drop=True)
    for at, wrong_line in broken_identities(rows, MOST_OF_A_TEAM).items():
        row = next(rows.iloc[[at]].itertuples())
        yield Contradiction(row.game_date.date(), game_name(row), wrong_line, blocks=False, side=row.team)
    is_final = rows["status"].eq(FINAL)
    score = rows["home_score"].where(rows["team"].eq(rows["home_team"]), rows["away_score"])
    for wrong, cause in (
        (~is_final & rows["status"].ne(POSTPONED), Cause.ENDED_BUT_NOT_FINAL),
        (is_final & score.isna(), Cause.NO_SCORE),
        (is_final & score.notna() & score.ne(rows["points"]).fillna(False), Cause.SCORE_DIFFERS),
    ):
        of_sides = rows.assign(score=score)[wrong.astype(bool)]
        if cause is Cause.SCORE_DIFFERS:
            for row in of_sides.itertuples():
                found = finding(cause, points=int(row.points), score=int(row.score))
                yield Contradiction(row.game_date.date(), game_name(row), found, blocks=False, side=row.team)
        else:
            for row in of_sides.drop_duplicates("game_id").itertuples():
                yield Contradiction(row.game_date.date(), game_name(row), finding(cause), blocks=False)
