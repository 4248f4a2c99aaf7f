"""The vocabulary of one partition's result: what it is called, what became of it, and why.

Causes are a closed list; alerts, marks and exit statuses go by them and their numbers. The sentences that people
read are made from causes here and nowhere else, and nothing ever reads a sentence back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from string import Formatter
from typing import Any

from nba_assets.text import counted, joined


class Status(StrEnum):
    """Status of one (table, date)."""

    OK = "OK"
    DEGRADED = "DEGRADED"
    BOOTSTRAP = "BOOTSTRAP"
    NO_GAMES = "NO_GAMES"
    GAP = "GAP"
    ERROR = "ERROR"
    BLOCKED = "BLOCKED"
    STALE = "STALE"
    NOT_DUE = "NOT_DUE"
    MISSING = "MISSING"


MEANING: dict[Status, str] = {
    Status.OK: "expectation met",
    Status.DEGRADED: "published, but inputs that should exist are missing for some rows",
    Status.BOOTSTRAP: "first days of the season, or nobody has enough history yet; published empty",
    Status.NO_GAMES: "no counting game scheduled; published empty",
    Status.GAP: "below the threshold; nothing new is published",
    Status.ERROR: "an exception; nothing new is published",
    Status.BLOCKED: "waits for a gap or an error upstream",
    Status.STALE: "an input, a setting, the code or its own rows have changed since, or what it doubted is settled",
    Status.NOT_DUE: "games not played yet, or the source's delay is not over",
    Status.MISSING: "never computed",
}

FINE = frozenset({Status.OK, Status.DEGRADED, Status.BOOTSTRAP, Status.NO_GAMES})
"""What a partition may be for a command to have succeeded: published and up to date."""

IN_ORDER = FINE | {Status.NOT_DUE}
"""What leaves nothing to do now: published and up to date, or not to be expected yet."""

FAILED = frozenset({Status.GAP, Status.ERROR})
"""What a partition is at the root of a failure."""

WAITING = frozenset({Status.BLOCKED, Status.MISSING})
"""What has not failed itself, and is not there."""

STOPS_DEPENDENTS = FAILED | WAITING
"""A critical input in one of these blocks the tables that read it."""


class Cause(StrEnum):
    """Why a partition is not simply OK."""

    # facts that the source has not delivered, or that contradict each other
    SEASON_NOT_COVERED = "season_not_covered"
    BEYOND_SCHEDULE = "beyond_schedule"
    SCHEDULE_TOO_OLD = "schedule_too_old"
    UNKNOWN_TEAM = "unknown_team"
    NOT_IN_SCHEDULE = "not_in_schedule"
    POSTPONED_BUT_PLAYED = "postponed_but_played"
    DATES_DIFFER = "dates_differ"
    OTHER_TEAMS = "other_teams"
    OTHER_HOME_TEAM = "other_home_team"
    AGAINST_ITSELF = "against_itself"
    TWICE_ON_DATE = "twice_on_date"
    ENDED_BUT_NOT_FINAL = "ended_but_not_final"
    NO_SCORE = "no_score"
    NOT_FINAL = "not_final"
    NO_BOX_SCORE = "no_box_score"
    SCORE_DIFFERS = "score_differs"
    NO_PLAYERS = "no_players"
    TOO_FEW_PLAYED = "too_few_played"
    NO_TEAM_BOX_SCORE = "no_team_box_score"
    SUM_DIFFERS = "sum_differs"
    MINUTES_DIFFER = "minutes_differ"
    IDENTITY_BROKEN = "identity_broken"
    IMPOSSIBLE = "impossible"
    TEAM_MINUTES = "team_minutes"
    WINNER_DIFFERS = "winner_differs"
    PLAYERS_CONTRADICT = "players_contradict"
    NO_CLOCK = "no_clock"
    OTHER_NAME = "other_name"
    CLOCK_WITHOUT_LINE = "clock_without_line"
    CLOCK_DIFFERS = "clock_differs"
    STARTERS = "starters"
    NO_SHOTS = "no_shots"
    SHOTS_NOT_COVERED = "shots_not_covered"
    SHOTS_DIFFER = "shots_differ"
    NOT_ONE_WINNER = "not_one_winner"
    ROW_REJECTED = "row_rejected"
    UNKNOWN_ZONE = "unknown_zone"
    PLAYER_SHOTS_DIFFER = "player_shots_differ"
    NO_INACTIVE_PLAYER = "no_inactive_player"
    FEW_LISTED = "few_listed"
    SHORT_LIST = "short_list"
    NOBODY_INACTIVE = "nobody_inactive"
    BLANK_IN_A_ROW = "blank_in_a_row"
    ON_TWO_LISTS = "on_two_lists"
    # rows that the table itself should have, and windows with games that are not loaded
    NO_ROW = "no_row"
    PLAYED_WITHOUT_ROW = "played_without_row"
    SMALL_SLATE = "small_slate"
    LARGE_SLATE = "large_slate"
    SLATE_OF_DOUBTFUL_LIST = "slate_of_doubtful_list"
    SLATE_LOST = "slate_lost"
    NAMES_IN_DOUBT = "names_in_doubt"
    NAME_NOT_LISTED = "name_not_listed"
    GAMES_NOT_LOADED = "games_not_loaded"
    TEAM_GAMES_NOT_LOADED = "team_games_not_loaded"
    PLAYERS_GAMES_NOT_LOADED = "players_games_not_loaded"
    SHOTS_UNKNOWN = "shots_unknown"
    TEAM_WINDOW_SHOTS_UNKNOWN = "team_window_shots_unknown"
    PLAYER_WINDOW_SHOTS_UNKNOWN = "player_window_shots_unknown"
    OPPONENT_WINDOW_SHOTS_UNKNOWN = "opponent_window_shots_unknown"
    LEAGUE_SHOTS_UNKNOWN = "league_shots_unknown"
    INPUT_WEAK = "input_weak"
    SHORT_HISTORY = "short_history"
    # thresholds
    BELOW_SHARE = "below_share"
    BELOW_GAMES = "below_games"
    BELOW_ROWS = "below_rows"
    BELOW_ENTITIES = "below_entities"
    ENTITIES_COUNTED = "entities_counted"
    ROWS_LOST = "rows_lost"
    FORCED = "forced"
    ACCEPTED = "accepted"
    TAKEN_BACK = "taken_back"
    # rows that break their contract, and exceptions
    CONTRACT_VIOLATED = "contract_violated"
    DUPLICATE_KEYS = "duplicate_keys"
    SOURCE_FAILED = "source_failed"
    COMPUTATION_FAILED = "computation_failed"
    # the calendar
    NO_GAME_SCHEDULED = "no_game_scheduled"
    NO_COUNTING_GAME = "no_counting_game"
    BOOTSTRAP_DAY = "bootstrap_day"
    NOBODY_HAS_HISTORY = "nobody_has_history"
    DAY_NOT_OVER = "day_not_over"
    GAMES_NOT_OVER = "games_not_over"
    RESULTS_NOT_DUE = "results_not_due"
    # waiting for others, and staleness
    INPUT_NOT_DUE = "input_not_due"
    UPSTREAM = "upstream"
    CODE_CHANGED = "code_changed"
    CHECKS_CHANGED = "checks_changed"
    INPUT_CHANGED = "input_changed"
    SOURCE_CHANGED = "source_changed"
    SETTLED = "settled"
    INPUT_STALE = "input_stale"
    REFETCH_REQUESTED = "refetch_requested"
    ROWS_ALTERED = "rows_altered"
    CONTENT_ALTERED = "content_altered"
    NEVER_COMPUTED = "never_computed"


WAITS_FOR = "waits_for"
"""The number of a finding with the game that it waits for: once the source has settled it, the verdict is another."""

THRESHOLDS = frozenset(
    {Cause.BELOW_SHARE, Cause.BELOW_GAMES, Cause.BELOW_ROWS, Cause.BELOW_ENTITIES, Cause.ENTITIES_COUNTED}
)
"""How much is missing, rather than what."""

CONTRADICTIONS = frozenset(
    {
        *(Cause.UNKNOWN_TEAM, Cause.NOT_IN_SCHEDULE, Cause.POSTPONED_BUT_PLAYED),
        *(Cause.OTHER_TEAMS, Cause.OTHER_HOME_TEAM, Cause.AGAINST_ITSELF, Cause.TWICE_ON_DATE, Cause.IDENTITY_BROKEN),
        *(Cause.IMPOSSIBLE, Cause.TEAM_MINUTES, Cause.WINNER_DIFFERS, Cause.PLAYERS_CONTRADICT),
        *(Cause.OTHER_NAME, Cause.CLOCK_WITHOUT_LINE, Cause.CLOCK_DIFFERS, Cause.STARTERS),
    }
)
"""Nothing is missing, but something is wrong: nobody is advised to accept it."""

ACCEPTANCES = frozenset({Cause.FORCED, Cause.ACCEPTED})
"""Somebody has accepted what is missing."""

_SENTENCES: dict[Cause, str] = {
    Cause.SEASON_NOT_COVERED: "the source '{source}' has no schedule that covers {date}",
    Cause.BEYOND_SCHEDULE: "the schedule of the source '{source}' reaches to {reach}: ask for a newer one",
    Cause.SCHEDULE_TOO_OLD: "the schedule of the source '{source}' was fetched on {fetched}, and is believed to "
    "{reach}: ask for a newer one with nba-assets fetch {season}",
    Cause.UNKNOWN_TEAM: "unknown team {codes}: teams are declared in {declared_in}",
    Cause.NOT_IN_SCHEDULE: "a box score, and on this date no such game in the schedule",
    Cause.POSTPONED_BUT_PLAYED: "postponed by the schedule, and there is a box score",
    Cause.DATES_DIFFER: "{claims}: put on {date}",
    Cause.OTHER_TEAMS: "no team of this game, and it has a box score of it (MATCHUP '{matchup}')",
    Cause.OTHER_HOME_TEAM: "MATCHUP '{matchup}' says otherwise who is at home",
    Cause.AGAINST_ITSELF: "a team against itself",
    Cause.TWICE_ON_DATE: "more than one game on this date",
    Cause.ENDED_BUT_NOT_FINAL: "a result, and not final in the schedule",
    Cause.NO_SCORE: "final without a score",
    Cause.NOT_FINAL: "not final in the schedule",
    Cause.NO_BOX_SCORE: "no box score",
    Cause.SCORE_DIFFERS: "box score has {points} points, the schedule {score}",
    Cause.NO_PLAYERS: "no players' box score",
    Cause.TOO_FEW_PLAYED: "only {played:player} played",
    Cause.NO_TEAM_BOX_SCORE: "no team box score to compare with",
    Cause.SUM_DIFFERS: "{statistic} of the players sum to {of_players}, the team has {of_team}",
    Cause.MINUTES_DIFFER: "the players' time sums to {of_players} minutes, the game has {of_game}",
    Cause.IDENTITY_BROKEN: "{details}",
    Cause.IMPOSSIBLE: "{details}",
    Cause.TEAM_MINUTES: "{details}",
    Cause.WINNER_DIFFERS: "WL '{result}' with {points} points against {opponent_points}",
    Cause.PLAYERS_CONTRADICT: "{players}",
    Cause.NO_CLOCK: "{details}",
    Cause.OTHER_NAME: "{details}",
    Cause.CLOCK_WITHOUT_LINE: "{details}",
    Cause.CLOCK_DIFFERS: "{details}",
    Cause.STARTERS: "{starters} starters",
    Cause.NO_SHOTS: "no shots",
    Cause.SHOTS_NOT_COVERED: "the source has no {result_set} of {season}",
    Cause.SHOTS_DIFFER: "{sides}",
    Cause.NOT_ONE_WINNER: "{winners:winner}",
    Cause.ROW_REJECTED: "{details}",
    Cause.UNKNOWN_ZONE: "{shots:shot} in a zone or of a type that is not known: {texts}",
    Cause.PLAYER_SHOTS_DIFFER: "{players}",
    Cause.NO_INACTIVE_PLAYER: "no inactive player, though {with_some} of the previous {games:game} had some",
    Cause.FEW_LISTED: "{listed} listed, the median of the previous {games:game} is {median}",
    Cause.SHORT_LIST: "only {listed:player} listed",
    Cause.BLANK_IN_A_ROW: "{run:game} in a row without an inactive player",
    Cause.NOBODY_INACTIVE: "no team of the night lists an inactive player ({games:game})",
    Cause.ON_TWO_LISTS: "{lists}; the first counts",
    Cause.NO_ROW: "no row",
    Cause.PLAYED_WITHOUT_ROW: "played, but has no row",
    Cause.SMALL_SLATE: "only {players:player} on the slate",
    Cause.LARGE_SLATE: "{players:player} on the slate",
    Cause.SLATE_OF_DOUBTFUL_LIST: "slate of a doubtful list, {game}: {why}",
    Cause.SLATE_LOST: "{lost} of {before:player} of the slate before {game} were on no list since",
    Cause.NAMES_IN_DOUBT: "statuses unknown, for names on the injury report of {report} that nobody was listed under: "
    "{entities}",
    Cause.NAME_NOT_LISTED: "{status} on the injury report of {team}: nobody on the slate was listed under this name",
    Cause.GAMES_NOT_LOADED: "{games:finished game} missing: {named}",
    Cause.TEAM_GAMES_NOT_LOADED: "{team}: {games:finished game} missing",
    Cause.PLAYERS_GAMES_NOT_LOADED: "finished games not loaded for {players:player}",
    Cause.SHOTS_UNKNOWN: "shots unknown of {games:game}: {entities}",
    Cause.TEAM_WINDOW_SHOTS_UNKNOWN: "shots unknown in the windows of {teams:team}: {entities}",
    Cause.PLAYER_WINDOW_SHOTS_UNKNOWN: "shots unknown in the windows of {players:player}",
    Cause.OPPONENT_WINDOW_SHOTS_UNKNOWN: "shots unknown in the windows of {teams:opponent}: {entities}",
    Cause.LEAGUE_SHOTS_UNKNOWN: "league average without {games:game}",
    Cause.INPUT_WEAK: "{entities} is {status}",
    Cause.SHORT_HISTORY: "{games:game} played",
    Cause.BELOW_SHARE: "{complete}/{expected} complete, {required} required",
    Cause.BELOW_GAMES: "{complete_games}/{games} games ({complete}/{expected} complete, {required} required)",
    Cause.BELOW_ROWS: "{short_name} < {required}",
    Cause.BELOW_ENTITIES: "{rows:row}, {required} required",
    Cause.ENTITIES_COUNTED: "{short_name}={rows}",
    Cause.ROWS_LOST: "{rows} rows would be left of {standing} that stand, though the date has lost no games to match; "
    "nothing was replaced",
    Cause.FORCED: "published by force",
    Cause.ACCEPTED: "accepted as it is by {by}",
    Cause.TAKEN_BACK: "no longer accepted as it is, by {by}",
    Cause.CONTRACT_VIOLATED: "contract violated: {entities}",
    Cause.DUPLICATE_KEYS: "rows that should be unique are not: {entities}",
    Cause.SOURCE_FAILED: "{error}",
    Cause.COMPUTATION_FAILED: "{kind}: {error}",
    Cause.NO_GAME_SCHEDULED: "no game scheduled",
    Cause.NO_COUNTING_GAME: "no counting game: {others}",
    Cause.BOOTSTRAP_DAY: "day {day} of the season",
    Cause.NOBODY_HAS_HISTORY: "nobody has enough games of the season yet",
    Cause.DAY_NOT_OVER: "the day is not over",
    Cause.GAMES_NOT_OVER: "{unfinished} of {games:game} are not final yet",
    Cause.RESULTS_NOT_DUE: "results are not due yet",
    Cause.INPUT_NOT_DUE: "waits for {entities}",
    Cause.UPSTREAM: "because of {entities} {status}{why}",
    Cause.CODE_CHANGED: "formula of {entities} changed",
    Cause.CHECKS_CHANGED: "checks of {entities} changed",
    Cause.INPUT_CHANGED: "an input or a setting has changed since it was computed",
    Cause.SOURCE_CHANGED: "the source has changed: {details}",
    Cause.SETTLED: "what was doubtful waited for {entities}: settled by now",
    Cause.INPUT_STALE: "{entities} is stale: {why}",
    Cause.REFETCH_REQUESTED: "the source is asked again since {since} UTC",
    Cause.ROWS_ALTERED: "{published:row} published, {standing:row} in the table: altered outside the pipeline",
    Cause.CONTENT_ALTERED: "rows altered outside the pipeline: found by {found_by}",
    Cause.NEVER_COMPUTED: "never computed",
}
_MOST_NAMED, _MOST_ALIKE, _MOST_LISTED = 15, 4, 3
"""How much a reason names: every game of the fullest night, and a few of each cause; all of them are in `causes`."""


@dataclass(frozen=True)
class Finding:
    """One cause, the games, teams, players or partitions that it concerns, and its numbers."""

    cause: Cause
    entities: tuple[str, ...] = ()
    numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def named(self) -> tuple[str, ...]:
        """Those of the entities that the sentence names."""
        return self.entities[: _MOST_LISTED if self.cause in _LISTS_OF_TEXTS else _MOST_NAMED]

    def as_dict(self) -> dict[str, Any]:
        """In JSON's types."""
        return {"cause": self.cause.value, "entities": list(self.entities), "numbers": dict(self.numbers)}

    def __str__(self) -> str:
        """ "no box score: 0022100111 LAC@LAL, 0022100112 SAC@UTA", "ATL: no row" """
        sentence = _SENTENCES[self.cause]
        separator = "; " if self.cause in _LISTS_OF_TEXTS else ", "
        named = joined(self.entities, len(self.named), separator=separator)
        text = _Counting().vformat(sentence, (), {**self.numbers, "entities": named})
        if "{entities}" in sentence or not self.entities:
            return text
        return f"{named}: {text}" if len(self.entities) == 1 else f"{text}: {named}"


