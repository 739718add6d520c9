"""No request path reads, changes or deletes a whole table."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, shortened, told, where
from checker.model.code import CodeMatches, Match
from checker.model.modules import CodeStructure, Route
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_EVERYTHING = re.compile(
    r"\.query\(\s*[A-Z]\w*\s*\)\.all\(\)|\b[A-Z]\w*\.query\.all\(\)|\b[A-Z]\w*\.objects\.all\(\)|\.scalars\(\s*select\(\s*[A-Z]\w*\s*\)\s*\)\.all\(\)"
    r"|\.execute\(\s*select\(\s*[A-Z]\w*\s*\)\s*\)|\.exec\(\s*select\(\s*[A-Z]\w*\s*\)\s*\)\.all\(\)|\.findMany\(\s*\)|\.findMany\(\s*\{\s*(?:include|orderBy|select)\b"
    r"|\b[A-Z]\w*\.find\(\s*(?:\{\s*\})?\s*\)|\.find\(\s*\)|[\"'`]SELECT\s+\*?[\w\s,.]*\sFROM\s+\w+\s*;?[\"'`]"
)
_BOUNDED = re.compile(
    r"(?i)\b\w*(?:limit|take|page|cursor|offset|paginat|first|top|max_results|islice|slice|window)\w*\b"
)
_UPKEEP = re.compile(
    r"(?i)jobs?\b|job\.|worker|command|import|export|rebuild|migrat|index|drop|delete_?all|remove_?all|seed|reset|clean|purge|test|fixture|truncate|wipe|clear|flush|setup|teardown|drop_all|init"
)


def whole_table(code: CodeMatches, structure: CodeStructure | NotApplicable) -> Iterator[Observation]:
    """One observation for each query without a bound, and one for each file without."""
    routes = structure.routes if isinstance(structure, CodeStructure) else ()
    lists = [one for route in routes if (one := _list(route))]
    yield from told(code, [*(one for match in code.of("whole-table") if (one := _write(match))), *lists])


def _write(match: Match) -> Observation | None:
    if ".where(" in match.text or ".filter" in match.text:
        return None
    upkeep = _UPKEEP.search(f"{match.path} {match.symbol}")
    message = f"{where(match)} changes or deletes every row of a table"
    return bad(match, message, Confidence.LOW if upkeep else None)


def _list(route: Route) -> Observation | None:
    """A GET that answers with everything a table holds, asked in the handler itself."""
    if route.method != "GET" or route.path.endswith("}"):
        return None
    found = _EVERYTHING.search(route.handler.text)
    if found is None or _BOUNDED.search(route.handler.text):
        return None
    return Observation(
        subject=route.operation,
        ok=False,
        place=route.place,
        message=f"{route.operation} ({route.handler.symbol}) reads a whole table",
        evidence=shortened(found[0]),
    )
