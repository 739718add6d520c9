"""The only place that tells the checker something: one JSON object a line, on a descriptor of its own."""

from __future__ import annotations

import json
import os
import re
from typing import Any

MOST = 64 << 20  # bytes
LONGEST = 4000  # characters of one text
_PASSWORD = re.compile(
    r"(?i)(://[^\s:/@]*:)[^\s@/]+@|\b(password|passwd|secret|token|api_?key)(\s*[=:]\s*)['\"]?[^\s'\",)}]+"
)


class Speaker:
    """Writes events; what could be a password is masked, and texts are cut."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._left = MOST

    def __call__(self, event: str, **fields: Any) -> None:
        line = json.dumps({"event": event, **clean(fields)}, default=str).encode() + b"\n"
        if len(line) <= self._left:
            self._left -= len(line)
            while line:
                line = line[os.write(self._descriptor, line) :]


def clean(value: Any) -> Any:
    """The same value with every text in it masked and cut."""
    if isinstance(value, str):
        return masked(value)[:LONGEST]
    if isinstance(value, dict):
        return {str(key): clean(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [clean(one) for one in value]
    return value


def masked(text: str) -> str:
    """A text without the passwords in it."""
    return _PASSWORD.sub(lambda found: (found[1] + "***@") if found[1] else f"{found[2]}{found[3]}***", text)