_LISTS_OF_TEXTS = frozenset({Cause.CONTRACT_VIOLATED, Cause.DUPLICATE_KEYS})


class _Counting(Formatter):
    """{games:finished game} is "1 finished game" or "8 finished games"; a list shows its first members."""

    def format_field(self, value: Any, format_spec: str) -> Any:
        """A noun for a format counts; numbers are shown without needless zeros."""
        if format_spec:
            return counted(int(value), format_spec)
        if isinstance(value, (list, tuple)):
            return joined(value, _MOST_LISTED)
        return f"{value:g}" if isinstance(value, float) else str(value)


def finding(cause: Cause, *entities: object, **numbers: Any) -> Finding:
    """A finding about some entities."""
    return Finding(cause, tuple(map(str, entities)), numbers)


def sentence_of(findings: Iterable[Finding]) -> str | None:
    """The reason as people read it: a few sentences of each cause; None where there is nothing to say."""
    by_cause: dict[Cause, list[Finding]] = {}
    for one in findings:
        by_cause.setdefault(one.cause, []).append(one)
    accepted = [str(by_cause.pop(cause)[0]) for cause in Cause if cause in ACCEPTANCES & by_cause.keys()]
    parts = [joined(alike, _MOST_ALIKE, separator="; ") for alike in by_cause.values()]
    return ": ".join(filter(None, [", ".join(accepted), "; ".join(parts)])) or None


