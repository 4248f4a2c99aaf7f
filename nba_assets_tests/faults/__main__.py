"""`python -m nba_assets_tests.faults damages|fuzz|week …`: what damaged facts come to, and a week full of mishaps."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from nba_assets_tests.faults.damages import DAMAGES
from nba_assets_tests.faults.fuzz import MOST_LISTED, Fuzz
from nba_assets_tests.faults.living_week import Week, differences, nights
from nba_assets_tests.faults.mishaps import mishaps
from nba_assets_tests.faults.trial import HEAD, tried
from nba_assets_tests.needs import real_data
from nba_assets_tests.sources.stats_server import StatsServer


def main() -> int:
    """Print the table that is asked for; 1 if anything was wrong and green, lost or not healed."""
    parser = argparse.ArgumentParser(prog="python -m nba_assets_tests.faults", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True)
    damages = kinds.add_parser("damages", help="the known damages of one night and their neighbours")
    damages.add_argument("names", nargs="*", help="names or numbers; all by default")
    damages.add_argument("--in-process", action="store_true", help="without the command line: no exit status")
    damages.add_argument("--details", action="store_true", help="every wrong cell, below the table")
    random = kinds.add_parser("fuzz", help="random damages of one day")
    random.add_argument("--damages", type=int, default=2000)
    random.add_argument("--seed", type=int, default=1)
    week = kinds.add_parser("week", help="a week of a living season: the mishaps, and the alerts that people read")
    week.add_argument("--mishaps", type=int, default=20)
    week.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    logging.disable(logging.CRITICAL)
    return {"damages": _damages, "fuzz": _fuzz, "week": _week}[asked.kind](asked)


def _damages(asked: argparse.Namespace) -> int:
    unknown = set(asked.names) - DAMAGES.keys() - {damage.number for damage in DAMAGES.values()}
    if unknown:
        raise SystemExit(f"no such damage: {', '.join(sorted(unknown))}")
    print(HEAD)
    bad, details = 0, []
    for name, damage in DAMAGES.items():
        if asked.names and not {name, damage.number} & set(asked.names):
            continue
        verdict = tried(damage, by_command=not asked.in_process)
        print(verdict.as_row(), flush=True)
        wrong = {
            "wrong and green": verdict.wrong,
            "lost": verdict.lost,
            "left behind": verdict.not_followed,
            "not healed": verdict.not_healed,
            "wrong and green, built from nothing": verdict.wrong_at_first,
        }
        bad += any(wrong.values()) and not damage.may_be_so
        details += [f"{damage.number} {name}: {what}: {', '.join(map(str, ps))}" for what, ps in wrong.items() if ps]
        details += [f"{damage.number} {name}: {verdict.seconds:.1f} s"]
        details += [f"{damage.number} {name}: {p} {status}: {why}" for p, (status, why) in verdict.told.items()]
    if asked.details:
        print("", *details, sep="\n")
    return 1 if bad else 0


def _fuzz(asked: argparse.Namespace) -> int:
    fuzz = Fuzz(asked.seed).run(damages=asked.damages)
    print(fuzz.report())
    return 1 if fuzz.bad or fuzz.share_listed > MOST_LISTED else 0


def _week(asked: argparse.Namespace) -> int:
    with TemporaryDirectory() as home, StatsServer(real_data()) as server:
        week = Week(Path(home), server, mishaps(asked.seed, asked.mishaps, nights()))
        week.live()
        found = [*differences(week), *week.open_alerts()]
        print(week.log(), *found, f"{len(found)} differences and open alerts", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
