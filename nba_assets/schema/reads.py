"""How a row of a table finds the rows of an input that it reads: whose they are, and over which window.

`compute` says what a row is made of; these declarations say what can change it. They are what the questions are
answered from that nothing is computed for: which cells a game touches, and what a page of the data dictionary says.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from nba_assets.league.windows import Span, last

PLAYER, TEAM, OPPONENT, GAME = "player_id", "team", "opponent", "game_id"
NEWEST = last(1)


@dataclass(frozen=True)
class Read:
    """One way in which a row reads an input.

    The row's column `by` has the value that the input's rows have in `of`; without `by`, every row reads them all.
    `over` is the window of an input before the date. `through` are the input's columns that matter (default: all that
    are read), `into` the row's own columns that they can change (default: any). `where` names a column that is NULL
    in every row of a date and team whose rows read nothing this way. `log` is the table whose games the window counts,
    if not the input. `mates` reads for every other row of the same date and team; `slate`: the row exists because of
    what it reads; `until_loaded`: what matters is only whether the game is there; `judged`: no row reads it, the
    expectation does; `rest`: the window counts a Cup final as well.
    """

    words: str
    by: str | None = None
    of: str | None = None
    over: Span | None = None
    through: tuple[str, ...] | None = None
    into: tuple[str, ...] | None = None
    where: str | None = None
    log: str | None = None
    mates: bool = False
    slate: bool = False
    until_loaded: bool = False
    judged: bool = False
    rest: bool = False

    def __str__(self) -> str:
        return self.words if self.over is None else f"{self.words}, {self.over}"


Columns = tuple[str, ...] | None


def own_player(
    over: Span | None = None, *, through: Columns = None, into: Columns = None, where: str | None = None
) -> Read:
    """The rows of the row's own player."""
    return Read("of the player", PLAYER, PLAYER, over, through, into, where)


def own_team(
    over: Span | None = None, *, through: Columns = None, into: Columns = None, where: str | None = None
) -> Read:
    """The rows of the row's team; of a player's row, of the team that he is with."""
    return Read("of the team", TEAM, TEAM, over, through, into, where)


def opponent(over: Span | None = None, *, through: Columns = None, into: Columns = None) -> Read:
    """The rows of the team that the row's team plays against."""
    return Read("of the opponent", OPPONENT, TEAM, over, through, into)


def same_game() -> Read:
    """The rows about the row's game."""
    return Read("of the game", GAME, GAME)


def league(over: Span, *, into: Columns = None) -> Read:
    """The rows of all teams together."""
    return Read("of the whole league", over=over, into=into)


def games_of(log: str, over: Span) -> Read:
    """The rows about the games that the row's own player has in another table: his team's totals of them, say."""
    return Read(f"of the player's games in {log}", PLAYER, PLAYER, over, log=log)


def team_mates(over: Span, *, into: Columns = None, where: str | None = None) -> Read:
    """The rows of everybody else who is on the slate with the row's team."""
    return Read("of his team mates", PLAYER, PLAYER, over, None, into, where, mates=True)


def slate_membership() -> Read:
    """Listings: a player has a row because his newest one is of his team's newest game."""
    return Read("of the player", PLAYER, PLAYER, NEWEST, slate=True)


def until_loaded(read: Read) -> Read:
    """The same, where a row waits for a game: once the game is there, what it says does not matter."""
    return replace(read, words=f"whether it is there, {read.words}", until_loaded=True)


def for_rest(read: Read) -> Read:
    """The same, of a window that counts a Cup final as well."""
    return replace(read, rest=True)


def judged() -> Read:
    """Nothing of it is in a row; it says what must be there."""
    return Read("for what must be there", judged=True)
