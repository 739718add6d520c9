"""Every migration goes up from an empty database, by its own step."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, RunFailure, settled
from checker.model.migrations import Migrations, NewMigrations, as_debt
from checker.model.observation import Observation
from checker.model.unavailable import Unavailable


def migration_applies(
    ran: MigrationRuns, migrations: Migrations, new: NewMigrations | Unavailable
) -> Iterator[Observation]:
    """One observation for each migration that ran on the empty database; those behind a failed one were not reached.

    What fails in a landed one is debt, unless it hides a migration of this change.
    Sources: backend-developer "Migrations tested", agent-2 "Verify migrations (up/down) in a safe dev context".
    """
    hidden = isinstance(new, NewMigrations) and any(not run.went(one.id, "up") for run, one in ran.judged(new))
    seen = (one for run in ran.runs for one in _of(run))
    yield from settled(ran, seen if hidden else as_debt(seen, migrations, new))


def _of(run: MigrationRun) -> Iterator[Observation]:
    if run.before_first:
        message = (
            f"{run.tree.scripts}/env.py fills an empty database by itself, so that migrations are never what made it"
        )
        names = ", ".join(run.before_first)[:200]
        yield Observation(
            f"{run.tree.scripts} masked", False, run.tree.place, message, f"before the first step: {names}"
        )
    for revision in run.tree.revisions:
        if run.went(revision.id, "up"):
            yield Observation(revision.id, True, revision.place)
    for table, column, most, last in run.behind:
        name = f"{table.removeprefix('public.')}.{column}"
        message = f"the migrations fill {name} and leave its counter behind: the next insert meets a row that is there"
        place = run.maker(table)
        yield Observation(
            f"{name} counter", False, place, message, f"highest value {most}, the sequence stands at {last}"
        )
    for failure in run.failures:
        if failure.direction == "up" and failure.data == "empty" and not failure.environmental:
            yield _failed(run, failure)
        elif failure.direction == "up" and failure.data == "reordered" and not failure.environmental:
            yield _out_of_order(run, failure)
        elif failure.data == "together" and not failure.environmental:
            yield _together(run, failure)


def _failed(run: MigrationRun, failure: RunFailure) -> Observation:
    found = run.revision(failure.revision)
    name = found.name if found else str(failure.revision)
    reached = sum(run.went(one.id, "up") for one in run.tree.revisions)
    left = len(run.tree.revisions) - reached - 1
    behind = f"; {left} migrations behind it were not reached" if left > 0 else ""
    place = run.place(failure.revision, failure.line)
    return Observation(
        str(failure.revision), False, place, f"migration {name} fails on an empty database", evidence(failure) + behind
    )


def _out_of_order(run: MigrationRun, failure: RunFailure) -> Observation:
    found = run.revision(failure.revision)
    name = found.name if found else str(failure.revision)
    message = f"migration {name} needs another branch to have come first, and does not say so with depends_on"
    place = run.place(failure.revision, failure.line)
    return Observation(f"{failure.revision} order", False, place, message, evidence(failure))


def _together(run: MigrationRun, failure: RunFailure) -> Observation:
    found = run.revision(failure.revision)
    name = found.name if found else str(failure.revision)
    message = f"migration {name} fails where all of them run in one transaction, as env.py has it"
    mend = "; transaction_per_migration=True in context.configure() would mend it"
    place = run.place(failure.revision, failure.line)
    return Observation(f"{failure.revision} together", False, place, message, evidence(failure) + mend)


def evidence(failure: RunFailure) -> str:
    """What the failure said, and the statement that it came from."""
    statement = f", in: {failure.statement[:120]}" if failure.statement else ""
    return f"{failure.kind}: {failure.text[:220]}{statement}"
