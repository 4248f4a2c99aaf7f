"""raw_schedule: every scheduled game of every type, as the league announces it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.league import calendar, teams
from nba_assets.partition import Cause
from nba_assets.schema.contract import Contract, Date, OptionalInteger, Text, Timestamp, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.schema.table import Available, Inputs, Phase, Table
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.tables.game_dates import disagreements, game_dates, tipoffs_on
from nba_assets.tables.games import FINAL, POSTPONED, SCHEDULED, counting_games, game_name, team_games
from nba_assets.tables.reconciliation import contradictions


class RawSchedule(Contract):
    """One row per game of the league's schedule, all game types and postponements included.

    Only final games of the types 002, 004 and 005 count for windows and expectations; one of type 006 counts for rest.
    """

    game_date: Date = column("Eastern date of the evening of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"', announced=True)
    game_id: Text = column("NBA game id, 00TYYNNNNN; postponed-… where the league gave none", key=True)
    game_type: Text = column(
        "First three digits of the game id: 001 preseason, 002 regular season, 003 All-Star, 004 playoffs, "
        "005 play-in, 006 Cup final",
        null_when="for a postponed entry to which the league gave no game id",
        announced=True,
    )
    status: Text = column("scheduled, final or postponed", isin=(SCHEDULED, FINAL, POSTPONED))
    tipoff_utc: Timestamp = column("Tip-off, UTC", null_when="if the schedule does not tell it", announced=True)
    home_team: Text = column(
        "Code of the (designated) home team", null_when="while it is not known who plays", announced=True
    )
    away_team: Text = column("Code of the away team", null_when="while it is not known who plays", announced=True)
    home_score: OptionalInteger = column(
        "Points of the home team", unit="points", null_when="before the end of the game"
    )
    away_score: OptionalInteger = column(
        "Points of the away team", unit="points", null_when="before the end of the game"
    )
    arena: Text = column("Arena", null_when="if the schedule does not tell it", announced=True)
    city: Text = column("City of the arena", null_when="if the schedule does not tell it", announced=True)
    loaded_at: Timestamp = column("When the schedule was read, UTC", business=False)


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The schedule's rows of the dates. Raises SourceError for a game that is listed twice, differently."""
    whole = whole_schedule(inputs.source)
    rows = whole[whole["game_date"].isin(dates)]
    _refuse_nameless(rows)
    _refuse_rivals(whole[whole["game_id"].isin(rows["game_id"])])
    return rows.assign(loaded_at=inputs.read_at)


def whole_schedule(source: Mapping[str, pd.DataFrame | None]) -> pd.DataFrame:
    """Every game of the schedule among a source's result sets, in the table's columns but `loaded_at`.

    On which date a game stands is said in `game_dates`, with the logs' help if they are among them.

    Of a game that is listed more than once the entry that is farthest stays: final (with a score before without), in
    progress, scheduled. Several that are equally far stay, if they differ in date, tip-off, teams or score; so do
    entries of other dates that the game was postponed from.
    """
    listed = source.get(ResultSet.SCHEDULE)
    if listed is None:
        return RAW_SCHEDULE.empty()
    dates = game_dates(listed, source)
    home = teams.canonical_codes(listed["homeTeam_teamTricode"])
    away = teams.canonical_codes(listed["awayTeam_teamTricode"])
    nameless = "postponed-" + dates.dt.strftime("%Y%m%d") + "-" + away.fillna("") + "-" + home.fillna("")
    game_ids = listed["gameId"].fillna(nameless)
    is_postponed, is_final = listed["postponedStatus"].eq("Y"), listed["gameStatus"].eq(3)
    rows = pd.DataFrame(
        {
            "game_date": dates,
            "season": calendar.seasons_of_games(game_ids).fillna(listed["seasonYear"]),
            "game_id": game_ids,
            "game_type": calendar.game_types(game_ids),
            "status": np.select([is_postponed, is_final], [POSTPONED, FINAL], SCHEDULED),
            "tipoff_utc": tipoffs_on(dates, listed),
            "home_team": home,
            "away_team": away,
            "home_score": listed["homeTeam_score"],
            "away_score": listed["awayTeam_score"],
            "arena": listed["arenaName"],
            "city": listed["arenaCity"],
        }
    )
    has_score = is_final & rows["home_score"].notna() & rows["away_score"].notna()
    how_far = listed["gameStatus"].astype("int64") + has_score.astype("int64")
    return _one_entry_each(rows, how_far.where(~is_postponed, 0))


def _one_entry_each(rows: pd.DataFrame, how_far: pd.Series) -> pd.DataFrame:
    if rows["game_id"].is_unique:
        return rows
    is_farthest = how_far.eq(how_far.groupby(rows["game_id"]).transform("max"))
    entries = pd.MultiIndex.from_frame(rows[["game_id", "game_date"]])
    was_put_off = how_far.eq(0) & ~entries.isin(entries[is_farthest])
    is_repeated = rows.duplicated([*_SAYS, "status"], keep="last")
    return rows[~is_repeated & (is_farthest | was_put_off)]


def _refuse_nameless(rows: pd.DataFrame) -> None:
    """SourceError for games that are on and have no id: nobody can tell whether they count."""
    nameless = rows[rows["game_type"].isna() & (rows["status"] != POSTPONED)]
    if len(nameless):
        named = "; ".join(f"{g.away_team}@{g.home_team} on {g.game_date:%Y-%m-%d}" for g in nameless.itertuples())
        raise SourceError(
            f"the schedule has games without an id that are not postponed: {named}. Whether they count is not known, "
            "so that nothing was published from it: correct the schedule, or fetch it again."
        )


