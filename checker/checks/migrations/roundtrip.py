"""Every migration goes down again and leaves the schema as it found it, and up again to the same schema."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migration_run import Difference, MigrationRun, MigrationRuns, RunFailure, settled
from checker.model.migrations import BodyState, Migrations, NewMigrations, Revision, as_debt
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.unavailable import Unavailable

MOST = 4  # differences that are named


def migration_roundtrip(
    ran: MigrationRuns, migrations: Migrations, new: NewMigrations | Unavailable
) -> Iterator[Observation]:
    """One observation for each migration: down, compared by catalogue with before; up again, compared with after.

    A migration that says it is irreversible, and why, is not asked to go down. One that had landed is debt.
    Sources: agent-2 "Verify migrations
    (up/down)", backend-engineer "forward & rollback scripts".
    """
    yield from settled(ran, as_debt((one for run in ran.runs for one in _of(run)), migrations, new))


def _of(run: MigrationRun) -> Iterator[Observation]:
    for revision in run.tree.revisions:
        if run.went(revision.id, "up") and not _excused(revision):
            yield _observed(run, revision)
    broken = any(found for _, what, found in run.compared if what == "down")
    if run.base_left and not broken:
        message = f"the way down from head to base in {run.tree.scripts} leaves objects behind"
        yield Observation(f"{run.tree.scripts} base", False, run.tree.place, message, _told(run.base_left))


def _excused(revision: Revision) -> bool:
    """Whether the migration says that it has no way back, and offers none."""
    return revision.irreversible is not None and revision.down.state is not BodyState.WORKS


def _observed(run: MigrationRun, revision: Revision) -> Observation:
    down = _failure(run, revision, "down")
    again = _failure(run, revision, "again")
    left = _compared(run, revision, "down")
    other = _compared(run, revision, "again")
    over_rows = None if revision.irreversible else _failure(run, revision, "down", "benign")
    if down is not None:
        problem, evidence = "does not go down", f"{down.kind}: {down.text[:200]}"
    elif left:
        problem, evidence = "is not undone by its downgrade", _told(left)
        evidence += f"; going up again fails: {again.text[:120]}" if again else ""
    elif again is not None:
        problem, evidence = "does not go up a second time", f"{again.kind}: {again.text[:200]}"
    elif other:
        problem, evidence = "leads to another schema the second time", _told(other)
    elif over_rows is not None:
        problem, evidence = "does not go down where its tables have rows", f"{over_rows.kind}: {over_rows.text[:200]}"
        down = over_rows
    else:
        return Observation(revision.id, True, revision.place)
    line = down.line if down else None
    place = run.place(revision.id, line, "up" if not down and not left else "down")
    message = f"migration {revision.name} {problem}"
    return Observation(revision.id, False, place, message, evidence, confidence=_sure(run, left or other))


def _sure(run: MigrationRun, found: tuple[Difference, ...]) -> Confidence | None:
    """On SQLite a table is rebuilt to change it, and defaults lose their quotes: less sure."""
    only_defaults = bool(found) and all(one.kind == "column" and set(one.before or {}) == {"default"} for one in found)
    return Confidence.MEDIUM if run.engine == "sqlite" and only_defaults else None


def _failure(run: MigrationRun, revision: Revision, direction: str, data: str = "empty") -> RunFailure | None:
    wanted = (revision.id, direction, data)
    return next((one for one in run.failures if (one.revision, one.direction, one.data) == wanted), None)


def _compared(run: MigrationRun, revision: Revision, what: str) -> tuple[Difference, ...]:
    return next((found for name, kind, found in run.compared if (name, kind) == (revision.id, what)), ())


def _told(found: tuple[Difference, ...]) -> str:
    """The differences, those of whole tables before those of their parts."""
    tables = {one.name for one in found if one.kind == "table"}
    own = [one for one in found if one.kind == "table" or _table(one) not in tables]
    shown = "; ".join(one.text for one in own[:MOST])
    return shown + (f"; and {len(own) - MOST} more" if len(own) > MOST else "")


def _table(one: Difference) -> object:
    """The table that an object is part of; None where it stands alone."""
    if one.kind == "column":
        return one.name.rpartition(".")[0]
    return (one.before or one.after or {}).get("table")
