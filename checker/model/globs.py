"""The one way in which a path glob of ours is read."""

from __future__ import annotations

import re
from functools import lru_cache


def covers(pattern: str, path: str) -> bool:
    """Whether a glob names a path, whole and case-sensitive; `**` crosses folders, `*` and `?` do not.

    A pattern that names a folder (`specs`, `specs/`, `.`) names everything below it as well. Time grows with the square
    of the path at worst, whatever the pattern: what the head's configuration says cannot make a run hang.
    """
    return _compiled(pattern).match(path) is not None


@lru_cache(maxsize=4096)
def _compiled(pattern: str) -> re.Pattern[str]:
    parts = [part for part in pattern.strip("/").split("/") if part != "."]
    chunks: list[list[str]] = [[]]
    for part in parts:
        if part == "**":
            chunks.append([])
        else:
            chunks[-1].append(_segment(part))
    first, *rest = ["/".join(chunk) + r"(?:/|\Z)" for chunk in chunks if chunk] or [""]
    anchored = first if not parts or parts[0] != "**" else _somewhere(first)
    return re.compile(f"{anchored}{''.join(_somewhere(chunk) for chunk in rest)}", re.DOTALL)


def _somewhere(chunk: str) -> str:
    """The chunk where it first fits; a later place could never match more, so nothing is tried again."""
    return f"(?>(?:[^/]+/)*?{chunk})" if chunk else ""


def _segment(part: str) -> str:
    first, *rest = [
        "".join("[^/]" if char == "?" else re.escape(char) for char in run) for run in re.split(r"\*+", part)
    ]
    middle = "".join(f"(?>[^/]*?{run})" for run in rest[:-1] if run)
    return f"(?=[^/]){first}{middle}" + (f"[^/]*{rest[-1]}" if rest else "")
