"""What a command costs on top of 1, 5, 10 and 20 seasons of the simulated league: flat where it should be flat.

The histories are written by the engine itself, season after season. Printed are medians of CPU seconds.
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
from datetime import date
from pathlib import Path

from nba_assets.engine.in_order import build_in_order
from nba_assets.engine.materialize import RunInfo, materialize
from nba_assets.engine.run_options import RunOptions
from nba_assets.league.calendar import days_between
from nba_assets.session import open_session
from nba_assets.settings import Settings
from nba_assets.tables import TABLES
from nba_assets_tests.benchmarks.measure import process

SEASONS = (1, 5, 10, 20)
_LAST_YEAR = 2021
_LAST, _NEXT = date(2022, 4, 8), date(2022, 4, 9)
_REPEATS = 3
_WIDTH = 40
_COMMAND = ("-m", "nba_assets")
_EVALUATE = "from nba_assets.alerts.notify import notify; from nba_assets.session import open_session; "
WORKS = {
    "nothing to do: backfill of a date": (*_COMMAND, "backfill", "2022-02-10", "2022-02-10"),
    "nothing to do: repair": (*_COMMAND, "repair"),
    "one more day": (*_COMMAND, "backfill", str(_NEXT), str(_NEXT)),
    "alerts evaluated": ("-c", f"{_EVALUATE} assert notify(open_session()).recorded"),
    "coverage of a month": (*_COMMAND, "coverage", "2022-02-01", "2022-02-28"),
    "explain": (*_COMMAND, "explain", "ml_feature_store_v2", "2022-02-10"),
}


def main() -> None:
    """Build the histories, the longest last season first, and carry out each work on each of them."""
    with tempfile.TemporaryDirectory() as folder:
        homes = {count: _built(Path(folder) / str(count), count) for count in SEASONS}
        for name, command in WORKS.items():
            print(f"{name}, CPU seconds by seasons")
            medians = {count: _median(home, command) for count, home in homes.items()}
            most = max(medians.values())
            for count, seconds in medians.items():
                print(f"  {count:3} {'█' * round(_WIDTH * seconds / most):{_WIDTH}} {seconds:.2f}", flush=True)


def _settings(home: Path) -> dict[str, str]:
    years = f"{_LAST_YEAR + 1 - max(SEASONS)}-10-01"
    return {"NBA_SOURCE": "simulated", "NBA_HOME": str(home), "NBA_PARTITIONS_START": years}


def _built(home: Path, count: int) -> Path:
    """A home with the newest `count` seasons."""
    smaller = max((other for other in SEASONS if other < count), default=0)
    if smaller:
        shutil.copytree(home.parent / str(smaller), home)
    names = {name.removeprefix("NBA_").lower(): value for name, value in _settings(home).items()}
    session = open_session(Settings(**names))
    for year in range(_LAST_YEAR - smaller, _LAST_YEAR - count, -1):
        last = _LAST if year == _LAST_YEAR else date(year + 1, 6, 20)
        # Without the id of a backfill: one whose end nobody has told of keeps its seasons awake.
        run = RunInfo(options=RunOptions(backfill_mode=True))
        build_in_order(
            session,
            days_between(date(year, 10, 15), last),
            tuple(TABLES),
            run,
            lambda table, days, state, run=run: materialize(session, table, days, run, state),  # type: ignore[misc]
        )
    process(["-m", "nba_assets", "repair", "--quiet"], _settings(home))  # it remembers what it has found
    return home


def _median(home: Path, command: tuple[str, ...]) -> float:
    """On a copy: what is built is built each time."""
    seconds = []
    for _ in range(_REPEATS):
        copy = home.with_name("copy")
        shutil.copytree(home, copy)
        seconds.append(process(command, _settings(copy)).process_seconds)
        shutil.rmtree(copy)
    return statistics.median(seconds)
