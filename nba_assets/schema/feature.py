"""Features: one object says everything about one number of a feature vector, and a list of them is the vector.

Names, count, critical features, contract columns, what is read of other tables, the view of arrays, the checks and
the dictionary all follow from the list; a feature's place in it means nothing but its place in the vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from nba_assets.schema.contract import NEVER, Contract, Number, column


class Lack(StrEnum):
    """What a row is short of where a feature is unknown, as people who train are told."""

    HISTORY = "history short"
    ZONES = "zones unknown"
    REPORT = "report missing"
    POINTS = "no points"


def unchanged(values: Any) -> Any:
    """The formula of a feature that is a column of another table as it is."""
    return values


@dataclass(frozen=True)
class Feature:
    """One number of the vector, or NULL where it is unknown.

    `bounds` are its lowest and highest possible value. It is `formula` of its sources, each "table.column" and given as
    one column of the gathered rows. A row without a critical feature is not production-ready. `null_when` says when it
    is NULL, and `lack` what a player with enough games is short of then; `constant_when`, when it may have one value in
    a whole month. ValueError without a source, and if a source is not "table.column".
    """

    name: str
    definition: str
    unit: str
    bounds: tuple[float, float]
    sources: tuple[str, ...]
    formula: Callable[..., Any] = unchanged
    critical: bool = False
    null_when: str = NEVER
    lack: Lack = Lack.HISTORY
    constant_when: str | None = None

    def __post_init__(self) -> None:
        if not self.sources:
            raise ValueError(f"feature {self.name} has no source")
        for source in self.sources:
            if source.count(".") != 1:
                raise ValueError(f"feature {self.name}: source {source!r} is not like table.column")


@dataclass(frozen=True)
class FeatureSet:
    """The features of one table in the order of its vector; ValueError if two have the same name."""

    version: str
    features: tuple[Feature, ...]

    def __post_init__(self) -> None:
        twice = [name for name, number in Counter(self.names).items() if number > 1]
        if twice:
            raise ValueError(f"{self.version}: more than one feature is called {', '.join(twice)}")

    def __iter__(self) -> Iterator[Feature]:
        """The features in order."""
        return iter(self.features)

    def __len__(self) -> int:
        """How many there are."""
        return len(self.features)

    @property
    def names(self) -> tuple[str, ...]:
        """All names, in the order of the vector."""
        return tuple(feature.name for feature in self.features)

    @property
    def critical(self) -> tuple[str, ...]:
        """The names of those without which a row is not production-ready."""
        return tuple(feature.name for feature in self.features if feature.critical)

    def contract(self) -> type[Contract]:
        """The features as columns, for the table's contract to inherit."""
        fields = {
            f.name: column(f.definition, unit=f.unit, null_when=f.null_when, ge=f.bounds[0], le=f.bounds[1])
            for f in self.features
        }
        return type("Features", (Contract,), {"__annotations__": dict.fromkeys(fields, Number), **fields})

    def columns_of(self, table: str) -> tuple[str, ...]:
        """What the features come from of one table: its columns, each once."""
        sources = (source.split(".") for feature in self.features for source in feature.sources)
        return tuple(dict.fromkeys(name for of_table, name in sources if of_table == table))

    def check_sources(self, readable: Mapping[str, Iterable[str]]) -> None:
        """ValueError for the first source that is not among the tables, and their columns, that may be read."""
        for feature in self.features:
            for source in feature.sources:
                table, name = source.split(".")
                where = f"{self.version}: feature {feature.name} comes from {source}"
                if table not in readable:
                    raise ValueError(f"{where}, but {table} is not one of the tables read: {', '.join(readable)}")
                if name not in readable[table]:
                    raise ValueError(f"{where}, but {table} has no column {name} that is known before tip-off")
