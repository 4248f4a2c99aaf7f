"""Plausible faults in formulas and windows, one at a time: what of the source text is replaced by what."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """A fault in one file of the package; every `old` text must be there exactly once."""

    name: str
    file: str
    changes: tuple[tuple[str, str], ...]

    def applied_to(self, text: str) -> str:
        """The source text with the fault in it."""
        for old, new in self.changes:
            if text.count(old) != 1:
                raise ValueError(f"{self.name}: {self.file} has {text.count(old)} times {old!r}, not once")
            text = text.replace(old, new)
        return text


FAULTS: tuple[Fault, ...] = (
    Fault(
        "off by one in the last N games",
        "league/windows.py",
        (("np.maximum(self.season_start, end - n), end)", "np.maximum(self.season_start, end - n - 1), end)"),),
    ),
    Fault(
        "≤ D for < D",
        "league/windows.py",
        (
            (
                'end=np.searchsorted(self._keys, season_key + days, side="left")',
                'end=np.searchsorted(self._keys, season_key + days, side="right")',
            ),
        ),
    ),
    Fault(
        "missing season bound",
        "league/windows.py",
        ((" + (_first_years(seasons) << _SEASON_BITS)", ""),),
    ),
    Fault(
        "mean of ratios for ratio of sums",
        "tables/upcoming_team_game_context.py",
        (
            (
                '    log.add("streak", log.streaks("won"))\n',
                '    log.add("streak", log.streaks("won"))\n'
                '    log.add("pace", formulas.pace(log.games["possessions"], log.games["seconds_played"]))\n',
            ),
            (
                '"pace_last_10": formulas.pace(possessions, last_10.sum("seconds_played"))',
                '"pace_last_10": last_10.mean("pace")',
            ),
        ),
    ),
    Fault(
        "overtime not normalised",
        "league/formulas.py",
        (
            (
                "SECONDS_PER_GAME * np.asarray(possessions, dtype=np.float64), "
                "np.asarray(team_seconds, dtype=np.float64) / 5",
                "SECONDS_PER_GAME * np.asarray(possessions, dtype=np.float64), "
                "SECONDS_PER_GAME * np.rint(np.asarray(team_seconds, dtype=np.float64) / 5 / SECONDS_PER_GAME)",
            ),
        ),
    ),
    Fault(
        "the player's own team for the opponent",
        "tables/ml_feature_store_v2.py",
        (
            (
                '"team_defense_zone_analysis": {"analysis_date": "game_date", "team": "opponent"}',
                '"team_defense_zone_analysis": {"analysis_date": "game_date", "team": "team"}',
            ),
        ),
    ),
    Fault(
        "home and away from the log's text on neutral courts",
        "tables/raw_team_boxscores.py",
        (
            (
                'rows = games[["game_date", "season", "game_id", "team", "opponent", "is_home"]]',
                'rows = games[["game_date", "season", "game_id", "team", "opponent"]]',
            ),
            (
                '    log = newest(team_log(inputs), "team")\n    rows = games',
                '    log = newest(team_log(inputs), "team")\n'
                '    log = log.assign(is_home=log["MATCHUP"].str.contains("vs.").astype(bool))\n    rows = games',
            ),
        ),
    ),
    Fault(
        "DNP counted as a game of 0 points",
        "tables/player_game_summary.py",
        (
            ('rows = listed[(listed["listing"] == PLAYED)', 'rows = listed[(listed["listing"] != "inactive")'),
            ('rows[name].astype("int64")', 'rows[name].fillna(0).astype("int64")'),
        ),
    ),
    Fault(
        "population for sample standard deviation",
        "league/formulas.py",
        (("ratio(spread, n * (n - 1))", "ratio(spread, n * n)"),),
    ),
    Fault(
        "shots from the backcourt as mid-range",
        "league/zones.py",
        (("np.where(is_three, ZONES", 'np.where(is_three & area.ne("Backcourt"), ZONES'),),
    ),
)
