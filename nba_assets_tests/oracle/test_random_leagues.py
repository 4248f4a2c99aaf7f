"""Every column of every analytics and pre-game table against the slow oracle, over random small leagues."""

import datetime as dt

import numpy as np
from hypothesis import example, given

from nba_assets.league.calendar import COUNTING_TYPES
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, replay

from .comparison import differences, slow_league
from .random_leagues import League, Shape, examples, random_league, shapes

DATES_EACH = 5

EVENTFUL = Shape(
    seed=3,
    teams=6,
    season_starts=40,
    unplayed=0.05,
    not_loaded=0.02,
    without_shots=0.02,
    not_counting=0.05,
    trades=0.05,
    absences=0.2,
    overtimes=0.2,
    reports=0.5,
    lines=0.7,
)
FINALS = Shape(seed=5, teams=6, season_starts=40, trades=0.1, absences=0.3, not_loaded=0.02, cup_finals=0.2)
QUIET = Shape(seed=1, teams=4, players=5, season_ends=0, season_starts=32, reports=1.0)


def sampled_days(league: League) -> list[dt.date]:
    """The last day, the day after it, the first of the new season, and some between."""
    rng = np.random.default_rng(league.shape.seed)
    picked = {league.days[-1], league.days[-1] + dt.timedelta(days=1), league.days[league.shape.season_ends]}
    return sorted(picked | {league.days[i] for i in rng.integers(0, len(league.days), DATES_EACH - len(picked))})


@examples(24)
@given(shapes())
@example(EVENTFUL)
@example(QUIET)
@example(FINALS)
def test_every_column_agrees_with_the_oracle(shape: Shape):
    league = random_league(shape)
    raw = league.frames()
    days = sampled_days(league)
    computed = replay(raw, days)
    assert set(computed) == {*POST_GAME_TABLES, *PRE_GAME_TABLES}
    assert differences(computed, slow_league(raw, counting_types=COUNTING_TYPES), days) == []


def test_the_leagues_have_names_that_may_be_somebodys():
    league = random_league(QUIET)
    rows = replay(league.frames(), league.days)["upcoming_player_game_context"]
    statuses = rows["player_status"].groupby([rows["game_date"], rows["team"]])
    in_doubt = rows[rows["player_status"].isna() & statuses.transform("count").gt(0)]
    assert len(in_doubt) > 5
    assert rows["star_teammates_out"].isna().sum() > rows["player_status"].isna().sum() - len(in_doubt)
