"""The tables of the specification, one row at a time, in its own words.

Every table method takes a date D and returns the rows of that partition. Whether a partition should be
published (bootstrap, days without games, thresholds) is not decided here.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import pandas as pd

from . import slow_rules as rules
from .slow_league import (
    COUNTING_STATISTICS,
    ZONES,
    Facts,
    Game,
    InjuryReport,
    Listing,
    Record,
    TeamBox,
    ZoneCount,
    last_name,
    player_lookup,
    without_suffix,
)

Rows = dict[Any, Record]

MIN_GAMES = 5
EARLY_SEASON_GAMES = 10
ONE_DAY = dt.timedelta(days=1)


class SlowLeague:
    """A league whose tables can be asked for, date by date."""

    def __init__(
        self,
        *,
        schedule: pd.DataFrame,
        team_boxscores: pd.DataFrame,
        player_boxscores: pd.DataFrame,
        shots: pd.DataFrame,
        injury_reports: pd.DataFrame | None = None,
        game_lines: pd.DataFrame | None = None,
        counting_types: Sequence[str] = ("002", "004", "005"),
    ) -> None:
        """Take the raw tables, each with the columns of nba_raw, `season` and `game_date`."""
        self.facts = Facts(
            schedule=schedule,
            team_boxscores=team_boxscores,
            player_boxscores=player_boxscores,
            shots=shots,
            injury_reports=injury_reports,
            game_lines=game_lines,
            counting_types=counting_types,
        )
        self._computed: dict[tuple[str, dt.date], Any] = {}

    # The tables as they are handed out

    def player_game_summary(self, d: dt.date) -> list[Record]:
        """Key player_id; rows: played on D."""
        listings = [item for item in self.facts.listings if item.game.game_date == as_date(d) and item.played]
        return finished({item.player_id: self._player_game(item) for item in listings})

    def team_offense_game_summary(self, d: dt.date) -> list[Record]:
        """Key team; rows: teams with a box score of D."""
        return finished({box.team: self._team_offense_game(box) for box in self._boxes_on(as_date(d))})

    def team_defense_game_summary(self, d: dt.date) -> list[Record]:
        """Key team (the defending team); rows: teams with a box score of D."""
        return finished({box.team: self._team_defense_game(box) for box in self._boxes_on(as_date(d))})

    def upcoming_team_game_context(self, d: dt.date) -> list[Record]:
        """Key team; two rows per counting game of D."""
        return finished(self._team_contexts(as_date(d)))

    def upcoming_player_game_context(self, d: dt.date) -> list[Record]:
        """Key player_id; the slate."""
        return finished(self._player_contexts(as_date(d)))

    def team_defense_zone_analysis(self, d: dt.date) -> list[Record]:
        """Key team; all teams with at least 5 games."""
        return finished(self._team_defense_zones(as_date(d)))

    def player_shot_zone_analysis(self, d: dt.date) -> list[Record]:
        """Key player_id; every player with at least 5 played games."""
        return finished(self._player_zones(as_date(d)))

    def player_daily_cache(self, d: dt.date) -> list[Record]:
        """Key player_id; slate players with at least 5 played games."""
        return finished(self._daily_caches(as_date(d)))

    def player_composite_factors(self, d: dt.date) -> list[Record]:
        """Key player_id; every slate player."""
        return finished(self._composite_factors(as_date(d)))

    def ml_feature_store_v2(self, d: dt.date) -> list[Record]:
        """Key (player_id, feature_version); every slate player."""
        return finished(self._feature_rows(as_date(d)))

    # The same with exact numbers, by key, computed once

    def _once(self, table: str, day: dt.date, compute: Callable[[], Any]) -> Any:
        if (table, day) not in self._computed:
            self._computed[table, day] = compute()
        return self._computed[table, day]

    def _team_contexts(self, day: dt.date) -> Rows:
        return self._once(
            "upcoming_team_game_context",
            day,
            lambda: {team: self._team_context(team, game, day) for team, game in self.facts.games_on(day).items()},
        )

    def _player_contexts(self, day: dt.date) -> Rows:
        return self._once(
            "upcoming_player_game_context",
            day,
            lambda: {player: self._player_context(player, team, day) for player, team in self._slate(day).items()},
        )

    def _team_defense_zones(self, day: dt.date) -> Rows:
        return self._once(
            "team_defense_zone_analysis",
            day,
            lambda: {
                team: self._team_defense_zone_row(team, day)
                for team in self.facts.teams_before(day)
                if len(self.facts.team_boxes_before(team, day)) >= MIN_GAMES
            },
        )

    def _player_zones(self, day: dt.date) -> Rows:
        return self._once(
            "player_shot_zone_analysis",
            day,
            lambda: {
                player: self._player_zone_row(player, day)
                for player in self.facts.players_before(day)
                if len(self.facts.played_before(player, day)) >= MIN_GAMES
            },
        )

    def _daily_caches(self, day: dt.date) -> Rows:
        return self._once(
            "player_daily_cache",
            day,
            lambda: {
                player: self._daily_cache(player, day)
                for player in self._slate(day)
                if len(self.facts.played_before(player, day)) >= MIN_GAMES
            },
        )

    def _composite_factors(self, day: dt.date) -> Rows:
        return self._once(
            "player_composite_factors",
            day,
            lambda: {player: self._composite_factor_row(player, day) for player in self._slate(day)},
        )

    def _feature_rows(self, day: dt.date) -> Rows:
        return self._once(
            "ml_feature_store_v2",
            day,
            lambda: {player: self._feature_row(player, day) for player in self._slate(day)},
        )

    # After the game

    def _boxes_on(self, day: dt.date) -> list[TeamBox]:
        return [box for box in self.facts.team_box.values() if box.game.game_date == day]

    def _player_game(self, listing: Listing) -> Record:
        box = self.facts.own_team_box(listing)
        stats = listing.stats
        assisted = self.facts.assisted_makes(listing)
        return {
            "season": listing.game.season,
            "game_date": listing.game.game_date,
            "player_id": listing.player_id,
            "game_id": listing.game.game_id,
            "player_name": listing.player_name,
            "player_lookup": player_lookup(listing.player_name),
            "team": listing.team,
            "opponent": listing.opponent,
            "is_home": listing.is_home,
            "starter": listing.starter,
            "won": None if box is None else box.won,
            "seconds_played": listing.seconds_played,
            **stats,
            "plus_minus": listing.plus_minus,
            **zone_columns("", self.facts.player_zones(listing)),
            "assisted_fgm": assisted,
            "unassisted_fgm": None if assisted is None else stats["fgm"] - assisted,
            "ts_pct": rules.true_shooting(points=stats["points"], fga=stats["fga"], fta=stats["fta"]),
            "efg_pct": rules.effective_field_goals(fgm=stats["fgm"], fg3m=stats["fg3m"], fga=stats["fga"]),
            "usage": self._usage([listing]),
        }

    def _possessions(self, box: TeamBox) -> Fraction | None:
        """Of the game; NULL if the other team's box score is not loaded."""
        other = self.facts.opponent_box(box)
        return None if other is None else rules.possessions(box.stats, other.stats)

    def _opponent_points(self, box: TeamBox) -> int | None:
        other = self.facts.opponent_box(box)
        return None if other is None else other.stats["points"]

    def _team_offense_game(self, box: TeamBox) -> Record:
        other = self.facts.opponent_box(box)
        stats = box.stats
        possessions = self._possessions(box)
        opponent_points = self._opponent_points(box)
        plays = rules.scoring_plays(fga=stats["fga"], fta=stats["fta"], tov=stats["tov"])
        return {
            "season": box.game.season,
            "game_date": box.game.game_date,
            "team": box.team,
            "game_id": box.game.game_id,
            "opponent": box.opponent,
            "is_home": box.is_home,
            "won": box.won,
            "opponent_points": opponent_points,
            "margin": rules.difference(stats["points"], opponent_points),
            **stats,
            **zone_columns("", self.facts.team_zones(box.game.game_id, box.team)),
            "seconds_played": box.seconds_played,
            "overtime_periods": box.overtime_periods,
            "possessions": possessions,
            "pace": rules.pace(possessions=possessions, seconds=box.seconds_played),
            "offensive_rating": rules.rating(points=stats["points"], possessions=possessions),
            "ts_pct": rules.true_shooting(points=stats["points"], fga=stats["fga"], fta=stats["fta"]),
            "efg_pct": rules.effective_field_goals(fgm=stats["fgm"], fg3m=stats["fg3m"], fga=stats["fga"]),
            "tov_pct": rules.ratio(stats["tov"], plays),
            "oreb_pct": rules.ratio(stats["oreb"], None if other is None else stats["oreb"] + other.stats["dreb"]),
            "ft_rate": rules.ratio(stats["ftm"], stats["fga"]),
        }

    def _team_defense_game(self, box: TeamBox) -> Record:
        other = self.facts.opponent_box(box)
        zones = self.facts.team_zones(box.game.game_id, box.opponent)
        possessions = self._possessions(box)
        opponent_points = self._opponent_points(box)
        conceded = {
            f"opp_{name}": None if other is None else other.stats[name]
            for name in COUNTING_STATISTICS
            if name != "points"
        }
        return {
            "season": box.game.season,
            "game_date": box.game.game_date,
            "team": box.team,
            "game_id": box.game.game_id,
            "opponent": box.opponent,
            "is_home": box.is_home,
            "points_allowed": opponent_points,
            **conceded,
            **zone_columns("opp_", zones),
            "paint_points_allowed": None if zones is None else 2 * zones["paint"].makes,
            "forced_turnovers": None if other is None else other.stats["tov"],
            "steals": box.stats["stl"],
            "blocks": box.stats["blk"],
            "dreb": box.stats["dreb"],
            "defensive_rating": rules.rating(points=opponent_points, possessions=possessions),
            "opponent_pace": rules.pace(possessions=possessions, seconds=box.seconds_played),
        }

    # Before the game: teams

    def _team_context(self, team: str, game: Game, day: dt.date) -> Record:
        opponent = game.opponent_of(team)
        finished_days = days_of(self.facts.finished_before(team, day))
        tiring_days = finished_days + self._days_of_team_finals(team, day)
        rest = days_rest(tiring_days, day)
        opponent_days = days_of(self.facts.finished_before(opponent, day)) + self._days_of_team_finals(opponent, day)
        opponent_rest = days_rest(opponent_days, day)
        boxes = self.facts.team_boxes_before(team, day)
        wins = sum(1 for box in boxes if box.won)
        report = self._report(team, day)
        return {
            "season": self.facts.season_of(day),
            "game_date": day,
            "team": team,
            "game_id": game.game_id,
            "opponent": opponent,
            "is_home": team == game.home_team,
            "tipoff_utc": game.tipoff_utc,
            "season_phase": season_phase(game),
            "days_rest": rest,
            "back_to_back": rest == 0,
            "opponent_days_rest": opponent_rest,
            "rest_advantage": rules.difference(rest, opponent_rest),
            "games_last_7_days": len(last_days(tiring_days, day, 7)),
            "games_last_14_days": len(last_days(tiring_days, day, 14)),
            "game_number": len(finished_days) + 1,
            "wins": wins,
            "losses": len(boxes) - wins,
            "win_pct": rules.ratio(wins, len(boxes)) if len(boxes) >= MIN_GAMES else None,
            "streak": streak([box.won for box in boxes]),
            "last_margin": self._margin(boxes[-1]) if boxes else None,
            "pace_last_10": self._pace(boxes[-10:]),
            "off_rating_last_10": self._offensive_rating(boxes[-10:]),
            "def_rating_last_10": self._defensive_rating(boxes[-10:]),
            "spread": self._spread(team, game),
            "total": self._total(game),
            "players_out": None if report is None else report.players_out,
        }

    def _days_of_team_finals(self, team: str, day: dt.date) -> list[dt.date]:
        """The dates before D on which the team has played a Cup final."""
        return [game.game_date for game in self.facts.cup_finals_before(day) if team in game.teams]

    def _margin(self, box: TeamBox) -> rules.Maybe:
        return rules.difference(box.stats["points"], self._opponent_points(box))

    def _pace(self, boxes: Sequence[TeamBox]) -> rules.Maybe:
        """2880·Σ possessions / (Σ team seconds/5) over a window."""
        return rules.pace(
            possessions=rules.total(self._possessions(box) for box in boxes),
            seconds=rules.total(box.seconds_played for box in boxes),
        )

    def _offensive_rating(self, boxes: Sequence[TeamBox]) -> rules.Maybe:
        """100·Σ PTS / Σ possessions over a window."""
        return rules.rating(
            points=rules.total(box.stats["points"] for box in boxes),
            possessions=rules.total(self._possessions(box) for box in boxes),
        )

    def _defensive_rating(self, boxes: Sequence[TeamBox]) -> rules.Maybe:
        """100·Σ opponents' PTS / Σ possessions over a window."""
        return rules.rating(
            points=rules.total(self._opponent_points(box) for box in boxes),
            possessions=rules.total(self._possessions(box) for box in boxes),
        )

    def _spread(self, team: str, game: Game) -> float | None:
        """Negative = this team favoured."""
        line = self.facts.line(game.game_id)
        if line is None or line["home_spread"] is None:
            return None
        return line["home_spread"] if team == game.home_team else -line["home_spread"]

    def _total(self, game: Game) -> float | None:
        line = self.facts.line(game.game_id)
        return None if line is None else line["total"]

    def _report(self, team: str, day: dt.date) -> InjuryReport | None:
        return self._once(f"report of {team}", day, lambda: self.facts.injury_report(team, day))

    # Before the game: players

    def _slate(self, day: dt.date) -> dict[int, str]:
        """Player -> team: his latest listing is the latest game of a team that plays on D."""
        return self._once("slate", day, lambda: self._find_slate(day))

    def _find_slate(self, day: dt.date) -> dict[int, str]:
        playing = self.facts.games_on(day)
        slate = {}
        for player in self.facts.players_before(day):
            latest = self.facts.counted_before(player, day)[-1]
            team = latest.team
            if team in playing and latest.game.moment == self.facts.latest_listed_game(team, day):
                slate[player] = team
        return slate

    def _age(self, player: int, day: dt.date) -> Fraction | None:
        known = [item.birth_date for item in self.facts.listings_before(player, day) if item.birth_date is not None]
        return rules.age(known[-1], day) if known else None

    def _player_context(self, player: int, team: str, day: dt.date) -> Record:
        team_row = self._team_contexts(day)[team]
        opponent_row = self._team_contexts(day)[team_row["opponent"]]
        played = self.facts.played_before(player, day)
        finals = self._finals_of_player(player, day)
        days = days_of([listing.game for listing in played]) + list(finals)
        rest = days_rest(days, day)
        last_week = in_last_days(played, day, 7)
        minutes_7, minutes_14 = (
            rules.total([minutes(in_last_days(played, day, k)), minutes_of_finals(finals, day, k)]) for k in (7, 14)
        )
        return {
            "season": self.facts.season_of(day),
            "game_date": day,
            "player_id": player,
            "game_id": team_row["game_id"],
            "team": team,
            "opponent": team_row["opponent"],
            "is_home": team_row["is_home"],
            "season_phase": team_row["season_phase"],
            "days_rest": rest,
            "back_to_back": rest == 0,
            "opponent_days_rest": opponent_row["days_rest"],
            "games_last_7_days": len(last_days(days, day, 7)),
            "games_last_14_days": len(last_days(days, day, 14)),
            "minutes_last_7_days": minutes_7,
            "minutes_last_14_days": minutes_14,
            "avg_minutes_per_game_last_7_days": rules.ratio(minutes(last_week), len(last_week)),
            "back_to_backs_last_14_days": back_to_backs(last_days(days, day, 14)),
            "games_played_season": len(played),
            "avg_usage_last_7_games": self._usage(played[-7:]),
            "projected_usage": self._usage(played) if len(played) >= MIN_GAMES else None,
            "pace_differential": self._pace_differential(team, team_row["opponent"], day),
            "opponent_pace_last_10": opponent_row["pace_last_10"],
            "opponent_def_rating_last_10": opponent_row["def_rating_last_10"],
            "player_status": self._status(player, team, day),
            "star_teammates_out": self._star_teammates_out(player, team, day),
            "player_age": self._age(player, day),
            "games_expected": len(self.facts.finished_before(team, day)),
            "games_loaded": self._games_loaded(team, day),
        }

    def _finals_of_player(self, player: int, day: dt.date) -> dict[dt.date, int | None]:
        """Date -> seconds of the Cup finals that he played before D; None where he is only taken to have played.

        That is where his team's box score is not loaded: if he played in his team's newest game before the final,
        and has not been on another team's list up to the day of the final.
        """
        sides = [(game, team) for game in self.facts.cup_finals_before(day) for team in game.teams]
        taken: dict[dt.date, int | None] = {}
        known: dict[dt.date, int | None] = {}
        for game, team in sides:
            seconds = self.facts.seconds_in_final(game, team)
            if seconds is None and self._played_before_final(player, team, game.game_date):
                taken[game.game_date] = None
            elif seconds is not None and player in seconds:
                known[game.game_date] = seconds[player]
        return taken | known

    def _played_before_final(self, player: int, team: str, date: dt.date) -> bool:
        until = self.facts.counted_before(player, date + ONE_DAY)
        newest = until[-1] if until else None
        return (
            newest is not None
            and newest.team == team
            and newest.game.game_date < date
            and newest.game.moment == self.facts.latest_listed_game(team, date)
            and newest.played
        )

    def _rests_by_team(self, player: int, day: dt.date) -> bool:
        """A final that he is only taken to have played is his newest game, or within D-14 … D-1."""
        finals = self._finals_of_player(player, day)
        taken = [date for date, seconds in finals.items() if seconds is None]
        days = days_of([listing.game for listing in self.facts.played_before(player, day)]) + list(finals)
        return bool(last_days(taken, day, 14)) or (bool(taken) and max(taken) == max(days))

    def _pace_differential(self, team: str, opponent: str, day: dt.date) -> rules.Maybe:
        """NULL if either team has fewer than 5 games."""
        if any(len(self.facts.team_boxes_before(each, day)) < MIN_GAMES for each in (team, opponent)):
            return None
        contexts = self._team_contexts(day)
        return rules.difference(contexts[team]["pace_last_10"], contexts[opponent]["pace_last_10"])

    def _usage(self, listings: Sequence[Listing]) -> rules.Maybe:
        """Every quantity summed over the games; NULL without games or if a team box score is not loaded."""
        boxes = [self.facts.own_team_box(listing) for listing in listings]
        loaded = [box for box in boxes if box is not None]
        if not listings or len(loaded) < len(boxes):
            return None
        return rules.usage(
            plays=self._scoring_plays([listing.stats for listing in listings]),
            seconds=rules.total(listing.seconds_played for listing in listings),
            team_plays=self._scoring_plays([box.stats for box in loaded]),
            team_seconds=rules.total(box.seconds_played for box in loaded),
        )

    def _scoring_plays(self, stats: Sequence[Any]) -> rules.Maybe:
        return rules.scoring_plays(
            fga=rules.total(each["fga"] for each in stats),
            fta=rules.total(each["fta"] for each in stats),
            tov=rules.total(each["tov"] for each in stats),
        )

    def _status(self, player: int, team: str, day: dt.date) -> str | None:
        """The gravest row that names him; not on the report: available; if a row may be about him: unknown."""
        if self._report(team, day) is None:
            return None
        named, maybe_named = self._once(f"players on the report of {team}", day, lambda: self._on_report(team, day))
        severity = ("out", "doubtful", "questionable", "probable", "available")
        if player in maybe_named and player not in named:
            return None
        return min(named.get(player, []), key=severity.index, default="available")

    def _on_report(self, team: str, day: dt.date) -> tuple[dict[int, list[str]], set[int]]:
        """Player -> statuses of the rows that name him; and those who share the last name of a row that names nobody.

        A row names those who were listed under its name; else, without suffixes, the only one.
        """
        slate, names, report = self._slate(day), self._names(team, day), self._report(team, day)
        assert report is not None
        named: dict[int, list[str]] = defaultdict(list)
        maybe_named: set[int] = set()
        for name, status in report.rows:
            whole = [p for p in names if player_lookup(name) in map(player_lookup, names[p])]
            short = player_lookup(without_suffix(name))
            alike = [p for p in names if short in [player_lookup(without_suffix(other)) for other in names[p]]]
            for player in whole or (alike if len(alike) == 1 else []):
                named[player].append(status)
            if not whole and len(alike) != 1 and status in ("out", "doubtful"):
                maybe_named |= {
                    player
                    for player in names
                    if slate.get(player) == team and last_name(name) in map(last_name, names[player])
                }
        return named, maybe_named

    def _names(self, team: str, day: dt.date) -> dict[int, set[str]]:
        """The names this season before D of the team's slate players, and those under which it listed others."""
        names = {}
        for player in self.facts.players_before(day):
            listings = self.facts.listings_before(player, day)
            if self._slate(day).get(player) != team:
                listings = [listing for listing in listings if listing.team == team]
            if listings:
                names[player] = {listing.player_name for listing in listings}
        return names

    def _star_teammates_out(self, player: int, team: str, day: dt.date) -> int | None:
        """Other slate players of his team, 18 points per game over at least 10 games, listed as out.

        NULL if the status of one of them is unknown.
        """
        if self._report(team, day) is None:
            return None
        stars = self._once(f"stars of {team}", day, lambda: self._stars(team, day))
        statuses = [self._status(star, team, day) for star in stars if star != player]
        return None if None in statuses else statuses.count("out")

    def _stars(self, team: str, day: dt.date) -> list[int]:
        return [p for p, of_team in self._slate(day).items() if of_team == team and self._is_star(p, day)]

    def _is_star(self, player: int, day: dt.date) -> bool:
        points = [listing.stats["points"] for listing in self.facts.played_before(player, day)]
        average = rules.mean(points)
        return len(points) >= 10 and average is not None and average >= 18

    def _is_loaded(self, team: str, game: Game) -> bool:
        """The team has a row in team_offense_game_summary for this game."""
        return (game.game_id, team) in self.facts.team_box

    def _games_loaded(self, team: str, day: dt.date) -> int:
        return sum(1 for game in self.facts.finished_before(team, day) if self._is_loaded(team, game))

    # Zone analyses

    def _team_defense_zone_row(self, team: str, day: dt.date) -> Record:
        season_boxes = self.facts.team_boxes_before(team, day)
        boxes = season_boxes[-15:]
        allowed = self._zones_allowed(boxes)
        league = self._league_pct(day)
        pct = {zone: zone_pct(allowed, zone) for zone in ZONES}
        versus = {zone: rules.times(100, rules.difference(pct[zone], league[zone])) for zone in ZONES}
        strongest, weakest = rules.strongest_and_weakest(**versus)
        paint_points = None if allowed is None else 2 * allowed["paint"].makes
        return {
            "season": self.facts.season_of(day),
            "analysis_date": day,
            "team": team,
            **{f"{zone}_pct_allowed_last_15": pct[zone] for zone in ZONES},
            **{f"{zone}_attempts_allowed_per_game": rules.ratio(attempts(allowed, zone), len(boxes)) for zone in ZONES},
            **{f"{zone}_defense_vs_league_avg": versus[zone] for zone in ZONES},
            "paint_points_allowed_per_game": rules.ratio(paint_points, len(boxes)),
            "defensive_rating_last_15": self._defensive_rating(boxes),
            "opponent_points_per_game": rules.mean([self._opponent_points(box) for box in boxes]),
            "opponent_pace": self._pace(boxes),
            "blocks_per_game": rules.mean([box.stats["blk"] for box in boxes]),
            "games_in_sample": len(boxes),
            "games_with_shots": sum(1 for box in boxes if self.facts.shots_known(box.game.game_id)),
            "strongest_zone": strongest,
            "weakest_zone": weakest,
            "data_quality_tier": data_quality_tier(len(boxes)),
            "early_season_flag": len(season_boxes) < EARLY_SEASON_GAMES,
        }

    def _zones_allowed(self, boxes: Sequence[TeamBox]) -> dict[str, ZoneCount] | None:
        """Opponents' shots by zone over a window."""
        return sum_of_zones([self.facts.team_zones(box.game.game_id, box.opponent) for box in boxes])

    def _league_pct(self, day: dt.date) -> dict[str, rules.Maybe]:
        return self._once("league pct", day, lambda: self._find_league_pct(day))

    def _find_league_pct(self, day: dt.date) -> dict[str, rules.Maybe]:
        """Σ makes/Σ attempts of the team-games of D-30 … D-1 with known shots; NULL below 50 of them."""
        counts = []
        for team in self.facts.teams_before(day):
            for box in self.facts.team_boxes_before(team, day):
                zones = self.facts.team_zones(box.game.game_id, box.opponent)
                if box.game.game_date >= day - 30 * ONE_DAY and zones is not None:
                    counts.append(zones)
        if len(counts) < 50:
            return dict.fromkeys(ZONES)
        league = sum_of_zones(counts)
        return {zone: zone_pct(league, zone) for zone in ZONES}

    def _player_zone_row(self, player: int, day: dt.date) -> Record:
        played = self.facts.played_before(player, day)
        last_10 = self._player_zone_sums(played[-10:])
        last_20 = self._player_zone_sums(played[-20:]) if len(played[-20:]) >= 15 else None
        rates = {zone: zone_rate(last_10, zone) for zone in ZONES}
        return {
            "season": self.facts.season_of(day),
            "analysis_date": day,
            "player_id": player,
            **{f"{zone}_rate_last_10": rates[zone] for zone in ZONES},
            **{f"{zone}_pct_last_10": zone_pct(last_10, zone) for zone in ZONES},
            **{f"{zone}_attempts_per_game": rules.ratio(attempts(last_10, zone), len(played[-10:])) for zone in ZONES},
            "total_shots_last_10": all_attempts(last_10),
            "games_in_sample_10": len(played[-10:]),
            "games_in_sample_20": len(played[-20:]),
            **{f"{zone}_rate_last_20": zone_rate(last_20, zone) for zone in ZONES},
            **{f"{zone}_pct_last_20": zone_pct(last_20, zone) for zone in ZONES},
            "assisted_rate_last_10": self._assisted_rate(played[-10:]),
            "primary_scoring_zone": rules.primary_scoring_zone(**rates),
            "sample_quality": sample_quality(len(played[-10:])),
            "early_season_flag": len(played) < EARLY_SEASON_GAMES,
        }

    def _assisted_rate(self, played: Sequence[Listing]) -> rules.Maybe:
        assisted = [self.facts.assisted_makes(listing) for listing in played]
        if any(count is None for count in assisted):
            return None
        return rules.ratio(sum(assisted), sum(listing.stats["fgm"] for listing in played))

    def _player_zone_sums(self, played: Sequence[Listing]) -> dict[str, ZoneCount] | None:
        return sum_of_zones([self.facts.player_zones(listing) for listing in played])

    # The daily cache

    def _daily_cache(self, player: int, day: dt.date) -> Record:
        context = self._player_contexts(day)[player]
        team_row = self._team_contexts(day)[context["team"]]
        zones = self._player_zones(day).get(player, {})
        played = self.facts.played_before(player, day)
        last_10 = played[-10:]
        newest_first = [listing.stats["points"] for listing in reversed(played)]
        zones_available = all(self.facts.shots_known(listing.game.game_id) for listing in last_10)
        all_loaded = context["games_loaded"] == context["games_expected"]
        return {
            "season": self.facts.season_of(day),
            "cache_date": day,
            "player_id": player,
            "points_avg_last_5": rules.mean(newest_first[:5]),
            "points_avg_last_10": rules.mean(newest_first[:10]),
            "points_avg_season": rules.mean(newest_first),
            "points_std_last_10": rules.standard_deviation(newest_first[:10]),
            "minutes_avg_last_10": rules.ratio(minutes(last_10), len(last_10)),
            "minutes_avg_season": rules.ratio(minutes(played), len(played)),
            "usage_last_10": self._usage(last_10),
            "usage_season": self._usage(played),
            "ts_pct_last_10": rules.true_shooting(
                points=stat_sum(last_10, "points"),
                fga=stat_sum(last_10, "fga"),
                fta=stat_sum(last_10, "fta"),
            ),
            "ft_points_share_last_10": rules.ratio(stat_sum(last_10, "ftm"), stat_sum(last_10, "points")),
            "points_avg_last_2": rules.mean(newest_first[:2]),
            "points_avg_games_3_to_5": rules.mean(newest_first[2:5]),
            "team_pace_last_10": team_row["pace_last_10"],
            "team_off_rating_last_10": team_row["off_rating_last_10"],
            **{
                name: context[name]
                for name in (
                    "games_played_season",
                    "days_rest",
                    "back_to_back",
                    "games_last_7_days",
                    "games_last_14_days",
                    "minutes_last_7_days",
                    "minutes_last_14_days",
                    "avg_minutes_per_game_last_7_days",
                    "back_to_backs_last_14_days",
                    "player_age",
                    "games_expected",
                    "games_loaded",
                )
            },
            "primary_scoring_zone": zones.get("primary_scoring_zone"),
            **{f"{zone}_rate_last_10": zones.get(f"{zone}_rate_last_10") for zone in ZONES},
            "shot_zone_data_available": zones_available,
            "is_production_ready": all_loaded and zones_available,
            "early_season_flag": len(played) < EARLY_SEASON_GAMES,
            "insufficient_data_reason": ",".join(issues(all_loaded, zones_available)) or None,
        }

    # Composite factors

    def _composite_factor_row(self, player: int, day: dt.date) -> Record:
        context = self._player_contexts(day)[player]
        player_zones = self._player_zones(day).get(player)
        opponent_zones = self._team_defense_zones(day).get(context["opponent"])
        fatigue = rules.fatigue_score(
            back_to_back=context["back_to_back"],
            days_rest=context["days_rest"],
            games_last_7_days=context["games_last_7_days"],
            minutes_last_7_days=context["minutes_last_7_days"],
            avg_minutes_per_game_last_7_days=context["avg_minutes_per_game_last_7_days"],
            back_to_backs_last_14_days=context["back_to_backs_last_14_days"],
            age=context["player_age"],
        )
        mismatch = mismatch_of(player_zones, opponent_zones)
        pace = rules.pace_score(context["pace_differential"])
        spike = rules.usage_spike_score(
            projected=context["projected_usage"],
            recent=context["avg_usage_last_7_games"],
            stars_out=context["star_teammates_out"],
        )
        adjustment = rules.total_composite_adjustment(fatigue=fatigue, scores=[mismatch, pace, spike])
        inputs = {
            "days_rest": context["days_rest"],
            "projected_usage": context["projected_usage"],
            "pace_differential": context["pace_differential"],
            "player_shot_zone_analysis": player_zones,
            "team_defense_zone_analysis": opponent_zones,
        }
        missing = [name for name, value in inputs.items() if value is None]
        return {
            "season": self.facts.season_of(day),
            "game_date": day,
            "player_id": player,
            "fatigue_score": fatigue,
            "shot_zone_mismatch_score": mismatch,
            "pace_score": pace,
            "usage_spike_score": spike,
            "total_composite_adjustment": adjustment,
            "data_completeness": Fraction(len(inputs) - len(missing), len(inputs)),
            "missing_inputs": missing,
            "warnings": warnings_of(fatigue, mismatch, adjustment),
            "calculation_version": "v2",
        }

    # The feature store

    def _feature_row(self, player: int, day: dt.date) -> Record:
        context = self._player_contexts(day)[player]
        features = self._features(player, day)
        missing = [name for name in rules.FEATURES if features[name] is None]
        loaded = self._all_games_loaded(player, context["team"], context["opponent"], day)
        cache = self._daily_caches(day).get(player)
        zones_available = cache is None or cache["shot_zone_data_available"]
        return {
            "season": self.facts.season_of(day),
            "game_date": day,
            "player_id": player,
            "feature_version": f"v2_baseline_{len(rules.FEATURES)}",
            "game_id": context["game_id"],
            "team": context["team"],
            "opponent": context["opponent"],
            "is_home": context["is_home"],
            "feature_count": len(rules.FEATURES),
            **{name: as_float(features[name]) for name in rules.FEATURES},
            "missing_features": missing,
            "feature_quality_score": Fraction(100 * (len(rules.FEATURES) - len(missing)), len(rules.FEATURES)),
            "is_production_ready": loaded and not set(missing) & set(rules.CRITICAL_FEATURES),
            "early_season_flag": context["games_played_season"] < EARLY_SEASON_GAMES,
            "data_quality_issues": issues(loaded, zones_available, self._rests_by_team(player, day)),
        }

    def _features(self, player: int, day: dt.date) -> Record:
        """The features by name; None where unknown."""
        context = self._player_contexts(day)[player]
        team_row = self._team_contexts(day)[context["team"]]
        factors = self._composite_factors(day)[player]
        cache = self._daily_caches(day).get(player, {})
        zones = self._player_zones(day).get(player, {})
        opponent = self._team_defense_zones(day).get(context["opponent"], {})
        game = self.facts.games[context["game_id"]]
        points = [listing.stats["points"] for listing in self.facts.played_before(player, day)]
        return {
            "points_avg_last_5": cache.get("points_avg_last_5"),
            "points_avg_last_10": cache.get("points_avg_last_10"),
            "points_avg_season": cache.get("points_avg_season"),
            "points_std_last_10": cache.get("points_std_last_10"),
            "games_in_last_7_days": context["games_last_7_days"],
            "fatigue_score": factors["fatigue_score"],
            "shot_zone_mismatch_score": factors["shot_zone_mismatch_score"],
            "pace_score": factors["pace_score"],
            "usage_spike_score": factors["usage_spike_score"],
            "rest_advantage": rules.rest_advantage(own=context["days_rest"], opponent=context["opponent_days_rest"]),
            "injury_risk": rules.injury_risk(context["player_status"]),
            "recent_trend": rules.recent_trend(points[::-1]),
            "minutes_change": rules.minutes_change(
                last_10=cache.get("minutes_avg_last_10"), season=cache.get("minutes_avg_season")
            ),
            "opponent_def_rating": opponent.get("defensive_rating_last_15"),
            "opponent_pace": opponent.get("opponent_pace"),
            "home_away": context["is_home"],
            "back_to_back": context["back_to_back"],
            "playoff_game": game.game_type == "004",
            "pct_paint": zones.get("paint_rate_last_10"),
            "pct_mid_range": zones.get("mid_range_rate_last_10"),
            "pct_three": zones.get("three_pt_rate_last_10"),
            "pct_free_throw": cache.get("ft_points_share_last_10"),
            "team_pace": team_row["pace_last_10"],
            "team_off_rating": team_row["off_rating_last_10"],
            "team_win_pct": team_row["win_pct"],
        }

    def _all_games_loaded(self, player: int, team: str, opponent: str, day: dt.date) -> bool:
        """Team box scores of all finished games of both teams, and of the games in the player's windows."""
        both_teams = all(
            self._is_loaded(each, game) for each in (team, opponent) for game in self.facts.finished_before(each, day)
        )
        own_games = all(
            self._is_loaded(listing.team, listing.game) for listing in self.facts.played_before(player, day)
        )
        return both_teams and own_games and self._stints_loaded(player, day)

    def _stints_loaded(self, player: int, day: dt.date) -> bool:
        """No finished game of a team is missing from the time he was listed with that team.

        A stint runs from the day of his first listing with a team up to, not including, the day of his next with
        another team.
        """
        listings = self.facts.counted_before(player, day)
        starts = [
            listing
            for before, listing in zip([None, *listings], listings, strict=False)
            if before is None or before.team != listing.team
        ]
        ends = [*[listing.game.game_date for listing in starts[1:]], day]
        return all(
            self._is_loaded(start.team, game)
            for start, end in zip(starts, ends, strict=True)
            for game in self.facts.finished_before(start.team, day)
            if start.game.game_date <= game.game_date < end
        )


