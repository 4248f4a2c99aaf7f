"""The 2021-22 season against what was published of it; and why pace and ratings cannot agree with box scores."""

import pandas as pd
import pytest

from nba_assets.league import formulas
from nba_assets_tests.tables import published
from nba_assets_tests.verification.real_seasons import replayed_season

pytestmark = pytest.mark.xdist_group("real seasons")

_SUMMED = ["points", "opponent_points", "fga", "fgm", "fg3m", "fta", "oreb", "tov", "possessions", "seconds_played"]


@pytest.fixture(scope="module")
def players() -> pd.DataFrame:
    """player_game_summary with the team's totals of the same game."""
    rows, offense = (replayed_season("2021-22")[n] for n in ("player_game_summary", "team_offense_game_summary"))
    totals = offense[["game_id", "team", "fga", "fta", "tov", "seconds_played"]]
    return rows.merge(totals, on=["game_id", "team"], suffixes=("", "_of_team"))


@pytest.fixture(scope="module")
def offense() -> pd.DataFrame:
    return replayed_season("2021-22")["team_offense_game_summary"]


@pytest.fixture(scope="module")
def teams(offense) -> pd.DataFrame:
    """Season totals of each team, the opponents' as opp_…"""
    allowed = replayed_season("2021-22")["team_defense_game_summary"].groupby("team").sum(numeric_only=True)
    return offense.groupby("team")[_SUMMED].sum().join(allowed.filter(like="opp").join(allowed[["dreb"]]))


@pytest.mark.parametrize("table", ["player_game_summary", "team_offense_game_summary"])
def test_league_totals_are_exact(table: str):
    rows = replayed_season("2021-22")[table]
    assert {name: int(rows[name].sum()) for name in published.TOTALS} == published.TOTALS
    assert (len(published.TOTALS), published.TOTALS["points"], published.TURNOVERS_OF_PLAYERS) == (14, 272_115, 32_117)


def test_games_players_and_overtimes(players, offense):
    assert offense["game_id"].nunique() == 1230
    assert (offense.groupby("team").size() == 82).all()
    assert offense["game_date"].nunique() == 165
    assert (offense["game_date"].min(), offense["game_date"].max()) == (
        pd.Timestamp("2021-10-19"),
        pd.Timestamp("2022-04-10"),
    )
    assert (len(players), players["player_id"].nunique()) == (26_039, 605)
    assert (offense["overtime_periods"] > 0).sum() == 2 * 58
    assert offense["overtime_periods"].sum() == 2 * 67
    assert offense["won"].sum() == 1230


@pytest.mark.parametrize("team", published.SHOOTING)
def test_shooting_and_rebounding_of_teams(teams, team: str):
    efg, ts, rebound_share = published.SHOOTING[team]
    season = teams.loc[team]
    assert formulas.effective_field_goal(season.fgm, season.fg3m, season.fga) == pytest.approx(efg, abs=6e-4)
    assert formulas.true_shooting(season.points, season.fga, season.fta) == pytest.approx(ts, abs=6e-4)
    rebounds = formulas.ratio(season.oreb, season.oreb + season.opp_dreb)
    assert 100 * rebounds == pytest.approx(rebound_share, abs=0.06)


def test_league_pace_and_rating_from_box_scores_alone(teams):
    """Lower pace and higher rating than published (98.24, 111.97): 1,740 turnovers are in no box score row."""
    of_games = teams["possessions"].sum()
    assert formulas.pace(of_games, teams["seconds_played"].sum()) == pytest.approx(97.51, abs=0.05)
    assert formulas.rating(teams["points"].sum(), of_games) == pytest.approx(112.80, abs=0.05)
    of_totals = _possessions(teams, teams["tov"], teams["opp_tov"]).sum()
    assert formulas.pace(of_totals, teams["seconds_played"].sum()) == pytest.approx(97.53, abs=0.05)
    assert formulas.rating(teams["points"].sum(), of_totals) == pytest.approx(112.77, abs=0.05)