def to_json(findings: Iterable[Finding]) -> str | None:
    """Findings as the ledger keeps them; None for none."""
    dicts = [found.as_dict() for found in findings]
    return json.dumps(dicts, default=str) if dicts else None


_CAUSES = frozenset(cause.value for cause in Cause)


def from_json(text: str | None) -> tuple[Finding, ...]:
    """Findings from the ledger, without causes that this version does not know; none if the text is damaged.

    The reason in words stands beside them: a row that was damaged, or that an older version wrote, has that alone.
    """
    if text is None:  # most rows: a plan asks thousands
        return ()
    try:
        return tuple(
            Finding(Cause(one["cause"]), tuple(one["entities"]), dict(one["numbers"]))
            for one in json.loads(text or "[]")
            if one["cause"] in _CAUSES
        )
    except (ValueError, TypeError, KeyError):
        return ()


@dataclass(frozen=True)
class Partition:
    """One (table, date)."""

    table: str
    day: date

    def __str__(self) -> str:
        return f"{self.table} {self.day}"


@dataclass(frozen=True)
class EntityFailure:
    """An entity that a partition left out or could not complete."""

    entity: str
    category: str
    details: str


@dataclass(frozen=True)
class Outcome:
    """What an attempt at a partition came to, and why; `root` is where a BLOCKED partition's failure began.

    `games` counts the counting games of the date. `label` is the shortest form of what is wrong, for a cell or a date
    of the matrix; `notes` are worth saying and degrade nothing.
    """

    partition: Partition
    status: Status
    findings: tuple[Finding, ...] = ()
    label: str | None = None
    rows: int = 0
    expected: int | None = None
    complete: int | None = None
    required: int | None = None
    games: int | None = None
    production_ready_share: float | None = None
    root: Partition | None = None
    notes: tuple[Finding, ...] = ()
    failures: tuple[EntityFailure, ...] = field(default=(), repr=False)

    @property
    def reason(self) -> str | None:
        """The findings in words."""
        return sentence_of(self.findings)

    @property
    def is_forced(self) -> bool:
        """Whether somebody has accepted what is missing."""
        return any(f.cause in ACCEPTANCES for f in self.findings)

    @property
    def share(self) -> float | None:
        """complete / expected, always between 0 and 1; None where nothing is expected."""
        if not self.expected or self.complete is None:
            return None
        share = self.complete / self.expected
        if not 0 <= share <= 1:
            raise ValueError(f"{self.partition}: a share of {share} is impossible ({self.complete}/{self.expected})")
        return share

    @property
    def is_published(self) -> bool:
        """Whether the partition's rows are to replace what is published."""
        return self.status in FINE
