"""NBA feature pipeline as a Dagster asset graph: raw league data in, ten daily-partitioned tables out.

`import nba_assets as nba` reads what is there: `nba.read("ml_feature_store_v2", season="2021-22")`,
`nba.training_set(label="points")`, `nba.evaluate()`, `nba.drift(baseline="2021-22", current="2022-23")`,
`nba.readiness(rows)`, `nba.coverage()`, `nba.explain(table, day)`, `nba.dictionary(table)`, and of another place
`nba.open(home)`.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:  # the names below are imported when they are used: the command line is to start at once
    from nba_assets.api.here import (
        AskedError,
        ExtraMissingError,
        NotThereError,
        NoWholeRowWarning,
        OutOfDateWarning,
        Reader,
        TooFewError,
        coverage,
        dictionary,
        drift,
        evaluate,
        explain,
        open,
        read,
        readiness,
        training_set,
    )

__version__ = "0.1.0"

__all__ = [
    "AskedError",
    "ExtraMissingError",
    "NoWholeRowWarning",
    "NotThereError",
    "OutOfDateWarning",
    "Reader",
    "TooFewError",
    "coverage",
    "dictionary",
    "drift",
    "evaluate",
    "explain",
    "open",
    "read",
    "readiness",
    "training_set",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nba_assets.api import here

    return getattr(here, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
