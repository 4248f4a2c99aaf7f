"""Damages of one regular night of the real season 2021-22: what a file, a person or a clock can do to its facts.

Each is a function of the season's result sets that returns edited ones, or, under `on_warehouse`, one that acts on
a warehouse behind the ledger's back. Which commands meet a damage, and what they must name, stands beside it; what
came of it is judged in `trial`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import duckdb
import pandas as pd

from nba_assets.sources.base import GAME_IDS, ResultSet
from nba_assets_tests.faults.season_frames import Frames, games_of
from nba_assets_tests.repair.corrections import one_basket_more

NIGHT, NEXT, AFTER = date(2021, 12, 8), date(2021, 12, 9), date(2021, 12, 10)
"""A night of thirteen games, the next, and the first on which both teams of GAME may have played again."""

GAME, HOME, AWAY = "0022100367", "CLE", "CHI"
OTHER_GAME, OTHER_HOME = "0022100378", "LAC"
GARLAND, ALLEN, LOVE = 1629636, 1628386, 201567
"""Players of HOME who played in GAME."""

Span = tuple[date, date]
Edit = Callable[[Frames], Frames]


@dataclass(frozen=True)
class Damage:
    """One damage and how it is met.

    `number` is that of the list of known damages, or n… of a neighbour. The command `met_by` is given each of the
    ranges `refreshed`, one after the other. `named` are groups of texts: of each group, one must be in a reason.
    Right is what the undamaged season gives, or, where the damaged one contradicts itself nowhere (`is_consistent`),
    what a build from nothing makes of that. `may_be_so` says why the files may be right as they are: then green is
    not wrong. With `clock_ahead` the clock is ahead while the damage is read, and right when it is gone again.
    """

    name: str
    number: str
    text: str
    edit: Edit | None = None
    on_warehouse: Callable[[Path], None] | None = None
    refreshed: tuple[Span, ...] = ((NIGHT, NIGHT),)
    named: tuple[tuple[str, ...], ...] = ()
    met_by: str = "refresh"
    is_consistent: bool = False
    may_be_so: str = ""
    clock_ahead: timedelta | None = None

    @property
    def is_listed(self) -> bool:
        """Whether it is one of the known damages, and no neighbour."""
        return not self.number.startswith("n")


DAMAGES: dict[str, Damage] = {}
"""Every damage by name, the listed ones first."""

_OF_GAME = ((GAME,),)
_OF_HOME = ((GAME,), (HOME,))


def _of_player(player: int, name: str) -> tuple[tuple[str, ...], ...]:
    return ((GAME,), (str(player), name))


_OF_GARLAND = _of_player(GARLAND, "Garland")


def _damage(number: str, text: str, **how: object) -> Callable[[Edit], Edit]:
    def register(edit: Edit) -> Edit:
        name = edit.__name__
        DAMAGES[name] = Damage(name, number, text, edit, **how)  # type: ignore[arg-type]
        return edit

    return register


# --- how frames are edited


def _changed(frames: Frames, result_set: ResultSet, change: Callable[[pd.DataFrame], pd.DataFrame]) -> Frames:
    return frames | {result_set: change(frames[result_set].copy()).reset_index(drop=True)}


def _set(frames: Frames, result_set: ResultSet, rows: Callable[[pd.DataFrame], pd.Series], **values: object) -> Frames:
    """Columns of some rows, at least one, set to a value or to what a function makes of the old ones."""

    def change(frame: pd.DataFrame) -> pd.DataFrame:
        chosen = rows(frame)
        assert chosen.any(), f"{result_set}: no such row"
        for column, value in values.items():
            frame.loc[chosen, column] = value(frame.loc[chosen, column]) if callable(value) else value
        return frame

    return _changed(frames, result_set, change)


def _without(frames: Frames, result_set: ResultSet, rows: Callable[[pd.DataFrame], pd.Series]) -> Frames:
    def drop(frame: pd.DataFrame) -> pd.DataFrame:
        gone = rows(frame)
        assert gone.any(), f"{result_set}: no such row"
        return frame[~gone]

    return _changed(frames, result_set, drop)


def _with_copy(
    frames: Frames, result_set: ResultSet, rows: Callable[[pd.DataFrame], pd.Series], **values: object
) -> Frames:
    """The rows once more at the end, with other values."""

    def append(frame: pd.DataFrame) -> pd.DataFrame:
        copied = frame[rows(frame)].copy()
        assert len(copied), f"{result_set}: no such row"
        return pd.concat([frame, copied.assign(**values)], ignore_index=True)

    return _changed(frames, result_set, append)


def _of(*games: str) -> Callable[[pd.DataFrame], pd.Series]:
    """Rows of some games, in whatever result set."""
    return lambda frame: frame["GAME_ID" if "GAME_ID" in frame else "gameId"].isin(games)


def _row(game: str, **values: object) -> Callable[[pd.DataFrame], pd.Series]:
    """Rows of a game in which columns have these values."""

    def rows(frame: pd.DataFrame) -> pd.Series:
        found = _of(game)(frame)
        for column, value in values.items():
            found &= frame[column].eq(value)
        return found

    return rows


def _more(amount: int) -> Callable[[pd.Series], pd.Series]:
    return lambda values: values + amount


def _player(frames: Frames, player: int, **values: object) -> Frames:
    return _set(frames, ResultSet.PLAYER_LOG, _row(GAME, PLAYER_ID=player), **values)


def _team(frames: Frames, **values: object) -> Frames:
    return _set(frames, ResultSet.TEAM_LOG, _row(GAME, TEAM_ABBREVIATION=HOME), **values)


def _score(frames: Frames, more: int) -> Frames:
    return _set(frames, ResultSet.SCHEDULE, _of(GAME), homeTeam_score=_more(more))


def _line(frames: Frames, player: int, column: str) -> int:
    log = frames[ResultSet.PLAYER_LOG]
    return int(log.loc[_row(GAME, PLAYER_ID=player)(log), column].iloc[0])


def _exchanged(frames: Frames, result_set: ResultSet, games: tuple[str, ...], first: str, second: str) -> Frames:
    """Two columns of some games exchanged."""

    def exchange(frame: pd.DataFrame) -> pd.DataFrame:
        rows = _of(*games)(frame)
        frame.loc[rows, [first, second]] = frame.loc[rows, [second, first]].to_numpy()
        return frame

    return _changed(frames, result_set, exchange)


_OTHER_WL = {"W": "L", "L": "W"}
_OTHER_PLAYER = {GARLAND: ALLEN, ALLEN: GARLAND}

# --- the schedule


def _without_in_schedule(frames: Frames, *games: str) -> Frames:
    return _without(frames, ResultSet.SCHEDULE, _of(*games))


@_damage("1", "the 13 games are not in the schedule", named=_OF_GAME)
def night_not_in_schedule(frames: Frames) -> Frames:
    """Logs, box scores and shots stay."""
    return _without_in_schedule(frames, *games_of(NIGHT))


@_damage("2", "the schedule ends the day before", refreshed=((NIGHT, NEXT),), named=_OF_GAME)
def schedule_cut_short(frames: Frames) -> Frames:
    """A valid schedule that was fetched earlier."""
    return _without(frames, ResultSet.SCHEDULE, lambda frame: frame["gameDateEst"].str[:10].ge(str(NIGHT)))


@_damage("3", "postponedStatus = Y on games that were played", named=_OF_GAME)
def postponed_but_played(frames: Frames) -> Frames:
    """The box scores of the night are there."""
    return _set(frames, ResultSet.SCHEDULE, _of(*games_of(NIGHT)), postponedStatus="Y")


def _moved_in_schedule(frames: Frames) -> Frames:
    moved = {"gameDateEst": str(NEXT), "gameDateTimeUTC": f"{AFTER}T00:00:00Z"}
    return _set(frames, ResultSet.SCHEDULE, _of(GAME), **moved)


def _moved_everywhere(frames: Frames) -> Frames:
    frames = _moved_in_schedule(frames)
    for result_set in (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG):
        frames = _set(frames, result_set, _of(GAME), GAME_DATE=str(NEXT))
    frames = _set(frames, ResultSet.SHOTS, _of(GAME), GAME_DATE=f"{NEXT:%Y%m%d}")
    return _set(frames, ResultSet.GAME_LINES, _of(GAME), gameDateEst=str(NEXT))


@_damage("4", "G moved to the next date; that one is refreshed", refreshed=((NEXT, NEXT),), is_consistent=True)
def moved_and_new_date_refreshed(frames: Frames) -> Frames:
    """The source says so in all its files."""
    return _moved_everywhere(frames)


@_damage("5", "G moved to the next date; the old one is refreshed", is_consistent=True)
def moved_and_old_date_refreshed(frames: Frames) -> Frames:
    """The source says so in all its files."""
    return _moved_everywhere(frames)


def _listed_twice(frames: Frames) -> Frames:
    values = {"gameDateEst": str(NEXT), "gameDateTimeUTC": f"{AFTER}T00:00:00Z"}
    return _with_copy(frames, ResultSet.SCHEDULE, _of(GAME), **values)


@_damage("6", "G in the schedule on two dates; date by date", refreshed=((NIGHT, NIGHT), (NEXT, NEXT)), named=_OF_GAME)
def listed_on_two_dates(frames: Frames) -> Frames:
    """Under one id."""
    return _listed_twice(frames)


# --- the box scores


@_damage("7", "WL swapped in G", named=_OF_GAME)
def winner_and_loser_swapped(frames: Frames) -> Frames:
    """Both rows; the points say otherwise."""
    return _set(frames, ResultSet.TEAM_LOG, _of(GAME), WL=lambda values: values.map(_OTHER_WL))


@_damage("8", "7 points moved from one player of H to another", named=_OF_GARLAND)
def points_moved(frames: Frames) -> Frames:
    """The team's sum stays."""
    return _player(_player(frames, GARLAND, PTS=_more(-7)), ALLEN, PTS=_more(7))


