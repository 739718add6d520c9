"""The format `json`: ReviewFindings, and the one way in which any JSON of ours becomes bytes."""

from __future__ import annotations

import json
import re
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from checker.model.report import Report
from checker.render.order import settled
from checker.render.visible import HIDDEN, LOG_COMMAND

_HIDDEN = re.compile(f"[{HIDDEN}]")


def render(report: Report) -> bytes:
    """The whole report under its published names (`reports/review-findings.schema.json`)."""
    return dump(settled(report).as_json())


def dump(value: Any, *, indent: int | None = 2) -> bytes:
    """UTF-8 with one newline at the end. What cannot be seen is a JSON escape, so the value itself is kept whole."""
    try:
        text = to_json(value, indent=indent).decode()
    except PydanticSerializationError:  # a lone surrogate, from a file name that is not UTF-8
        separators = (",", ": ") if indent else (",", ":")
        text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    return (LOG_COMMAND.sub(r"\\u0023", _HIDDEN.sub(_escaped, text)) + "\n").encode("utf-8")


def _escaped(match: re.Match[str]) -> str:
    code = ord(match[0])
    return f"\\u{code:04x}" if code < 0x10000 else json.dumps(match[0])[1:-1]
