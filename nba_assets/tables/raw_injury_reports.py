"""raw_injury_reports (optional): the league's official daily report of who may not play."""

from __future__ import annotations

import pandas as pd

from nba_assets.league import teams
from nba_assets.league.names import first_last
from nba_assets.schema.contract import Contract, Date, Text, column
from nba_assets.schema.policy import Policy
from nba_assets.schema.table import REJECTION_COLUMNS, Available, Inputs, Phase, Table, rejections
from nba_assets.sources.base import ResultSet
from nba_assets.tables.games import seasons_of_dates

OUT, DOUBTFUL, QUESTIONABLE, PROBABLE, AVAILABLE = "out", "doubtful", "questionable", "probable", "available"


class RawInjuryReports(Contract):
    """One row per player on a day's report, and one without a name for a team that had not submitted.

    A report counts as published at the end of its report_date.
    """

    report_date: Date = column("Day of the report", partition=True)
    season: Text = column('Season, like "2021-22"')
    game_date: Date = column("Day of the game that the row is about", key=True)
    team: Text = column("Team code", key=True, isin=teams.CODES)
    player_name: Text = column(
        "First Last as the report spells it", key=True, null_when="if the team has not submitted"
    )
    status: Text = column(
        "out, doubtful, questionable, probable or available",
        null_when="if the team has not submitted",
        isin=(OUT, DOUBTFUL, QUESTIONABLE, PROBABLE, AVAILABLE),
    )
    reason: Text = column("The report's reason", null_when="where the report gives none")


def compute(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """The report rows published on the dates, teams in canonical codes."""
    rows = _rows(inputs, dates)
    rows = rows[_is_understood(rows)]
    return rows.drop_duplicates(["report_date", "game_date", "team", "player_name"], keep="last")


def reject(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    """Rows with a team or a status that nobody knows."""
    rows = _rows(inputs, dates)
    unclear = rows[~_is_understood(rows)]
    if unclear.empty:
        return pd.DataFrame(columns=REJECTION_COLUMNS)
    details = "team '" + unclear["team_name"] + "', status '" + unclear["status"].fillna("") + "' not understood"
    return rejections(unclear["report_date"], unclear["player_name"].fillna("team row"), details)


def _rows(inputs: Inputs, dates: pd.DatetimeIndex) -> pd.DataFrame:
    listed = inputs.source[ResultSet.INJURY_REPORTS]
    if listed is None:
        names = [*RawInjuryReports.to_schema().columns, "team_name"]
        return pd.DataFrame(columns=names).astype({"report_date": "datetime64[ns]", "status": object})
    published = pd.to_datetime(listed["reportDate"].str[:10])
    listed = listed[published.isin(dates)]
    report_date = published[published.isin(dates)]
    return pd.DataFrame(
        {
            "report_date": report_date,
            "season": seasons_of_dates(report_date),
            "game_date": pd.to_datetime(listed["gameDate"].str[:10]),
            "team": teams.codes_from_names(listed["teamName"]),
            "team_name": listed["teamName"],
            "player_name": listed["playerName"].map(first_last, na_action="ignore"),
            "status": listed["playerStatus"].str.lower(),
            "reason": listed["playerReason"],
        }
    )


def _is_understood(rows: pd.DataFrame) -> pd.Series:
    known_status = rows["status"].isin([OUT, DOUBTFUL, QUESTIONABLE, PROBABLE, AVAILABLE])
    return rows["team"].notna() & (known_status | rows["player_name"].isna())


RAW_INJURY_REPORTS = Table(
    name="raw_injury_reports",
    short_name="INJ",
    dataset="nba_raw",
    phase=Phase.RAW,
    contract=RawInjuryReports,
    compute=compute,
    policy=Policy(critical=False),
    available=Available.AT_END_OF_DAY,
    reject=reject,
    result_sets=(ResultSet.INJURY_REPORTS,),
    optional=True,
)
