"""The only place that decides which characters of an audited repository reach a reader as they are."""

from __future__ import annotations

import re

# Controls, line separators, bidi overrides, lone surrogates, and what takes no room on a screen yet is read by agents.
HIDDEN = (
    r"\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e"
    r"\u2060-\u206f\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e0fff"
)
_HIDDEN = re.compile(rf"[\n{HIDDEN}]")
# GitHub's and Azure's log readers obey `##[command]` and `##vso[command]` wherever they stand in a line.
LOG_COMMAND = re.compile(r"#(?=#\w*\[)")
_SHORT = {"\n": r"\n", "\r": r"\r", "\t": r"\t"}


def visible(text: str) -> str:
    """The text as one line in which nothing is hidden: `\\x1b`, `\\u202e`, `\\n` stand for what they name.

    A byte of a file name that is not UTF-8 (a surrogate escape) is shown as that byte.
    """
    return LOG_COMMAND.sub(r"\\x23", _HIDDEN.sub(_escaped, text))


def clipped(text: str, limit: int) -> str:
    """The text made visible, at most `limit` characters of it and a word on how many are missing."""
    shown = visible(text)
    if len(shown) <= limit:
        return shown
    return f"{shown[:limit].rstrip()}… ({len(shown) - limit} more characters)"


def _escaped(match: re.Match[str]) -> str:
    character = match[0]
    if character in _SHORT:
        return _SHORT[character]
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
