"""player_shot_zone_analysis: where each player shoots from, and how well."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from nba_assets.league import formulas
from nba_assets.league.calendar import season_of
from nba_assets.league.slate import stints
from nba_assets.league.windows import GameLog, Window, last, season
from nba_assets.league.zones import BALANCED, ZONES, primary_zone
from nba_assets.partition import Cause
from nba_assets.schema.contract import Contract, Date, Flag, Integer, Number, OptionalInteger, Text, column
from nba_assets.schema.evidence import Evidence, Expectation, by_date, none_expected
from nba_assets.schema.policy import Policy
from nba_assets.schema.reads import judged, own_player
from nba_assets.schema.table import Inputs, Phase, Table, announced, before_date
from nba_assets.tables.games import RESULT_COLUMNS, seasons_of_dates
from nba_assets.tables.pregame import entitled, finished_sides_before, lack_games
from nba_assets.tables.statistics import ZONE_ATTEMPTS, ZONE_MAKES

LAST_GAMES, MORE_GAMES, GAMES_FOR_LAST_20 = 10, 20, 15
LAST_10, LAST_20, SEASON = last(LAST_GAMES), last(MORE_GAMES), season()
EARLY_SEASON_GAMES = 10
EXCELLENT, GOOD, LIMITED = "excellent", "good", "limited"
_POLICY = Policy(min_share=0.9, backfill_min_share=0.5, min_rows=100, backfill_min_rows=50, critical=False)


def _shots_unknown(games: int) -> str:
    return f"unless the shots of his last {games} games are all known"


def _zone_fields() -> type[Contract]:
    fields = {}
    for n in (LAST_GAMES, MORE_GAMES):
        below = f", or with fewer than {GAMES_FOR_LAST_20} games this season" if n == MORE_GAMES else ""
        for zone in ZONES:
            fields[f"{zone}_rate_last_{n}"] = column(
                f"Share of his attempts from the zone {zone}, last ≤ {n} games",
                unit="fraction",
                null_when=f"{_shots_unknown(n)}, or if he took no shot{below}",
                ge=0,
                le=1,
            )
            fields[f"{zone}_pct_last_{n}"] = column(
                f"Field goal share in the zone {zone}, last ≤ {n} games",
                unit="fraction",
                null_when=f"{_shots_unknown(n)}, or if he took none from {zone}{below}",
                ge=0,
                le=1,
            )
    for zone in ZONES:
        fields[f"{zone}_attempts_per_game"] = column(
            f"Attempts per game from the zone {zone}, last ≤ 10 games",
            unit="attempts per game",
            null_when=_shots_unknown(LAST_GAMES),
            ge=0,
        )
    return type("PlayerZones", (Contract,), {"__annotations__": dict.fromkeys(fields, Number), **fields})


class PlayerShotZoneAnalysis(_zone_fields()):  # type: ignore[misc]
    """One row per player with at least 5 played games this season, whether he plays on the date or not.

    Zone columns are NULL unless the shots of every game of the window are known; the last-20 ones also below 15
    games.
    """

    analysis_date: Date = column("The date before whose games the analysis is made", partition=True)
    season: Text = column('Season, like "2021-22"')
    player_id: Integer = column("NBA player id", key=True)
    total_shots_last_10: OptionalInteger = column(
        "Attempts in the last ≤ 10 games",
        unit="attempts",
        null_when=_shots_unknown(LAST_GAMES),
        ge=0,
    )
    games_in_sample_10: Integer = column("Games in the last-10 window", unit="games", ge=0, le=LAST_GAMES)
    games_in_sample_20: Integer = column("Games in the last-20 window", unit="games", ge=0, le=MORE_GAMES)
    assisted_rate_last_10: Number = column(
        "Share of his field goals that were assisted",
        unit="fraction",
        null_when="unless play-by-play says of every field goal of his last 10 games whether it was assisted, or if he "
        "made none",
        ge=0,
        le=1,
    )
    primary_scoring_zone: Text = column(
        "paint if its rate ≥ .40, else three_pt if ≥ .40, else mid_range if ≥ .35, else balanced",
        null_when=f"{_shots_unknown(LAST_GAMES)}, or if he took no shot",
        isin=(*ZONES, BALANCED),
    )
    sample_quality: Text = column("excellent ≥ 10 games, good 7-9, limited 5-6", isin=(EXCELLENT, GOOD, LIMITED))
    early_season_flag: Flag = column("Fewer than 10 games this season")


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Every player of the season on every date; those without enough games left out."""
    log = GameLog(inputs.before["player_game_summary"], entity="player_id")
    rows = _players_by_date(log, dates)
    as_of = log.before(rows["player_id"], rows["season"], rows["analysis_date"])
    enough = as_of.over(SEASON).count >= inputs.min_games
    rows, as_of = rows[enough].reset_index(drop=True), as_of.only(enough)
    last_10, last_20 = as_of.over(LAST_10), as_of.over(LAST_20)
    games = as_of.over(SEASON).count
    zones = _zones(last_10, LAST_GAMES) | _zones(last_20, MORE_GAMES, at_least=GAMES_FOR_LAST_20)
    return rows.assign(
        **zones,
        **{f"{zone}_attempts_per_game": last_10.mean(f"{zone}_attempts") for zone in ZONES},
        total_shots_last_10=_attempts(last_10),
        games_in_sample_10=last_10.count,
        games_in_sample_20=last_20.count,
        assisted_rate_last_10=formulas.ratio(last_10.sum("assisted_fgm"), last_10.sum("fgm")),
        primary_scoring_zone=primary_zone(*(zones[f"{zone}_rate_last_10"] for zone in ZONES)),
        sample_quality=np.select([games >= 10, games >= 7], [EXCELLENT, GOOD], LIMITED).astype(object),
        early_season_flag=games < EARLY_SEASON_GAMES,
    )


