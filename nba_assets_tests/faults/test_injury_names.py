"""Names on a real injury report, that of 2021-11-09 about a night of thirteen games, spelled as no list spells them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console

from nba_assets.alerts.email import write
from nba_assets.alerts.evaluate import evaluate
from nba_assets.alerts.observe import InstanceFacts, observe
from nba_assets.overview.explain import explain
from nba_assets.overview.explain_text import as_tree
from nba_assets.partition import Status
from nba_assets.session import Session
from nba_assets.sources.base import ResultSet
from nba_assets_tests.engine.warehouses import (
    PRE_GAME,
    EditedSource,
    build_range,
    cell,
    cells,
    copy_of,
    files,
    healthy,
    session,
    stored,
)
from nba_assets_tests.repair.season import days_from, repair

EVE, DAY = date(2021, 11, 9), date(2021, 11, 10)
SLATE, FEATURES, FACTORS = "upcoming_player_game_context", "ml_feature_store_v2", "player_composite_factors"
PORTER, JOKIC = 1629008, 203999
MISSPELLED = "Mike Porter (DEN, out) is like Michael Porter Jr. (1629008)"
REASON = f"statuses unknown, for names on the injury report of {EVE} that nobody was listed under: {MISSPELLED}"
STRANGERS = {
    "Chris Smith": "out on the injury report of DET: nobody on the slate was listed under this name",
    "Daulton Hommes": "out on the injury report of NOP: nobody on the slate was listed under this name",
}
TEAMS = {
    "MEM": "Memphis Grizzlies",
    "DAL": "Dallas Mavericks",
    "NYK": "New York Knicks",
    "DEN": "Denver Nuggets",
    "IND": "Indiana Pacers",
    "HOU": "Houston Rockets",
}


def _reported(*rows: tuple[str, str, str]) -> EditedSource:
    """The real files with these (team, name, status) on the eve's report, instead of the teams' rows so called."""

    def edit(report: pd.DataFrame) -> pd.DataFrame:
        is_of_eve = report["reportDate"].str[:10].eq(str(EVE)) & report["gameDate"].str[:10].eq(str(DAY))
        line = report[is_of_eve].head(1)
        added = [line.assign(teamName=TEAMS[team], playerName=name, playerStatus=status) for team, name, status in rows]
        of_team = report["teamName"] + " " + report["playerName"].str.split(r"[ ,]", regex=True).str[0]
        is_replaced = is_of_eve & of_team.isin({f"{TEAMS[team]} {name.split(',')[0]}" for team, name, _ in rows})
        return pd.concat([report[~is_replaced], *added], ignore_index=True)

    return EditedSource({ResultSet.INJURY_REPORTS: edit})


def _built(home: Path, source: EditedSource) -> Session:
    """The eve's report read again from a source, and everything that is known of the night before tip-off."""
    at = session(copy_of(healthy(EVE), home), source)
    build_range(at, EVE, EVE, tables=("raw_injury_reports",))
    build_range(at, DAY, DAY, tables=("raw_schedule", "raw_game_lines", *PRE_GAME))
    return at


def _statuses(at: Session) -> dict[int, str | None]:
    rows = stored(at, SLATE, DAY)
    return dict(zip(rows["player_id"], rows["player_status"], strict=True))


def _notes(at: Session) -> dict[str, str]:
    rows = at.warehouse.failures(SLATE, DAY)
    return {row.entity: row.details for row in rows.itertuples() if row.category == "NOTE"}


def _with_generation() -> Mapping[int, tuple[str, str]]:
    """Player -> name and team of those who have been in the log as Jr., II or III by the eve, and play on the day."""
    log = files().read(ResultSet.PLAYER_LOG, "2021-22")
    assert log is not None
    day = log["GAME_DATE"].str[:10]
    tonight = set(log.loc[day.eq(str(DAY)), "TEAM_ABBREVIATION"]) & TEAMS.keys()
    rows = log[
        day.lt(str(DAY)) & log["PLAYER_NAME"].str.contains(r" Jr\.| II") & log["TEAM_ABBREVIATION"].isin(tonight)
    ]
    rows = rows.drop_duplicates("PLAYER_ID")
    return {row.PLAYER_ID: (row.PLAYER_NAME, row.TEAM_ABBREVIATION) for row in rows.itertuples()}


def test_a_report_that_leaves_out_every_jr_says_who_is_out_all_the_same(tmp_path: Path) -> None:
    players = _with_generation()
    assert len(players) == 8
    rows = []
    for name, team in players.values():
        first, last, _ = name.split(" ")
        rows.append((team, f"{last}, {first}", "Out"))
    at = _built(tmp_path, _reported(*rows))
    assert {player: _statuses(at)[player] for player in players} == dict.fromkeys(players, "out")
    features = stored(at, FEATURES, DAY).set_index("player_id")
    assert set(features.loc[list(players), "injury_risk"]) == {3.0}
    assert {name: c.status for name, c in cells(at, DAY).items() if name in PRE_GAME} == dict.fromkeys(
        PRE_GAME, Status.OK
    )
    assert _notes(at) == STRANGERS


