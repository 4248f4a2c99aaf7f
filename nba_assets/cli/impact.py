"""`impact`: which cells a game touches."""

from __future__ import annotations

import re
from typing import Annotated, Any

import pandas as pd
import typer

from nba_assets.cli.console import AsFormat, Format, UsageError, out, plain_table, print_json
from nba_assets.cli.place import opened
from nba_assets.planning.impact import Game, UnknownGameError, find_game
from nba_assets.planning.impact import impact as cells_of


def impact(
    game_id: Annotated[str, typer.Argument(metavar="GAME_ID", help="Ten digits, like 0022100111.")],
    format: AsFormat = Format.TABLE,
) -> None:
    """Show which tables, dates and entities a late or corrected game touches; nothing is computed."""
    _must_be_game_id(game_id)
    session = opened(format)
    try:
        game = find_game(session, game_id)
    except UnknownGameError as error:
        raise UsageError(str(error)) from error
    cells = cells_of(session, game)
    if format == Format.JSON:
        print_json(_as_dict(game, cells))
        return
    out.print(f"[bold]{game.game_id}[/] {game.teams[1]}@{game.teams[0]} {game.day}", highlight=False)
    numbers = ("cells", "dates", "first", "last", "days later")
    table = plain_table(("table", *numbers), right=numbers)
    for name, of_table in cells.groupby("table", sort=False):
        dates = of_table["date"]
        first, last = dates.min(), dates.max()
        row = (name, f"{len(of_table):,}", dates.nunique(), first, last, (last - game.day).days)
        table.add_row(*map(str, row))
    out.print(table)
    out.print("Cells whose value happens to stay the same may be among them; none is missing.")


def _as_dict(game: Game, cells: pd.DataFrame) -> dict[str, Any]:
    of_game = {"game_id": game.game_id, "date": str(game.day), "season": game.season, "teams": game.teams}
    return {"game": of_game, "touched": cells.astype(str).to_dict("records")}


def _must_be_game_id(text: str) -> None:
    if re.fullmatch(r"\d{10}", text):
        return
    meant = f"; did you mean {text.zfill(10)}?" if re.fullmatch(r"\d{8,9}", text) else ""
    raise UsageError(f"'{text}' is not a game id: write all ten digits, like 0022100147{meant}")
