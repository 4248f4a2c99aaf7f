"""What a message says on Slack: its own short form, in blocks, within Slack's limits.

Everything is also in `text`, for notifications and for those that are compatible but know no blocks.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from nba_assets.alerts.alert import Message
from nba_assets.alerts.links import Link

_LONGEST_HEADER, _LONGEST_SECTION, _LONGEST_FACT = 150, 3_000, 700
_FENCE = "```"
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def as_json(
    headline: str,
    facts: Sequence[tuple[str, str]],
    commands: Sequence[str],
    links: Sequence[Link],
    matrix: str | None,
) -> str:
    """The payload of a message, as it is kept."""
    sections = [f"*{escaped(label)}*\n{_cut(value, _LONGEST_FACT)}" for label, value in facts]
    sections += [_code("\n".join(commands))] if commands else []
    sections += [_code(matrix)] if matrix else []
    sections += [" · ".join(f"<{escaped(link.url)}|{escaped(link.label)}>" for link in links)] if links else []
    return json.dumps(_payload(headline, sections))


def payload_of(message: Message) -> dict[str, Any]:
    """What is posted; of a message that an older version has written, its plain text."""
    if message.slack is not None:
        kept: dict[str, Any] = json.loads(message.slack)
        return kept
    return _payload(message.subject, [_code(message.text)])


def escaped(text: str) -> str:
    """The three characters that mean something to Slack: nobody is called by what an error happens to say."""
    return text.translate(_ESCAPES)


def _payload(headline: str, sections: Sequence[str]) -> dict[str, Any]:
    title = headline if len(headline) <= _LONGEST_HEADER else headline[: _LONGEST_HEADER - 1] + "…"
    header = {"type": "header", "text": {"type": "plain_text", "text": title, "emoji": False}}
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": text, "verbatim": True}} for text in sections]
    return {"text": "\n".join([escaped(title), *sections]), "blocks": [header, *blocks]}


def _cut(text: str, longest: int) -> str:
    """Escaped, and no longer than that; never within an escape."""
    whole = escaped(text)
    if len(whole) <= longest:
        return whole
    kept = ""
    for character in text:
        if len(kept) + len(escaped(character)) >= longest:
            break
        kept += escaped(character)
    return kept.rstrip() + "…"


def _code(text: str) -> str:
    """As many lines as fit, in a fixed width."""
    kept: list[str] = []
    room = _LONGEST_SECTION - 2 * len(_FENCE) - len("\n…\n\n")
    for line in text.replace(_FENCE, "'''").splitlines():
        if len(escaped(line)) >= room:
            kept.append("…" if kept else _cut(line, room))
            break
        kept.append(escaped(line))
        room -= len(kept[-1]) + 1
    return "\n".join([_FENCE, *kept, _FENCE])
