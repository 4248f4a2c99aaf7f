"""What of the settings is part of a partition's inputs hash, and what is not."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from nba_assets.planning.load import parameters_of
from nba_assets.schema.policy import Policy
from nba_assets.session import Session
from nba_assets.settings import load_settings

TABLE = "team_offense_game_summary"


@dataclass(frozen=True)
class _NextPolicy(Policy):
    """A policy of a later version, with one wish more."""

    max_rows: int | None = None


@pytest.fixture
def session(tmp_path: Path) -> Session:
    return Session(load_settings(home=tmp_path, source="simulated"))


def _parameters(session: Session, policy: Policy) -> str:
    session.policies[TABLE] = policy
    return parameters_of(session, TABLE)


def test_a_policy_says_only_what_is_special_about_it(session: Session) -> None:
    usual = _parameters(session, Policy())
    assert '"policy": {}' in usual
    assert _parameters(session, Policy(min_rows=100)) == usual.replace("{}", '{"min_rows": 100}')


def test_a_new_field_counts_only_where_it_is_used(session: Session) -> None:
    usual = _parameters(session, Policy())
    assert _parameters(session, _NextPolicy()) == usual
    assert _parameters(session, _NextPolicy(max_rows=9)) != usual


def test_every_wish_counts(session: Session) -> None:
    usual = Policy()
    others = [replace(usual, min_share=0.9), replace(usual, critical=False), replace(usual, bootstrap_days=7)]
    others += [replace(usual, min_games=4), replace(usual, backfill_min_entities=30)]
    assert len({_parameters(session, policy) for policy in (usual, *others)}) == 6
