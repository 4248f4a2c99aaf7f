"""What the injury report said before tip-off of each game: per team, and per player by the spelling of his name.

A name on the report is whoever was listed under it this season before the date. A name that nobody was listed under is
read once more without its generation (Jr., Sr., II …), and is his who is the only one on the team's slate, or listed by
the team before, to be called so. What is left names nobody; but if it is out or doubtful and has the last name of
slate players of the team, it may be one of them, and their statuses are unknown: all but those of players whom
another row names.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from nba_assets.league.names import last_name, player_lookup, without_generation
from nba_assets.tables.raw_injury_reports import AVAILABLE, DOUBTFUL, OUT, PROBABLE, QUESTIONABLE

_SIDE = ["game_date", "team"]
_MILDEST_FIRST = (AVAILABLE, PROBABLE, QUESTIONABLE, DOUBTFUL, OUT)


def reports_of_teams(reports: pd.DataFrame, teams: pd.DataFrame) -> pd.DataFrame:
    """For each row of `teams` (game_date, team): `has_report` and `players_out`, in the same order.

    The report of the day before covers its date: a team that is not on it has nobody out. A team
    with a row without a name has not submitted, and counts as having no report.
    """
    rows = _reports_before_tip_off(reports)
    named = rows["player_name"].notna()
    per_team = pd.DataFrame(
        {
            "game_date": rows["game_date"],
            "team": rows["team"],
            "nameless": (~named).astype("int64"),
            "out": (named & rows["status"].eq(OUT)).astype("int64"),
        }
    )
    totals = per_team.groupby(_SIDE)[["nameless", "out"]].sum().reset_index()
    found = teams[_SIDE].merge(totals, on=_SIDE, how="left")
    covered = found["game_date"].isin(rows["game_date"])
    has_report = (covered & ~found["nameless"].gt(0)).to_numpy(dtype=bool)
    players_out = found["out"].fillna(0).astype("Int64").where(has_report)
    return pd.DataFrame({"has_report": has_report, "players_out": players_out})


def player_statuses(reports: pd.DataFrame, slate: pd.DataFrame, listings: pd.DataFrame) -> pd.Series:
    """The status of each slate row (game_date, season, team, player_id, has_report), in the same order.

    Not on the report is available; no report is NULL, and so is who may be an unmatched name; of several rows about a
    player the gravest counts.
    """
    if not slate["has_report"].any():
        return pd.Series([None] * len(slate), dtype=object)
    names = _names_read(reports, slate, listings)
    severity = names.meant["status"].map({status: i for i, status in enumerate(_MILDEST_FIRST)})
    gravest = names.meant.assign(severity=severity).sort_values("severity", kind="stable")
    gravest = gravest.drop_duplicates(["game_date", "player_id"], keep="last")
    resembled = names.resembled[["game_date", "player_id"]].drop_duplicates().assign(is_unknown=True)
    found = slate[["game_date", "player_id"]]
    found = found.merge(gravest[["game_date", "player_id", "status"]], on=["game_date", "player_id"], how="left")
    found = found.merge(resembled, on=["game_date", "player_id"], how="left")
    is_known = slate["has_report"].to_numpy(dtype=bool) & found["is_unknown"].isna()
    return found["status"].fillna(AVAILABLE).astype(object).where(is_known, None)


def unmatched_names(reports: pd.DataFrame, slate: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """The report's rows (game_date, team, player_name, status) of teams on the slate that name nobody on it.

    `resembles` are the slate players whose statuses are unknown because of the row, "Michael Porter Jr. (1629008)";
    an empty list where it is about nobody here.
    """
    names = _names_read(reports, slate, listings)
    unmatched = names.rows[~names.rows["row"].isin(names.meant["row"])]
    players = names.resembled["listed_as"] + " (" + names.resembled["player_id"].astype(str) + ")"
    of_row = players.groupby(names.resembled["row"]).agg(list).to_dict()
    resembles = pd.Series([of_row.get(row, []) for row in unmatched["row"]], index=unmatched.index, dtype=object)
    return unmatched[[*_SIDE, "player_name", "status"]].assign(resembles=resembles).reset_index(drop=True)


def _reports_before_tip_off(reports: pd.DataFrame) -> pd.DataFrame:
    eve = reports["game_date"] - np.timedelta64(1, "D")
    return reports[reports["report_date"].eq(eve)]


@dataclass(frozen=True)
class _NamesRead:
    """The named rows of teams that play, each with a number `row`; which slate players they mean, or may mean.

    `meant` has row, game_date, player_id and status; `resembled` row, game_date, player_id and listed_as, his name.
    """

    rows: pd.DataFrame
    meant: pd.DataFrame
    resembled: pd.DataFrame


def _names_read(reports: pd.DataFrame, slate: pd.DataFrame, listings: pd.DataFrame) -> _NamesRead:
    rows = _reports_before_tip_off(reports)
    rows = rows.loc[rows["player_name"].notna(), [*_SIDE, "player_name", "status"]]
    rows = rows.merge(slate[_SIDE].drop_duplicates(), on=_SIDE).pipe(_spelled, "player_name")
    rows["row"] = np.arange(len(rows))
    known = _known_names(slate.merge(rows[_SIDE].drop_duplicates(), on=_SIDE), listings)
    named = _named(rows, known)
    meant = named.loc[named["on_slate"], ["row", "game_date", "player_id", "status"]]
    strangers = rows[~rows["row"].isin(named["row"]) & rows["status"].isin([OUT, DOUBTFUL]) & rows["last"].ne("")]
    alike = strangers.merge(known[known["on_slate"]], on=[*_SIDE, "last"])
    alike = alike.sort_values(["row", "player_id", "listed_as"]).drop_duplicates(["row", "player_id"])
    by_another = meant[["game_date", "player_id"]].drop_duplicates()
    alike = alike.merge(by_another, on=["game_date", "player_id"], how="left", indicator="by_another")
    resembled = alike.loc[alike["by_another"].eq("left_only"), ["row", "game_date", "player_id", "listed_as"]]
    return _NamesRead(rows, meant, resembled)


def _named(rows: pd.DataFrame, known: pd.DataFrame) -> pd.DataFrame:
    """Each row beside the players whom it names, on the slate or not: by the whole name, or else by the short one."""
    by_whole = rows.merge(known, on=[*_SIDE, "whole"])
    others = rows[~rows["row"].isin(by_whole["row"]) & rows["short"].ne("")]
    by_short = others.merge(known, on=[*_SIDE, "short"]).drop_duplicates(["row", "player_id"])
    by_short = by_short[~by_short.duplicated("row", keep=False)]
    columns = ["row", *_SIDE, "status", "player_id", "on_slate"]
    return pd.concat([by_whole[columns], by_short[columns]], ignore_index=True)


def _known_names(slate: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """Every name under which a team's slate players were listed this season before the date, and those whom it listed.

    game_date, team, player_id, listed_as, its spellings, and whether the player is `on_slate`.
    """
    of_season = ["season", "team", "player_id", "player_name"]
    names = listings.groupby(of_season, sort=False)["game_date"].min().rename("first_listed").reset_index()
    columns = ["game_date", "season", "team"]
    present = slate[[*columns, "player_id"]].merge(names.drop(columns="team"), on=["season", "player_id"])
    listed = slate[columns].drop_duplicates().merge(names, on=["season", "team"])
    known = pd.concat([present.assign(on_slate=True), listed.assign(on_slate=False)], ignore_index=True)
    known = known[known["first_listed"] < known["game_date"]].rename(columns={"player_name": "listed_as"})
    known = known.drop_duplicates([*_SIDE, "player_id", "listed_as"])  # who is on the slate comes first, and stays
    return _spelled(known[[*_SIDE, "player_id", "listed_as", "on_slate"]], "listed_as")


def _spelled(rows: pd.DataFrame, column: str) -> pd.DataFrame:
    """With the spellings that names are compared by: `whole`, `short` (without generation), and the `last` name."""
    names = pd.Series(rows[column].unique(), dtype=object)
    short = names.map(without_generation)
    spellings = {"whole": names.map(player_lookup), "short": short.map(player_lookup), "last": names.map(last_name)}
    return rows.join(pd.DataFrame(spellings, dtype=object).set_axis(names), on=column)
