"""What the injury report said before tip-off of each game: per team, and per player by the spelling of his name."""

from __future__ import annotations

import numpy as np
import pandas as pd

from nba_assets.league.names import player_lookups
from nba_assets.tables.raw_injury_reports import AVAILABLE, DOUBTFUL, OUT, PROBABLE, QUESTIONABLE

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
    totals = per_team.groupby(["game_date", "team"])[["nameless", "out"]].sum().reset_index()
    found = teams[["game_date", "team"]].merge(totals, on=["game_date", "team"], how="left")
    covered = found["game_date"].isin(rows["game_date"])
    has_report = (covered & ~found["nameless"].gt(0)).to_numpy(dtype=bool)
    players_out = found["out"].fillna(0).astype("Int64").where(has_report)
    return pd.DataFrame({"has_report": has_report, "players_out": players_out})


def player_statuses(reports: pd.DataFrame, slate: pd.DataFrame, listings: pd.DataFrame) -> pd.Series:
    """The status of each slate row (game_date, team, player_id, has_report), in the same order.

    A name on the report is a player's if he was listed under it this season before the date. Not on the report
    is available; no report is NULL; of several rows about him the gravest counts.
    """
    matched = _named_rows(reports).merge(_aliases(slate, listings), on=["game_date", "team", "player_lookup"])
    severity = matched["status"].map({status: i for i, status in enumerate(_MILDEST_FIRST)})
    matched = matched.assign(severity=severity).sort_values("severity", kind="stable")
    matched = matched.drop_duplicates(["game_date", "player_id"], keep="last")
    status = slate[["game_date", "player_id"]].merge(
        matched[["game_date", "player_id", "status"]], on=["game_date", "player_id"], how="left"
    )["status"]
    with_default = status.fillna(AVAILABLE).astype(object)
    return with_default.where(slate["has_report"].to_numpy(dtype=bool), None)


def unmatched_names(reports: pd.DataFrame, slate: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """The report's rows (game_date, team, player_name) of teams on the slate that name nobody on it."""
    named = _named_rows(reports)
    named = named.merge(slate[["game_date", "team"]].drop_duplicates(), on=["game_date", "team"])
    aliases = _aliases(slate, listings)[["game_date", "team", "player_lookup"]].drop_duplicates()
    found = named.merge(aliases, on=["game_date", "team", "player_lookup"], how="left", indicator="on_slate")
    return found.loc[found["on_slate"].eq("left_only"), ["game_date", "team", "player_name"]]


def _reports_before_tip_off(reports: pd.DataFrame) -> pd.DataFrame:
    eve = reports["game_date"] - np.timedelta64(1, "D")
    return reports[reports["report_date"].eq(eve)]


def _named_rows(reports: pd.DataFrame) -> pd.DataFrame:
    rows = _reports_before_tip_off(reports)
    rows = rows[rows["player_name"].notna()]
    return rows.assign(player_lookup=player_lookups(rows["player_name"]))


def _aliases(slate: pd.DataFrame, listings: pd.DataFrame) -> pd.DataFrame:
    """Every name under which a slate player was listed this season before the slate's date."""
    names = listings.groupby(["season", "player_id", "player_name"], sort=False)["game_date"].min().reset_index()
    names = names.rename(columns={"game_date": "first_listed"})
    names["player_lookup"] = player_lookups(names["player_name"])
    known = slate[["game_date", "season", "team", "player_id"]].merge(names, on=["season", "player_id"])
    known = known[known["first_listed"] < known["game_date"]]
    return known[["game_date", "team", "player_id", "player_lookup"]].drop_duplicates()