def _players_by_date(log: GameLog, dates: pd.DatetimeIndex) -> pd.DataFrame:
    players = pd.DataFrame({name: log.column(name) for name in ("season", "player_id")}).drop_duplicates()
    days = pd.Series(dates, name="analysis_date")
    return pd.DataFrame({"analysis_date": days, "season": seasons_of_dates(days)}).merge(players, on="season")


def _attempts(window: Window) -> formulas.Floats:
    return sum((window.sum(column) for column in ZONE_ATTEMPTS), start=np.zeros(len(window.count)))


def _zones(window: Window, n: int, *, at_least: int = 0) -> dict[str, formulas.Floats]:
    enough = window.count >= at_least
    attempts = _attempts(window)
    columns = {}
    for zone, zone_attempts, zone_makes in zip(ZONES, ZONE_ATTEMPTS, ZONE_MAKES, strict=True):
        from_zone = window.sum(zone_attempts)
        columns[f"{zone}_rate_last_{n}"] = np.where(enough, formulas.ratio(from_zone, attempts), np.nan)
        columns[f"{zone}_pct_last_{n}"] = np.where(enough, formulas.ratio(window.sum(zone_makes), from_zone), np.nan)
    return columns


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Every player with enough games has a row, and the box scores of his window are loaded."""
    found = none_expected(evidence)
    summaries = evidence.inputs.before["player_game_summary"]
    for day, expected, present in entitled(evidence, summaries, "player_id", "analysis_date"):
        found[day].expected = len(expected)
        for player_id in sorted(expected - present):
            found[day].lack(player_id, Cause.NO_ROW)
    lacking = _not_loaded(evidence)
    for day, of_day in by_date(evidence.rows, "analysis_date"):
        unknown = int(of_day["total_shots_last_10"].isna().sum())
        if unknown:
            found[day].degrade(Cause.PLAYER_WINDOW_SHOTS_UNKNOWN, players=unknown)
        earlier = lacking[(lacking["game_date"] < pd.Timestamp(day)) & lacking["season"].eq(season_of(day))]
        for player_id, games in earlier[earlier["player_id"].isin(of_day["player_id"])].groupby("player_id"):
            lack_games(found[day], player_id, games, evidence.accepted_dates)
    return found


def _not_loaded(evidence: Evidence) -> pd.DataFrame:
    """Finished games without players' rows that fall into a player's spell with one of the teams."""
    summaries, finished = evidence.inputs.before["player_game_summary"], finished_sides_before(evidence)
    lacking = finished.loc[~finished["game_id"].isin(summaries["game_id"]), ["season", "team", "game_date", "game_id"]]
    if lacking.empty:
        return lacking.assign(player_id=pd.Series(dtype="int64"))
    spells = stints(summaries).merge(lacking, on=["season", "team"])
    return spells[(spells["first_day"] <= spells["game_date"]) & ~(spells["next_day"] <= spells["game_date"])]


PLAYER_SHOT_ZONE_ANALYSIS = Table(
    name="player_shot_zone_analysis",
    short_name="PSZA",
    dataset="nba_precompute",
    phase=Phase.PRE_GAME,
    contract=PlayerShotZoneAnalysis,
    compute=compute,
    expect=expect,
    policy=_POLICY,
    inputs=(
        announced("raw_schedule"),
        before_date("raw_schedule", *RESULT_COLUMNS, reads=(judged(),)),
        before_date(
            "player_game_summary",
            *(
                "game_date",
                "season",
                "game_id",
                "player_id",
                "team",
                "fgm",
                "assisted_fgm",
                *ZONE_ATTEMPTS,
                *ZONE_MAKES,
            ),
            # How many games the season has matters up to fifteen.
            reads=(own_player(LAST_10), own_player(LAST_20)),
        ),
    ),
)