# Handing out


def as_date(day: dt.date) -> dt.date:
    """A datetime.date, also from a pandas Timestamp."""
    return day.date() if isinstance(day, dt.datetime) else day


def as_float(value: Any) -> float | None:
    return None if value is None else float(value)


def finished(rows: Rows) -> list[Record]:
    """Copies of the rows in the order of their keys, fractions turned into floats."""
    return [{name: finished_value(value) for name, value in rows[key].items()} for key in sorted(rows)]


def finished_value(value: Any) -> Any:
    if isinstance(value, Fraction):
        return float(value)
    return list(value) if isinstance(value, list) else value


# Days


def days_of(games: Sequence[Game]) -> list[dt.date]:
    return [game.game_date for game in games]


def last_days(days: Sequence[dt.date], day: dt.date, k: int) -> list[dt.date]:
    """The dates within D-k … D-1."""
    return [each for each in days if day - k * ONE_DAY <= each <= day - ONE_DAY]


def in_last_days(played: Sequence[Listing], day: dt.date, k: int) -> list[Listing]:
    """The games within D-k … D-1."""
    return [each for each in played if day - k * ONE_DAY <= each.game.game_date <= day - ONE_DAY]


def days_rest(days: Sequence[dt.date], day: dt.date) -> int | None:
    """(D − last game) − 1; NULL before the first game of the season."""
    return (day - max(days)).days - 1 if days else None


