"""What an email says of findings, and the limits of its subject."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from types import MappingProxyType

from nba_assets.alerts.email import Email, write
from nba_assets.alerts.evaluate import evaluate
from nba_assets.alerts.observe import InstanceFacts, Observation, observe
from nba_assets.partition import Cause, Finding, Status, finding
from nba_assets_tests.alerts.ledger import bare_session, record

DAY = date(2021, 11, 7)
NOW = datetime(2021, 11, 8, 14, tzinfo=UTC)


class NamedGames(Observation):
    """An observation whose schedule has one game."""

    teams = MappingProxyType({"0022100221": "SAS@LAC"})


def email_about(home: Path, *findings: Finding) -> tuple[str, str]:
    """Subject and text of the email about a gap with these findings."""
    session = bare_session(home)
    record(session, "upcoming_team_game_context", [DAY], Status.GAP, *findings)
    seen = observe(session, InstanceFacts())
    observation = NamedGames(**vars(seen))
    (notice,) = evaluate((), observation.snapshot, NOW).notices
    message = write(notice, observation, session.settings, NOW)
    return message.subject, message.text


def test_a_game_named_by_its_id_alone_gets_its_teams_and_no_other(tmp_path: Path):
    _, text = email_about(
        tmp_path,
        finding(Cause.GAMES_NOT_LOADED, "LAC", games=2, named=["0022100221 (2021-11-16)", "0022100999 (2021-11-17)"]),
        finding(Cause.NOT_ONE_WINNER, "0022100221", winners=2),
        finding(Cause.NO_BOX_SCORE, "0022100221 SAS@LAC"),
    )
    assert "0022100221 SAS@LAC (2021-11-16), 0022100999 (2021-11-17)" in " ".join(text.split())
    assert "0022100221 SAS@LAC: 2 winners" in " ".join(text.split())
    assert "0022100221 SAS@LAC: no box score" in " ".join(text.split())


def test_the_subject_says_what_is_wrong_and_the_text_how_much_too(tmp_path: Path):
    below = finding(Cause.BELOW_SHARE, complete=8, expected=9, required=9)
    subject, text = email_about(tmp_path, below, finding(Cause.NO_ROW, "LAC"))
    assert subject == "[nba_assets] CRITICAL: upcoming_team_game_context 2021-11-07 GAP: LAC: no row"
    assert "8/9 complete, 9 required; LAC: no row" in text
    subject, _ = email_about(tmp_path, below)
    assert subject.endswith("GAP: 8/9 complete, 9 required")


def test_a_subject_is_one_line_of_at_most_180_characters():
    email = Email("an error\nof two lines " * 20, "headline", [("Why", "one\ntwo <b>")])
    assert email.subject.startswith("[nba_assets] an error of two lines an error")
    assert (len(email.subject), email.subject[-1], "\n" in email.subject) == (180, "…", False)
    assert email.text() == "headline\n\nWhy  one\n     two <b>\n"
    assert "<td>one<br>two &lt;b&gt;</td>" in email.html()
