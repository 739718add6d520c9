"""What is delivered is finished: no mark of work left for later, no body that only says so."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_ABSTRACT = re.compile(r"(?i)abstract|Protocol|overrid|subclass|must (?:be )?implement|interface|base\b")
_MARKER = re.compile(r"\b([T]ODO|[F]IXME|X{3}|[H]ACK|TBD)\b")
_WHOLE = re.compile(r"(?m)^[ \t\r\f\v#/*<!-]*(?:@?)(?:[T]ODO|[F]IXME|TBD)\b\s*(?:\(|:|-|[a-z A-Z])")


def placeholder(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each mark of unfinished work, and one for each file without."""
    yield from told(code, (*_marks(code), *_empty(code)))


def _marks(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("placeholder"):
        marker = _MARKER.search(match.text)
        if marker and match.text.lstrip().startswith(("#", "/", "*", "{/")):
            confidence = None if _WHOLE.search(match.text) else Confidence.LOW
            yield bad(match, f"{where(match)} still says {marker[1]}", confidence)
        elif (not marker or match.text.startswith(("raise", "throw"))) and not _may_be_abstract(match):
            yield bad(match, f"{where(match)} is not implemented", Confidence.MEDIUM)


def _may_be_abstract(match: Match) -> bool:
    """Whether the body is that of a base class, which others fill, or one branch among several."""
    function = match.function
    if function is None or "." in match.symbol or _ABSTRACT.search(function.text):
        return True
    statements = [line for line in function.text.splitlines() if line.strip()]
    return len(statements) > 6


def _empty(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("empty-route"):
        if not re.search(r"(?i)openapi|schema|docs?\b", match.text):
            yield bad(match, f"The route {where(match)} does nothing", Confidence.MEDIUM)
