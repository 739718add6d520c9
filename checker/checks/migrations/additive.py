"""What a new migration adds to an existing table may stay empty, or fills itself."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.migrations import NewMigrations, Operation, Revision, Tree
from checker.model.observation import Observation
from checker.model.rule import Confidence

_FRAME = re.compile(r"(?i)\s*(?:set|reset|begin|commit|lock|analyze|vacuum|comment)\b")


def additive_migration(new: NewMigrations) -> Iterator[Observation]:
    """One observation for each column that a new migration adds to a table which it did not make itself.

    Sources: backend-agent "Nullable, additive schema by default", backend-developer's STOP for a required column
    without default. A column whose nullability cannot be read is not judged here; the run is.
    """
    for tree, one in new.revisions:
        made = {step.table for step in one.up.operations if step.name == "create_table"}
        for step in one.up.operations:
            if step.name == "add_column" and step.table not in made and step.nullable is not None:
                ok = step.nullable or step.default
                message = f"migration {one.name} adds the required column {step.target} without a default"
                yield Observation(one.id, ok, one.at(step.lines), message, step.text)
            elif _requires(step) and step.table not in made and not (_prepared(one, step) or _proved(tree, step)):
                message = f"migration {one.name} makes {step.target} required without filling it first"
                place = one.at(step.lines)
                yield Observation(one.id, False, place, message, step.text, confidence=Confidence.MEDIUM)


def _requires(step: Operation) -> bool:
    return step.name == "set_not_null" or (step.name == "alter_column" and step.nullable is False)


def _prepared(one: Revision, step: Operation) -> bool:
    """Whether something before it writes rows, takes those away that are empty, or a check has proved that none is."""
    before = [other for other in one.up.operations if other.lines < step.lines]
    empty = re.compile(rf"(?is)^delete\b.*\b{re.escape(step.column or '')}\b\W+is\s+null\b")
    return any(
        (other.name in ("update", "execute", "create_check_constraint", "add_constraint") and _about(other, step))
        or (step.column is not None and other.table == step.table and bool(empty.search(other.text)))
        for other in before
    )


def _proved(tree: Tree, step: Operation) -> bool:
    """Whether another migration of the history has a check that the column is never empty: the recipe in two steps."""
    wanted = re.compile(rf"(?i)\b{re.escape(step.column or '')}\W+is\s+not\s+null\b")
    return step.column is not None and any(
        other.table == step.table and wanted.search(other.text) is not None
        for one in tree.revisions
        for other in one.up.operations
        if other.name in ("add_constraint", "create_check_constraint")
    )


def _about(other: Operation, step: Operation) -> bool:
    """Whether a statement may be about the table; one that cannot be read may be about any."""
    if other.table is not None and step.table is not None:
        return other.table == step.table
    named = step.table is None or re.search(rf"(?i)\b{re.escape(step.table)}\b", other.text) is not None
    return named or (not other.literal and not _FRAME.match(other.text))
