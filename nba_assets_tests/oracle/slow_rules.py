"""The formulas and decision rules of the specification, each a function of plain numbers.

Numbers are exact: integers and fractions, so that a threshold is met or not met without doubt. They become
floats when a row is handed out. None is NULL: it means "unknown", never 0. No access to games belongs here.
"""

import calendar
import datetime as dt
import statistics
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction

Number = int | Fraction
Maybe = Number | None
Stats = Mapping[str, int]

FEATURES = (
    "points_avg_last_5",
    "points_avg_last_10",
    "points_avg_season",
    "points_std_last_10",
    "games_in_last_7_days",
    "fatigue_score",
    "shot_zone_mismatch_score",
    "pace_score",
    "usage_spike_score",
    "rest_advantage",
    "injury_risk",
    "recent_trend",
    "minutes_change",
    "opponent_def_rating",
    "opponent_pace",
    "home_away",
    "back_to_back",
    "playoff_game",
    "pct_paint",
    "pct_mid_range",
    "pct_three",
    "pct_free_throw",
    "team_pace",
    "team_off_rating",
    "team_win_pct",
)
CRITICAL_FEATURES = (
    *("points_avg_last_5", "points_avg_last_10", "points_avg_season", "points_std_last_10", "games_in_last_7_days"),
    *("fatigue_score", "opponent_def_rating", "opponent_pace", "home_away", "back_to_back"),
    *("team_pace", "team_off_rating", "team_win_pct"),
)


# Arithmetic with NULL


def ratio(numerator: Maybe, denominator: Maybe) -> Fraction | None:
    """numerator / denominator; NULL if either is unknown or the denominator is 0."""
    if numerator is None or denominator is None or denominator == 0:
        return None
    return Fraction(numerator) / Fraction(denominator)


def times(factor: Number, value: Maybe) -> Maybe:
    return None if value is None else factor * value


def total(values: Iterable[Maybe]) -> Maybe:
    """The sum; 0 over an empty window, NULL if any term is unknown."""
    known: list[Number] = []
    for value in values:
        if value is None:
            return None
        known.append(value)
    return sum(known)


def mean(values: Sequence[Maybe]) -> Fraction | None:
    """NULL over an empty window."""
    return ratio(total(values), len(values))


def difference(left: Maybe, right: Maybe) -> Maybe:
    return None if left is None or right is None else left - right


def clamp(value: Number, low: Number, high: Number) -> Number:
    return max(low, min(high, value))


# Formulas


def true_shooting(*, points: Maybe, fga: Maybe, fta: Maybe) -> Fraction | None:
    """PTS / (2·(FGA + 0.44·FTA))."""
    if fga is None or fta is None:
        return None
    return ratio(points, 2 * (fga + Fraction("0.44") * fta))


def effective_field_goals(*, fgm: Maybe, fg3m: Maybe, fga: Maybe) -> Fraction | None:
    """(FGM + 0.5·FG3M) / FGA."""
    if fgm is None or fg3m is None:
        return None
    return ratio(fgm + Fraction("0.5") * fg3m, fga)


def scoring_plays(*, fga: Maybe, fta: Maybe, tov: Maybe) -> Maybe:
    """FGA + 0.44·FTA + TOV, the quantity of which usage and turnover share are shares."""
    if fga is None or fta is None or tov is None:
        return None
    return fga + Fraction("0.44") * fta + tov


def usage(*, plays: Maybe, seconds: Maybe, team_plays: Maybe, team_seconds: Maybe) -> Maybe:
    """100·plays·(team seconds/5) / (seconds·team plays); NULL at 0 seconds."""
    if plays is None or seconds is None or team_plays is None or team_seconds is None:
        return None
    return times(100, ratio(plays * Fraction(team_seconds, 5), seconds * team_plays))


def own_possessions(own: Stats, opponent: Stats) -> Fraction | None:
    """FGA + 0.4·FTA − 1.07·OREB/(OREB + oppDREB)·(FGA − FGM) + TOV."""
    rebounded = ratio(own["oreb"], own["oreb"] + opponent["dreb"])
    if rebounded is None:
        return None
    misses = own["fga"] - own["fgm"]
    return own["fga"] + Fraction("0.4") * own["fta"] - Fraction("1.07") * rebounded * misses + own["tov"]


def possessions(own: Stats, opponent: Stats) -> Fraction | None:
    """½·(own + opponent's): the same for both teams of a game."""
    both = total([own_possessions(own, opponent), own_possessions(opponent, own)])
    return ratio(both, 2)


def pace(*, possessions: Maybe, seconds: Maybe) -> Fraction | None:
    """2880·possessions / (team seconds/5)."""
    return ratio(times(2880, possessions), times(Fraction(1, 5), seconds))


def rating(*, points: Maybe, possessions: Maybe) -> Maybe:
    """100·PTS / possessions."""
    return times(100, ratio(points, possessions))


def standard_deviation(values: Sequence[int]) -> float | None:
    """Sample standard deviation (n−1); NULL below 2."""
    return statistics.stdev(values) if len(values) >= 2 else None


# Zones


