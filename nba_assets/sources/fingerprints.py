"""What a source said of a date, in short: per result set and game the number of its rows and a hash of them.

Two answers with the same rows have the same fingerprint, in whatever order, spelling and number they came: no table is
made of a row twice. Recorded with what was made of an answer, it tells later whether the source says something else by
now, and of which game. What a file says is remembered under its time stamps and size, so that files which have not
changed are not read again.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from nba_assets.league.calendar import season_of
from nba_assets.sources.base import GAME_IDS, GAME_LOGS, OF_NO_DATE, ResultSet, Snapshot, Source, SourceError
from nba_assets.text import joined
from nba_assets.whole_file import replaced_whole

log = logging.getLogger(__name__)

_NO_DATE = ""
_DATES = {
    ResultSet.SCHEDULE: "gameDateEst",
    ResultSet.TEAM_LOG: "GAME_DATE",
    ResultSet.PLAYER_LOG: "GAME_DATE",
    ResultSet.SHOTS: "GAME_DATE",
    ResultSet.INJURY_REPORTS: "reportDate",
    ResultSet.GAME_LINES: "gameDateEst",
}
"""The column that says of which date a row is; rows of other result sets are of their game's."""
_OF_THE_LABEL_ALONE = ("gameLabel", "seasonYear")
_FINAL = 3
_MOST_NAMED = 5

_SEASON = "season"
"""The one entity of rows that are of no date."""

Marks = dict[str, dict[str, str]]
"""Date, "" where the rows say none -> game, or team of an injury report, or "season" -> "<rows>:<hash>"."""
Said = dict[str, dict[str, str]]
"""Result set -> game -> mark, of one date."""


def marks_of(result_set: ResultSet, frame: pd.DataFrame) -> Marks:
    """The marks of a result set's rows, in their declared types."""
    told = _as_it_counts(result_set, frame)
    entity = GAME_IDS.get(result_set, "teamName")
    day = _DATES.get(result_set)
    units = pd.DataFrame(
        {
            "date": _iso(frame[day]) if day else _NO_DATE,
            "entity": _SEASON if result_set in OF_NO_DATE else frame[entity].fillna("none").to_numpy(),
            "hash": pd.util.hash_pandas_object(told, index=False).to_numpy(),
        }
    )
    marks: Marks = defaultdict(dict)
    units = units.drop_duplicates()
    for (of_day, of_entity), hashes in units.groupby(["date", "entity"])["hash"]:
        total = int(np.add.reduce(hashes.to_numpy(dtype="uint64")))
        marks[str(of_day)][str(of_entity)] = f"{len(hashes)}:{total & 0xFFFFFFFF:08x}"
    return dict(marks)


def _iso(days: pd.Series) -> Any:
    """2021-10-19 of "2021-10-19T00:00:00Z" and of "20211019"."""
    texts = {text: str(pd.Timestamp(text[:10]).date()) for text in days.unique()}
    return days.map(texts).to_numpy()


def _as_it_counts(result_set: ResultSet, frame: pd.DataFrame) -> pd.DataFrame:
    """Dates in one spelling; of the schedule neither labels nor what a game stands at while it is on."""
    day = _DATES.get(result_set)
    if day is not None:
        frame = frame.assign(**{day: _iso(frame[day])})
    if result_set is not ResultSet.SCHEDULE:
        return frame
    is_final = frame["gameStatus"].eq(_FINAL)
    scores = {name: frame[name].where(is_final) for name in ("homeTeam_score", "awayTeam_score")}
    counts = frame.assign(gameStatus=is_final.astype("int64"), **scores)
    return counts.drop(columns=[*_OF_THE_LABEL_ALONE])


Silent = Callable[[ResultSet, set[str]], set[str]]
"""Of games about which a result set says nothing: those that nobody has asked about."""


