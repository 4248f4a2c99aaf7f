"""The cache: one folder per season in the very layout that FilesSource reads, and what it says of itself.

Beside the Parquet files are `fetched.json`, which records when a game's rows were fetched, and when the same had been
answered before; and, while a fetch runs or after it was killed, `pending.jsonl` with the answers that are not in the
Parquet files yet. A game counts as fetched only once its rows are on disk. Nothing here knows what is worth fetching.
"""

from __future__ import annotations

import json
import logging
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from filelock import FileLock, Timeout

from nba_assets.sources.base import COLUMNS, ResultSet, SourceError, conform
from nba_assets.sources.nba_api.endpoints import KEYS
from nba_assets.sources.parquet import read_parquet
from nba_assets.whole_file import replaced_whole

log = logging.getLogger(__name__)


_ALIKE = "answered_alike_before"
_FAILED = "failed"
_MOST_ALIKE = 2
"""Of earlier answers like the one that is there: how many moments are kept. With its own they are three."""

Record = dict[str, dict[str, Any]]


class CacheError(SourceError):
    """The cache cannot be read or written; fetching more would be in vain."""


class SeasonCache:
    """The files of one season. Whoever writes holds `lock()`."""

    def __init__(self, cache_dir: Path, season: str) -> None:
        self.season = season
        self.directory = cache_dir / season
        self._record_path = self.directory / "fetched.json"
        self._pending_path = self.directory / "pending.jsonl"

    @contextmanager
    def lock(self, seconds: float) -> Iterator[None]:
        """Only one process fetches a season; raises CacheError if another still does after `seconds`."""
        with _as_cache_error(self.directory):
            self.directory.mkdir(parents=True, exist_ok=True)
        try:
            with FileLock(self.directory / ".lock", timeout=seconds):
                yield
        except Timeout as error:
            raise CacheError(
                f"{self.directory}: another process has been fetching {self.season} for {seconds:.0f} s and more. "
                "Wait for it, or end it; what it fetched is kept."
            ) from error

    def path(self, result_set: ResultSet) -> Path:
        """Where FilesSource looks for it."""
        return self.directory / f"{result_set}.parquet"

    def frame(self, result_set: ResultSet) -> pd.DataFrame | None:
        """All rows of the season so far; None before the first."""
        path = self.path(result_set)
        if not path.is_file():
            return None
        with _readable(path):
            return conform(read_parquet(path), result_set, origin=str(path), season=self.season)

    def games(self, result_set: ResultSet) -> set[str]:
        """The games that have rows."""
        path = self.path(result_set)
        if not path.is_file():
            return set()
        game = KEYS[result_set][0]
        with _readable(path):
            return set(read_parquet(path, [game])[game])

    def fetched(self, result_set: ResultSet) -> dict[str, datetime]:
        """Game -> when its rows were fetched; of the schedule, season -> when."""
        if not self.path(result_set).is_file():
            return {}
        times = self._record().get(result_set, {})
        return {game: datetime.fromisoformat(time) for game, time in times.items()}

    def answers(self, result_set: ResultSet) -> dict[str, list[datetime]]:
        """Game -> when its rows were answered as they are, the last few times in a row."""
        alike = self._record().get(_ALIKE, {}).get(result_set, {})
        fetched = self.fetched(result_set)
        return {game: [*map(datetime.fromisoformat, alike.get(game, ())), at] for game, at in fetched.items()}

    def note_nothing(self, result_set: ResultSet, games: Collection[str], at: datetime) -> dict[str, int]:
        """Record that an answer had no rows of some games; returns how often in a row there were none by now.

        Games that have rows are left out: these stay, whatever an answer without any says.
        """
        record, present = self._record(), self.games(result_set)
        alike = record.setdefault(_ALIKE, {}).setdefault(result_set, {})
        times = {game: len(alike.get(game, ())) + 1 for game in games if game not in present}
        for game in times:
            alike[game] = [*alike.get(game, ()), at.isoformat(timespec="seconds")][-_MOST_ALIKE:]
        self._write_record(record)
        return times

    def store_schedule(self, frame: pd.DataFrame, at: datetime) -> None:
        """Replace the schedule."""
        self._write_frame(ResultSet.SCHEDULE, frame)
        self._note(ResultSet.SCHEDULE, {self.season: at}, alike=())

    def store_roster(self, roster: pd.DataFrame, team_id: int, at: datetime) -> None:
        """Put in a team's players; those of it that are on the roster no more stay, for they have played."""
        stored = self.frame(ResultSet.BIRTH_DATES)
        every = roster if stored is None else pd.concat([stored, roster])
        newest = every.drop_duplicates("PLAYER_ID", keep="last").sort_values("PLAYER_ID", ignore_index=True)
        if stored is None or not newest.equals(stored):
            self._write_frame(ResultSet.BIRTH_DATES, newest)
        self._note(ResultSet.BIRTH_DATES, {str(team_id): at}, alike=())

    def note_failure(self, result_set: ResultSet, at: datetime) -> None:
        """Record when a result set was asked for in vain."""
        record = self._record()
        record.setdefault(_FAILED, {})[result_set] = at.isoformat(timespec="seconds")
        self._write_record(record)

    def failed_at(self, result_set: ResultSet) -> datetime | None:
        """When it was asked for in vain last, as `note_failure` has it."""
        at = self._record().get(_FAILED, {}).get(result_set)
        return None if at is None else datetime.fromisoformat(at)

    def store(self, result_set: ResultSet, frame: pd.DataFrame, fetched: dict[str, datetime]) -> set[str]:
        """Put in the rows of a frame; returns the games that were there before with other rows.

        Replaced are the games that have rows in `frame` and those in `fetched`, which become recorded. Rows of
        all other games stay. A file that would not change is not written.
        """
        key = list(KEYS[result_set])
        game = key[0]
        stored = self.frame(result_set)
        if stored is None:
            self._write_frame(result_set, _in_order(frame, key))
            self._note(result_set, fetched, alike=())
            return set()
        replaced = stored[game].isin(set(frame[game]) | set(fetched))
        before, after = _fingerprints(stored[replaced], game), _fingerprints(frame, game)
        if not before.equals(after):
            self._write_frame(result_set, _in_order(pd.concat([stored[~replaced], frame]), key))
        self._note(result_set, fetched, alike={name for name in fetched if before.get(name) == after.get(name)})
        return {str(name) for name in before.index[before.ne(after.reindex(before.index))]}

    def keep(self, result_set: ResultSet, game_id: str, frame: pd.DataFrame, at: datetime) -> None:
        """Write down one game's rows at once, to be stored with those of other games by `store_kept`."""
        columns = {name: [None if pd.isna(value) else value for value in frame[name].tolist()] for name in frame}
        line = json.dumps({"result_set": result_set, "game": game_id, "at": at.isoformat(), "columns": columns})
        with _as_cache_error(self._pending_path), self._pending_path.open("a", encoding="utf-8") as file:
            file.write(line + "\n")

    def store_kept(self) -> set[str]:
        """Store what `keep` wrote down, also in a process that was killed; returns the games that changed."""
        kept: dict[ResultSet, dict[str, dict[str, Any]]] = defaultdict(dict)
        for entry in self._pending():
            kept[ResultSet(entry["result_set"])][entry["game"]] = entry
        changed: set[str] = set()
        for result_set, games in kept.items():
            columns = {name: list(chain(*(e["columns"][name] for e in games.values()))) for name in COLUMNS[result_set]}
            frame = conform(pd.DataFrame(columns), result_set, origin=str(self._pending_path))
            changed |= self.store(result_set, frame, {g: datetime.fromisoformat(e["at"]) for g, e in games.items()})
        self._pending_path.unlink(missing_ok=True)
        return changed

    def _pending(self) -> Iterator[dict[str, Any]]:
        if not self._pending_path.is_file():
            return
        for line in self._pending_path.read_text(encoding="utf-8").splitlines():
            try:
                yield json.loads(line)
            except ValueError:
                log.warning("%s: the last entry was cut off; that game is fetched again", self._pending_path)

    def _record(self) -> Record:
        if not self._record_path.is_file():
            return {}
        try:
            record: Record = json.loads(self._record_path.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise CacheError(
                f"{self._record_path}: cannot be read ({error}). Delete it; the season is then fetched anew."
            ) from error
        return record

    def _note(self, result_set: ResultSet, fetched: dict[str, datetime], *, alike: Collection[str]) -> None:
        """Record when games were fetched; those in `alike` with the rows that were there before."""
        record = self._record()
        _remember(record, result_set, set(fetched) & record.get(result_set, {}).keys())
        for game in fetched.keys() - set(alike):
            record.get(_ALIKE, {}).get(result_set, {}).pop(game, None)
        times = {game: at.isoformat(timespec="seconds") for game, at in fetched.items()}
        record[result_set] = dict(sorted((record.get(result_set, {}) | times).items()))
        self._write_record(record)

    def _write_record(self, record: Record) -> None:
        text = json.dumps(record, indent=0, sort_keys=True)
        with _as_cache_error(self._record_path), replaced_whole(self._record_path) as part:
            part.write_text(text, encoding="utf-8")

    def forget(self, is_gone: Callable[[str, str, datetime], bool]) -> bool:
        """Take back when games were fetched (of the schedule: the season), where `is_gone(result set, game, when)`.

        Their rows stay.

        False if there is no such game.
        """
        record = self._record()
        gone = {
            name: [game for game, at in times.items() if is_gone(name, game, datetime.fromisoformat(at))]
            for name, times in record.items()
            if name not in (_ALIKE, _FAILED)
        }
        for name, games in gone.items():
            _remember(record, name, games)
            for game in games:
                del record[name][game]
        if not any(gone.values()):
            return False
        self._write_record(record)
        return True

    def _write_frame(self, result_set: ResultSet, frame: pd.DataFrame) -> None:
        path = self.path(result_set)
        with _as_cache_error(path), replaced_whole(path) as part:
            frame.to_parquet(part, index=False)


def _remember(record: Record, result_set: str, games: Collection[str]) -> None:
    """Put down the moments at which games were fetched as earlier ones."""
    if result_set == ResultSet.SCHEDULE or not games:
        return
    alike = record.setdefault(_ALIKE, {}).setdefault(result_set, {})
    for game in games:
        alike[game] = [*alike.get(game, ()), record[result_set][game]][-_MOST_ALIKE:]


def _in_order(frame: pd.DataFrame, key: list[str]) -> pd.DataFrame:
    """By key; two versions of one row stay in the order they came in, of which the last is the newest."""
    return frame.sort_values(key, kind="stable", ignore_index=True)


def _fingerprints(frame: pd.DataFrame, game: str) -> pd.Series:
    """Game -> a number that changes with its rows, but not with their order."""
    hashes = pd.util.hash_pandas_object(frame, index=False)
    return hashes.groupby(frame[game].to_numpy()).sum().sort_index()


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise CacheError(f"{path}: cannot be read ({error}). Delete it, then fetch again.") from error


@contextmanager
def _as_cache_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise CacheError(
            f"{path}: cannot be written ({error}). Make room or choose another cache directory."
        ) from error


def rows_of(frame: pd.DataFrame, result_set: ResultSet, games: Iterable[str]) -> pd.DataFrame:
    """The rows of some games."""
    return frame[frame[KEYS[result_set][0]].isin(set(games))]
