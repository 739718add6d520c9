"""Queries do not multiply with the rows: none is asked inside a loop."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, told, where
from checker.model.code import CodeMatches, Match
from checker.model.observation import Observation
from checker.model.rule import Confidence

_BOUNDED = re.compile(r"(?i)range\(|chunk|batch|page|attempt|retr|\[\s*\d*\s*:\s*\d+\s*\]|islice")
_WRITES = re.compile(r"(?i)\b(?:insert|update|delete|upsert|add|merge|create)\b|nextval|pg_\w+|\bSET\b|\bLOCK\b")
_CACHE = re.compile(r"(?i)\b(?:redis|cache|http|requests|client|aiohttp|httpx)\b")
_FETCH = re.compile(
    r"""(?i)\.get\(\s*(?:f?["']https?:|(?:\w+\.)?\w*(?:url|uri|endpoint)\b)|\b(?:headers|timeout|allow_redirects)\s*="""
)
_JOB = re.compile(
    r"(?i)seed|migrat|backfill|import|sync|cleanup|cron|task|job|worker|script|cli|command|test|setup|init|export"
)


def query_in_loop(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each query that a loop asks again and again, and one for each file without."""
    served = any(one.web for one in code.sources)
    yield from told(code, (one for match in code.of("query-in-loop") if (one := _judged(match, served))))


def _judged(match: Match, served: bool) -> Observation | None:
    iterated = match.names.get("ITER", "")
    if _BOUNDED.search(iterated) or _CACHE.search(match.text.partition("(")[0]):
        return None
    if _literal(iterated) or _FETCH.search(match.text):
        return None
    in_request = match.function is not None and match.function.is_route
    doubtful = _WRITES.search(match.text) or _JOB.search(f"{match.path} {match.symbol}") or not served
    confidence = (
        None if in_request and not _WRITES.search(match.text) else Confidence.LOW if doubtful else Confidence.MEDIUM
    )
    over = f" over {iterated[:50]}" if iterated else ""
    return bad(match, f"{where(match)} asks the database once for each turn of a loop{over}", confidence)


def _literal(iterated: str) -> bool:
    """A list that is written out has as many members as somebody typed, and a constant is one with a name."""
    return bool(re.match(r"^[\[(]\s*[\"'\w]", iterated) or re.fullmatch(r"[A-Z][A-Z0-9_]*(?:\.items\(\))?", iterated))
