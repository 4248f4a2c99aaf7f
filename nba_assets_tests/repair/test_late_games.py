"""Three real games of three months arrive late: a repair changes the cells that they touch, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd
import pytest

from nba_assets.engine.materialize import PartitionResult
from nba_assets.partition import Partition
from nba_assets.planning.impact import UnknownGameError, find_game, impact
from nba_assets.session import Session
from nba_assets.verification.replay import POST_GAME_TABLES, PRE_GAME_TABLES, raw_tables, replay
from nba_assets_tests.engine.warehouses import LONG_AFTER, build_range, files, session
from nba_assets_tests.repair.cells import CELL, Cells, cells_of, changed_cells, stored_cells
from nba_assets_tests.repair.season import OPENING_NIGHT, contents, days_from, repair, without

pytestmark = pytest.mark.long

LATE = {
    "0022300092": date(2023, 10, 28),  # PHI@TOR, in the bootstrap days
    "0022300195": date(2023, 11, 15),  # MIL@TOR, some of whose players are traded to NYK in December
    "0022300590": date(2024, 1, 19),  # IND@POR, a traded player's first game for IND
}
DAYS = days_from(OPENING_NIGHT, date(2024, 2, 15))
"""To the All-Star break."""

FIRST_FEATURES = OPENING_NIGHT + timedelta(days=14)


@dataclass(frozen=True)
class Arrival:
    """One game that was added, and everything that was observed of it."""

    game_id: str
    built: list[PartitionResult]
    changed: set[tuple[object, ...]]
    brute_force: set[tuple[object, ...]]
    touched: set[tuple[object, ...]]
    before: dict[Partition, str | None]
    after: dict[Partition, str | None]

    @property
    def rewritten(self) -> set[Partition]:
        """The partitions whose rows were replaced."""
        return {b.outcome.partition for b in self.built if b.changed}


@pytest.fixture(scope="module")
def arrivals(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Arrival]:
    """A season without all three, to which one after the other is added."""
    home = tmp_path_factory.mktemp("late")
    missing = list(LATE)
    now = session(home, without(*missing))
    build_range(now, DAYS[0], DAYS[-1])
    raw = raw_tables(files(), ["2023-24"], read_at=pd.Timestamp(LONG_AFTER))
    cells = computed = stored_cells(now.warehouse)
    found = {}
    for game_id in LATE:
        before = contents(now, DAYS)
        missing.remove(game_id)
        now = session(home, without(*missing))
        with pytest.raises(UnknownGameError):
            find_game(now, game_id)
        built = repair(now, DAYS, {LATE[game_id]})
        cells_after, computed_after = stored_cells(now.warehouse), full_build(raw, missing)
        found[game_id] = Arrival(
            game_id=game_id,
            built=built,
            changed=changed_cells(cells, cells_after),
            brute_force=changed_cells(computed, computed_after),
            touched=touched_by(now, game_id),
            before=before,
            after=contents(now, DAYS),
        )
        cells, computed = cells_after, computed_after
    return found


def full_build(raw: dict[str, pd.DataFrame], missing: list[str]) -> Cells:
    """The cells of a season computed as one, in memory, from the raw rows without the missing games."""
    left = {name: rows[~rows["game_id"].isin(missing)] for name, rows in raw.items() if "game_id" in rows}
    left["raw_injury_reports"] = raw["raw_injury_reports"]
    left["raw_schedule"] = left["raw_schedule"][left["raw_schedule"]["game_date"] >= pd.Timestamp(OPENING_NIGHT)]
    left = {name: rows[rows.iloc[:, 0] <= pd.Timestamp(DAYS[-1])] for name, rows in left.items()}
    game_days = sorted(left["raw_team_boxscores"]["game_date"].dt.date.unique())
    after_games = replay(left, game_days, tables=POST_GAME_TABLES, counting_types=files().counting_types)
    with_features = [day for day in game_days if day >= FIRST_FEATURES]
    types = files().counting_types
    before_games = replay({**left, **after_games}, with_features, tables=PRE_GAME_TABLES, counting_types=types)
    return cells_of({**left, **after_games, **before_games})


def touched_by(now: Session, game_id: str) -> set[tuple[object, ...]]:
    return set(impact(now, find_game(now, game_id))[CELL].itertuples(index=False, name=None))


@pytest.mark.parametrize("game_id", LATE)
class TestLateGame:
    def test_the_changed_cells_are_the_difference_of_two_full_builds(
        self, arrivals: dict[str, Arrival], game_id: str
    ) -> None:
        arrival = arrivals[game_id]
        assert arrival.changed == arrival.brute_force
        assert len(arrival.changed) > 1_000

    def test_impact_misses_none_and_names_few_others(self, arrivals: dict[str, Arrival], game_id: str) -> None:
        arrival = arrivals[game_id]
        assert arrival.changed - arrival.touched == set()
        assert len(arrival.touched) < 1.25 * len(arrival.changed)

    def test_no_other_partition_is_rewritten(self, arrivals: dict[str, Arrival], game_id: str) -> None:
        arrival = arrivals[game_id]
        assert arrival.rewritten == {Partition(table, day) for table, day, _ in arrival.changed}

    def test_every_other_content_hash_stands(self, arrivals: dict[str, Arrival], game_id: str) -> None:
        arrival = arrivals[game_id]
        assert arrival.before.keys() == arrival.after.keys()
        differ = {partition for partition in arrival.after if arrival.before[partition] != arrival.after[partition]}
        assert differ == arrival.rewritten

    def test_nothing_before_the_game_is_even_looked_at(self, arrivals: dict[str, Arrival], game_id: str) -> None:
        before = {b.outcome.partition for b in arrivals[game_id].built if b.day < LATE[game_id]}
        assert before == {Partition("raw_injury_reports", LATE[game_id] - timedelta(days=1))}, "of which it is read"


def test_traded_players_take_the_game_to_their_new_team(arrivals: dict[str, Arrival]) -> None:
    # Siakam played in MIL@TOR of November 15, and for IND from January 19.
    changed = arrivals["0022300195"].changed
    siakam = {day for table, day, player in changed if table == "ml_feature_store_v2" and player == "1627783"}
    assert max(siakam) > date(2024, 2, 1)
