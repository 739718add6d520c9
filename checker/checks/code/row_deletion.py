"""Rows that can be marked as deleted are marked, and not removed."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, told, where
from checker.model.code import CodeMatches, Match
from checker.model.modules import CodeStructure
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_MARKS = frozenset({"deleted_at", "is_deleted", "deleted", "archived_at"})
_MEANT = re.compile(r"(?i)purge|erase|gdpr|retention|cleanup|clean_up|expire|hard_delete|prune|wipe|forget|permanent")


def row_deletion(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for each removal of a row that has a mark for being deleted, and one for each file without."""
    marked = {one.name for one in structure.models if one.columns & _MARKS}
    if not marked:
        raise NotApplicable("no model has a column that marks a row as deleted")
    yield from told(code, (one for match in code.of("row-delete") if (one := _judged(match, marked))))


def _judged(match: Match, marked: set[str]) -> Observation | None:
    if _MEANT.search(f"{match.path} {match.symbol}"):
        return None
    model = match.names.get("MODEL", "").rpartition(".")[2]
    if model in marked:
        return bad(match, f"{where(match)} removes rows of {model}, which could be marked as deleted")
    row = match.names.get("ROW", "")
    holder = match.names.get("S", "")
    if not re.search(r"(?i)session|\bdb\b", holder) or not re.fullmatch(r"\w+", row):
        return None
    named = _kind(row, match)
    if named in marked:
        return bad(
            match, f"{where(match)} removes a row of {named}, which could be marked as deleted", Confidence.MEDIUM
        )
    return None


def _kind(row: str, match: Match) -> str:
    """The model that a name stands for: by its annotation, or by the query that it was given."""
    annotated = re.search(rf"\b{re.escape(row)}\s*:\s*([A-Z]\w*)", match.around)
    if annotated:
        return annotated[1]
    given = re.search(
        rf"(?m)^[^\S\n]*{re.escape(row)}\s*=\s*.*?(?:\bget\(|\bselect\(|\bquery\()\s*([A-Z]\w*)", match.around
    )
    return given[1] if given else ""
