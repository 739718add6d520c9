"""Facts about what other secret scanners are told to pass over."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checker.model.globs import covers
from checker.model.observation import Place

_PLAIN = re.compile(r"\\[.\-/]|\[\^?[^\]]*\]|[\w./\- @,%:]|[.^$|?]|\(\?:|[()]|[*+]\??|\{\d+(?:,\d*)?\}")
_REPEATED_GROUP = re.compile(r"\)(?:[*+]|\{\d)")
_MOST_OPEN = 2  # unbounded repeats; more could take long on a hostile pattern
# Values no honest exception would cover: what is random and long, in the alphabets that tokens have.
SAMPLES = (
    "q7Rz2LmX9vKc4TnB8wYd6HsJ",
    "3f9a1c7e5b2d8046f1a3c5e7092b4d6f8a1c3e5b",
    "Zx81kQpLw0TyVb37NcMa94RsDfGh65Ej",
)


@dataclass(frozen=True, slots=True)
class Passed:
    """One thing that a scanner passes over. `of` is path, glob, value or rule; `pattern` as the tool writes it."""

    tool: str
    of: str
    pattern: str
    place: Place
    covered: int = 0  # how many of the repository's runtime files a path names
    everything: bool = False  # no random value would be reported any more
    judged: bool = True  # False where the pattern was not tried, because trying it could take long


@dataclass(frozen=True)
class AllowLists:
    """Every exception of every scanner's configuration; `files` is how many runtime files there are to hide."""

    exceptions: tuple[Passed, ...]
    files: int
    configurations: tuple[str, ...]


def tame(pattern: str) -> re.Pattern[str] | None:
    """A pattern of the audited repository, compiled, where it is so plain that matching a path cannot take long."""
    bare = re.sub(r"^\(\?[a-z]+\)", "", pattern)
    loose = len(re.findall(r"(?<!\\)(?:[*+]|\{\d+,\})", bare))
    if len(bare) > 300 or loose > _MOST_OPEN or _REPEATED_GROUP.search(bare) or _PLAIN.sub("", bare):
        return None
    try:
        return re.compile(bare)
    except (re.error, RecursionError, OverflowError):
        return None


def named(pattern: str, of: str, paths: tuple[str, ...]) -> int | None:
    """How many of some paths a pattern names; None where it was not tried."""
    if of == "glob":
        return sum(covers(pattern, path) for path in paths)
    found = tame(pattern)
    return None if found is None else sum(found.search(path[:200]) is not None for path in paths)


def hides_everything(pattern: str) -> bool | None:
    """Whether a pattern passes over values that only a token has; None where it was not tried."""
    found = tame(pattern)
    return None if found is None else all(found.search(one) is not None for one in SAMPLES)
