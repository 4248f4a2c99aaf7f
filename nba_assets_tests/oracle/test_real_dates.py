"""Every column of every table against the slow oracle, on real dates: an ordinary one, after the trade deadline, …"""

from datetime import date

import pytest

from nba_assets_tests.verification.real_seasons import raw_season, replayed_season, source

from .comparison import differences, slow_league

pytestmark = pytest.mark.xdist_group("real seasons")

DATES = {
    "2021-22": (date(2021, 11, 7), date(2021, 11, 20), date(2021, 12, 22), date(2022, 2, 12)),
    "2022-23": (date(2023, 2, 11),),  # Mo Bamba: in uniform for one team and inactive for another two days before
    "2023-24": (date(2023, 12, 17),),
}


@pytest.mark.parametrize("season", DATES)
def test_every_column_agrees_with_the_oracle(season: str):
    raw, computed = raw_season(season), replayed_season(season)
    oracle = slow_league(raw, counting_types=source().counting_types)
    assert len(computed["ml_feature_store_v2"]) > 35_000
    assert differences(computed, oracle, DATES[season]) == []
