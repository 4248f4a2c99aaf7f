"""How long one evaluation takes: a storm of 1,000 outcomes, and the quiet minute after it.

Run: python -m nba_assets_tests.benchmarks.bench_alerts
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from nba_assets.alerts.notify import AlertRun, notify
from nba_assets_tests.alerts.ledger import bare_session
from nba_assets_tests.alerts.test_delivery import storm


def main() -> None:
    """Print wall and processor time of each evaluation."""
    logging.disable(logging.WARNING)
    with TemporaryDirectory() as home:
        session = bare_session(Path(home), now="2022-01-20T09:00")
        storm(session, causes=20)
        _timed("1,000 outcomes of 20 causes", lambda: notify(session))
        _timed("nothing new", lambda: notify(session))


def _timed(what: str, evaluate: Callable[[], AlertRun]) -> None:
    wall, processor = time.perf_counter(), time.process_time()
    result = evaluate()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(f"{what:30s} {wall:5.2f} s, processor {processor:5.2f} s   {result}")


if __name__ == "__main__":
    main()
