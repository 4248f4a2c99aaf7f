"""Runs every bench_*.py in this folder, or those named on the command line."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path


def main(names: list[str]) -> None:
    """Run the benchmarks of the given names (without bench_), by default all."""
    found = sorted(path.stem for path in Path(__file__).parent.glob("bench_*.py"))
    for name in found:
        if not names or name.removeprefix("bench_") in names:
            print(f"\n== {name}", flush=True)
            importlib.import_module(f"{__package__}.{name}").main()


main(sys.argv[1:])