def differences(
    recorded: str, said: str, evidence: Collection[ResultSet] = (), silent: Silent = lambda _, __: set()
) -> str | None:
    """What has changed, as in "leaguegamelog_player of 0022100155"; None if nothing has.

    Of the result sets that are `evidence` only games count that no other has: what they say of the others confirmed
    what was made of these. Not compared are a result set that the source does not have any more, and `silent` games.
    """
    if recorded == said:
        return None
    before, now = _read(recorded), _read(said)
    if before is None or now is None:
        return "what was recorded cannot be read"
    known = {game for result_set, marks in now.items() if result_set not in evidence for game in marks}
    found = []
    for result_set, marks in now.items():
        old = before.get(result_set, {})
        games = _changed(old, marks)
        if result_set in evidence:
            games -= known | (marks.keys() & old.keys())
        gone = games - marks.keys()
        if gone:
            games -= silent(ResultSet(result_set), gone)
        if games:
            found.append(f"{result_set} of {joined(sorted(games), _MOST_NAMED)}")
    return "; ".join(found) or None


def changed_games(recorded: str, said: str) -> set[str] | None:
    """The games about which something else is said than was recorded; None if one of the two cannot be read."""
    before, now = _read(recorded), _read(said)
    if before is None or now is None:
        return None
    result_sets = before.keys() | now.keys()
    return set().union(*(_changed(before.get(one, {}), now.get(one, {})) for one in result_sets))


def _changed(before: Mapping[str, str], now: Mapping[str, str]) -> set[str]:
    """The games whose marks in one result set are others."""
    return {game for game in before.keys() | now.keys() if before.get(game) != now.get(game)}


def _read(text: str) -> Said | None:
    try:
        said = json.loads(text)
    except ValueError:
        return None
    return said if isinstance(said, dict) and all(isinstance(marks, dict) for marks in said.values()) else None


CHANGED_MEANWHILE = "?"
"""Stands for the fingerprint of an answer that was gone before it could be taken: it equals no other."""

Versions = Mapping[tuple[ResultSet, str], str]
"""Result set and season -> the version of it that was read."""


class SourceFingerprints:
    """The fingerprints of what a source says at this moment.

    `directory` is where they are remembered, once `is_kept` says so; what stands there is read in any case.
    """

    def __init__(self, source: Source, directory: Path, is_kept: Callable[[], bool] = lambda: True) -> None:
        self._source = source
        self._directory = directory
        self._is_kept = is_kept
        self._seasons: dict[str, SeasonFingerprints] = {}

    def of(self, result_sets: tuple[ResultSet, ...], days: Iterable[date], read: Versions) -> dict[date, str]:
        """The fingerprint of each date in the versions that were read; CHANGED_MEANWHILE, if there are others by now.

        None of dates of which the source cannot tell without being asked.
        """
        found: dict[date, str] = {}
        for name, of_season in groupby(sorted(days), key=season_of):
            season = self.season(name)
            if season is None:
                continue
            versions = {result_set: read.get((result_set, name)) for result_set in result_sets}
            is_read = all(v in (None, season.versions.get(result_set)) for result_set, v in versions.items())
            for day in of_season:
                found[day] = season.fingerprint(result_sets, day) if is_read else CHANGED_MEANWHILE
        return found

    def season(self, name: str) -> SeasonFingerprints | None:
        """The season as the source has it now; None if it has no schedule of it, or cannot tell."""
        versions = {rs: version for rs in ResultSet if (version := self._source.version(rs, name)) is not None}
        if ResultSet.SCHEDULE not in versions:
            return None
        known = self._seasons.get(name)
        if known is None or known.asked_of != versions:
            known = self._seasons[name] = self._compared(name, versions)
        return known

    def _compared(self, name: str, versions: Mapping[ResultSet, str]) -> SeasonFingerprints:
        memory = _Memory(self._directory / f"{name}.json")
        found: dict[ResultSet, tuple[str, Marks]] = {}
        for result_set, version in versions.items():
            known = memory.marks(result_set, version)
            if known is not None:
                found[result_set] = version, known
            elif (snapshot := self._snapshot(result_set, name)) is not None:
                found[result_set] = snapshot.version, marks_of(result_set, snapshot.frame)
                memory.keep(result_set, *found[result_set])
        if self._is_kept():
            memory.write()
        return SeasonFingerprints(name, versions, found)

    def _snapshot(self, result_set: ResultSet, season: str) -> Snapshot | None:
        try:
            return self._source.snapshot(result_set, season)
        except SourceError as error:  # whatever is made of it fails of itself, and says so
            log.warning("what has changed in the %s of %s is not known: %s", result_set, season, error)
            return None


