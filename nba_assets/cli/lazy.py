"""Commands whose modules are imported when they are asked for: pandas, DuckDB and Dagster take a second to load."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import Any, ClassVar

import typer
from typer.core import TyperCommand, TyperGroup


@dataclass(frozen=True)
class Listed:
    """What is known of a command without importing it: where it is ("module:function"), and its docstring's first line.

    `examples` are what may be typed behind `nba-assets`; a command that has commands has theirs. `kept` is what stays
    of it when it is interrupted.
    """

    place: str
    summary: str
    examples: tuple[str, ...]
    kept: str = ""


class _WithExamples:
    """Ends its help with those of the listed examples that begin with its own name."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help, and below it the examples: lines that can be copied, however narrow the terminal."""
        super().format_help(ctx, formatter)  # type: ignore[misc]
        if found := _examples(ctx):
            typer.echo("\n".join(["Examples:", *(f"  nba-assets {one}" for one in found), ""]))


def _examples(ctx: Any) -> list[str]:
    names, listed = _asked(ctx)
    return [one for one in listed.examples if one.split()[: len(names)] == names] if listed else []


def _asked(ctx: Any) -> tuple[list[str], Listed | None]:
    """The names by which a command was asked for, and what is listed under the first."""
    root = ctx.find_root()
    names: list[str] = []
    while ctx is not root:
        names.insert(0, ctx.info_name)
        ctx = ctx.parent
    return names, root.command.listed[names[0]] if names and isinstance(root.command, LazyGroup) else None


class Group(_WithExamples, TyperGroup):
    """A command that has commands."""


class Command(_WithExamples, TyperCommand):
    """A command that first warns of settings that do not exist. Its own --help does not: nothing runs."""

    def invoke(self, ctx: Any) -> Any:
        """Warn on standard error, then run; no error of a known kind ends in a traceback."""
        from nba_assets.cli.console import errors_explained

        _, listed = _asked(ctx)
        with errors_explained(listed.kept if listed else ""):
            if ctx.info_name != "doctor":  # which tells it itself
                _warn_of_unknown_settings()
            return super().invoke(ctx)


def _warn_of_unknown_settings() -> None:
    from nba_assets.cli.console import err
    from nba_assets.settings import SettingsError, unknown_settings

    with suppress(SettingsError):  # a `.env` that cannot be read is said by whoever needs its settings
        for name, nearest in unknown_settings().items():
            err.say(f"warning: {name} is not a setting" + (f"; did you mean {nearest}?" if nearest else ""))


class LazyGroup(TyperGroup):
    """Shows the commands of `listed` by their summaries; imports one when it runs, or when its own help is asked for.

    The context's `obj`, if there is one, is called as soon as the command is imported.
    """

    listed: ClassVar[Mapping[str, Listed]]

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        for name, command in self.listed.items():
            self.add_command(TyperCommand(name, help=command.summary))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The name, the imported command, and the arguments that are left; a usage error if it is not listed."""
        name, listed, rest = super().resolve_command(ctx, args)
        if name is None or listed is None:
            return name, listed, rest
        command = _imported(name, self.listed[name].place)
        if ctx.obj is not None:
            ctx.obj()
        return name, command, rest


def _imported(name: str, place: str) -> Any:
    """The command of a function, or the group of a Typer app."""
    found = resolve_name(place)
    if isinstance(found, typer.Typer):
        return typer.main.get_command(found)
    alone = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    alone.command(name, cls=Command)(found)
    return typer.main.get_command(alone)
