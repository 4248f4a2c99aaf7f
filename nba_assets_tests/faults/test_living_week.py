"""A week of a season as it is lived, with twenty mishaps: in the end it is as if there had been none."""

from __future__ import annotations

from pathlib import Path

import pytest

from nba_assets.alerts.alert import Event
from nba_assets_tests.faults.living_week import FIRST, LAST, Week, differences, nights
from nba_assets_tests.faults.mishaps import KINDS, mishaps
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import StatsServer

SEED, NUMBER = 1, 20
MOST_CALLS = 200
"""In a day, refused and repeated ones too; an ordinary day of that week takes 56 to 80."""


def test_mishaps_are_the_same_for_a_seed_and_of_every_kind() -> None:
    made = mishaps(SEED, NUMBER, nights())
    assert [str(one) for one in made] == [str(one) for one in mishaps(SEED, NUMBER, nights())]
    assert [str(one) for one in made] != [str(one) for one in mishaps(SEED + 1, NUMBER, nights())]
    assert len({one.kind for one in made}) == len(made) == NUMBER
    assert {one.kind for one in mishaps(SEED, len(KINDS), nights())} == set(KINDS)
    assert all(FIRST <= one.day <= LAST and one.since < one.until for one in made)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_week_with_twenty_mishaps_ends_as_if_there_had_been_none(tmp_path: Path) -> None:
    with StatsServer(real_data()) as server:
        week = Week(tmp_path, server, mishaps(SEED, NUMBER, nights()))
        week.live()
    print(week.log())
    assert differences(week) == []
    assert max(week.calls.values()) <= MOST_CALLS
    assert week.open_alerts() == [], "what was reported is resolved"
    told = week.messages()
    assert {message.event for message in told} >= {Event.OPENED, Event.RESOLVED}
    assert not any(message.event is Event.OVERFLOW for message in told)