def strongest_and_weakest(*, paint: Maybe, mid_range: Maybe, three_pt: Maybe) -> tuple[str | None, str | None]:
    """Zones with the lowest and the highest vs_league; ties in the order paint, mid_range, three_pt."""
    known = {
        zone: value
        for zone, value in (("paint", paint), ("mid_range", mid_range), ("three_pt", three_pt))
        if value is not None
    }
    if not known:
        return None, None
    return min(known, key=known.__getitem__), max(known, key=known.__getitem__)


def primary_scoring_zone(*, paint: Maybe, mid_range: Maybe, three_pt: Maybe) -> str | None:
    """Of the unrounded rates; NULL without shots."""
    if paint is None or mid_range is None or three_pt is None:
        return None
    if paint >= Fraction("0.40"):
        return "paint"
    if three_pt >= Fraction("0.40"):
        return "three_pt"
    if mid_range >= Fraction("0.35"):
        return "mid_range"
    return "balanced"


# Composite factors


def age(born: dt.date, day: dt.date) -> Fraction:
    """Whole years, and the part of the year since the last birthday; 29 February is 1 March in other years."""

    def birthday(year: int) -> dt.date:
        is_leap_day = (born.month, born.day) == (2, 29) and not calendar.isleap(year)
        return dt.date(year, 3, 1) if is_leap_day else born.replace(year=year)

    last = max(year for year in (day.year - 1, day.year) if birthday(year) <= day)
    return last - born.year + Fraction((day - birthday(last)).days, (birthday(last + 1) - birthday(last)).days)


def fatigue_score(
    *,
    back_to_back: bool,
    days_rest: int | None,
    games_last_7_days: int,
    minutes_last_7_days: Number,
    avg_minutes_per_game_last_7_days: Maybe,
    back_to_backs_last_14_days: int,
    age: float | None,
) -> int:
    """0-100, 100 = fresh."""
    score = 100
    if back_to_back:
        score -= 15
    elif days_rest is not None and days_rest >= 3:
        score += 5
    if games_last_7_days >= 4:
        score -= 10
    if minutes_last_7_days > 240:
        score -= 10
    if avg_minutes_per_game_last_7_days is not None and avg_minutes_per_game_last_7_days > 35:
        score -= 8
    if back_to_backs_last_14_days >= 2:
        score -= 12
    elif back_to_backs_last_14_days == 1:
        score -= 5
    if age is not None and age >= 35:
        score -= 10
    elif age is not None and age >= 30:
        score -= 5
    return max(0, min(100, score))


def shot_zone_mismatch_score(*, vs_league: Maybe, rate: Maybe) -> Maybe:
    """−10…10, + = good for the scorer."""
    if vs_league is None or rate is None:
        return None
    weighted = vs_league * min(rate / Fraction("0.5"), Fraction(1))
    if abs(weighted) > 5:
        weighted = weighted * Fraction("1.2")
    return clamp(weighted, -10, 10)


def pace_score(pace_differential: Maybe) -> Maybe:
    """Half the differential, within ±3."""
    return None if pace_differential is None else clamp(Fraction(pace_differential) / 2, -3, 3)


def usage_spike_score(*, projected: Maybe, recent: Maybe, stars_out: int | None) -> Maybe:
    """0.3·(projected − recent), more if it is positive and stars are out, within ±3."""
    if projected is None or recent is None:
        return None
    score = Fraction("0.3") * (projected - recent)
    if score > 0 and stars_out is not None and stars_out >= 2:
        score = score * Fraction("1.30")
    elif score > 0 and stars_out == 1:
        score = score * Fraction("1.15")
    return clamp(score, -3, 3)


def total_composite_adjustment(*, fatigue: int, scores: Sequence[Maybe]) -> Maybe:
    """(fatigue − 100)/20 + Σ of the non-NULL scores; NULL when all scores are NULL."""
    known = [score for score in scores if score is not None]
    return Fraction(fatigue - 100, 20) + sum(known) if known else None


# Features


def rest_advantage(*, own: int | None, opponent: int | None) -> int | None:
    """Own days of rest − the opposing team's, within ±2."""
    if own is None or opponent is None:
        return None
    return max(-2, min(2, own - opponent))


def injury_risk(status: str | None) -> int | None:
    risks = {"available": 0, "probable": 1, "questionable": 2, "doubtful": 3, "out": 3}
    return None if status is None else risks[status]


def step(value: Maybe, *, small: Number, large: Number) -> int | None:
    """2 from `large`, 1 from `small`, the same below 0, else 0."""
    if value is None:
        return None
    if value >= large:
        return 2
    if value >= small:
        return 1
    if value <= -large:
        return -2
    if value <= -small:
        return -1
    return 0


def recent_trend(newest_first: Sequence[int]) -> int | None:
    """Mean of the newest 2 games − mean of games 3-5; NULL below 5 games."""
    if len(newest_first) < 5:
        return None
    return step(difference(mean(newest_first[0:2]), mean(newest_first[2:5])), small=2, large=5)


def minutes_change(*, last_10: Maybe, season: Maybe) -> int | None:
    """minutes L10/season − 1."""
    return step(difference(ratio(last_10, season), 1), small=Fraction("0.10"), large=Fraction("0.20"))