def test_with_team_turnovers_pace_and_ratings_are_the_published_ones(teams):
    turnovers = pd.Series(published.TEAM_TURNOVERS)
    assert turnovers.sum() == published.TURNOVERS_PUBLISHED
    scale = published.TURNOVERS_PUBLISHED / published.TURNOVERS_OF_PLAYERS
    possessions = _possessions(teams, turnovers.reindex(teams.index), scale * teams["opp_tov"])
    for team, (offensive, defensive, pace) in published.RATINGS.items():
        season = teams.loc[team]
        assert formulas.rating(season.points, possessions[team]) == pytest.approx(offensive, abs=0.15)
        assert formulas.rating(season.opponent_points, possessions[team]) == pytest.approx(defensive, abs=0.15)
        assert formulas.pace(possessions[team], season.seconds_played) == pytest.approx(pace, abs=0.15)
    league = possessions.sum()
    assert formulas.pace(league, teams["seconds_played"].sum()) == pytest.approx(published.LEAGUE_PACE, abs=0.01)
    assert formulas.rating(teams["points"].sum(), league) == pytest.approx(published.LEAGUE_RATING, abs=0.01)


@pytest.mark.parametrize("player", published.PLAYERS)
def test_usage_and_shooting_of_players(players, teams, player: str):
    usage, ts, efg = published.PLAYERS[player]
    games = players[players["player_lookup"] == player]
    team = games["team"].iloc[0]
    totals = games.sum(numeric_only=True)
    assert _usage_over_own_games(games) == pytest.approx(usage, abs=0.35)
    assert _usage_of_season(games, teams, team, teams["tov"][team]) == pytest.approx(usage, abs=0.28)
    assert _usage_of_season(games, teams, team, published.TEAM_TURNOVERS[team]) == pytest.approx(usage, abs=0.06)
    assert formulas.true_shooting(totals["points"], totals["fga"], totals["fta"]) == pytest.approx(ts, abs=6e-4)
    assert formulas.effective_field_goal(totals["fgm"], totals["fg3m"], totals["fga"]) == pytest.approx(efg, abs=6e-4)


@pytest.mark.parametrize(("player", "team"), published.TRADED)
def test_usage_of_traded_players_by_team(players, teams, player: str, team: str):
    number, usage = published.TRADED[player, team]
    games = players[(players["player_lookup"] == player) & (players["team"] == team)]
    assert len(games) == number
    assert _usage_of_season(games, teams, team, teams["tov"][team]) == pytest.approx(usage, abs=0.28)
    assert _usage_of_season(games, teams, team, published.TEAM_TURNOVERS[team]) == pytest.approx(usage, abs=0.06)


def _possessions(teams: pd.DataFrame, turnovers: pd.Series, of_opponents: pd.Series) -> pd.Series:
    """Of each team's season, from its totals and its opponents'."""
    own = formulas.possessions_of_one_side(
        fga=teams["fga"],
        fgm=teams["fgm"],
        fta=teams["fta"],
        oreb=teams["oreb"],
        tov=turnovers,
        opponent_dreb=teams["opp_dreb"],
    )
    opponents = formulas.possessions_of_one_side(
        fga=teams["opp_fga"],
        fgm=teams["opp_fgm"],
        fta=teams["opp_fta"],
        oreb=teams["opp_oreb"],
        tov=of_opponents,
        opponent_dreb=teams["dreb"],
    )
    return pd.Series((own + opponents) / 2, index=teams.index)


def _usage_over_own_games(games: pd.DataFrame) -> float:
    """As our windows have it: the team's quantities of the same games only."""
    of_team = formulas.plays(*(games[f"{name}_of_team"].sum() for name in ("fga", "fta", "tov")))
    return formulas.usage(_plays(games), games["seconds_played"].sum(), of_team, games["seconds_played_of_team"].sum())


def _usage_of_season(games: pd.DataFrame, teams: pd.DataFrame, team: str, turnovers: int) -> float:
    """As published: the team's quantities of the whole season."""
    season = teams.loc[team]
    of_team = formulas.plays(season.fga, season.fta, turnovers)
    return formulas.usage(_plays(games), games["seconds_played"].sum(), of_team, season.seconds_played)


def _plays(games: pd.DataFrame) -> float:
    return formulas.plays(games["fga"].sum(), games["fta"].sum(), games["tov"].sum())
