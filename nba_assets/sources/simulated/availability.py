"""Who is listed, who plays and for how long: injuries, the coach's rotation, minutes to the second.

Decided before the game and without regard to its course, except that a closing five plays overtime.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.sources.simulated.fixtures import FIRST_DAY
from nba_assets.sources.simulated.rng import Purpose, stream
from nba_assets.sources.simulated.rosters import NEVER, Floats, Ints, League

PLAYED, DNP, INACTIVE = 0, 1, 2

_DAYS = 270
"""Days from FIRST_DAY on for which absences are drawn; the latest finals end before."""
_ACTIVE = 13
_FEWEST = 8
_REGULATION = 5 * 2880
_MOST_SECONDS = 44 * 60
_PLAYING_SHARE = {8: 0.04, 9: 0.22, 10: 0.36, 11: 0.21, 12: 0.12, 13: 0.05}
_CAMEO_SHARE = 0.04
_TRADE_ABSENCE_DAYS = 3

REASONS: tuple[str, ...] = (
    "Injury/Illness - Left Ankle; Sprain",
    "Injury/Illness - Right Ankle; Sprain",
    "Injury/Illness - Left Hamstring; Strain",
    "Injury/Illness - Right Knee; Soreness",
    "Injury/Illness - Left Knee; Injury Recovery",
    "Injury/Illness - Left Calf; Strain",
    "Injury/Illness - Lower Back; Spasms",
    "Injury/Illness - Right Shoulder; Contusion",
    "Injury/Illness - N/A; Illness",
    "Health and Safety Protocols",
    "Personal Reasons",
    "Rest",
    "Not With Team - Trade Pending",
)
_TRADE_PENDING = len(REASONS) - 1


@dataclass(frozen=True)
class Absences:
    """By (player, day - FIRST_DAY): the reason (index into REASONS) why he cannot play, and whether he has
    just come back; -1 where neither."""

    reason: npt.NDArray[np.int8]
    returning: npt.NDArray[np.int8]


def absences_of(seed: int, year: int, league: League) -> Absences:
    """Injuries over a whole season: some last a game or two, a few the rest of the season."""
    rng = stream(seed, Purpose.ABSENCES, year)
    n_players = len(league.players.player_id)
    player = np.repeat(np.arange(n_players), rng.poisson(1.7, n_players))
    first = rng.integers(0, _DAYS, len(player))
    days = np.ceil(np.exp(rng.normal(1.8, 0.9, len(player)))).astype(int)
    long = rng.random(len(player)) < 0.04
    days[long] = rng.integers(60, 200, int(long.sum()))
    reason = rng.integers(0, _TRADE_PENDING, len(player))
    traded = (league.stints.first > 0) & (league.stints.first < NEVER)
    player = np.concatenate([player, league.stints.player[traded]])
    first = np.concatenate([first, league.stints.first[traded] - FIRST_DAY])
    days = np.concatenate([days, np.full(int(traded.sum()), _TRADE_ABSENCE_DAYS)])
    reason = np.concatenate([reason, np.full(int(traded.sum()), _TRADE_PENDING)])
    out, back = (np.full((n_players, _DAYS), -1, dtype=np.int8) for _ in range(2))
    for who, start, length, why in zip(player.tolist(), first.tolist(), days.tolist(), reason.tolist(), strict=True):
        out[who, start : start + length] = why
        back[who, start + length : start + length + 6] = why
    return Absences(out, back)


def availability_of(rng: np.random.Generator, league: League, absences: Absences, games: pd.DataFrame) -> pd.DataFrame:
    """Everybody on the rosters of the games' teams, sorted by side (2 x game row, + 1 for the away team).

    Columns: side, player, listing, starter, seconds (in regulation, 0 unless played), closing (one of the five
    of overtime), reason (absence, index into REASONS or -1), returning (likewise), comment.
    """
    side, player = _roster_rows(league, games)
    day = np.repeat(games["day"].to_numpy(), 2)[side] - FIRST_DAY
    reason = absences.reason[player, day]
    score = league.players.minutes[player] * np.exp(rng.normal(0, 0.12, len(side)))
    order = np.lexsort((-score, reason >= 0, side))
    side, player, reason, score, day = side[order], player[order], reason[order], score[order], day[order]
    place = _place_within(side)
    # A team always finds eight: the last of the absent are well enough after all.
    reason = np.where(place < _FEWEST, -1, reason)
    healthy = np.bincount(side, weights=reason < 0).astype(int)
    active = np.minimum(healthy, _ACTIVE)[side]
    playing = rng.choice(list(_PLAYING_SHARE), size=2 * len(games), p=np.array(list(_PLAYING_SHARE.values())))
    playing = np.minimum(playing, np.minimum(healthy, _ACTIVE))[side]
    listing = np.select([place < playing, place < active], [PLAYED, DNP], INACTIVE)
    seconds = _regulation_seconds(rng, side, place, playing, score, listing == PLAYED)
    frame = pd.DataFrame(
        {
            "side": side,
            "player": player,
            "listing": listing,
            "starter": place < 5,
            "seconds": seconds,
            "closing": _closing_five(side, seconds),
            "reason": reason,
            "returning": np.where(reason < 0, absences.returning[player, day], -1),
            "comment": "",
        }
    )
    _comment(rng, frame)
    return frame


def _roster_rows(league: League, games: pd.DataFrame) -> tuple[Ints, Ints]:
    """A row for every game day of a team and every player who belongs to it on that day: side, player."""
    stints = league.stints
    team = games[["home", "away"]].to_numpy().ravel()
    moment = team * 4 * NEVER + np.repeat(games["day"].to_numpy(), 2) + 2 * NEVER
    by_moment = np.argsort(moment, kind="stable")
    low = np.searchsorted(moment[by_moment], stints.team * 4 * NEVER + stints.first + 2 * NEVER)
    high = np.searchsorted(moment[by_moment], stints.team * 4 * NEVER + stints.end + 2 * NEVER)
    count = high - low
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return by_moment[np.repeat(low, count) + within], np.repeat(stints.player, count)


def _place_within(side: Ints) -> Ints:
    """0, 1, 2, … within each side of a column sorted by side."""
    return np.arange(len(side)) - np.searchsorted(side, side)


def _regulation_seconds(
    rng: np.random.Generator, side: Ints, place: Ints, playing: Ints, score: Floats, plays: npt.NDArray[np.bool_]
) -> Ints:
    """Whole seconds that sum to five times 48 minutes for every side, nobody above 44 minutes."""
    wish = 60 * score * np.exp(rng.normal(0, 0.08, len(side)))
    wish = np.where(place >= 9, 0.5 * wish, wish)
    cameo = (place == playing - 1) & (place >= _FEWEST) & (rng.random(side.max() + 1) < _CAMEO_SHARE)[side]
    wish = np.where(cameo, rng.uniform(2, 32, len(side)), wish)
    seconds = np.where(plays, wish, 0.0)
    for _ in range(6):
        capped = seconds >= _MOST_SECONDS
        seconds = np.where(capped, _MOST_SECONDS, seconds)
        room = _REGULATION - np.bincount(side, weights=np.where(capped, seconds, 0))
        free = np.bincount(side, weights=np.where(capped, 0, seconds))
        seconds = np.where(capped, seconds, seconds * (room / free)[side])
    whole = np.floor(seconds).astype(np.int64)
    missing = (_REGULATION - np.bincount(side, weights=whole)).astype(np.int64)[side]
    # Fewer seconds are missing than players played, but for cap remainders: share them out evenly.
    return whole + np.where(plays, missing // playing + (place < missing % playing), 0)


def _closing_five(side: Ints, seconds: Ints) -> npt.NDArray[np.bool_]:
    order = np.lexsort((-seconds, side))
    closing = np.empty(len(side), dtype=bool)
    closing[order] = _place_within(side[order]) < 5
    return closing


def _comment(rng: np.random.Generator, availability: pd.DataFrame) -> None:
    """The box score's words for those who did not play; a few of the absent are listed there too, in place."""
    dressed = availability["listing"].to_numpy() == DNP
    absent = (availability["reason"].to_numpy() >= 0) & (rng.random(len(availability)) < 0.08)
    words = rng.choice(
        np.array(["Did Not Dress", "Not With Team", "Player Suspended"], dtype=object),
        size=len(availability),
        p=[0.83, 0.16, 0.01],
    )
    availability["listing"] = np.where(absent, DNP, availability["listing"])
    availability["comment"] = np.select([dressed, absent], [np.array("Did Not Play", dtype=object), words], "")
