"""team_defense_zone_analysis: what each defence allows by zone, against the league's average."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import formulas, teams
from nba_assets.league.calendar import season_of
from nba_assets.league.windows import GameLog, Window, days, last, pairs, season
from nba_assets.league.zones import ZONES, extreme_zones
from nba_assets.partition import Cause
from nba_assets.schema.contract import Contract, Date, Flag, Integer, Number, Text, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.schema.policy import Policy
from nba_assets.schema.reads import judged, league, own_team
from nba_assets.schema.table import Inputs, Phase, Table, announced, before_date
from nba_assets.tables.games import RESULT_COLUMNS
from nba_assets.tables.pregame import LEAGUE_DAYS, entitled, finished_sides_before, lack_games, note_league_average

LAST_GAMES = 15
LEAGUE_TEAM_GAMES = 50
LAST_15, LEAGUE_MONTH, SEASON = last(LAST_GAMES), days(LEAGUE_DAYS), season()
EARLY_SEASON_GAMES = 10
_AGAINST_LEAGUE = (*(f"{zone}_defense_vs_league_avg" for zone in ZONES), "strongest_zone", "weakest_zone")
HIGH, MEDIUM, LOW = "high", "medium", "low"
_POLICY = Policy(
    min_share=25 / 30,
    backfill_min_share=20 / 30,
    min_rows=30,
    backfill_min_rows=25,
    min_entities=30,
    backfill_min_entities=25,
)


_SHOTS_UNKNOWN = "unless the shots of its last 15 games are all known"


def _zone_fields() -> type[Contract]:
    fields = {}
    for zone in ZONES:
        fields[f"{zone}_pct_allowed_last_15"] = column(
            f"Field goal share allowed in the zone {zone}",
            unit="fraction",
            null_when=f"{_SHOTS_UNKNOWN}, or if there was no attempt from the zone",
            ge=0,
            le=1,
        )
        fields[f"{zone}_attempts_allowed_per_game"] = column(
            f"Attempts allowed per game in the zone {zone}",
            unit="attempts per game",
            null_when=_SHOTS_UNKNOWN,
            ge=0,
        )
        fields[f"{zone}_defense_vs_league_avg"] = column(
            f"100 · (share allowed − league's share over D−30 … D−1) in the zone {zone}; + = worse defence",
            unit="percentage points",
            null_when=f"{_SHOTS_UNKNOWN}, or if there was no attempt from the zone, or if the shots of fewer than "
            "50 team-games of the league are known",
            ge=-100,
            le=100,
        )
    return type("DefenseZones", (Contract,), {"__annotations__": dict.fromkeys(fields, Number), **fields})


class TeamDefenseZoneAnalysis(_zone_fields()):  # type: ignore[misc]
    """One row per team with at least 5 games this season: its defence over the last ≤ 15 games before the date.

    Zone columns are NULL unless the shots of every game of the window are known.
    """

    analysis_date: Date = column("The date before whose games the analysis is made", partition=True)
    season: Text = column('Season, like "2021-22"')
    team: Text = column("Code of the defending team", key=True, isin=teams.CODES)
    paint_points_allowed_per_game: Number = column(
        "Points allowed in the paint per game",
        unit="points per game",
        null_when=_SHOTS_UNKNOWN,
        ge=0,
    )
    defensive_rating_last_15: Number = column(
        "100 · Σ points allowed / Σ possessions",
        unit="points per 100 possessions",
        null_when="if the totals of one of its last 15 games are not known",
        ge=0,
    )
    opponent_points_per_game: Number = column("Points allowed per game", unit="points per game", ge=0)
    opponent_pace: Number = column(
        "Pace over the window",
        unit="possessions per 48 min",
        null_when="if the totals of one of its last 15 games are not known",
        ge=0,
    )
    blocks_per_game: Number = column("Blocks per game", unit="blocks per game", ge=0)
    games_in_sample: Integer = column("Games in the window", unit="games", ge=0, le=LAST_GAMES)
    games_with_shots: Integer = column("Games of the window whose shots are known", unit="games", ge=0, le=LAST_GAMES)
    strongest_zone: Text = column(
        "Zone with the lowest value against the league",
        null_when="if one of the three zones is not compared with the league",
        isin=ZONES,
    )
    weakest_zone: Text = column(
        "Zone with the highest value against the league",
        null_when="if one of the three zones is not compared with the league",
        isin=ZONES,
    )
    data_quality_tier: Text = column("high ≥ 15 games, medium 10-14, low 5-9", isin=(HIGH, MEDIUM, LOW))
    early_season_flag: Flag = column("Fewer than 10 games this season")


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Every team on every date; teams without enough games this season left out."""
    rows = pairs(teams.CODES, dates).rename(columns={"entity": "team", "date": "analysis_date"})
    rows["season"] = rows["analysis_date"].map({day: season_of(day.date()) for day in dates}).astype(object)
    log = _defense_log(inputs)
    season_games = log.before(rows["team"], rows["season"], rows["analysis_date"]).over(SEASON).count
    rows = rows[season_games >= inputs.min_games].assign(_games=season_games[season_games >= inputs.min_games])
    window = log.before(rows["team"], rows["season"], rows["analysis_date"]).over(LAST_15)
    rows = rows.assign(**_zones(window, _league_shares(log, rows)), **_ratings(window))
    strongest, weakest = extreme_zones(*(rows[f"{zone}_defense_vs_league_avg"] for zone in ZONES))
    games = rows["_games"]
    return rows.assign(
        strongest_zone=strongest,
        weakest_zone=weakest,
        data_quality_tier=np.select([games >= 15, games >= 10], [HIGH, MEDIUM], LOW).astype(object),
        early_season_flag=games < EARLY_SEASON_GAMES,
    )


