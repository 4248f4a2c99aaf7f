"""The identities that hold in any correct warehouse: each a question about one season that returns what is wrong.

A check reads the stored rows and nothing else, and never repairs. Comparing them with a recomputation is done in
`recomputed`; the list of all checks is in `report`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from nba_assets.league.calendar import game_types
from nba_assets.league.slate import PLAYED
from nba_assets.schema.contract import names_of
from nba_assets.schema.table import Phase
from nba_assets.tables import LISTING, SCHEDULE, TABLES, WITH_FEATURES
from nba_assets.tables.games import POSTPONED, finished_games, team_games, without_cup_finals
from nba_assets.tables.identities import MOST_OF_A_PLAYER, MOST_OF_A_TEAM, broken_identities
from nba_assets.tables.ml_feature_store_v2 import ML_FEATURE_STORE_V2
from nba_assets.tables.player_composite_factors import PLAYER_COMPOSITE_FACTORS
from nba_assets.tables.player_game_summary import PLAYER_GAME_SUMMARY
from nba_assets.tables.raw_shots import RAW_SHOTS
from nba_assets.tables.raw_team_boxscores import RAW_TEAM_BOXSCORES
from nba_assets.tables.statistics import COUNTING_STATISTICS, ZONE_ATTEMPTS
from nba_assets.tables.team_defense_game_summary import TEAM_DEFENSE_GAME_SUMMARY
from nba_assets.tables.team_offense_game_summary import TEAM_OFFENSE_GAME_SUMMARY
from nba_assets.tables.upcoming_player_game_context import UPCOMING_PLAYER_GAME_CONTEXT
from nba_assets.tables.upcoming_team_game_context import UPCOMING_TEAM_GAME_CONTEXT
from nba_assets.verification.season import CheckResult, StoredSeason, result

_ROUNDING = 1e-9
_SHOTS_MAY_DIFFER = 1  # a game's shots count as known within ± 1 of the box score
_MONTH_DATES, _MONTH_ROWS = 15, 300  # a month with less is no month


def keys_are_unique(stored: StoredSeason) -> CheckResult:
    """No two rows of any table have the same key."""
    examined, wrong = 0, []
    for name, table in TABLES.items():
        rows = stored.rows(table)
        examined += len(rows)
        twice = rows[rows.duplicated(table.keys)]
        wrong += [f"{name}: {_text(row)} more than once" for row in twice[table.keys].itertuples(index=False)]
    return result("every key once", examined=examined, violations=wrong)


def points_agree(stored: StoredSeason) -> CheckResult:
    """Points of the players who played = points of the team = the schedule's score."""
    box = stored.rows(RAW_TEAM_BOXSCORES)[["game_date", "game_id", "team", "points"]]
    listed = stored.rows(LISTING)
    played = listed[listed["listing"] == PLAYED]
    of_players = played.groupby(["game_id", "team"])["points"].sum().astype("Int64").rename("of_players").reset_index()
    scores = team_games(finished_games(stored.rows(SCHEDULE), stored.counting_types))
    rows = box.merge(of_players, on=["game_id", "team"], how="left")
    rows = rows.merge(scores[["game_id", "team", "score"]], on=["game_id", "team"], how="left")
    agrees = rows["points"].eq(rows["of_players"]) & (rows["score"].isna() | rows["points"].eq(rows["score"]))
    wrong = rows[~agrees.fillna(False).astype(bool)]
    texts = (
        f"{row.game_date.date()} {row.game_id} {row.team}: "
        f"team {row.points}, players {row.of_players}, schedule {row.score}"
        for row in wrong.itertuples()
    )
    return result("points of players = team = schedule", examined=len(rows), violations=texts)


def players_sum_to_their_team(stored: StoredSeason) -> CheckResult:
    """Each counting statistic of the players who played sums to their team's."""
    played = _played(stored)
    names = list(COUNTING_STATISTICS)
    of_players = played.groupby(["game_id", "team"])[names].sum().reset_index()
    box = stored.rows(RAW_TEAM_BOXSCORES)[["game_date", "game_id", "team", *names]]
    rows = box.merge(of_players, on=["game_id", "team"], suffixes=("", "_of_players"))
    wrong = [
        f"{row['game_date'].date()} {row['game_id']} {row['team']}: "
        f"team {row[name]} {name}, players {row[f'{name}_of_players']}"
        for name in names
        for _, row in rows[rows[name].ne(rows[f"{name}_of_players"])].iterrows()
    ]
    return result("players sum to their team", examined=len(rows) * len(names), violations=wrong)


def box_scores_agree_with_themselves(stored: StoredSeason) -> CheckResult:
    """No line of a team or a player breaks an identity, makes more than it attempts, or is beyond what is possible."""
    examined, wrong = 0, []
    for rows, most in ((stored.rows(RAW_TEAM_BOXSCORES), MOST_OF_A_TEAM), (_played(stored), MOST_OF_A_PLAYER)):
        examined += len(rows)
        for at, found in broken_identities(rows, most).items():
            row = rows.iloc[at]
            who = row["player_name"] if "player_name" in row else row["team"]
            wrong.append(f"{row['game_date'].date()} {row['game_id']} {who}: {found}")
    return result("box scores agree with themselves", examined=examined, violations=wrong)


