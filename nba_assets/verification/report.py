"""All checks in one place, and the report of running them over the seasons of a warehouse."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nba_assets.league.calendar import COUNTING_TYPES
from nba_assets.tables import SCHEDULE
from nba_assets.verification import altered, checks, published, recomputed
from nba_assets.verification.season import CheckResult, Reader, StoredSeason

Check = Callable[[StoredSeason], CheckResult]

CHECKS: tuple[Check, ...] = (
    checks.tables_are_filled,
    checks.keys_are_unique,
    checks.points_agree,
    checks.players_sum_to_their_team,
    checks.box_scores_agree_with_themselves,
    checks.a_game_stands_on_one_date,
    checks.only_counting_games,
    checks.zones_make_up_the_attempts,
    checks.both_teams_have_the_same_pace,
    checks.defence_mirrors_offence,
    checks.one_winner_per_game,
    checks.no_more_results_than_games,
    checks.slate_keys_agree,
    checks.features_are_in_range,
    checks.no_feature_is_constant,
    published.published_totals,
    altered.stored_rows_are_those_published,
    recomputed.stored_rows_are_what_the_code_computes,
    recomputed.nothing_leaks,
    recomputed.earlier_results_count,
)


@dataclass(frozen=True)
class Report:
    """What the checks said: season -> results in the order of `CHECKS`."""

    results: Mapping[str, Sequence[CheckResult]]

    @property
    def passed(self) -> bool:
        """Whether there was a season, and every check of every season passed."""
        return bool(self.results) and all(r.passed for results in self.results.values() for r in results)

    @property
    def altered_seasons(self) -> list[str]:
        """The seasons in which rows stand that are not those that were published."""
        found = {season for season, results in self.results.items() for r in results if _says_altered(r)}
        return sorted(found)

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        seasons = {season: [r.as_dict() for r in results] for season, results in self.results.items()}
        return {"passed": self.passed, "seasons": seasons}


def _says_altered(result: CheckResult) -> bool:
    return result.name == altered.STORED_IS_PUBLISHED and not result.passed


def verify_warehouse(
    warehouse: Reader,
    seasons: Iterable[str] | None = None,
    *,
    counting_types: frozenset[str] = COUNTING_TYPES,
    min_games: int | Mapping[str, int] = 5,
    sampled_dates: int = 3,
    progress: Callable[[str, CheckResult], None] = lambda _season, _result: None,
) -> Report:
    """Run every check over the seasons, by default all that the stored schedule knows.

    `sampled_dates` of each season are recomputed. `progress` is called after each check. Nothing is written.
    """
    results: dict[str, list[CheckResult]] = {}
    for season in stored_seasons(warehouse) if seasons is None else seasons:
        stored = StoredSeason(warehouse, season, counting_types, min_games, sampled_dates)
        results[season] = []
        for check in CHECKS:
            outcome = run_check(check, stored)
            results[season].append(outcome)
            progress(season, outcome)
    return Report(results)


def run_check(check: Check, stored: StoredSeason) -> CheckResult:
    """The check's answer; a check that cannot answer has failed."""
    try:
        return check(stored)
    except Exception as error:
        name = check.__name__.replace("_", " ")
        return CheckResult(name, 0, violations=1, examples=(f"{type(error).__name__}: {error}",), note="could not run")


def stored_seasons(warehouse: Reader) -> list[str]:
    """The seasons that the stored schedule has games of, oldest first."""
    return sorted(warehouse.read(SCHEDULE, columns=["season"])["season"].unique())
