"""The vocabulary is whole: what can be the matter can be said."""

from __future__ import annotations

import pytest

from nba_assets.partition import _SENTENCES, MEANING, Cause, Status, finding, from_json, to_json


def test_every_cause_has_a_sentence_and_every_status_a_meaning() -> None:
    assert set(_SENTENCES) == set(Cause)
    assert set(MEANING) == set(Status)


@pytest.mark.parametrize("text", [None, "", "not json", "7", "[7]", '[{"cause": "no_row"}]', '{"cause": "no_row"}'])
def test_a_damaged_or_absent_text_of_causes_is_no_finding(text: str | None) -> None:
    assert from_json(text) == ()


def test_causes_come_back_as_they_went_and_unknown_ones_are_left_out() -> None:
    findings = (finding(Cause.NO_BOX_SCORE, "0022100111 LAC@LAL"), finding(Cause.SHORT_HISTORY, games=3))
    text = to_json(findings)
    assert text is not None
    assert from_json(text) == findings
    assert from_json(text.replace("no_box_score", "from_a_later_version")) == findings[1:]