@_damage("9", "300 points for one player, in player, team and schedule", named=_OF_GARLAND)
def three_hundred_points(frames: Frames) -> Frames:
    """His makes stay."""
    more = 300 - _line(frames, GARLAND, "PTS")
    return _score(_team(_player(frames, GARLAND, PTS=300), PTS=_more(more)), more)


@_damage("10", "FGM > FGA of one player, the team's sum alike", named=_OF_GARLAND)
def more_makes_than_attempts(frames: Frames) -> Frames:
    """Attempts are too few in both files."""
    fewer = _line(frames, GARLAND, "FGM") - 1 - _line(frames, GARLAND, "FGA")
    return _team(_player(frames, GARLAND, FGA=_more(fewer)), FGA=_more(fewer))


@_damage("11", "REB ≠ OREB + DREB", named=_OF_GARLAND)
def rebounds_do_not_add_up(frames: Frames) -> Frames:
    """Of a player and of his team alike."""
    return _team(_player(frames, GARLAND, REB=_more(5)), REB=_more(5))


@_damage("12", "a zone that nobody knows on all shots of G", named=_OF_GAME)
def unknown_zone(frames: Frames) -> Frames:
    """Not one of the league's seven names."""
    return _set(frames, ResultSet.SHOTS, _of(GAME), SHOT_ZONE_BASIC="Above the Paint")