def back_to_backs(days: Sequence[dt.date]) -> int:
    """Pairs of games on consecutive days."""
    return sum(1 for each in set(days) if each + ONE_DAY in days)


def season_phase(game: Game) -> str:
    """By game type, and by month for regular games: Oct-Nov, Dec-Feb, Mar-Sep."""
    if game.game_type == "004":
        return "playoffs"
    if game.game_type == "005":
        return "play_in"
    if game.game_date.month in (10, 11):
        return "early"
    return "mid" if game.game_date.month in (12, 1, 2) else "late"


# Sums over windows


def minutes(played: Sequence[Listing]) -> rules.Maybe:
    """Float minutes = seconds/60."""
    return rules.times(Fraction(1, 60), rules.total(listing.seconds_played for listing in played))


def minutes_of_finals(finals: dict[dt.date, int | None], day: dt.date, k: int) -> Fraction:
    """Of the Cup finals within D-k … D-1 whose box score is loaded."""
    seconds = [finals[date] for date in last_days(list(finals), day, k)]
    return Fraction(sum(known for known in seconds if known is not None), 60)


def stat_sum(played: Sequence[Listing], name: str) -> rules.Maybe:
    return rules.total(listing.stats[name] for listing in played)


def streak(results: Sequence[bool]) -> int:
    """Oldest first; the number of equal results up to the newest, negative for losses; 0 before the first."""
    if not results:
        return 0
    length = 0
    for won in reversed(results):
        if won != results[-1]:
            break
        length += 1
    return length if results[-1] else -length


