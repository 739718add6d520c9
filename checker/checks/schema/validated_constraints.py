"""Nothing in the schema is left half made: constraints are validated, indexes are valid."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.migration_run import MigrationRun, MigrationRuns
from checker.model.migrations import NewMigrations
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.tables import tables

_WHAT = {"f": "foreign key", "c": "check"}


def validated_constraints(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each foreign key, check and index of the migrated schema.

    NOT VALID in the last step of a history is the first half of a good habit: then the finding is a reminder. Sources:
    PostgreSQL's ALTER TABLE (NOT VALID), CREATE INDEX (building indexes concurrently).
    """
    for run in {id(table.run): table.run for table in tables(ran)}.values():
        for one in (run.head or {}).get("constraint") or ():
            if one["kind"] in _WHAT and one["table"]:
                yield _constraint(run, new, one)
        for one in (run.head or {}).get("index") or ():
            name = one["name"].rpartition(".")[2]
            message = f"index {name} is invalid: no query uses it, and every write maintains it"
            yield Observation(f"index {name}", one["valid"], _place(run, name), message, one["definition"])


def _constraint(run: MigrationRun, new: NewMigrations, one: Mapping[str, Any]) -> Observation:
    name = one["name"].rpartition(".")[2].strip('"')
    table = one["table"].removeprefix("public.")
    message = f"{_WHAT[one['kind']]} {name} of {table} is never validated: the rows that were there before may break it"
    place = _place(run, name)
    return Observation(
        f"{table}.{name}", one["validated"], place, message, one["definition"], confidence=_sure(run, new, place)
    )


def _place(run: MigrationRun, name: str) -> Place:
    """Where the history names the object for the last time."""
    for revision in reversed(run.tree.revisions):
        for one in reversed(revision.up.operations):
            if name in one.text:
                return Place(revision.path, one.lines)
    return run.tree.place


def _sure(run: MigrationRun, new: NewMigrations, place: Place) -> Confidence | None:
    """The validation may come in the next change, when the constraint comes in this one, or in the last step."""
    ends = {run.tree.by_id[head].path for head in run.tree.heads}
    brought = {one.path for _, one in new.revisions} if new.anchored else set()
    return Confidence.LOW if place.path in ends | brought else None
