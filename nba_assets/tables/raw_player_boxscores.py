"""raw_player_boxscores: everybody listed for each finished game, with what he did if he played."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import numpy.typing as npt
import pandas as pd

from nba_assets.league import distinct, teams
from nba_assets.league.ages import age_on
from nba_assets.league.calendar import REST_TYPES
from nba_assets.league.clocks import ClockError, clock_seconds, is_clock
from nba_assets.league.formulas import SECONDS_PER_GAME, SECONDS_PER_OVERTIME
from nba_assets.league.slate import DNP, INACTIVE, PLAYED
from nba_assets.partition import Cause, Finding, finding
from nba_assets.schema.contract import (
    Date,
    Flag,
    Integer,
    OptionalFlag,
    OptionalInteger,
    Text,
    column,
)
from nba_assets.schema.evidence import Evidence, Expectation, by_date
from nba_assets.schema.table import Inputs, Phase, Table, all_rejections, rejections, same_date
from nba_assets.sources.base import ResultSet, SourceError
from nba_assets.tables.doubtful_lists import LIST_COLUMNS, judge_lists
from nba_assets.tables.game_logs import newest, player_log, rivals
from nba_assets.tables.games import finished_sides_on, game_name, is_listed, without_cup_finals
from nba_assets.tables.identities import contradicting_players, differing_sum
from nba_assets.tables.postgame import PLAYERS_ON_THE_FLOOR, finished_sides, unfinished
from nba_assets.tables.statistics import COUNTING_STATISTICS, counting_columns
from nba_assets.tables.two_lists import note_two_lists, refuse_two_teams

_MOST_DIFFERENCE = 120
"""About twice the largest plus-minus of three seasons."""


class RawPlayerBoxscores(counting_columns(null_when="if not played")):  # type: ignore[misc]
    """One row per player listed for a finished counting game, whether he played or not.

    `played` means present in the league game log, also with no whole minute: a game like any other. Of a Cup final,
    which does not count, there are those who played, with their time, if the source knows them; they tell of rest only.
    """

    game_date: Date = column("Eastern date of tip-off", partition=True)
    season: Text = column('Season, like "2021-22"')
    game_id: Text = column("NBA game id", key=True)
    player_id: Integer = column("NBA player id", key=True, ge=1)
    player_name: Text = column("Name in the game log's spelling, else the box score's")
    team: Text = column("Team code", isin=teams.CODES)
    opponent: Text = column("Opponent's code", isin=teams.CODES)
    is_home: Flag = column("Home team by the schedule")
    listing: Text = column("played, dnp (in uniform, did not play) or inactive", isin=(PLAYED, DNP, INACTIVE))
    dnp_reason: Text = column("The box score's comment", null_when="for those who played")
    starter: OptionalFlag = column("Started the game", null_when="if unknown")
    seconds_played: OptionalInteger = column("Time on the floor", unit="s", null_when="if not played", ge=0)
    minutes_are_exact: OptionalFlag = column(
        "From the box score's clock; false: 60 × whole minutes", null_when="if not played"
    )
    plus_minus: OptionalInteger = column(
        "Point difference while on the floor",
        unit="points",
        null_when="if not played",
        ge=-_MOST_DIFFERENCE,
        le=_MOST_DIFFERENCE,
    )
    birth_date: Date = column("His birth date", null_when="unless the source has rosters", counts_if_known=True)


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Players of the finished games of the dates: game log first, then box score, then inactive list."""
    parts = [_of_counting_games(inputs, dates), _of_cup_finals(inputs, dates)]
    rows = pd.concat([part for part in parts if len(part)], ignore_index=True) if len(parts[1]) else parts[0]
    return rows.assign(birth_date=_birth_dates(rows, inputs) if len(rows) else pd.NaT)


_YOUNGEST, _OLDEST = 15.0, 60.0
"""Years: nobody in the league has been nearly as young, or as old."""

_OF_SIDE = ["game_date", "season", "game_id", "team", "opponent", "is_home"]