@_damage("13", "MIN = 490 of one team", named=_OF_HOME)
def ten_overtimes_of_one_team(frames: Frames) -> Frames:
    """The other team's row has none."""
    return _team(frames, MIN=490)


@_damage("14", "no inactive list of the night", named=_OF_GAME)
def no_inactives(frames: Frames) -> Frames:
    """Of none of the 13 games."""
    return _without(frames, ResultSet.INACTIVES, _of(*games_of(NIGHT)))


@_damage("15a", "two players' ids exchanged in the log", named=_OF_GARLAND)
def players_exchanged(frames: Frames) -> Frames:
    """Of one team; box scores and shots have them right."""
    return _set(
        frames,
        ResultSet.PLAYER_LOG,
        lambda frame: _of(GAME)(frame) & frame["PLAYER_ID"].isin(_OTHER_PLAYER),
        PLAYER_ID=lambda values: values.map(_OTHER_PLAYER),
    )


@_damage("15b", "the minutes of H in reverse order", named=_OF_HOME)
def minutes_reversed(frames: Frames) -> Frames:
    """The clocks of those who played; their sum stays."""
    return _set(
        frames,
        ResultSet.BOX_SCORES,
        lambda frame: _row(GAME, teamTricode=HOME)(frame) & frame["minutes"].fillna("").ne(""),
        minutes=lambda values: values.to_numpy()[::-1],
    )


