"""The one way in which a path glob of ours is read."""

from __future__ import annotations

import re
from functools import lru_cache


def covers(pattern: str, path: str) -> bool:
    """Whether a glob names a path, whole and case-sensitive; `**` crosses folders, `*` and `?` do not.

    A pattern that names a folder (`specs`, `specs/`) names everything below it as well.
    """
    return _compiled(pattern).match(path) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = [part for part in pattern.strip("/").split("/") if part != "."]
    while len(parts) > 1 and parts[-1] == "**":
        parts.pop()
    regex = "".join("(?:[^/]+/)*" if part == "**" else f"{_segment(part)}/" for part in parts[:-1])
    last = ".+" if parts[-1] == "**" else _segment(parts[-1])
    return re.compile(f"{regex}{last}(?:/.*)?\\Z", re.DOTALL)


def _segment(part: str) -> str:
    words = re.split(r"(\*+|\?)", part)
    return "".join("[^/]*" if word.startswith("*") else "[^/]" if word == "?" else re.escape(word) for word in words)