def _refuse_rivals(rows: pd.DataFrame) -> None:
    """SourceError for games of which two entries are equally far, and differ in what they say."""
    on = rows[rows["status"] != POSTPONED]
    rivals = on[on.duplicated("game_id", keep=False)]
    named = [
        f"game {game_id} is listed {len(entries)} times, as {' and as '.join(map(_entry, entries.itertuples()))}"
        for game_id, entries in rivals.groupby("game_id")
    ]
    if named:
        raise SourceError(f"{'; '.join(named)}: the schedule contradicts itself. Nothing was published from it.")


def _entry(game: Any) -> str:
    score = "" if pd.isna(game.home_score) else f" {game.away_score}-{game.home_score}"
    tipoff = "" if pd.isna(game.tipoff_utc) else f" at {game.tipoff_utc:%H:%M} UTC"
    return f"{game.status} {game.away_team}@{game.home_team}{score}{tipoff} on {game.game_date:%Y-%m-%d}"


_SAYS = ["game_id", "game_date", "tipoff_utc", "home_team", "away_team", "home_score", "away_score"]


BELIEVED_FOR = timedelta(days=7)
"""How long a schedule that somebody could be asked for again is believed."""


def reach(schedule: pd.DataFrame, season: str, fetched_on: date | None = None) -> date | None:
    """The last date that a schedule speaks of: beyond it nothing is known, and no date is one without games.

    The last entry's, of whatever type, but not more than seven days after the schedule was fetched, if it is one that
    is fetched; the season's last day once all teams have played their number of games. None if it has no entry of the
    season.
    """
    of_season = schedule[schedule["season"] == season]
    if of_season.empty:
        return None
    regular = of_season[of_season["game_type"].eq(calendar.GameType.REGULAR) & of_season["status"].eq(FINAL)]
    games = pd.concat([regular["home_team"], regular["away_team"]]).value_counts()
    if len(games) and games.reindex(teams.CODES, fill_value=0).min() >= calendar.games_per_team(season):
        return calendar.season_last_day(season)
    last: date = of_season["game_date"].max().date()
    return last if fetched_on is None else min(last, fetched_on + BELIEVED_FOR)


def opening_nights(source: Mapping[str, pd.DataFrame | None]) -> dict[str, pd.Timestamp]:
    """Season -> date of its first regular-season game in the schedule of a source, whatever its status."""
    schedule = whole_schedule(source)
    regular = schedule[schedule["game_type"] == calendar.GameType.REGULAR]
    return dict(regular.groupby("season")["game_date"].min())


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Every counting game is between two of the thirty teams, and the results of the date are those of its games."""
    found = none_expected(evidence)
    rows = evidence.rows[evidence.rows["game_date"].isin(evidence.dates)]
    for day, games in by_date(rows, "game_date"):
        found[day].expected = len(games)
    games = counting_games(rows, evidence.inputs.counting_types)
    _lack_pairings(found, games)
    for game, claims in disagreements(evidence.inputs.source, games):
        day = game.game_date.date()
        found[day].degrade(Cause.DATES_DIFFER, game_name(game), claims=claims, date=str(day))
    for wrong in contradictions(evidence, rows):
        expectation = found[wrong.day]
        if not wrong.blocks:
            expectation.degrade(wrong.finding.cause, wrong.entity, **wrong.finding.numbers)
        elif wrong.game not in expectation.lacking:
            expectation.expected += not wrong.is_listed  # one more that the schedule should have
            expectation.lack(wrong.game, wrong.finding.cause, **wrong.finding.numbers)
    return found


def _lack_pairings(found: dict[date, Expectation], games: pd.DataFrame) -> None:
    """Games of a team that nobody knows, of a team against itself, and of one that plays twice on the date."""
    sides = team_games(games)
    is_known = [teams.plays_in(code, season) for code, season in zip(sides["team"], sides["season"], strict=True)]
    is_twice = sides.duplicated(["game_date", "team"], keep=False)
    twice = set(sides.loc[is_twice, "game_id"])
    doubtful = twice | set(sides.loc[~np.array(is_known, dtype=bool), "game_id"])
    for game in games[games["game_id"].isin(doubtful)].itertuples():
        expectation, pair = found[game.game_date.date()], (game.home_team, game.away_team)
        unknown = [str(code) for code in pair if not teams.plays_in(code, game.season)]
        if unknown:
            codes = " and ".join(unknown)
            expectation.lack(game_name(game), Cause.UNKNOWN_TEAM, codes=codes, declared_in=teams.DECLARED_IN)
        elif game.home_team == game.away_team:
            expectation.lack(game_name(game), Cause.AGAINST_ITSELF)
        elif game.game_id in twice:
            expectation.lack(game_name(game), Cause.TWICE_ON_DATE)


RAW_SCHEDULE = Table(
    name="raw_schedule",
    short_name="SCHED",
    dataset="nba_raw",
    phase=Phase.RAW,
    contract=RawSchedule,
    compute=compute,
    expect=expect,
    available=Available.ANNOUNCED,
    is_schedule=True,
    result_sets=(ResultSet.SCHEDULE,),
    evidence=(ResultSet.TEAM_LOG, ResultSet.PLAYER_LOG),
)