def a_game_stands_on_one_date(stored: StoredSeason) -> CheckResult:
    """No game is on two dates: of the schedule, postponed entries aside, and of the teams' box scores."""
    schedule = stored.rows(SCHEDULE)
    examined, wrong = 0, []
    for name, rows in (
        (SCHEDULE.name, schedule[schedule["status"] != POSTPONED]),
        (RAW_TEAM_BOXSCORES.name, stored.rows(RAW_TEAM_BOXSCORES)),
    ):
        dates = rows.groupby("game_id")["game_date"].unique()
        examined += len(dates)
        wrong += [
            f"{name} {game}: {' and '.join(str(pd.Timestamp(day).date()) for day in sorted(days))}"
            for game, days in dates.items()
            if len(days) > 1
        ]
    return result("a game stands on one date", examined=examined, violations=wrong)


def only_counting_games(stored: StoredSeason) -> CheckResult:
    """No row of a table that is made of games is about one of a type that does not count, a Cup final say."""
    examined, wrong = 0, []
    for name, table in TABLES.items():
        if table.phase is Phase.RAW or "game_id" not in names_of(table.contract):
            continue
        rows = stored.rows(table)
        examined += len(rows)
        others = rows[~game_types(rows["game_id"]).isin(stored.counting_types)]
        wrong += [f"{name} {row.game_date.date()}: {row.game_id} does not count" for row in others.itertuples()]
    return result("only games that count", examined=examined, violations=wrong)


def _played(stored: StoredSeason) -> pd.DataFrame:
    """The listings of those who played in games that count, with whole numbers."""
    listed = without_cup_finals(stored.rows(LISTING))
    return listed[listed["listing"] == PLAYED].astype(dict.fromkeys(COUNTING_STATISTICS, "int64"))


def zones_make_up_the_attempts(stored: StoredSeason) -> CheckResult:
    """Attempts in the paint, from mid-range and for three sum to FGA, those for three to 3PA (± 1), where known."""
    examined, wrong = 0, []
    for table in (PLAYER_GAME_SUMMARY, TEAM_OFFENSE_GAME_SUMMARY):
        rows = stored.rows(table)
        rows = rows[rows[list(ZONE_ATTEMPTS)].notna().all(axis=1)]
        rows = rows.assign(of_zones=rows[list(ZONE_ATTEMPTS)].sum(axis=1), who=rows[table.entity])
        off = (rows["of_zones"] - rows["fga"]).abs().gt(_SHOTS_MAY_DIFFER)
        off |= (rows["three_pt_attempts"] - rows["fg3a"]).abs().gt(_SHOTS_MAY_DIFFER)
        examined += len(rows)
        wrong += [
            f"{row.game_date.date()} {row.game_id} {row.who}: {row.of_zones} by zone, FGA {row.fga}, "
            f"{row.three_pt_attempts} threes, 3PA {row.fg3a}"
            for row in rows[off.astype(bool)].itertuples()
        ]
    return result("paint + mid-range + three = FGA", examined=examined, violations=wrong)


def both_teams_have_the_same_pace(stored: StoredSeason) -> CheckResult:
    """A game has two teams, and one pace."""
    rows = stored.rows(TEAM_OFFENSE_GAME_SUMMARY)
    games = rows.groupby(["game_date", "game_id"])["pace"].agg(rows="size", lowest="min", highest="max").reset_index()
    wrong = games[games["rows"].ne(2) | (games["highest"] - games["lowest"]).gt(_ROUNDING)]
    texts = (
        f"{row.game_date.date()} {row.game_id}: {row.rows} rows, pace {row.lowest} and {row.highest}"
        for row in wrong.itertuples()
    )
    return result("one pace a game", examined=len(games), violations=texts)


def defence_mirrors_offence(stored: StoredSeason) -> CheckResult:
    """A team's defensive rating is its opponent's offensive rating, and its pace the opponent's."""
    defence = stored.rows(TEAM_DEFENSE_GAME_SUMMARY)
    offence = stored.rows(TEAM_OFFENSE_GAME_SUMMARY)[["game_id", "team", "offensive_rating", "pace"]]
    rows = defence.merge(
        offence.rename(columns={"team": "opponent"}), on=["game_id", "opponent"], how="outer", indicator="side"
    )
    differs = (rows["defensive_rating"] - rows["offensive_rating"]).abs().gt(_ROUNDING)
    differs |= (rows["opponent_pace"] - rows["pace"]).abs().gt(_ROUNDING)
    wrong = rows[differs | rows["side"].ne("both")]
    texts = (
        f"{row.game_id} {row.team} against {row.opponent}: defensive rating {row.defensive_rating}, "
        f"the opponent's offensive rating {row.offensive_rating}"
        for row in wrong.itertuples()
    )
    return result("defensive rating = opponent's offensive rating", examined=len(rows), violations=texts)


