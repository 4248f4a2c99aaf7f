"""On which date a game stands: of three claims, its tip-off, the schedule's gameDateEst and the game logs' GAME_DATE.

Before a game gameDateEst decides, after it GAME_DATE, where the logs agree. A tip-off decides nothing, since a date may
be printed as a time; that it says something else is named.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from nba_assets.league.calendar import EASTERN, eastern_dates, seasons_of
from nba_assets.sources.base import ResultSet

_AFTER_MIDNIGHT = pd.Timedelta(hours=3)
"""A tip-off less than that after midnight, Eastern, can be of the evening before."""
_UNKNOWN_YEAR = 1900
_MIDNIGHT_EASTERN = r"T00:00(?::00(?:\.0+)?)?-0[45]:?00$"
_DATE_ALONE = r"\d{4}-?\d{2}-?\d{2}"
_LOGS = {
    ResultSet.TEAM_LOG: "GAME_DATE of the teams' log",
    ResultSet.PLAYER_LOG: "GAME_DATE of the players' log",
}


def stated_dates(listed: pd.DataFrame) -> pd.Series:
    """gameDateEst of each entry of a schedule."""
    return pd.to_datetime(listed["gameDateEst"].str[:10], format="ISO8601")


def tipoffs(listed: pd.DataFrame) -> pd.Series:
    """The tip-off of each entry of a schedule, UTC; NULL if it is unknown.

    It is where nothing but a date is stated, or midnight Eastern, or the year 1900, and where midnight UTC is that of
    gameDateEst: a date that was printed as a time. Midnight UTC of the day after is an evening in the East.
    """
    texts = listed["gameDateTimeUTC"]
    times = pd.to_datetime(texts, utc=True, format="ISO8601")
    dates = stated_dates(listed).dt.tz_localize("UTC")
    of_a_date = texts.str.fullmatch(_DATE_ALONE) | texts.str.contains(_MIDNIGHT_EASTERN)
    is_unknown = of_a_date.eq(True) | times.eq(dates) | times.dt.year.le(_UNKNOWN_YEAR)
    return times.mask(is_unknown)


def tipoffs_on(dates: pd.Series, listed: pd.DataFrame) -> pd.Series:
    """The tip-off of each entry of a schedule, UTC, where it can be one of the date that the game stands on."""
    times = tipoffs(listed)
    return times.where(_evenings(times, dates).eq(dates))


def game_dates(listed: pd.DataFrame, source: Mapping[str, pd.DataFrame | None]) -> pd.Series:
    """The date of each entry of a schedule; `source` has the game logs, as far as there are any.

    An entry that was postponed, and one of several that are on under one id, stands on its gameDateEst; so does a game
    that the logs have in another season, where nobody would look for it.
    """
    agreed = _agreed(logged_dates(source))
    stated = stated_dates(listed)
    if agreed.empty:
        return stated
    is_on = ~listed["postponedStatus"].eq("Y")
    is_alone = is_on & ~listed["gameId"].where(is_on).duplicated(keep=False)
    logged = listed["gameId"].where(is_alone).map(agreed)
    return logged.where(seasons_of(logged).eq(seasons_of(stated))).fillna(stated)


def logged_dates(source: Mapping[str, pd.DataFrame | None]) -> pd.DataFrame:
    """game_id, date, claim: each date on which a log has a game, once."""
    found = [
        log[["GAME_ID", "GAME_DATE"]].drop_duplicates().assign(claim=name)
        for result_set, name in _LOGS.items()
        if (log := source.get(result_set)) is not None and len(log)
    ]
    if not found:
        return pd.DataFrame(columns=["game_id", "date", "claim"]).astype({"date": "datetime64[ns]"})
    dates = pd.concat(found, ignore_index=True).rename(columns={"GAME_ID": "game_id"})
    dates["date"] = pd.to_datetime(dates["GAME_DATE"].str[:10], format="ISO8601")
    return dates[["game_id", "date", "claim"]].drop_duplicates()


def _agreed(logged: pd.DataFrame) -> pd.Series:
    """Game -> date, of the games of which the logs know one date."""
    dates = logged.drop_duplicates(["game_id", "date"])
    return dates[~dates["game_id"].duplicated(keep=False)].set_index("game_id")["date"]


def disagreements(source: Mapping[str, pd.DataFrame | None], games: pd.DataFrame) -> Iterator[tuple[Any, str]]:
    """The games of which the claims differ, as tuples, and the claims in words.

    `source` has the schedule and what logs there are; `games` game_id, and whatever the tuples are to have.
    """
    listed = source.get(ResultSet.SCHEDULE)
    if listed is None:
        return
    entries = listed[listed["gameId"].isin(games["game_id"]) & ~listed["postponedStatus"].eq("Y")]
    times, stated = tipoffs(entries), stated_dates(entries)
    logged = logged_dates(source)
    claims = pd.concat(
        [
            pd.DataFrame({"game_id": entries["gameId"], "date": _evenings(times, stated), "claim": _in_words(times)}),
            pd.DataFrame({"game_id": entries["gameId"], "date": stated, "claim": "gameDateEst"}),
            logged,
        ],
        ignore_index=True,
    ).dropna()
    dates = claims[["game_id", "date"]].drop_duplicates()
    contested = set(dates.loc[dates["game_id"].duplicated(), "game_id"])
    for game in games[games["game_id"].isin(contested)].itertuples():
        of_game = claims[claims["game_id"] == game.game_id]
        named = zip(of_game["claim"], of_game["date"].dt.strftime("%Y-%m-%d"), strict=True)
        yield game, ", ".join(f"{claim} {day}" for claim, day in named)


def _evenings(times: pd.Series, stated: pd.Series) -> pd.Series:
    """The Eastern date of each tip-off; soon after midnight it is that of the evening before, where that is stated."""
    dates, evenings = eastern_dates(times), eastern_dates(times - _AFTER_MIDNIGHT)
    return evenings.where(evenings.eq(stated), dates)


def _in_words(times: pd.Series) -> pd.Series:
    return times.dt.tz_convert(EASTERN).dt.strftime("a tip-off at %H:%M Eastern of")