# Zones


def zone_columns(prefix: str, zones: dict[str, ZoneCount] | None) -> Record:
    """z_attempts and z_makes for every zone; all NULL if the shots are not known."""
    columns: Record = {}
    for zone in ZONES:
        columns[f"{prefix}{zone}_attempts"] = None if zones is None else zones[zone].attempts
        columns[f"{prefix}{zone}_makes"] = None if zones is None else zones[zone].makes
    return columns


def sum_of_zones(games: Sequence[dict[str, ZoneCount] | None]) -> dict[str, ZoneCount] | None:
    """Per zone; None unless the shots of every game are known (an empty window: None too)."""
    known = [zones for zones in games if zones is not None]
    if not games or len(known) < len(games):
        return None
    return {
        zone: ZoneCount(
            attempts=sum(zones[zone].attempts for zones in known),
            makes=sum(zones[zone].makes for zones in known),
        )
        for zone in ZONES
    }


def attempts(zones: dict[str, ZoneCount] | None, zone: str) -> int | None:
    return None if zones is None else zones[zone].attempts


def all_attempts(zones: dict[str, ZoneCount] | None) -> int | None:
    return None if zones is None else sum(count.attempts for count in zones.values())


def zone_pct(zones: dict[str, ZoneCount] | None, zone: str) -> rules.Maybe:
    """Makes / attempts."""
    return None if zones is None else rules.ratio(zones[zone].makes, zones[zone].attempts)