def one_winner_per_game(stored: StoredSeason) -> CheckResult:
    """Exactly one of a game's two teams won, and it has more points."""
    rows = stored.rows(TEAM_OFFENSE_GAME_SUMMARY)
    winners = rows.groupby(["game_date", "game_id"])["won"].sum().reset_index()
    wrong = winners[winners["won"].ne(1)]
    texts = [f"{row.game_date.date()} {row.game_id}: {row.won} winners" for row in wrong.itertuples()]
    by_points = rows[rows["won"].astype(bool).ne(rows["margin"].gt(0))]
    texts += [
        f"{row.game_date.date()} {row.game_id} {row.team}: won = {row.won}, {row.margin:+} points"
        for row in by_points.itertuples()
    ]
    return result("one winner a game", examined=len(winners), violations=texts)


def slate_keys_agree(stored: StoredSeason) -> CheckResult:
    """The slate, player_composite_factors and ml_feature_store_v2 have the same players on every date."""
    key = ["game_date", "player_id"]
    slate = stored.rows(UPCOMING_PLAYER_GAME_CONTEXT)[key]
    wrong = []
    for table in (PLAYER_COMPOSITE_FACTORS, ML_FEATURE_STORE_V2):
        both = slate.merge(stored.rows(table)[key], on=key, how="outer", indicator="side")
        alone = both[both["side"].ne("both")]
        only = {"left_only": "on the slate only", "right_only": f"in {table.name} only"}
        wrong += [f"{row.game_date.date()} player {row.player_id}: {only[row.side]}" for row in alone.itertuples()]
    return result("slate = composite factors = features", examined=len(slate), violations=wrong)


def features_are_in_range(stored: StoredSeason) -> CheckResult:
    """Every feature lies within its documented range, or is NULL."""
    examined, wrong = 0, []
    for table, features in WITH_FEATURES:
        rows = stored.rows(table)
        examined += len(rows) * len(features)
        for feature in features:
            lowest, highest = feature.bounds
            off = rows[rows[feature.name].lt(lowest) | rows[feature.name].gt(highest)]
            keys = off[table.keys].itertuples(index=False)
            values = zip(keys, off[feature.name], strict=True)
            wrong += [f"{table.name} {_text(key)}: {feature.name} {value}" for key, value in values]
    return result("features in their ranges", examined=examined, violations=wrong)


def no_feature_is_constant(stored: StoredSeason) -> CheckResult:
    """No feature has one value only throughout a month, unless it may. All NULL is no value.

    Of rows that are not marked as early in the season: until then, the last 7 or 10 games are the season.
    """
    examined, wrong = 0, []
    for table, features in WITH_FEATURES:
        rows = stored.rows(table)
        settled = rows[~rows["early_season_flag"]] if "early_season_flag" in rows else rows
        changing = [feature.name for feature in features if feature.constant_when is None]
        for month, of_month in _months(settled):
            columns = [values for _, values in of_month[changing].items() if values.count() >= _MONTH_ROWS]
            examined += len(columns)
            wrong += [
                f"{table.name} {month}: {values.name} is {values.dropna().iloc[0]} in all {values.count()} rows"
                for values in columns
                if values.nunique() == 1
            ]
    return result("no feature constant over a month", examined=examined, violations=wrong)


def tables_are_filled(stored: StoredSeason) -> CheckResult:
    """No table of the season is empty, unless it cannot have rows yet: what is empty fulfils every other check."""
    required = [table for table in TABLES.values() if not table.optional]
    empty = [table for table in required if stored.rows(table).empty]
    without_shots = RAW_SHOTS in empty and RAW_TEAM_BOXSCORES not in empty
    early = stored.published_empty() if empty else set()
    wrong = [
        f"{table.name} has no rows"
        for table in empty
        if table.name not in early and not (without_shots and table is RAW_SHOTS)
    ]
    notes = ["no shots: zone columns are NULL"] if without_shots else []
    if without := [table.name for table in empty if table.name in early]:
        notes.append(f"no games, or not enough of them yet: {', '.join(without)}")
    return result("no table empty", examined=len(required), violations=wrong, note="; ".join(notes))


def no_more_results_than_games(stored: StoredSeason) -> CheckResult:
    """No team has more wins and losses behind it than it finished games this season."""
    context = stored.rows(UPCOMING_TEAM_GAME_CONTEXT)
    wrong = context[context["wins"] + context["losses"] > context["game_number"] - 1]
    texts = (
        f"{row.game_date.date()} {row.team}: {row.wins} wins and {row.losses} losses before game {row.game_number}"
        for row in wrong.itertuples()
    )
    return result("no more results than games", examined=len(context), violations=texts)


def _months(rows: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    """The months with enough dates and rows to judge by."""
    for month, of_month in rows.groupby(rows["game_date"].dt.strftime("%Y-%m")):
        if of_month["game_date"].nunique() >= _MONTH_DATES and len(of_month) >= _MONTH_ROWS:
            yield str(month), of_month


def _text(values: tuple[object, ...]) -> str:
    return " ".join(str(v.date()) if isinstance(v, pd.Timestamp) else str(v) for v in values)
