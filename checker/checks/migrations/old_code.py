"""The code that runs now goes on working on the new schema."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, OldStatement, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable


def migration_old_code(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each migration of a change that ran over rows, and for each table that it takes from the old code.

    The old code is what the base's models say: a SELECT of their columns and an INSERT. Where the base declares none,
    every column counts, and it is less sure. Sources: backend-engineer "Migrate schemas before dependent code",
    backend-agent "Nullable, additive schema by default"; expand and contract as pgroll does it.
    """
    if not new.anchored:
        raise NotApplicable("no base revision, so there is no code that runs now; name one with --base")
    yield from settled(ran, (one for run, revision in ran.judged(new) for one in _of(run, revision)))


def _of(run: MigrationRun, revision: Revision) -> Iterator[Observation]:
    tried = sum(count for name, count in run.spoken if name == revision.id)
    broken = [one for one in run.refused if one.revision == revision.id]
    if tried and not broken:
        yield Observation(revision.id, True, revision.place)
    for one in broken:
        table = one.table.removeprefix("public.")
        reads = "cannot read" if one.verb == "SELECT" else "cannot write"
        message = f"after migration {revision.name} the code that runs now {reads} {table}"
        place = run.place(revision.id, _line(run, revision, one))
        sure = None if run.old_models else Confidence.MEDIUM
        said = one.sql.partition(" select ")[0] if one.verb == "INSERT" else one.sql
        evidence = f"{said[:160]}: {one.why[:160]}"
        yield Observation(f"{revision.id} {table}", False, place, message, evidence, confidence=sure)


def _line(run: MigrationRun, revision: Revision, one: OldStatement) -> int | None:
    """The line of the upgrade whose statement speaks of the table, and best of what the server misses."""
    table = one.table.rpartition(".")[2]
    said = [found for step in run.ups(revision.id) for found in step.statements if found.line and table in found.sql]
    named = [word.strip('"') for word in one.why.split() if word.startswith('"')]
    best = next((found for found in said if any(word and word in found.sql for word in named if word != table)), None)
    return best.line if best else said[0].line if said else None
