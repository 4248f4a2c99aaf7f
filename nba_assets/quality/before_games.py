"""What pre-game tables must have: tonight's teams and slate, with every game that they have finished loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

import pandas as pd

from nba_assets.league.calendar import season_of
from nba_assets.league.slate import stints
from nba_assets.quality.expectation import Evidence, Expect, Expectation, by_date, first, none_expected, some
from nba_assets.tables.games import finished_games, team_games
from nba_assets.tables.team_defense_zone_analysis import LAST_GAMES

MIN_SLATE, MAX_SLATE = 8, 26


def _teams_tonight(evidence: Evidence) -> dict[date, Expectation]:
    found = none_expected(evidence)
    tonight = _tonight(evidence)
    lacking = _lacking_by_team(evidence, tonight)
    present = set(zip(evidence.rows["game_date"], evidence.rows["team"], strict=True))
    for day, of_day in by_date(tonight, "game_date"):
        found[day].expected = len(of_day)
        for team in of_day["team"]:
            if (pd.Timestamp(day), team) not in present:
                found[day].lacking[team] = "no row"
    _add_lacking(found, lacking)
    return found


def _slate_teams(evidence: Evidence) -> dict[date, Expectation]:
    found = none_expected(evidence)
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
    found = none_expected(evidence)
    finished = team_games(finished_games(evidence.inputs.before["raw_schedule"], evidence.inputs.counting_types))
    loaded = evidence.inputs.before["team_defense_game_summary"][["game_id", "team"]].assign(loaded=True)
    finished = finished.merge(loaded, on=["game_id", "team"], how="left").sort_values(["game_date", "game_id"])
    is_lacking = bool(finished["loaded"].isna().any())
    for day, expected, present in _entitled(evidence, finished, "team", "analysis_date"):
        result = found[day]
        result.expected = len(expected)
        result.lacking = dict.fromkeys(sorted(expected - present), "no row")
        if is_lacking:
            _add_lacking_windows(result, expected, finished, pd.Timestamp(day), evidence.accepted_dates)
    unknown = evidence.rows[evidence.rows["games_with_shots"] < evidence.rows["games_in_sample"]]
    for day, of_day in by_date(unknown, "analysis_date"):
        found[day].degraded.append(f"shots unknown in the windows of {some(list(of_day['team']), 'team')}")
    return found


def _add_lacking_windows(
    result: Expectation, expected: set[str], finished: pd.DataFrame, day: pd.Timestamp, accepted_dates: frozenset[date]
) -> None:
    """The teams whose last games before the day are not all loaded."""
    before = finished[(finished["game_date"] < day) & finished["season"].eq(_season(day))]
    for team, games in before[before["team"].isin(expected)].groupby("team"):
        window = games.tail(LAST_GAMES)
        lacking = window[window["loaded"].isna()]
        if len(lacking):
            result.lacking[str(team)] = _lacks(lacking)
            _accept(result, str(team), lacking["game_date"], accepted_dates)


def _entitled(
    evidence: Evidence, games: pd.DataFrame, entity: str, date_column: str
) -> Iterator[tuple[date, set[Any], set[Any]]]:
    """Per date: the entities with at least min_games games of the season before it, and those that have a row."""
    ordered = games.sort_values(["game_date", "game_id"])
    nth = ordered.groupby(["season", entity], sort=False).nth(evidence.policy.min_games - 1)
    present = {day: set(of_day[entity]) for day, of_day in by_date(evidence.rows, date_column)}
    for day in evidence.dates:
        has_enough = nth["season"].eq(_season(day)) & (nth["game_date"] < day)
        yield day.date(), set(nth.loc[has_enough, entity]), present.get(day.date(), set())


def _shooters(evidence: Evidence) -> dict[date, Expectation]:
    found = none_expected(evidence)
    rows = evidence.rows
    summaries = evidence.inputs.before["player_game_summary"]
    for day, expected, present in _entitled(evidence, summaries, "player_id", "analysis_date"):
        found[day].expected = len(expected)
        found[day].lacking = {str(player_id): "no row" for player_id in sorted(expected - present)}
    for day, of_day in by_date(rows, "analysis_date"):
        unknown = int(of_day["total_shots_last_10"].isna().sum())
        if unknown:
            found[day].degraded.append(f"shots unknown in the windows of {unknown} players")
    lacking = _lacking_games_by_player(evidence)
    if lacking.empty:
        return found
    for day, of_day in by_date(rows, "analysis_date"):
        season = _season(pd.Timestamp(day))
        earlier = lacking[(lacking["game_date"] < pd.Timestamp(day)) & (lacking["season"] == season)]
        for player_id, games in earlier[earlier["player_id"].isin(of_day["player_id"])].groupby("player_id"):
            found[day].lacking[str(player_id)] = _lacks(games)
            _accept(found[day], str(player_id), games["game_date"], evidence.accepted_dates)
    return found


def _cached_players(evidence: Evidence) -> dict[date, Expectation]:
    found = none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_player_game_context"]
    slate = context[context["game_date"].isin(evidence.dates)]
    has_history = slate["games_played_season"] >= evidence.policy.min_games
    for day, of_day in by_date(slate[~has_history], "game_date"):
        games = zip(of_day["player_id"], of_day["games_played_season"], strict=True)
        found[day].insufficient = {str(player_id): f"{count} games played" for player_id, count in games}
    slate = slate[has_history]
    rows = evidence.rows.rename(columns={"cache_date": "game_date"})
    slate = slate.merge(rows[["game_date", "player_id", "shot_zone_data_available"]], how="left")
    for day, of_day in by_date(slate, "game_date"):
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
    found = none_expected(evidence)
    context = evidence.inputs.on_date["upcoming_player_game_context"]
    slate = context.loc[context["game_date"].isin(evidence.dates), ["game_date", "player_id"]]
    slate = slate.merge(evidence.rows[["game_date", "player_id"]].assign(present=True), how="left")
    for day, of_day in by_date(slate, "game_date"):
        found[day].expected = len(of_day)
        for player_id in of_day.loc[of_day["present"].isna(), "player_id"]:
            found[day].lacking[str(player_id)] = "no row"
    _add_zone_inputs(evidence, found)
    if "data_quality_issues" in evidence.rows:
        issue = evidence.rows["data_quality_issues"].map(lambda issues: "GAMES_NOT_LOADED" in issues)
        for day, of_day in by_date(evidence.rows[issue.astype(bool)], "game_date"):
            found[day].degraded.append(f"finished games not loaded for {len(of_day)} players")
    return found


def _add_zone_inputs(evidence: Evidence, found: dict[date, Expectation]) -> None:
    """Players or opponents of the date whose windows contain games without known shots."""
    zones = evidence.inputs.on_date["player_shot_zone_analysis"]
    zones = zones[zones["total_shots_last_10"].isna()]
    keys = evidence.rows[["game_date", "player_id"]]
    hit = keys.merge(zones.rename(columns={"analysis_date": "game_date"})[["game_date", "player_id"]])
    for day, of_day in by_date(hit, "game_date"):
        found[day].degraded.append(f"shots unknown in the windows of {len(of_day)} players")


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
    return pairs.assign(accepted=[day.date() in evidence.accepted_dates for day in pairs["game_date"]])


def _add_lacking(found: dict[date, Expectation], lacking: pd.DataFrame) -> None:
    for (on, team), games in lacking.groupby(["on", "team"]):
        result = found[on.date()]
        result.lacking[str(team)] = _lacks(games)
        if games["accepted"].all():
            result.accepted.add(str(team))


def _accept(result: Expectation, entity: str, game_dates: Iterable[pd.Timestamp], accepted: frozenset[date]) -> None:
    if all(day.date() in accepted for day in game_dates):
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
    return f"lacks {len(named)} finished game{'s' if len(named) > 1 else ''}: {first(named, 3)}"


def _season(day: pd.Timestamp) -> str:
    return season_of(day.date())


EXPECT: dict[str, Expect] = {
    "upcoming_team_game_context": _teams_tonight,
    "upcoming_player_game_context": _slate_teams,
    "team_defense_zone_analysis": _zone_defenses,
    "player_shot_zone_analysis": _shooters,
    "player_daily_cache": _cached_players,
    "player_composite_factors": _whole_slate,
    "ml_feature_store_v2": _whole_slate,
}
