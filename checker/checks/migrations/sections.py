"""New migrations say how their success is verified, and what running them means for operations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from checker.model.base import Frozen
from checker.model.migrations import BodyState, NewMigrations, Revision
from checker.model.observation import Observation

_QUERY = re.compile(r"(?i)\b(?:select|with|show|explain|alembic|curl|psql|pytest|python|make)\b")
_EMPTY = re.compile(r"(?i)^\W*(?:tbd|todo|n/?a|none|to be added|fill in|xxx|\.\.\.)?\W*$")
_PARTS = {
    "duration": r"\b(?:duration|takes?|time|seconds?|minutes?|milliseconds?|ms|hours?|instant\w*)\b",
    "impact": r"\b(?:impact|locks?|locked|block\w*|downtime|online|writers?|readers?|availability)\b",
    "throttling": r"\b(?:throttl\w*|batch\w*|pause\w*|sleep\w*|rate|off[- ]?peak|chunks?|one at a time)\b",
}


class OperationsParams(Frozen):
    """`parts` that the note must speak of."""

    parts: tuple[str, ...] = ("duration", "impact", "throttling")


def migration_verify(new: NewMigrations) -> Iterator[Observation]:
    """One observation for each new migration that does something: a VERIFY section with something to run.

    Source: backend-engineer "VERIFY section: post-migration checks".
    """
    none = _without(new, "VERIFY")
    for tree, one in new.revisions:
        if one.up.state is BodyState.EMPTY:
            continue
        text = one.section("VERIFY")
        said = text is not None and not _EMPTY.match(text)
        ok = said and bool(_QUERY.search(text or ""))
        problem = "has no VERIFY section" if not said else "has a VERIFY section without anything to run"
        cause = "no VERIFY section anywhere" if tree.scripts in none else ""
        place = tree.place if cause else one.place
        yield Observation(one.id, ok, place, f"migration {one.name} {problem}", _first(text), cause=cause)


def migration_operations(new: NewMigrations, params: OperationsParams) -> Iterator[Observation]:
    """One observation for each new migration that does something: an OPERATIONS note on duration, impact and throttling.

    Source: backend-engineer "OPERATIONS note: duration, impact, throttling".
    """
    none = _without(new, "OPERATIONS?")
    for tree, one in new.revisions:
        if one.up.state is not BodyState.EMPTY:
            noted = _noted(one, params)
            yield (
                replace(noted, cause="no OPERATIONS note anywhere", place=tree.place) if tree.scripts in none else noted
            )


def _without(new: NewMigrations, title: str) -> set[str]:
    """Histories of which no migration has such a section: one defect, and not one of each of their many steps."""
    found: dict[str, list[bool]] = {}
    for tree, one in new.revisions:
        found.setdefault(tree.scripts, []).append(one.section(title) is None)
    return {scripts for scripts, lacking in found.items() if len(lacking) > 3 and all(lacking)}


def _noted(one: Revision, params: OperationsParams) -> Observation:
    text = one.section("OPERATIONS?")
    if text is None or _EMPTY.match(text):
        return Observation(one.id, False, one.place, f"migration {one.name} has no OPERATIONS note", _first(text))
    lacking = [
        part for part in params.parts if not re.search(_PARTS.get(part, rf"\b{re.escape(part)}\b"), text, re.IGNORECASE)
    ]
    message = f"the OPERATIONS note of migration {one.name} says nothing of {', '.join(lacking)}"
    return Observation(one.id, not lacking, one.place, message, _first(text))


def _first(text: str | None) -> str:
    return (
        "no such heading in its docstring or comments"
        if text is None
        else " ".join(text.split())[:120] or "the section is empty"
    )
