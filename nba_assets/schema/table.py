"""What a table is to the rest of the house: a contract, inputs with their time rule, one pure function, and rules."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

import pandas as pd

from nba_assets.league.calendar import COUNTING_TYPES
from nba_assets.schema.contract import Contract, empty, keys_of, partition_column, shape
from nba_assets.schema.evidence import Expect, none_expected
from nba_assets.schema.feature import FeatureSet
from nba_assets.schema.policy import DEFAULT_POLICY, Policy
from nba_assets.schema.reads import GAME, PLAYER, TEAM, Read
from nba_assets.sources.base import ResultSet


class Phase(StrEnum):
    """When a table's partition can exist, relative to the games of its date."""

    RAW = "raw"
    POST_GAME = "after the game"
    PRE_GAME = "before the game"


class Available(StrEnum):
    """When the source can have a raw partition."""

    ANNOUNCED = "before the games"
    AT_END_OF_DAY = "when the day is over"
    AFTER_RESULTS = "after the results"


class TimeRule(StrEnum):
    """Which partitions of an input a partition D may read."""

    SAME_DATE = "same date"
    ANNOUNCED = "same date, only what is known before tip-off"
    BEFORE_DATE = "season's dates before D"
    DAY_BEFORE = "the day before D"


@dataclass(frozen=True)
class Input:
    """Another table that a table reads. `columns` is what is read of it (None: everything).

    `reads` says which of its rows a row reads. None, of a date's own partition: those with the same entity.
    """

    table: str
    rule: TimeRule
    columns: tuple[str, ...] | None = None
    reads: tuple[Read, ...] | None = None


def same_date(table: str, *columns: str, reads: tuple[Read, ...] | None = None) -> Input:
    """Partition D reads partition D."""
    return Input(table, TimeRule.SAME_DATE, columns or None, reads)


def announced(table: str) -> Input:
    """Partition D reads those columns of partition D that are known before tip-off."""
    return Input(table, TimeRule.ANNOUNCED)


def before_date(table: str, *columns: str, reads: tuple[Read, ...] = ()) -> Input:
    """Partition D reads the partitions of its season dated strictly before D, over the windows of `reads`."""
    return Input(table, TimeRule.BEFORE_DATE, columns or None, reads)


def day_before(table: str) -> Input:
    """Partition D reads partition D-1."""
    return Input(table, TimeRule.DAY_BEFORE)


@dataclass(frozen=True)
class Inputs:
    """The frames that `compute` gets: by rule, then by table or result set name.

    Frames for several dates hold the rows of all of them; of history, everything from the first season's first
    day to the day before the last date. The window engine sees to "strictly before" for each date.

    `settled_games` are those of whose players the source is not expected to say anything else, of tables that look at
    who was listed: what is doubtful of them may be true.
    """

    on_date: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    before: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    source: Mapping[str, pd.DataFrame | None] = field(default_factory=dict)
    settled_games: frozenset[str] = frozenset()
    read_at: pd.Timestamp = field(default_factory=lambda: pd.Timestamp(0, tz="UTC"))
    min_games: int = 5
    counting_types: frozenset[str] = COUNTING_TYPES


Compute = Callable[[Inputs, pd.DatetimeIndex], pd.DataFrame]


@dataclass(frozen=True)
class Table:
    """One table of the graph.

    `compute` is a pure function of its inputs and the requested dates; `features` are those of its columns that a view
    shows as a vector; `expect` says what each partition must have; `reject` names, as rows (date, entity, category,
    details), what a raw table left out and why. `evidence` and `own_history` are there to doubt the rows: result sets,
    of which no more is asked of the source than it has, and columns of the table's own earlier partitions of the
    season as they stand, for which nothing waits. `optional` tables have no influence on a date's status. `is_schedule`
    marks the table that all others count games by, `is_listing` the one that says which players were with which team.
    """

    name: str
    short_name: str
    dataset: str
    phase: Phase
    contract: type[Contract]
    compute: Compute
    features: FeatureSet | None = None
    expect: Expect = none_expected
    policy: Policy = DEFAULT_POLICY
    inputs: tuple[Input, ...] = ()
    result_sets: tuple[ResultSet, ...] = ()
    evidence: tuple[ResultSet, ...] = ()
    own_history: tuple[str, ...] = ()
    reject: Compute | None = None
    available: Available = Available.AFTER_RESULTS
    optional: bool = False
    is_schedule: bool = False
    is_listing: bool = False

    @cached_property
    def code_version(self) -> str:
        """A fingerprint of the code that its numbers and checks depend on: "<formula>-<checks>"."""
        # Imported where it is used: it has to know what a table is.
        from nba_assets.schema.code_version import code_version

        return code_version(self)

    @property
    def description(self) -> str:
        """The contract's docstring."""
        return inspect.getdoc(self.contract) or ""

    @property
    def partition(self) -> str:
        """The name of the date column that partitions the table."""
        return partition_column(self.contract)

    @property
    def keys(self) -> list[str]:
        """The primary key, the partition date included."""
        return keys_of(self.contract)

    @property
    def entity(self) -> str:
        """The column that says whom a row is about: a player, a team, a game, or else the first key column."""
        keys = [key for key in self.keys if key != self.partition]
        return next((about for about in (PLAYER, TEAM, GAME) if about in keys), keys[0])

    @property
    def group(self) -> str:
        """The tables that it is shown with: its dataset without the league's name."""
        return self.dataset.removeprefix("nba_")

    @property
    def upstream(self) -> frozenset[str]:
        """The names of the tables that it reads."""
        return frozenset(i.table for i in self.inputs)

    @property
    def asked_for(self) -> tuple[ResultSet, ...]:
        """What a raw table's rows and the verdict on them depend on; of other tables nothing: they read raw tables."""
        return (*self.result_sets, *self.evidence) if self.result_sets else ()

    def shape(self, rows: pd.DataFrame) -> pd.DataFrame:
        """`rows` with the contract's columns, types and order."""
        return shape(rows, self.contract)

    def empty(self) -> pd.DataFrame:
        """A frame of the table without rows."""
        return empty(self.contract)


REJECTION_COLUMNS = ["date", "entity", "category", "details"]


def rejections(dates: pd.Series, entities: pd.Series, details: pd.Series, category: str = "ERROR") -> pd.DataFrame:
    """Rows for `nba_processing.entity_failures`: what was left out of which date, and why."""
    rows = {"date": dates, "entity": entities.astype(str), "category": category, "details": details}
    return pd.DataFrame(rows, columns=REJECTION_COLUMNS).reset_index(drop=True)


def all_rejections(*parts: pd.DataFrame) -> pd.DataFrame:
    """The rejections of several kinds as one frame."""
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else pd.DataFrame(columns=REJECTION_COLUMNS)