@pytest.fixture(scope="module")
def misspelled(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A report on which somebody of Denver is out whom Denver never listed under this name; it has a Porter."""
    return _built(tmp_path_factory.mktemp("misspelled"), _reported(("DEN", "Porter, Mike", "Out")))


@pytest.mark.long
def test_who_is_like_a_name_that_is_nobodys_is_unknown_and_the_slate_degraded(misspelled: Session) -> None:
    right = session(healthy(DAY))
    found, statuses = cell(misspelled, SLATE, DAY), _statuses(misspelled)
    assert (found.status, found.reason) == (Status.DEGRADED, REASON)
    assert statuses[PORTER] is None
    others = {player: status for player, status in _statuses(right).items() if player != PORTER}
    assert {player: status for player, status in statuses.items() if player != PORTER} == others
    assert cell(misspelled, "raw_injury_reports", EVE).status == Status.OK
    assert _notes(misspelled) == STRANGERS


def test_what_derives_from_an_unknown_status_is_unknown_and_rows_stay_ready(misspelled: Session) -> None:
    right = session(healthy(DAY))
    ours, theirs = (stored(at, FEATURES, DAY).set_index("player_id") for at in (misspelled, right))
    is_unknown, was_unknown = (rows["injury_risk"].isna() for rows in (ours, theirs))
    assert list(ours.index[is_unknown & ~was_unknown]) == [PORTER]
    assert "injury_risk" in list(ours.loc[PORTER, "missing_features"])
    assert ours["is_production_ready"].equals(theirs["is_production_ready"])
    for table in (FEATURES, FACTORS, "upcoming_team_game_context"):
        assert cell(misspelled, table, DAY).status == Status.OK, table


def test_explain_says_whose_name_it_is_like_and_that_the_report_is_to_be_read_again(misspelled: Session) -> None:
    shown = io.StringIO()
    Console(width=240, file=shown).print(as_tree(explain(misspelled, SLATE, DAY)))
    text = shown.getvalue()
    assert text.count(REASON) == 1
    for name, details in STRANGERS.items():
        assert f"{name}: {details}" in text
    assert f"nba-assets refresh {EVE} {DAY}" in text


def test_the_email_says_so_too(misspelled: Session) -> None:
    seen, now = observe(misspelled, InstanceFacts()), misspelled.now().astimezone(UTC)
    (notice,) = (n for n in evaluate((), seen.snapshot, now).notices if n.alert.table == SLATE)
    text = write(notice, seen, seen.session.settings, now).text
    assert notice.alert.kind == "DEGRADED: names_in_doubt"
    assert MISSPELLED in " ".join(text.split())
    assert f"nba-assets refresh {EVE} {DAY}" in text


def test_the_report_put_right_gives_what_it_would_have_given(misspelled: Session, tmp_path: Path) -> None:
    at = session(copy_of(misspelled.settings.home, tmp_path))
    days = days_from(EVE, DAY)
    repair(at, days, refresh=days)
    right = session(healthy(DAY))
    assert cell(at, SLATE, DAY).status == Status.OK
    for table in (SLATE, FACTORS, FEATURES):
        ours, theirs = (cell(s, table, DAY).published for s in (at, right))
        assert ours is not None
        assert theirs is not None
        assert ours.content_hash == theirs.content_hash, table


def test_whoever_has_a_row_of_his_own_is_not_who_is_meant(tmp_path: Path) -> None:
    at = _built(tmp_path, _reported(("DEN", "Porter, Mike", "Out"), ("DEN", "Porter Jr., Michael", "Probable")))
    assert _statuses(at)[PORTER] == "probable"
    assert cell(at, SLATE, DAY).status == Status.OK
    told = "out on the injury report of DEN: nobody on the slate was listed under this name"
    assert _notes(at) == STRANGERS | {"Mike Porter": told}


def test_whether_a_star_is_out_is_unknown_to_his_team_mates_if_it_is_unknown_of_him(tmp_path: Path) -> None:
    """Jokić had played ten games, and scored 24 points in each on average."""
    at = _built(tmp_path, _reported(("DEN", "Jokic, Nico", "Out")))
    rows = stored(at, SLATE, DAY).set_index("player_id")
    of_denver = rows[rows["team"].eq("DEN")]
    assert of_denver.loc[JOKIC, "player_status"] is None
    assert of_denver["player_status"].isna().sum() == 1
    unknown = of_denver["star_teammates_out"].isna()
    assert set(unknown.index[~unknown]) == {JOKIC}
    assert of_denver.loc[JOKIC, "star_teammates_out"] == 0
    of_opponent = rows[rows["team"].eq(of_denver["opponent"].iloc[0])]
    assert of_opponent["star_teammates_out"].notna().all()