@_damage("15c", "all shots of G under one player", named=_OF_GAME)
def shots_of_one_player(frames: Frames) -> Frames:
    """Of both teams."""
    return _set(frames, ResultSet.SHOTS, _of(GAME), PLAYER_ID=GARLAND)


def _home_and_away_exchanged(frames: Frames, *games: str) -> Frames:
    frames = _exchanged(frames, ResultSet.SCHEDULE, games, "homeTeam_teamTricode", "awayTeam_teamTricode")
    return _exchanged(frames, ResultSet.SCHEDULE, games, "homeTeam_score", "awayTeam_score")


@_damage("16", "home and away exchanged in the schedule", named=_OF_GAME)
def home_and_away_exchanged(frames: Frames) -> Frames:
    """Of all games of the night; MATCHUP says otherwise."""
    return _home_and_away_exchanged(frames, *games_of(NIGHT))


@_damage("17", "NULL scores in the schedule", named=_OF_GAME)
def no_scores(frames: Frames) -> Frames:
    """Of all games of the night."""
    return _set(frames, ResultSet.SCHEDULE, _of(*games_of(NIGHT)), homeTeam_score=pd.NA, awayTeam_score=pd.NA)


# --- the warehouse and the clock


def _sql(statement: str, home: Path) -> None:
    with duckdb.connect(str(home / "warehouse.duckdb")) as connection:
        connection.execute(statement)


_SUMMARIES = f"nba_analytics.player_game_summary WHERE game_date = DATE '{NIGHT}' AND game_id = '{GAME}'"
DAMAGES["rows_deleted"] = Damage(
    "rows_deleted",
    "18a",
    "rows of a published table deleted by hand",
    on_warehouse=partial(_sql, f"DELETE FROM {_SUMMARIES}"),
    met_by="coverage",
    named=(("player_game_summary",),),
)
DAMAGES["rows_altered"] = Damage(
    "rows_altered",
    "18b",
    "rows of a published table altered by hand",
    on_warehouse=partial(_sql, f"UPDATE {_SUMMARIES.replace(' WHERE', ' SET points = points + 1 WHERE')}"),
)


@_damage("19", "a clock two days ahead during one refresh", clock_ahead=timedelta(days=2), is_consistent=True)
def clock_ahead(frames: Frames) -> Frames:
    """What was read then is corrected later, by a clock that is right."""
    for result_set, edit in one_basket_more(GAME, GARLAND, HOME).items():
        edited = edit(frames[result_set].copy())
        assert edited is not None
        frames = frames | {result_set: edited}
    return frames


# --- shots and listings


@_damage("20", "no shots of G", named=_OF_GAME)
def no_shots(frames: Frames) -> Frames:
    """Those of all other games are there."""
    return _without(frames, ResultSet.SHOTS, _of(GAME))


@_damage("21", "G is not in the schedule", named=_OF_GAME)
def game_not_in_schedule(frames: Frames) -> Frames:
    """Its box scores stay."""
    return _without_in_schedule(frames, GAME)


def _also_listed(frames: Frames, result_set: ResultSet, **values: object) -> Frames:
    return _with_copy(frames, result_set, _row(GAME, personId=GARLAND), **values)


@_damage("22", "a player of H also listed (dnp) in another game", named=((OTHER_GAME,), (str(GARLAND), "Garland")))
def listed_for_two_teams(frames: Frames) -> Frames:
    """For a team of another game of the night."""
    box = frames[ResultSet.BOX_SCORES]
    team = int(box.loc[_row(OTHER_GAME, teamTricode=OTHER_HOME)(box), "teamId"].iloc[0])
    listed = {"gameId": OTHER_GAME, "teamId": team, "teamTricode": OTHER_HOME, "starter": False}
    return _also_listed(frames, ResultSet.BOX_SCORES, **listed, minutes="", comment="DNP - Coach's Decision")


