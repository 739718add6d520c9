"""Rows survive a migration and its way back, or the migration says that they do not."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, RowChange, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation


def migration_rows(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each new migration that ran over rows: up and down again, every value is what it was.

    Sources: backend-engineer "annotate irreversible steps", backend-developer "Migration affects existing data".
    """
    yield from settled(ran, (one for run, revision in ran.judged(new) for one in _of(run, revision)), new)


def _of(run: MigrationRun, revision: Revision) -> Iterator[Observation]:
    tables = {table for name, _, found in run.seeded if name == revision.id for table in found}
    if tables and run.went(revision.id, "down", "benign"):
        lost = [one for one in run.row_changes if one.revision == revision.id and one.direction == "down"]
        if not lost or revision.irreversible is not None:
            yield Observation(revision.id, True, revision.place)
        else:
            yield from _lost(run, revision, lost)


def _lost(run: MigrationRun, revision: Revision, lost: list[RowChange]) -> Iterator[Observation]:
    seen: set[tuple[str, str | None]] = set()
    for one in lost:
        if (one.table, one.column) in seen:
            continue
        seen.add((one.table, one.column))
        table = one.table.removeprefix("public.")
        name = f"{table}.{one.column}" if one.column else table
        what = f"the values of {name}" if one.column else f"rows of {table}"
        message = f"migration {revision.name} loses {what}: its downgrade does not bring them back"
        place = run.place(revision.id, _line(run, revision, one))
        yield Observation(f"{revision.id} {name}", False, place, message, _evidence(one))


def _evidence(one: RowChange) -> str:
    if one.column is None:
        return f"{one.rows} rows before, {one.after or 0} after up and down"
    return f"over {one.rows} rows; the first was {one.before!r}, is {one.after!r} after up and down"


def _line(run: MigrationRun, revision: Revision, one: RowChange) -> int | None:
    """The line of the upgrade whose statement speaks of the table, and best of the column, too."""
    table = one.table.rpartition(".")[2]
    said = [stmt for step in run.ups(revision.id) for stmt in step.statements if stmt.line]
    for words in ((table, one.column or table), (one.column or table,), (table,)):
        found = next((stmt for stmt in said if all(word in stmt.sql for word in words)), None)
        if found is not None:
            return found.line
    return said[0].line if said else None