def _of_counting_games(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    sides = finished_sides_on(dates, inputs.on_date["raw_schedule"], inputs.counting_types)[_OF_SIDE]
    inputs = _of_games(sides, inputs)
    every, box, inactive = player_log(inputs), _box_scores(inputs), _inactives(inputs)
    refuse_two_teams(_listed(every, box, inactive), sides)
    log = newest(every, "player_id")
    played, rest = _with_clock(log, box), [_did_not_play(box), inactive]
    listed = pd.concat([played[_OF_LIST], *(part for part in rest if len(part))], ignore_index=True)
    listed = listed.reindex(columns=[*_OF_LIST, "dnp_reason"]).join(
        played[_OF_PLAYED]
    )  # they come first, and keep their numbers
    listed = listed[~listed.duplicated(["game_id", "player_id"])]
    # A list of inactives without the game itself says nothing of who could play: the game is not there yet.
    arrived = sides.merge(log[["game_id", "team"]].drop_duplicates(), on=["game_id", "team"])
    at = distinct.positions(listed, arrived, ["game_id", "team"])
    of_side = {name: arrived[name].array.take(at[at >= 0]) for name in _OF_SIDE if name not in listed}
    return listed[at >= 0].assign(**of_side)


_OF_LIST = ["game_id", "player_id", "player_name", "team", "listing", "starter"]
_OF_PLAYED = ["seconds_played", "minutes_are_exact", "plus_minus", *COUNTING_STATISTICS]


def _birth_dates(rows: pd.DataFrame, inputs: Inputs) -> pd.Series:
    """The birth date of each row's player, where it can be read and be his."""
    told = _rosters(inputs)
    born = rows["player_id"].map(told.set_index("PLAYER_ID")["born"]).astype("datetime64[ns]")
    return born.where(_is_old_enough(born, rows["game_date"]))


def _is_old_enough(born: pd.Series, day: pd.Series) -> npt.NDArray[np.bool_]:
    """Whether somebody who was born then can play on a day; not for who was born on no known date."""
    ages = age_on(born, day)
    return (ages >= _YOUNGEST) & (ages <= _OLDEST)


def _rosters(inputs: Inputs) -> pd.DataFrame:
    """PLAYER_ID, PLAYER, BIRTH_DATE and what it is read as, `born`; one row per player, the last of several."""
    listed = inputs.source.get(ResultSet.BIRTH_DATES)
    if listed is None:
        return pd.DataFrame({"PLAYER_ID": [], "PLAYER": [], "BIRTH_DATE": [], "born": pd.to_datetime([])})
    told = listed[listed["BIRTH_DATE"].notna()].drop_duplicates("PLAYER_ID", keep="last")
    return told.assign(born=distinct.each(told["BIRTH_DATE"], _born))


def _born(text: str) -> pd.Timestamp:
    """The date of "1999-01-20", "1999-01-20T00:00:00" or "JAN 20, 1999"; NaT of anything else."""
    text = text.strip()
    for form in ("%Y-%m-%d", "%b %d, %Y"):
        found = pd.to_datetime(text[:10] if form.startswith("%Y") else text, format=form, errors="coerce")
        if pd.notna(found):
            return found
    return pd.NaT


def _of_cup_finals(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Who played in the Cup finals of the dates, by the log or by the box score's clock, which need not both be there.

    None of a team whose players' time is not that of a game, or of which fewer are known than must have been on the
    floor: who played is not known then.
    """
    sides = finished_sides_on(dates, inputs.on_date["raw_schedule"], REST_TYPES)[_OF_SIDE]
    if sides.empty:
        return sides
    inputs = _of_games(sides, inputs)
    log, box = newest(player_log(inputs), "player_id"), _box_scores(inputs)
    parts = [_with_clock(log, box), _by_clock(box[box["clock"].fillna(0).gt(0)])]
    parts = [part for part in parts if len(part)]
    if not parts:
        return sides.head(0)
    rows = sides.merge(pd.concat(parts).drop_duplicates(["game_id", "player_id"], keep="first"), on=["game_id", "team"])
    return rows[_is_whole(rows)]


def _is_whole(rows: pd.DataFrame) -> pd.Series:
    """Whether the players of each row's team make up a game: five or more, together 1 % off its length at most.

    Whole minutes of a log may each be half a minute off.
    """
    side = rows.assign(rounded=~rows["minutes_are_exact"].astype(bool)).groupby(["game_id", "team"])
    time, most = side["seconds_played"].transform("sum"), side["seconds_played"].transform("max")
    overtimes = ((time / 5 - SECONDS_PER_GAME) / SECONDS_PER_OVERTIME).round().clip(lower=0)
    length = SECONDS_PER_GAME + SECONDS_PER_OVERTIME * overtimes
    is_its_length = (time - 5 * length).abs() <= 0.01 * 5 * length + 30 * side["rounded"].transform("sum")
    return side["player_id"].transform("size").ge(PLAYERS_ON_THE_FLOOR) & is_its_length & most.le(length + 30)


def reject(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Player-games of which there are versions that disagree, that no scheduled game knows, or of a team not in it."""
    of_season = player_log(inputs)
    log = of_season[of_season["log_date"].isin(dates)]
    unknown = log[~is_listed(log["game_id"], log["log_date"], inputs.on_date["raw_schedule"])]
    disagreeing = rivals(log, "player_id")
    sides = finished_sides_on(dates, inputs.on_date["raw_schedule"], inputs.counting_types)
    lists = _of_games(sides, inputs)
    ambiguous = rivals(_inactives(lists), "player_id").merge(_dates_of(sides), on="game_id")
    return all_rejections(
        rejections(unknown["log_date"], unknown["player_id"], "not in the schedule: game " + unknown["game_id"]),
        rejections(
            disagreeing["log_date"],
            disagreeing["player_id"],
            "two versions disagree; the newest was used ("
            + (disagreeing["player_name"] + ", " + disagreeing["game_id"] + ")"),
        ),
        rejections(
            ambiguous["game_date"],
            ambiguous["player_id"],
            ambiguous["player_name"]
            + ": inactive in "
            + ambiguous["game_id"]
            + " under an id that others have as well",
        ),
        _born_on_no_date(log, inputs),
        _strays(lists, sides),
        _misnamed(lists, sides, of_season),
    )


_GAME_IDS = {ResultSet.PLAYER_LOG: "GAME_ID", ResultSet.BOX_SCORES: "gameId", ResultSet.INACTIVES: "GAME_ID"}


def _of_games(sides: pd.DataFrame, inputs: Inputs) -> Inputs:
    """The inputs with what the source has of these games alone: one date has few of a season's."""
    games, source = sides["game_id"].unique(), dict(inputs.source)
    for result_set, game_id in _GAME_IDS.items():
        listed = source.get(result_set)
        source[result_set] = None if listed is None else listed[listed[game_id].isin(games)]
    return replace(inputs, source=source)


def _dates_of(sides: pd.DataFrame) -> pd.DataFrame:
    """Each game's date."""
    return sides.drop_duplicates("game_id")[["game_id", "game_date"]]


def _born_on_no_date(log: pd.DataFrame, inputs: Inputs) -> pd.DataFrame:
    """Players of the log whose birth date nobody can read, or cannot be: it is NULL."""
    told = _rosters(inputs).set_index("PLAYER_ID")
    listed = log[log["player_id"].isin(told.index)]
    born = listed["player_id"].map(told["born"]).astype("datetime64[ns]")
    is_wrong = ~_is_old_enough(born, listed["log_date"])
    his, born = listed[is_wrong], born[is_wrong]
    why = np.where(born.isna(), "' not understood", "' makes him too young to play, or too old")
    details = "birth date '" + his["player_id"].map(told["BIRTH_DATE"]).astype(str) + why
    return rejections(his["log_date"], his["player_id"], details)


def _strays(inputs: Inputs, sides: pd.DataFrame) -> pd.DataFrame:
    """Players on a list of a team that does not play the game."""
    columns = ["game_id", "team", "player_id", "player_name"]
    lists = pd.concat([lists[columns] for lists in (player_log(inputs), _box_scores(inputs), _inactives(inputs))])
    lists = lists.drop_duplicates(["game_id", "team", "player_id"])
    lists = lists.merge(_dates_of(sides), on="game_id")
    is_side = pd.MultiIndex.from_frame(lists[["game_id", "team"]]).isin(
        pd.MultiIndex.from_frame(sides[["game_id", "team"]])
    )
    strays = lists[~is_side]
    told = strays["player_name"] + ": listed for " + strays["team"] + " in " + strays["game_id"]
    return rejections(strays["game_date"], strays["player_id"], told + ", which that team does not play")


def _misnamed(inputs: Inputs, sides: pd.DataFrame, of_season: pd.DataFrame) -> pd.DataFrame:
    """Inactive players under an id that is not the one of whoever has that name in the season's log."""
    listed = _inactives(inputs)[["game_id", "player_id", "player_name"]].merge(_dates_of(sides), on="game_id")
    known = of_season[["player_name", "player_id"]].drop_duplicates()
    is_known = pd.MultiIndex.from_frame(listed[["player_name", "player_id"]]).isin(pd.MultiIndex.from_frame(known))
    wrong = listed[~is_known & listed["player_name"].isin(known["player_name"])]
    told = wrong["player_name"] + ": inactive in " + wrong["game_id"] + " under an id that is not his in the log"
    return rejections(wrong["game_date"], wrong["player_id"], told)


def _listed(log: pd.DataFrame, box: pd.DataFrame, inactive: pd.DataFrame) -> pd.DataFrame:
    """Who is on which list, as often as the source says so: game_id, player_id, player_name, team, listing."""
    columns = ["game_id", "player_id", "player_name", "team"]
    lists = {PLAYED: log, DNP: box, INACTIVE: inactive}
    listed = pd.concat([rows[columns].assign(listing=listing) for listing, rows in lists.items()], ignore_index=True)
    return listed.merge(log[["game_id", "team"]].drop_duplicates(), on=["game_id", "team"])


def _box_scores(inputs: Inputs) -> pd.DataFrame:
    """One row per player and game: of several versions the last."""
    return newest(_box_versions(inputs), "player_id")


def _box_versions(inputs: Inputs) -> pd.DataFrame:
    box = inputs.source[ResultSet.BOX_SCORES]
    if box is None:
        return pd.DataFrame(columns=["game_id", "player_id", "player_name", "team", "starter", "clock", "comment"])
    return pd.DataFrame(
        {
            "game_id": box["gameId"],
            "player_id": box["personId"],
            "player_name": box["playerName"],
            "team": teams.canonical_codes(box["teamTricode"]),
            "starter": box["starter"],
            "clock": _seconds(box),
            "comment": box["comment"].replace("", None),
        }
    )


def _with_clock(log: pd.DataFrame, box: pd.DataFrame) -> pd.DataFrame:
    played = log.merge(box[["game_id", "player_id", "starter", "clock"]], on=["game_id", "player_id"], how="left")
    exact = played["clock"].notna()
    return played.assign(
        listing=PLAYED,
        dnp_reason=None,
        seconds_played=played["clock"].where(exact, 60 * played["MIN"]).astype("Int64"),
        minutes_are_exact=exact.astype("boolean"),
        starter=played["starter"].astype("boolean"),
        **{name: played[name].astype("Int64") for name in ("plus_minus", *COUNTING_STATISTICS)},
    )


def _by_clock(box: pd.DataFrame) -> pd.DataFrame:
    """Who played, of whom nothing is known but for how long."""
    rows = _without_statistics(box.assign(listing=PLAYED, dnp_reason=None))
    exact = pd.Series(True, index=rows.index, dtype="boolean")
    return rows.assign(seconds_played=rows["clock"], minutes_are_exact=exact)


def _did_not_play(box: pd.DataFrame) -> pd.DataFrame:
    rows = box[["game_id", "player_id", "player_name", "team"]]
    return rows.assign(listing=DNP, dnp_reason=box["comment"], starter=box["starter"].astype("boolean"))


def _inactives(inputs: Inputs) -> pd.DataFrame:
    listed = inputs.source[ResultSet.INACTIVES]
    if listed is None:
        return pd.DataFrame(columns=_OF_LIST)
    rows = pd.DataFrame(
        {
            "game_id": listed["GAME_ID"],
            "player_id": listed["PLAYER_ID"],
            "player_name": listed["PLAYER_NAME"],
            "team": teams.canonical_codes(listed["TEAM_ABBREVIATION"]),
        }
    )
    return rows.assign(listing=INACTIVE, starter=pd.Series(False, index=rows.index, dtype="boolean"))


def _without_statistics(rows: pd.DataFrame) -> pd.DataFrame:
    unknown = pd.Series(pd.NA, index=rows.index, dtype="Int64")
    names = ("seconds_played", "plus_minus", *COUNTING_STATISTICS)
    return rows.assign(
        starter=rows["starter"].astype("boolean"),
        minutes_are_exact=pd.Series(pd.NA, index=rows.index, dtype="boolean"),
        **dict.fromkeys(names, unknown),
    )


def _seconds(box: pd.DataFrame) -> pd.Series:
    """Seconds by the clock, NULL where there is none. Raises SourceError naming game and player."""
    try:
        return distinct.each(box["minutes"], clock_seconds).astype("Int64")
    except ClockError as error:
        who = next(row for row in box.itertuples() if not is_clock(row.minutes))
        raise SourceError(f"game {who.gameId}, {who.playerName} ({who.personId}): {error}") from error


def expect(evidence: Evidence) -> dict[date, Expectation]:
    """Of both teams of every finished game at least five played, and what they did sums to the team's row.

    No line of a player contradicts itself, and the log and the box score know of the same players. Lists that are
    shorter than the team's lists usually are, and players on two of them, are doubted. Nothing is expected of a Cup
    final.
    """
    evidence = replace(evidence, rows=without_cup_finals(evidence.rows))
    found = unfinished(evidence)
    sides = _with_totals(evidence)
    lists = _of_games(sides, evidence.inputs)
    lines = _lines(evidence.rows)
    contradicting = contradicting_players(lines.merge(_lengths(sides), on=["game_id", "team"]))
    of_boxes = _against_box_scores(lists, sides)
    for day, of_day in by_date(sides, "game_date"):
        found[day].expect_sides(of_day)
        for side in of_day.itertuples():
            key = (side.game_id, side.team)
            short = _shortcoming(side._asdict()) or contradicting.get(key) or of_boxes.get(key)
            if short:
                entity = found[day].lack_side(game_name(side), side.team, short.cause, **short.numbers)
                if pd.isna(side.points) and day in evidence.accepted_dates:  # accepted at raw_team_boxscores
                    found[day].accepted.add(entity)
    judge_lists(evidence, found)
    note_two_lists(_listed(player_log(lists), _box_scores(lists), _inactives(lists)), sides, found)
    return found


def _with_totals(evidence: Evidence) -> pd.DataFrame:
    """The sides of the finished games with the team's row, and the sums of its players as `…_of_players`."""
    played = evidence.rows[evidence.rows["listing"] == PLAYED]
    summed = ["seconds_played", *COUNTING_STATISTICS]
    totals = played.groupby(["game_id", "team"])[summed].sum().astype("int64")
    totals["played"] = played.groupby(["game_id", "team"]).size()
    team = evidence.inputs.on_date["raw_team_boxscores"][["game_id", "team", *summed]]
    sides = finished_sides(evidence).merge(team, on=["game_id", "team"], how="left")
    return sides.merge(totals.reset_index(), on=["game_id", "team"], how="left", suffixes=("", "_of_players"))


def _lines(rows: pd.DataFrame) -> pd.DataFrame:
    """Those who played, with their minutes."""
    played = rows[rows["listing"] == PLAYED]
    whole = dict.fromkeys(COUNTING_STATISTICS, "int64")
    return played.astype(whole).assign(MIN=played["seconds_played"].astype("float64") / 60)


def _lengths(sides: pd.DataFrame) -> pd.DataFrame:
    return sides[["game_id", "team"]].assign(length=sides["seconds_played"].astype("float64") / 60 / 5)


def _shortcoming(side: dict[str, object]) -> Finding | None:
    number = {key: float(value) for key, value in side.items() if isinstance(value, (int, float))}
    played = number.get("played", np.nan)
    if not played >= PLAYERS_ON_THE_FLOOR:
        return finding(Cause.NO_PLAYERS) if np.isnan(played) else finding(Cause.TOO_FEW_PLAYED, played=int(played))
    if np.isnan(number["points"]):
        return finding(Cause.NO_TEAM_BOX_SCORE)
    differing = differing_sum(number)
    if differing is not None:
        return differing
    seconds, length = number["seconds_played_of_players"], number["seconds_played"]
    if abs(seconds - length) > 0.01 * length:
        return finding(Cause.MINUTES_DIFFER, of_players=round(seconds / 60), of_game=round(length / 60))
    return None


def _against_box_scores(inputs: Inputs, sides: pd.DataFrame) -> dict[tuple[str, str], Finding]:
    """(game_id, team) -> how the box score of a side contradicts the log, of the sides where it does."""
    players = _in_both(inputs, sides[sides["played"].notna()])
    played, in_box = players["where"].ne("right_only"), players["where"].ne("left_only")
    key = [players["game_id"], players["side"]]
    has_box = in_box.groupby(key).transform("any")
    no_clock = players["clock"].eq(0) & players["MIN"].gt(1)
    found: dict[tuple[str, str], Finding] = {}
    for mask, cause, text in (
        (~has_box, Cause.NO_CLOCK, "no box score that says who started, how long they played and who did not"),
        (played & has_box & ~in_box, Cause.NO_CLOCK, "{who} played, and is not in the box score"),
        (played & in_box & players["team"].ne(players["team_in_box"]), Cause.NO_CLOCK, "{who} is with another team"),
        (played & in_box & no_clock, Cause.NO_CLOCK, "{who} played {minutes} minutes, and his box score has no clock"),
        (_is_twice(players, inputs), Cause.CLOCK_DIFFERS, "{who} is in the box score twice, and not alike"),
        (_has_another_s_name(players), Cause.OTHER_NAME, "{who} has the name of another in the box score"),
        (~played & players["clock"].gt(0), Cause.CLOCK_WITHOUT_LINE, "{who} has a clock, and no line in the log"),
        (
            _is_off(players, played, key),
            Cause.CLOCK_DIFFERS,
            "{who} has {minutes} minutes in the log, {clock} by the clock",
        ),
    ):
        for row in players[mask].itertuples():
            who = f"{row.player_name if pd.notna(row.player_name) else row.player_name_in_box} ({row.player_id})"
            details = text.format(who=who, minutes=f"{row.MIN:g}", clock=f"{row.clock / 60:.0f}")
            found.setdefault((row.game_id, row.side), finding(cause, details=details))
    starters = players["starter"].astype("boolean").groupby([players["game_id"], players["side"]]).agg(["count", "sum"])
    for side, number in starters.loc[starters["count"].gt(0), "sum"].items():
        if number != PLAYERS_ON_THE_FLOOR:
            found.setdefault(side, finding(Cause.STARTERS, starters=int(number)))
    return found


def _in_both(inputs: Inputs, sides: pd.DataFrame) -> pd.DataFrame:
    """Log and box scores of the sides' games player by player: `side` is the team, `where` what he is in."""
    box = _box_scores(inputs)
    log = newest(player_log(inputs), "player_id")[["game_id", "player_id", "player_name", "team", "MIN"]]
    both = log.merge(box, on=["game_id", "player_id"], how="outer", suffixes=("", "_in_box"), indicator="where")
    both = both.assign(side=both["team"].fillna(both["team_in_box"]), clock=both["clock"].astype("float64").fillna(0.0))
    return both.merge(sides[["game_id", "team"]].rename(columns={"team": "side"}), on=["game_id", "side"])


def _is_twice(players: pd.DataFrame, inputs: Inputs) -> pd.Series:
    """Of whom the box score has versions that disagree: it is one answer, so that none of them is the newer one."""
    key = ["game_id", "player_id"]
    twice = pd.MultiIndex.from_frame(rivals(_box_versions(inputs), "player_id")[key])
    return pd.Series(pd.MultiIndex.from_frame(players[key]).isin(twice), index=players.index)


def _has_another_s_name(players: pd.DataFrame) -> pd.Series:
    """Whose name in the log is that of another player of the team in the box score: their ids have been exchanged."""
    differs = players["player_name"].notna() & players["player_name_in_box"].notna()
    differs &= players["player_name"].ne(players["player_name_in_box"])
    of_side = ["game_id", "side"]
    in_box = pd.MultiIndex.from_frame(players[[*of_side, "player_name_in_box"]])
    return differs & pd.MultiIndex.from_frame(players[[*of_side, "player_name"]]).isin(in_box)


def _is_off(players: pd.DataFrame, played: pd.Series, key: list[pd.Series]) -> pd.Series:
    """Whose clock is too far from his whole minutes: by much, or as one of too many of his team."""
    off = (players["clock"] / 60 - players["MIN"].astype("float64")).abs().where(played & players["clock"].gt(0), 0.0)
    by_a_minute = off.gt(_MINUTE)
    too_many = by_a_minute.groupby(key).transform("sum").gt(_MOST_OFF_BY_A_MINUTE)
    return off.gt(_MOST_MINUTES_OFF) | (by_a_minute & too_many)


_MINUTE, _MOST_OFF_BY_A_MINUTE, _MOST_MINUTES_OFF = 1.0, 2, 3.0
"""Six player-games of three seasons have another clock than minutes, at most two of a team, by less than three."""


RAW_PLAYER_BOXSCORES = Table(
    name="raw_player_boxscores",
    short_name="PBOX",
    dataset="nba_raw",
    phase=Phase.RAW,
    contract=RawPlayerBoxscores,
    compute=compute,
    expect=expect,
    reject=reject,
    is_listing=True,
    own_history=LIST_COLUMNS,
    inputs=(same_date("raw_schedule"), same_date("raw_team_boxscores")),
    result_sets=(ResultSet.PLAYER_LOG, ResultSet.BOX_SCORES, ResultSet.INACTIVES, ResultSet.BIRTH_DATES),
)