# --- neighbours


@_damage("n1", "two games are not in the schedule", named=((GAME,), (OTHER_GAME,)))
def two_games_not_in_schedule(frames: Frames) -> Frames:
    """Their box scores stay."""
    return _without_in_schedule(frames, GAME, OTHER_GAME)


@_damage("n2", "WL swapped in one row of G", named=_OF_GAME)
def two_winners_or_none(frames: Frames) -> Frames:
    """Both teams lost."""
    return _team(frames, WL="L")


@_damage("n3", "one player's line under another game id", named=((GAME, OTHER_GAME),))
def line_under_another_game(frames: Frames) -> Frames:
    """Of a game of the same night."""
    return _player(frames, LOVE, GAME_ID=OTHER_GAME)


@_damage("n4", "two games of the night under one id", named=_OF_GAME)
def two_games_under_one_id(frames: Frames) -> Frames:
    """In all files."""
    for result_set in GAME_IDS.keys() & frames.keys():
        frames = _set(frames, result_set, _of(OTHER_GAME), **{GAME_IDS[result_set]: GAME})
    return frames


@_damage("n5", "a team's row twice with different points", named=_OF_HOME)
def two_versions_of_a_team(frames: Frames) -> Frames:
    """The second one is wrong."""
    points = frames[ResultSet.TEAM_LOG].loc[lambda log: _row(GAME, TEAM_ABBREVIATION=HOME)(log), "PTS"].iloc[0]
    return _with_copy(frames, ResultSet.TEAM_LOG, _row(GAME, TEAM_ABBREVIATION=HOME), PTS=int(points) + 3)


@_damage("n6", "starters of H are those who did not start", named=_OF_HOME)
def starters_wrong(frames: Frames) -> Frames:
    """Everybody else is marked."""
    rows = _row(GAME, teamTricode=HOME)
    return _set(frames, ResultSet.BOX_SCORES, rows, starter=lambda values: ~values)


@_damage("n7", "shots of one team of G only", named=_OF_GAME)
def shots_of_one_team(frames: Frames) -> Frames:
    """Those of the home team are missing."""
    box = frames[ResultSet.BOX_SCORES]
    team = int(box.loc[_row(GAME, teamTricode=HOME)(box), "teamId"].iloc[0])
    return _without(frames, ResultSet.SHOTS, _row(GAME, TEAM_ID=team))


@_damage("n8", "a player's line is missing in the log", named=_OF_GAME)
def line_missing(frames: Frames) -> Frames:
    """The box score has his minutes."""
    return _without(frames, ResultSet.PLAYER_LOG, _row(GAME, PLAYER_ID=LOVE))


@_damage("n9", "another score in the schedule", named=_OF_HOME)
def score_altered(frames: Frames) -> Frames:
    """One point more."""
    return _score(frames, 1)


@_damage("n10", "a final game is scheduled again", named=_OF_GAME)
def final_game_scheduled(frames: Frames) -> Frames:
    """Its box scores stay."""
    return _set(frames, ResultSet.SCHEDULE, _of(GAME), gameStatus=1)


@_damage("n11", "MATCHUP of one row reversed", may_be_so="on a neutral court both rows have the team away")
def matchup_reversed(frames: Frames) -> Frames:
    """The home team's row has it away, as that of its opponent."""
    return _team(frames, MATCHUP=f"{HOME} @ {AWAY}")


@_damage("n12", "no inactives of G", may_be_so="eight team-games of three seasons had no inactive player")
def no_inactives_of_one_game(frames: Frames) -> Frames:
    """Both teams'."""
    return _without(frames, ResultSet.INACTIVES, _of(GAME))


@_damage("n13", "a player in the log who is not in the box score", named=_OF_GAME)
def not_in_box_score(frames: Frames) -> Frames:
    """His clock and whether he started are then unknown."""
    return _without(frames, ResultSet.BOX_SCORES, _row(GAME, personId=GARLAND))


@_damage("n14", "a player who played is in neither file", named=_OF_HOME)
def player_in_neither_file(frames: Frames) -> Frames:
    """The team's row counts him."""
    return _without(line_missing(frames), ResultSet.BOX_SCORES, _row(GAME, personId=LOVE))


