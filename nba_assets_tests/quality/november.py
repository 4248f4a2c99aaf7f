"""November 2021 as the original's owner drew it: counts per table and his status, and what our rules expect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class Drawn:
    """One row of the matrix drawn by hand: rows of each table, and the status given to the date."""

    day: date
    games: int
    pdc: int
    pcf: int
    psza: int
    tdza: int
    mlfs: int
    status: str


_DRAWN = """
 1  9   0   0   0  0   0 Bootstrap
 2  5   0   0   0 30   0 Bootstrap
 3 11   0   0   0 30   0 Bootstrap
 4  5   0   0   0 30   0 Bootstrap
 5  9  36   0  36 30   0 PDC < 100
 6  6  23   0  59 30   0 PDC < 100
 7  8  81 266 110 30   0 PDC < 100
 8  8  93 269 159 30   0 PDC < 100
 9  3  41   0 169 30   0 PDC < 100
10 13 186 436 213 30 450 Complete
11  3  46   0 218 30   0 PDC < 100
12 11 177 370 239 30 385 Complete
13  7 118 234 252 30 244 Complete
14  7 125 235 260 30 243 Complete
15 11 202 369 272 30 389 Complete
16  3  54   0 272 30   0 PDC < 100
17 11 207 369 280 30 382 Complete
18  6 110 200 280 30 200 Complete
19  9 177 303 289 30 314 Complete
20  9 181 301 294 30 312 Complete
21  5  95 168 294 30   0 PDC < 100
22 10 207 336 303 30 346 Complete
23  4  75   0 303 30   0 PDC < 100
24 13 276 435 313 30 450 Complete
25  0   0   0 313 30   0 No games
26 12 253 402 316 30 418 Complete
27  8 171 268 322 30 289 Complete
28  5 107 168 322 30 169 Complete
29  9 196   0 325 29   0 TDZA=29
30  5 105   0 325 29   0 TDZA=29
"""


def _drawn(line: str) -> Drawn:
    day, games, pdc, pcf, psza, tdza, mlfs, status = line.split(maxsplit=7)
    return Drawn(date(2021, 11, int(day)), int(games), int(pdc), int(pcf), int(psza), int(tdza), int(mlfs), status)


DRAWN: tuple[Drawn, ...] = tuple(_drawn(line) for line in _DRAWN.strip().splitlines())

OURS: dict[date, tuple[int, int]] = {
    date(2021, 11, day): counts
    for day, counts in {
        9: (99, 70),
        10: (434, 312),
        11: (99, 70),
        16: (101, 73),
        21: (167, 132),
        23: (133, 108),
    }.items()
}
"""What a complete run has on some of these dates: rows of the slate, and of player_daily_cache."""
