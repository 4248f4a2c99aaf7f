"""The options of a run: strict names, one deprecated spelling, and a line that says which mode is active and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from difflib import get_close_matches
from typing import Any

_DEPRECATED = {"is_backfill": "backfill_mode"}
_MISSPELT = {"backfill": "backfill_mode", "isBackfill": "backfill_mode", "backfillMode": "backfill_mode"}
_MISSPELT |= {"is_back_fill": "backfill_mode"}


class RunOptionsError(ValueError):
    """An option that does not exist, or a value that it cannot have."""


@dataclass(frozen=True)
class RunOptions:
    """What a run was asked to do differently.

    `backfill_mode` relaxes two thresholds and digests alerts. `skip_downstream_trigger` keeps automation from
    going on from this run, and implies backfill mode. `force` publishes below the threshold and in bootstrap;
    `accept_gaps` publishes raw and post-game gaps that nobody waits for any more. `bootstrap_days` replaces the
    policy's. `rewrite` builds what is up to date as well, and writes it again. `forced_by` is who accepts what is
    missing.
    """

    backfill_mode: bool = False
    skip_downstream_trigger: bool = False
    force: bool = False
    accept_gaps: bool = False
    rewrite: bool = False
    bootstrap_days: int | None = None
    forced_by: str | None = None

    @property
    def accepted_by(self) -> str | None:
        """Who accepts gaps in this run; None if nobody does."""
        return (self.forced_by or "somebody") if self.accept_gaps else None

    def given(self) -> dict[str, Any]:
        """The options that differ from the default; bootstrap_days = 0 is one, though it equals False."""
        return {name: value for name, value in asdict(self).items() if value is not None and value is not False}


@dataclass(frozen=True)
class ParsedOptions:
    """Options, and what the log must say about them."""

    options: RunOptions
    warnings: tuple[str, ...]
    mode_line: str


NAMES = (
    *("backfill_mode", "is_backfill", "skip_downstream_trigger", "force", "accept_gaps", "rewrite"),
    *("bootstrap_days", "forced_by"),
)


def parse_options(given: Mapping[str, Any], *, backfill_tag: str | None = None) -> ParsedOptions:
    """The options of a run config; `backfill_tag` is the id of the backfill that launched the run, if one did.

    Raises RunOptionsError for an unknown name, with the nearest valid one, and for a value of the wrong type.
    """
    warnings: list[str] = []
    values: dict[str, Any] = {}
    for name, value in given.items():
        _refuse_unknown(name)
        if value is None:
            continue
        if name in _DEPRECATED:
            warnings.append(f"option '{name}' is deprecated; write '{_DEPRECATED[name]}'")
        values[_DEPRECATED.get(name, name)] = _checked(name, value)
    options = RunOptions(**values)
    cause = None
    if options.backfill_mode:
        cause = "option is_backfill" if given.get("is_backfill") else "option backfill_mode"
    elif options.skip_downstream_trigger:
        cause = "option skip_downstream_trigger, which implies it"
        warnings.append("skip_downstream_trigger implies backfill mode: thresholds are relaxed in this run")
    elif backfill_tag is not None:
        cause = f"launched as backfill {backfill_tag}"
    options = replace(options, backfill_mode=cause is not None)
    line = f"backfill mode is on ({cause})" if cause else "backfill mode is off: daily thresholds apply"
    also = [
        text for text, is_on in (("force is on", options.force), ("gaps are accepted", options.accept_gaps)) if is_on
    ]
    return ParsedOptions(options, tuple(warnings), ", ".join([line, *also]))


def _refuse_unknown(name: str) -> None:
    if name in NAMES:
        return
    nearest = _MISSPELT.get(name) or get_close_matches(name, NAMES, n=1, cutoff=0.0)[0]
    raise RunOptionsError(f"there is no run option '{name}'; did you mean '{nearest}'? Valid: {', '.join(NAMES)}")


def _checked(name: str, value: Any) -> Any:
    if name == "bootstrap_days":
        if isinstance(value, bool) or not isinstance(value, int) or value < 0:
            raise RunOptionsError(f"run option bootstrap_days must be a whole number from 0, not {value!r}")
        return value
    if name == "forced_by":
        if not isinstance(value, str) or not value.strip():
            raise RunOptionsError(f"run option forced_by must be a name, not {value!r}")
        return value.strip()
    if not isinstance(value, bool):
        raise RunOptionsError(f"run option {name} must be true or false, not {value!r}")
    return value