def zone_rate(zones: dict[str, ZoneCount] | None, zone: str) -> rules.Maybe:
    """Share of all attempts."""
    return rules.ratio(attempts(zones, zone), all_attempts(zones))


# Labels


def data_quality_tier(games: int) -> str:
    if games >= 15:
        return "high"
    return "medium" if games >= 10 else "low"


def sample_quality(games: int) -> str:
    if games >= 10:
        return "excellent"
    return "good" if games >= 7 else "limited"


def issues(games_loaded: bool, zones_available: bool, rests_by_team: bool = False) -> list[str]:
    codes = []
    if not games_loaded:
        codes.append("GAMES_NOT_LOADED")
    if not zones_available:
        codes.append("SHOTS_MISSING")
    if rests_by_team:
        codes.append("REST_FROM_TEAM")
    return codes


def mismatch_of(player_zones: Record | None, opponent_zones: Record | None) -> rules.Maybe:
    """The opponent's defence in the player's primary zone; balanced counts as paint."""
    if player_zones is None or opponent_zones is None or player_zones["primary_scoring_zone"] is None:
        return None
    primary = player_zones["primary_scoring_zone"]
    zone = "paint" if primary == "balanced" else primary
    return rules.shot_zone_mismatch_score(
        vs_league=opponent_zones[f"{zone}_defense_vs_league_avg"],
        rate=player_zones[f"{zone}_rate_last_10"],
    )


def warnings_of(fatigue: int, mismatch: rules.Maybe, adjustment: rules.Maybe) -> list[str]:
    warnings = []
    if fatigue < 50:
        warnings.append("EXTREME_FATIGUE")
    if mismatch is not None and abs(mismatch) > 8:
        warnings.append("EXTREME_MATCHUP")
    if adjustment is not None and abs(adjustment) > 12:
        warnings.append("EXTREME_ADJUSTMENT")
    return warnings