_NO_TIP_OFF = "the logs decide: nothing changes, but for the tip-off, which is unknown"


@_damage(
    "n15",
    "G moved in the schedule alone; the new date is refreshed",
    refreshed=((NEXT, NEXT),),
    named=_OF_GAME,
    may_be_so=_NO_TIP_OFF,
)
def moved_in_schedule_new_date(frames: Frames) -> Frames:
    """The logs have its true date."""
    return _moved_in_schedule(frames)


@_damage("n16", "G moved in the schedule alone; the old date is refreshed", named=_OF_GAME, may_be_so=_NO_TIP_OFF)
def moved_in_schedule_old_date(frames: Frames) -> Frames:
    """The logs have its true date."""
    return _moved_in_schedule(frames)


@_damage("n17", "G in the schedule on two dates; one range", refreshed=((NIGHT, NEXT),), named=_OF_GAME)
def listed_on_two_dates_in_a_range(frames: Frames) -> Frames:
    """Under one id."""
    return _listed_twice(frames)


@_damage("n18", "300 points from free throws that were all made", named=_OF_GARLAND)
def possible_sums_impossible_size(frames: Frames) -> Frames:
    """All sums are right in player, team and schedule; only nobody scores so much."""
    more = 300 - _line(frames, GARLAND, "PTS")
    changes = dict.fromkeys(("PTS", "FTM", "FTA"), _more(more))
    return _score(_team(_player(frames, GARLAND, **changes), **changes), more)


@_damage("n19", "home and away of G exchanged in the schedule", named=_OF_GAME)
def home_and_away_of_one_game(frames: Frames) -> Frames:
    """MATCHUP says otherwise."""
    return _home_and_away_exchanged(frames, GAME)


@_damage("n20", "−5 points of one player in all files", named=_OF_GARLAND)
def negative_points(frames: Frames) -> Frames:
    """The team's branch sees nothing impossible."""
    more = -5 - _line(frames, GARLAND, "PTS")
    return _score(_team(_player(frames, GARLAND, PTS=-5), PTS=_more(more)), more)


@_damage("n21", "a team plays itself", named=_OF_GAME)
def plays_itself(frames: Frames) -> Frames:
    """The schedule has the home team twice."""
    return _set(frames, ResultSet.SCHEDULE, _of(GAME), awayTeam_teamTricode=HOME)


@_damage("n22", "a player's line under the other team of G", named=_OF_GAME)
def line_under_the_other_team(frames: Frames) -> Frames:
    """In the log alone."""
    log = frames[ResultSet.PLAYER_LOG]
    team = int(log.loc[_row(GAME, TEAM_ABBREVIATION=AWAY)(log), "TEAM_ID"].iloc[0])
    return _player(frames, LOVE, TEAM_ID=team, TEAM_ABBREVIATION=AWAY)


@_damage("n23", "one overtime more in both rows of G", named=_OF_GAME)
def overtime_of_both_teams(frames: Frames) -> Frames:
    """The players' clocks know of none."""
    return _set(frames, ResultSet.TEAM_LOG, _of(GAME), MIN=265)


@_damage("n24", "GAME_DATE of G in the logs is the next date", is_consistent=True, named=_OF_GAME)
def other_date_in_the_logs(frames: Frames) -> Frames:
    """The schedule has another; after a game the logs decide."""
    for result_set in (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG):
        frames = _set(frames, result_set, _of(GAME), GAME_DATE=str(NEXT))
    return frames


@_damage("n25", "the shots of two players exchanged", named=_OF_GAME)
def shots_exchanged(frames: Frames) -> Frames:
    """Of one team; the log has them right."""
    return _set(
        frames,
        ResultSet.SHOTS,
        lambda frame: _of(GAME)(frame) & frame["PLAYER_ID"].isin(_OTHER_PLAYER),
        PLAYER_ID=lambda values: values.map(_OTHER_PLAYER),
    )


@_damage("n26", "a player listed twice as having played", named=((OTHER_GAME,), (str(GARLAND), "Garland")))
def played_twice(frames: Frames) -> Frames:
    """With the same line in another game of the night, whose team's row knows nothing of it."""
    return _with_copy(frames, ResultSet.PLAYER_LOG, _row(GAME, PLAYER_ID=GARLAND), GAME_ID=OTHER_GAME)


