"""The vocabulary is whole: what can be the matter can be said."""

from __future__ import annotations

from nba_assets.partition import _SENTENCES, MEANING, Cause, Status


def test_every_cause_has_a_sentence_and_every_status_a_meaning() -> None:
    assert set(_SENTENCES) == set(Cause)
    assert set(MEANING) == set(Status)