class SeasonFingerprints:
    """What a source says of the dates of one season; `asked_of` are the versions that it was taken for."""

    def __init__(
        self, name: str, asked_of: Mapping[ResultSet, str], found: Mapping[ResultSet, tuple[str, Marks]]
    ) -> None:
        self.name = name
        self.asked_of = asked_of
        self.versions = {result_set: version for result_set, (version, _) in found.items()}
        self._games: dict[str, set[str]] = defaultdict(set)
        self._logged: dict[str, set[str]] = defaultdict(set)
        for result_set in (ResultSet.SCHEDULE, *GAME_LOGS):
            for day, games in found[result_set][1].items() if result_set in found else ():
                for game in games:
                    self._games[game].add(day)
                    if result_set in GAME_LOGS:
                        self._logged[game].add(day)
        self._by_date = {result_set: self._spread(result_set, marks) for result_set, (_, marks) in found.items()}
        self._of_all_dates = {one: found[one][1].get(_NO_DATE, {}) for one in OF_NO_DATE if one in found}
        self._texts: dict[tuple[tuple[ResultSet, ...], date], str] = {}

    def _spread(self, result_set: ResultSet, marks: Marks) -> dict[str, dict[str, str]]:
        """The marks of each date: those of its rows, and of rows of other dates whose game is of it.

        A game of the schedule that the logs have on another date stands there: its mark says so.
        """
        found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
        for own, games in marks.items():
            for game, mark in games.items():
                elsewhere = (
                    self._logged[game] - {own} if result_set is ResultSet.SCHEDULE and game in self._logged else ()
                )
                for day in {own, *self._games.get(game, ())} - {_NO_DATE}:
                    found[day][game].append("@".join([mark, *sorted(elsewhere)]))
        return {day: {game: ",".join(sorted(them)) for game, them in games.items()} for day, games in found.items()}

    def fingerprint(self, result_sets: tuple[ResultSet, ...], day: date) -> str:
        """What is said of a date in these result sets, as far as there are any: JSON of marks."""
        key = (result_sets, day)
        if key not in self._texts:
            said: Said = {
                str(result_set): self._by_date[result_set].get(str(day), {}) | self._of_all_dates.get(result_set, {})
                for result_set in result_sets
                if result_set in self._by_date
            }
            self._texts[key] = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return self._texts[key]


class _Memory:
    """A file of marks by result set and version; one that cannot be read or written is done without."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[str, Any] = {}
        self._is_new = False
        with suppress(OSError, ValueError):
            known = json.loads(path.read_text(encoding="utf-8"))
            self._known = known if isinstance(known, dict) else {}

    def marks(self, result_set: ResultSet, version: str) -> Marks | None:
        known = self._known.get(result_set)
        return known["marks"] if isinstance(known, dict) and known.get("version") == version else None

    def keep(self, result_set: ResultSet, version: str, marks: Marks) -> None:
        self._known[str(result_set)] = {"version": version, "marks": marks}
        self._is_new = True

    def write(self) -> None:
        if not self._is_new:
            return
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with replaced_whole(self._path) as part:
                part.write_text(json.dumps(self._known), encoding="utf-8")
        except OSError as error:
            log.debug("%s: not remembered: %s", self._path, error)