def _defense_log(inputs: Inputs) -> GameLog:
    offense = inputs.before["team_offense_game_summary"][["game_id", "team", "possessions", "seconds_played"]]
    games = inputs.before["team_defense_game_summary"].merge(offense, on=["game_id", "team"], how="left")
    return GameLog(games.astype({"seconds_played": "Int64"}), entity="team")


def _league_shares(log: GameLog, rows: pd.DataFrame) -> dict[str, formulas.Floats]:
    """The league's field goal share by zone over D−30 … D−1; NULL with fewer than 50 team-games with shots."""
    whole = GameLog(log.games.assign(league="NBA"), entity="league")
    window = whole.before(["NBA"] * len(rows), rows["season"], rows["analysis_date"]).over(LEAGUE_MONTH)
    enough = window.count_known("opp_paint_attempts") >= LEAGUE_TEAM_GAMES
    shares = {}
    for zone in ZONES:
        makes, attempts = window.sum_of_known(f"opp_{zone}_makes"), window.sum_of_known(f"opp_{zone}_attempts")
        shares[zone] = np.where(enough, formulas.ratio(makes, attempts), np.nan)
    return shares


def _zones(window: Window, league: dict[str, formulas.Floats]) -> dict[str, formulas.Floats]:
    games = window.count
    columns = {"paint_points_allowed_per_game": formulas.ratio(window.sum("paint_points_allowed"), games)}
    for zone in ZONES:
        attempts = window.sum(f"opp_{zone}_attempts")
        share = formulas.ratio(window.sum(f"opp_{zone}_makes"), attempts)
        columns[f"{zone}_pct_allowed_last_15"] = share
        columns[f"{zone}_attempts_allowed_per_game"] = formulas.ratio(attempts, games)
        columns[f"{zone}_defense_vs_league_avg"] = 100.0 * (share - league[zone])
    return columns


def _ratings(window: Window) -> dict[str, object]:
    possessions = window.sum("possessions")
    return {
        "defensive_rating_last_15": formulas.rating(window.sum("points_allowed"), possessions),
        "opponent_points_per_game": window.mean("points_allowed"),
        "opponent_pace": formulas.pace(possessions, window.sum("seconds_played")),
        "blocks_per_game": window.mean("blocks"),
        "games_in_sample": window.count,
        "games_with_shots": window.count_known("opp_paint_attempts"),
    }


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Every team with enough games has a row, and every finished game of its window is loaded."""
    found = none_expected(evidence)
    loaded = evidence.inputs.before["team_defense_game_summary"][["game_id", "team"]].assign(loaded=True)
    finished = finished_sides_before(evidence).merge(loaded, on=["game_id", "team"], how="left")
    finished = finished.sort_values(["game_date", "game_id"])
    is_lacking = bool(finished["loaded"].isna().any())
    for day, expected, present in entitled(evidence, finished, "team", "analysis_date"):
        result = found[day]
        result.expected = len(expected)
        for team in sorted(expected - present):
            result.lack(team, Cause.NO_ROW)
        if is_lacking:
            _add_lacking_windows(result, expected, finished, pd.Timestamp(day), evidence.accepted_dates)
    unknown = evidence.rows[evidence.rows["games_with_shots"] < evidence.rows["games_in_sample"]]
    for day, of_day in by_date(unknown, "analysis_date"):
        found[day].degrade(Cause.TEAM_WINDOW_SHOTS_UNKNOWN, *of_day["team"], teams=len(of_day))
    note_league_average(evidence, found)
    return found


def _add_lacking_windows(
    result: Expectation, expected: set[str], finished: pd.DataFrame, day: pd.Timestamp, accepted_dates: frozenset[date]
) -> None:
    """The teams whose last games before the day are not all loaded."""
    before = finished[(finished["game_date"] < day) & finished["season"].eq(season_of(day.date()))]
    for team, games in before[before["team"].isin(expected)].groupby("team"):
        window = games.tail(LAST_GAMES)
        lacking = window[window["loaded"].isna()]
        if len(lacking):
            lack_games(result, team, lacking, accepted_dates)


TEAM_DEFENSE_ZONE_ANALYSIS = Table(
    name="team_defense_zone_analysis",
    short_name="TDZA",
    dataset="nba_precompute",
    phase=Phase.PRE_GAME,
    contract=TeamDefenseZoneAnalysis,
    compute=compute,
    expect=expect,
    policy=_POLICY,
    inputs=(
        announced("raw_schedule"),
        before_date("raw_schedule", *RESULT_COLUMNS, reads=(judged(),)),
        before_date(
            "team_defense_game_summary",
            *("game_date", "season", "game_id", "team", "points_allowed", "paint_points_allowed", "blocks"),
            *(f"opp_{zone}_{kind}" for zone in ZONES for kind in ("attempts", "makes")),
            # How many games the season has matters up to fifteen.
            reads=(own_team(LAST_15), league(LEAGUE_MONTH, into=_AGAINST_LEAGUE)),
        ),
        before_date(
            "team_offense_game_summary",
            *("game_date", "season", "game_id", "team", "possessions", "seconds_played"),
            reads=(own_team(LAST_15),),
        ),
    ),
)
