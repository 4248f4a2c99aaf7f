"""What the schedule says each partition must have, entity by entity.

Expected entities never come from the table itself. Each function returns the entities that are expected on each
date, with what they lack: an Expectation per date. Readiness asks whether the pipeline loaded every game that a
team has finished, never whether a player appeared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.league import teams
from nba_assets.league.calendar import season_of
from nba_assets.league.slate import stints
from nba_assets.quality.policy import Policy
from nba_assets.tables import Inputs, Table
from nba_assets.tables.games import counting_games, finished_games, team_games
from nba_assets.tables.raw_player_boxscores import PLAYED
from nba_assets.tables.statistics import COUNTING_STATISTICS
from nba_assets.tables.team_defense_zone_analysis import LAST_GAMES

MIN_PLAYERS_PLAYED = 5
MIN_SLATE, MAX_SLATE = 8, 26


@dataclass
class Expectation:
    """What one partition must have.

    `lacking` holds the entities that fall short and why; `accepted` those of them that lack only games a person
    has accepted as missing, which no longer count against the threshold. `degraded` are shortcomings that never
    count against it: unknown shots. `notes` are worth saying and degrade nothing. `insufficient` holds entities
    without enough history yet, which are not expected.
    """

    expected: int
    lacking: dict[str, str] = field(default_factory=dict)
    accepted: set[str] = field(default_factory=set)
    degraded: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    insufficient: dict[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> int:
        """Entities that lack nothing."""
        return self.expected - len(self.lacking)

    @property
    def open(self) -> int:
        """Entities that lack something nobody has accepted."""
        return len(self.lacking) - len(self.accepted)


@dataclass(frozen=True)
class Evidence:
    """Everything that an expectation may look at.

    `loaded_dates` are the dates whose raw_team_boxscores stand published: a finished game that is missing there
    was accepted by a person.
    """

    table: Table
    rows: pd.DataFrame
    inputs: Inputs
    dates: pd.DatetimeIndex
    policy: Policy
    loaded_dates: frozenset[date] = frozenset()


Expect = Callable[[Evidence], dict[date, Expectation]]


def expectations(evidence: Evidence) -> dict[date, Expectation]:
    """The expectation of each date of the evidence."""
    return _EXPECT[evidence.table.name](evidence)


# --- raw and post-game tables: games of the date ---------------------------------------------------------------


def _schedule(evidence: Evidence) -> dict[date, Expectation]:
    found = _none_expected(evidence)
    for day, games in _by_date(evidence.rows, "game_date"):
        counting = games[games["game_type"].isin(evidence.inputs.counting_types)]
        result = found[day] = Expectation(expected=len(games))
        for game in counting.itertuples():
            unknown = [str(code) for code in (game.home_team, game.away_team) if code not in teams.CODES]
            if unknown:
                result.lacking[_game(game)] = f"unknown team {' and '.join(unknown)}"
    return found


def _team_boxscores(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    sides = _finished_sides(evidence)
    rows = evidence.rows[["game_id", "team", "points"]]
    sides = sides.merge(rows, on=["game_id", "team"], how="left")
    for day, of_day in _by_date(sides, "game_date"):
        found[day].expected += len(of_day)
        for side in of_day.itertuples():
            if pd.isna(side.points):
                found[day].lacking[f"{_game(side)} {side.team}"] = "no box score"
            elif pd.notna(side.score) and side.score != side.points:
                found[day].lacking[f"{_game(side)} {side.team}"] = (
                    f"box score has {side.points:g} points, the schedule {side.score:g}"
                )
    return found


def _player_boxscores(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    played = evidence.rows[evidence.rows["listing"] == PLAYED]
    summed = ["seconds_played", *COUNTING_STATISTICS]
    totals = played.groupby(["game_id", "team"])[summed].sum().astype("int64")
    totals["played"] = played.groupby(["game_id", "team"]).size()
    team = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team", *summed]]
    sides = _finished_sides(evidence).merge(team, on=["game_id", "team"], how="left")
    sides = sides.merge(totals.reset_index(), on=["game_id", "team"], how="left", suffixes=("", "_of_players"))
    for day, of_day in _by_date(sides, "game_date"):
        found[day].expected += len(of_day)
        for side in of_day.to_dict("records"):
            short = _player_shortcoming(side)
            if short:
                found[day].lacking[f"{_game_of(side)} {side['team']}"] = short
    return found


def _player_shortcoming(side: dict[str, object]) -> str | None:
    number = {key: float(value) for key, value in side.items() if isinstance(value, (int, float))}
    played = number.get("played", np.nan)
    if not played >= MIN_PLAYERS_PLAYED:
        return "no players' box score" if np.isnan(played) else f"only {played:g} players played"
    if np.isnan(number["points"]):
        return "no team box score to compare with"
    for name in COUNTING_STATISTICS:
        if number[f"{name}_of_players"] != number[name]:
            return f"{name} of the players sum to {number[f'{name}_of_players']:g}, the team has {number[name]:g}"
    seconds, length = number["seconds_played_of_players"], number["seconds_played"]
    if abs(seconds - length) > 0.01 * length:
        return f"the players' time sums to {seconds / 60:.0f} minutes, the game has {length / 60:.0f}"
    return None


def _shots(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    shots = evidence.rows
    taken = shots.groupby(["game_id", "team"], sort=False)["made"].agg(attempts="size", makes="sum").reset_index()
    sides = _finished_sides(evidence)
    sides = sides.merge(taken, on=["game_id", "team"], how="left")
    box = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team", "fga", "fgm"]]
    sides = sides.merge(box, on=["game_id", "team"], how="left").fillna({"attempts": 0, "makes": 0})
    agrees = (sides["attempts"] - sides["fga"]).abs().le(1) & (sides["makes"].astype(float) - sides["fgm"]).abs().le(1)
    for day, of_day in _by_date(sides.assign(agrees=agrees), "game_date"):
        found[day].expected += of_day["game_id"].nunique()
        for side in of_day[~of_day["agrees"]].itertuples():
            has = f"{side.team} {side.attempts:g} shots, the box score {side.fga:g}"
            previous = found[day].lacking.get(_game(side))
            found[day].lacking[_game(side)] = f"{previous}; {has}" if previous else has
    return found


def _player_summary(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    listed = evidence.inputs.on_date["raw_player_boxscores"]
    listed = listed[(listed["listing"] == PLAYED) & listed["game_date"].isin(evidence.dates)]
    present = evidence.rows[["game_date", "player_id"]].assign(present=True)
    listed = listed.merge(present, on=["game_date", "player_id"], how="left")
    for day, of_day in _by_date(listed, "game_date"):
        found[day].expected += len(of_day)
        for player in of_day[of_day["present"].isna()].itertuples():
            found[day].lacking[f"{player.player_name} ({player.player_id})"] = "played, but has no row"
    _add_unknown_shots(evidence, found, "paint_attempts")
    return found


def _team_summary(evidence: Evidence) -> dict[date, Expectation]:
    found = _unfinished(evidence)
    present = evidence.rows[["game_id", "team"]].assign(present=True)
    sides = _finished_sides(evidence).merge(present, on=["game_id", "team"], how="left")
    for day, of_day in _by_date(sides, "game_date"):
        found[day].expected += len(of_day)
        for side in of_day[of_day["present"].isna()].itertuples():
            entity = f"{_game(side)} {side.team}"
            found[day].lacking[entity] = "no row"
            if day in evidence.loaded_dates:
                found[day].accepted.add(entity)
    if "won" in evidence.rows:
        winners = evidence.rows.groupby(["game_date", "game_id"])["won"].sum()
        for (day, game_id), count in winners[winners != 1].items():
            found[day.date()].lacking[game_id] = f"{count} winners"
    column = "paint_attempts" if "won" in evidence.rows else "opp_paint_attempts"
    _add_unknown_shots(evidence, found, column)
    return found


def _add_unknown_shots(evidence: Evidence, found: dict[date, Expectation], column: str) -> None:
    unknown = evidence.rows[evidence.rows[column].isna()]
    for day, of_day in _by_date(unknown, "game_date"):
        games = sorted(of_day["game_id"].unique())
        found[day].degraded.append(f"shots unknown of {_some(games, 'game')}")


# --- pre-game tables: windows against the schedule -------------------------------------------------------------


def _teams_tonight(evidence: Evidence) -> dict[date, Expectation]:
    found = _none_expected(evidence)
    tonight = _tonight(evidence)
    lacking = _lacking_by_team(evidence, tonight)
    present = set(zip(evidence.rows["game_date"], evidence.rows["team"], strict=True))
    for day, of_day in _by_date(tonight, "game_date"):
        found[day].expected = len(of_day)
        for team in of_day["team"]:
            if (pd.Timestamp(day), team) not in present:
                found[day].lacking[team] = "no row"
    _add_lacking(found, lacking)
    return found


def _slate_teams(evidence: Evidence) -> dict[date, Expectation]:
    found = _none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_team_game_context"]
    sizes = evidence.rows.groupby(["game_date", "team"]).size()
    for row in context[context["game_date"].isin(evidence.dates)].itertuples():
        result = found[row.game_date.date()]
        result.expected += 1
        size = int(sizes.get((row.game_date, row.team), 0))
        if size < MIN_SLATE:
            result.lacking[row.team] = f"only {size} players on the slate"
            if row.wins + row.losses == 0:  # nobody was listed yet: there is no slate before a team's first game
                result.accepted.add(row.team)
        elif size > MAX_SLATE:
            result.notes.append(f"{row.team} has {size} players on the slate")
    return found


def _zone_defenses(evidence: Evidence) -> dict[date, Expectation]:
    found = _none_expected(evidence)
    finished = team_games(finished_games(evidence.inputs.before["raw_schedule"], evidence.inputs.counting_types))
    loaded = evidence.inputs.before["team_defense_game_summary"][["game_id", "team"]].assign(loaded=True)
    finished = finished.merge(loaded, on=["game_id", "team"], how="left").sort_values(["game_date", "game_id"])
    is_lacking = bool(finished["loaded"].isna().any())
    for day, expected, present in _entitled(evidence, finished, "team", "analysis_date"):
        result = found[day]
        result.expected = len(expected)
        result.lacking = dict.fromkeys(sorted(expected - present), "no row")
        if is_lacking:
            _add_lacking_windows(result, expected, finished, pd.Timestamp(day), evidence.loaded_dates)
    unknown = evidence.rows[evidence.rows["games_with_shots"] < evidence.rows["games_in_sample"]]
    for day, of_day in _by_date(unknown, "analysis_date"):
        found[day].degraded.append(f"shots unknown in the windows of {_some(list(of_day['team']), 'team')}")
    return found


def _add_lacking_windows(
    result: Expectation, expected: set[str], finished: pd.DataFrame, day: pd.Timestamp, loaded_dates: frozenset[date]
) -> None:
    """The teams whose last games before the day are not all loaded."""
    before = finished[(finished["game_date"] < day) & finished["season"].eq(_season(day))]
    for team, games in before[before["team"].isin(expected)].groupby("team"):
        window = games.tail(LAST_GAMES)
        lacking = window[window["loaded"].isna()]
        if len(lacking):
            result.lacking[str(team)] = _lacks(lacking)
            _accept(result, str(team), lacking["game_date"], loaded_dates)


def _entitled(
    evidence: Evidence, games: pd.DataFrame, entity: str, date_column: str
) -> Iterator[tuple[date, set[Any], set[Any]]]:
    """Per date: the entities with at least min_games games of the season before it, and those that have a row."""
    ordered = games.sort_values(["game_date", "game_id"])
    nth = ordered.groupby(["season", entity], sort=False).nth(evidence.policy.min_games - 1)
    present = {day: set(of_day[entity]) for day, of_day in _by_date(evidence.rows, date_column)}
    for day in evidence.dates:
        has_enough = nth["season"].eq(_season(day)) & (nth["game_date"] < day)
        yield day.date(), set(nth.loc[has_enough, entity]), present.get(day.date(), set())


def _shooters(evidence: Evidence) -> dict[date, Expectation]:
    found = _none_expected(evidence)
    rows = evidence.rows
    summaries = evidence.inputs.before["player_game_summary"]
    for day, expected, present in _entitled(evidence, summaries, "player_id", "analysis_date"):
        found[day].expected = len(expected)
        found[day].lacking = {str(player_id): "no row" for player_id in sorted(expected - present)}
    for day, of_day in _by_date(rows, "analysis_date"):
        unknown = int(of_day["total_shots_last_10"].isna().sum())
        if unknown:
            found[day].degraded.append(f"shots unknown in the windows of {unknown} players")
    lacking = _lacking_games_by_player(evidence)
    if lacking.empty:
        return found
    for day, of_day in _by_date(rows, "analysis_date"):
        season = _season(pd.Timestamp(day))
        earlier = lacking[(lacking["game_date"] < pd.Timestamp(day)) & (lacking["season"] == season)]
        for player_id, games in earlier[earlier["player_id"].isin(of_day["player_id"])].groupby("player_id"):
            found[day].lacking[str(player_id)] = _lacks(games)
            _accept(found[day], str(player_id), games["game_date"], evidence.loaded_dates)
    return found


def _cached_players(evidence: Evidence) -> dict[date, Expectation]:
    found = _none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_player_game_context"]
    slate = context[context["game_date"].isin(evidence.dates)]
    has_history = slate["games_played_season"] >= evidence.policy.min_games
    for day, of_day in _by_date(slate[~has_history], "game_date"):
        games = zip(of_day["player_id"], of_day["games_played_season"], strict=True)
        found[day].insufficient = {str(player_id): f"{count} games played" for player_id, count in games}
    slate = slate[has_history]
    rows = evidence.rows.rename(columns={"cache_date": "game_date"})
    slate = slate.merge(rows[["game_date", "player_id", "shot_zone_data_available"]], how="left")
    for day, of_day in _by_date(slate, "game_date"):
        result = found[day]
        result.expected = len(of_day)
        for player in of_day[of_day["shot_zone_data_available"].isna()].itertuples():
            result.lacking[str(player.player_id)] = "no row"
        for player in of_day[of_day["games_loaded"] < of_day["games_expected"]].itertuples():
            missing = player.games_expected - player.games_loaded
            result.lacking[str(player.player_id)] = f"{player.team} lacks {missing} finished game(s)"
            result.accepted.add(str(player.player_id))  # an open gap stops the line at upcoming_team_game_context
        unknown = int(of_day["shot_zone_data_available"].eq(False).sum())
        if unknown:
            result.degraded.append(f"shots unknown in the windows of {unknown} players")
    return found


def _whole_slate(evidence: Evidence) -> dict[date, Expectation]:
    found = _none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_player_game_context"]
    slate = context.loc[context["game_date"].isin(evidence.dates), ["game_date", "player_id"]]
    slate = slate.merge(evidence.rows[["game_date", "player_id"]].assign(present=True), how="left")
    for day, of_day in _by_date(slate, "game_date"):
        found[day].expected = len(of_day)
        for player_id in of_day.loc[of_day["present"].isna(), "player_id"]:
            found[day].lacking[str(player_id)] = "no row"
    _add_zone_inputs(evidence, found)
    if "data_quality_issues" in evidence.rows:
        issue = evidence.rows["data_quality_issues"].map(lambda issues: "GAMES_NOT_LOADED" in issues)
        for day, of_day in _by_date(evidence.rows[issue.astype(bool)], "game_date"):
            found[day].degraded.append(f"finished games not loaded for {len(of_day)} players")
    return found


def _add_zone_inputs(evidence: Evidence, found: dict[date, Expectation]) -> None:
    """Players or opponents of the date whose windows contain games without known shots."""
    zones = evidence.inputs.on_date["player_shot_zone_analysis"]
    zones = zones[zones["total_shots_last_10"].isna()]
    keys = evidence.rows[["game_date", "player_id"]]
    hit = keys.merge(zones.rename(columns={"analysis_date": "game_date"})[["game_date", "player_id"]])
    for day, of_day in _by_date(hit, "game_date"):
        found[day].degraded.append(f"shots unknown in the windows of {len(of_day)} players")


def _optional(evidence: Evidence) -> dict[date, Expectation]:
    return _none_expected(evidence)


# --- parts -----------------------------------------------------------------------------------------------------


def _none_expected(evidence: Evidence) -> dict[date, Expectation]:
    return {day.date(): Expectation(expected=0) for day in evidence.dates}


def _unfinished(evidence: Evidence) -> dict[date, Expectation]:
    """Games of a past date that the schedule still does not call final."""
    found = _none_expected(evidence)
    games = counting_games(evidence.inputs.on_date["raw_schedule"], evidence.inputs.counting_types)
    games = games[games["game_date"].isin(evidence.dates) & (games["status"] != "final")]
    for game in games.itertuples():
        result = found[game.game_date.date()]
        result.expected += 1
        result.lacking[_game(game)] = "not final in the schedule"
    return found


def _finished_sides(evidence: Evidence) -> pd.DataFrame:
    games = finished_games(evidence.inputs.on_date["raw_schedule"], evidence.inputs.counting_types)
    return team_games(games[games["game_date"].isin(evidence.dates)]).sort_values(["game_date", "game_id", "team"])


def _tonight(evidence: Evidence) -> pd.DataFrame:
    schedule = evidence.inputs.on_date["raw_schedule"]
    counts = schedule["game_type"].isin(evidence.inputs.counting_types) & schedule["game_date"].isin(evidence.dates)
    return team_games(schedule[counts])


def _lacking_by_team(evidence: Evidence, tonight: pd.DataFrame) -> pd.DataFrame:
    """Finished games without a loaded row, of each team that plays, before each date."""
    finished = team_games(finished_games(evidence.inputs.before["raw_schedule"], evidence.inputs.counting_types))
    loaded = evidence.inputs.before["team_offense_game_summary"][["game_id", "team"]].assign(loaded=True)
    finished = finished.merge(loaded, on=["game_id", "team"], how="left")
    lacking = finished.loc[finished["loaded"].isna(), ["season", "team", "game_date", "game_id"]]
    pairs = tonight[["game_date", "season", "team"]].rename(columns={"game_date": "on"})
    pairs = pairs.merge(lacking, on=["season", "team"])
    pairs = pairs[pairs["game_date"] < pairs["on"]]
    return pairs.assign(accepted=[day.date() in evidence.loaded_dates for day in pairs["game_date"]])


def _add_lacking(found: dict[date, Expectation], lacking: pd.DataFrame) -> None:
    for (on, team), games in lacking.groupby(["on", "team"]):
        result = found[on.date()]
        result.lacking[str(team)] = _lacks(games)
        if games["accepted"].all():
            result.accepted.add(str(team))


def _accept(result: Expectation, entity: str, game_dates: Iterable[pd.Timestamp], loaded: frozenset[date]) -> None:
    if all(day.date() in loaded for day in game_dates):
        result.accepted.add(entity)


def _lacking_games_by_player(evidence: Evidence) -> pd.DataFrame:
    """Finished games without players' rows that fall into a player's spell with one of the teams."""
    inputs = evidence.inputs
    summaries = inputs.before["player_game_summary"]
    finished = team_games(finished_games(inputs.before["raw_schedule"], inputs.counting_types))
    lacking = finished.loc[~finished["game_id"].isin(summaries["game_id"]), ["season", "team", "game_date", "game_id"]]
    if lacking.empty:
        return lacking.assign(player_id=pd.Series(dtype="int64"))
    spells = stints(summaries).merge(lacking, on=["season", "team"])
    return spells[(spells["first_day"] <= spells["game_date"]) & ~(spells["next_day"] <= spells["game_date"])]


def _lacks(games: pd.DataFrame) -> str:
    """ "lacks 8 finished games: 0022100221 (2021-11-16), …" """
    named = [f"{g.game_id} ({g.game_date:%Y-%m-%d})" for g in games.itertuples()]
    return f"lacks {len(named)} finished game{'s' if len(named) > 1 else ''}: {_first(named, 3)}"


def _some(names: list[str], noun: str) -> str:
    return f"{len(names)} {noun}{'s' if len(names) != 1 else ''}: {_first(names, 5)}"


def _first(names: list[str], n: int) -> str:
    more = f" and {len(names) - n} more" if len(names) > n else ""
    return ", ".join(names[:n]) + more


def _game(game: object) -> str:
    return f"{game.game_id} {game.away_team}@{game.home_team}"  # type: ignore[attr-defined]


def _game_of(side: dict[str, object]) -> str:
    return f"{side['game_id']} {side['away_team']}@{side['home_team']}"


def _by_date(rows: pd.DataFrame, column: str) -> Iterator[tuple[date, pd.DataFrame]]:
    for day, of_day in rows.groupby(column):
        yield pd.Timestamp(day).date(), of_day


def _season(day: pd.Timestamp) -> str:
    return season_of(day.date())


_EXPECT: dict[str, Expect] = {
    "raw_schedule": _schedule,
    "raw_team_boxscores": _team_boxscores,
    "raw_player_boxscores": _player_boxscores,
    "raw_shots": _shots,
    "raw_injury_reports": _optional,
    "raw_game_lines": _optional,
    "player_game_summary": _player_summary,
    "team_offense_game_summary": _team_summary,
    "team_defense_game_summary": _team_summary,
    "upcoming_team_game_context": _teams_tonight,
    "upcoming_player_game_context": _slate_teams,
    "team_defense_zone_analysis": _zone_defenses,
    "player_shot_zone_analysis": _shooters,
    "player_daily_cache": _cached_players,
    "player_composite_factors": _whole_slate,
    "ml_feature_store_v2": _whole_slate,
}