@_damage("n27", "the scores of two games exchanged in the schedule", named=((GAME,), (OTHER_GAME,)))
def scores_exchanged(frames: Frames) -> Frames:
    """The box scores have them right."""

    def exchange(frame: pd.DataFrame) -> pd.DataFrame:
        columns = ["homeTeam_score", "awayTeam_score"]
        first, second = (frame.index[_of(game)(frame)] for game in (GAME, OTHER_GAME))
        theirs = frame.loc[second, columns].to_numpy()
        frame.loc[second, columns] = frame.loc[first, columns].to_numpy()
        frame.loc[first, columns] = theirs
        return frame

    return _changed(frames, ResultSet.SCHEDULE, exchange)


@_damage("n28", "nobody of G is listed as not having played", may_be_so="no dnp row is what a game without one has")
def no_dnp_rows(frames: Frames) -> Frames:
    """Those who played stay."""
    return _without(frames, ResultSet.BOX_SCORES, lambda frame: _of(GAME)(frame) & frame["minutes"].fillna("").eq(""))


@_damage("n29", "points as text", named=(("PTS",),))
def points_are_text(frames: Frames) -> Frames:
    """In the whole team log."""
    return _changed(frames, ResultSet.TEAM_LOG, lambda log: log.assign(PTS=log["PTS"].astype(str)))


@_damage("n30", "game ids without their zeros")
def ids_without_zeros(frames: Frames) -> Frames:
    """The log of the players; padded, they are the same."""
    log = frames[ResultSet.PLAYER_LOG]
    return _set(frames, ResultSet.PLAYER_LOG, lambda _: _of(GAME)(log), GAME_ID=lambda values: values.str.lstrip("0"))


def _exchanged_in_logs(frames: Frames, first: str, second: str) -> Frames:
    for result_set in (ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG):
        frames = _exchanged(frames, result_set, (GAME,), first, second)
    return frames


@_damage("n31", "offensive and defensive rebounds of G exchanged in both logs", named=_OF_GAME)
def rebounds_exchanged(frames: Frames) -> Frames:
    """Everything sums, but there are more rebounds than misses."""
    return _exchanged_in_logs(frames, "OREB", "DREB")


@_damage("n32", "assists and attempts of G exchanged in both logs", named=_OF_GAME)
def assists_exchanged(frames: Frames) -> Frames:
    """More assists than field goals."""
    return _exchanged_in_logs(frames, "AST", "FGA")


@_damage("n33", "a plus-minus of -999", named=((str(GARLAND),),))
def impossible_plus_minus(frames: Frames) -> Frames:
    """In the log, the only file that has it."""
    return _player(frames, GARLAND, PLUS_MINUS=-999)


@_damage("n34", "the inactive players of H have the id 0", named=_OF_GAME)
def inactive_without_ids(frames: Frames) -> Frames:
    """All of them one, if nobody looked."""
    return _set(frames, ResultSet.INACTIVES, _row(GAME, TEAM_ABBREVIATION=HOME), PLAYER_ID=0)


@_damage("n35", "a player twice in the box score, with two clocks", named=_of_player(GARLAND, "Garland"))
def two_clocks(frames: Frames) -> Frames:
    """The second is eleven seconds less."""
    box = frames[ResultSet.BOX_SCORES]
    minutes, seconds = str(box.loc[_row(GAME, personId=GARLAND)(box), "minutes"].iloc[0]).split(":")
    clock = f"{int(minutes) - (int(seconds) < 11)}:{(int(seconds) - 11) % 60:02d}"
    return _with_copy(frames, ResultSet.BOX_SCORES, _row(GAME, personId=GARLAND), minutes=clock)


@_damage("n36", "G twice in the schedule, with two tip-offs", named=_OF_GAME)
def two_tipoffs(frames: Frames) -> Frames:
    """Both final, with the same score."""
    return _with_copy(frames, ResultSet.SCHEDULE, _of(GAME), gameDateTimeUTC=f"{NEXT}T02:30:00Z")
