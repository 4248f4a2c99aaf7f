"""Runs every bench_*.py in this folder, or those named on the command line; each in a process of its own."""

from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path


def main(names: list[str]) -> None:
    """Run the benchmarks of the given names (without bench_), by default all."""
    found = sorted(path.stem.removeprefix("bench_") for path in Path(__file__).parent.glob("bench_*.py"))
    wanted = [name for name in found if not names or name in names]
    if len(wanted) == 1:
        print(f"\n== {wanted[0]}", flush=True)
        importlib.import_module(f"{__package__}.bench_{wanted[0]}").main()
        return
    for name in wanted:
        # The peak of memory is the process's: one benchmark must not show that of another.
        subprocess.run([sys.executable, "-m", __package__, name], check=True)


main(sys.argv[1:])
