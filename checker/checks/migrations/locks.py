"""A new migration does not keep readers and writers of a table waiting while it works through its rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, RunStatement, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation

_ROW_WORK = re.compile(r"(?i)^\s*(?:with\b.*)?(?:update|delete|insert)\b")
_MENDS = {
    "index": "CREATE INDEX CONCURRENTLY in an autocommit block",
    "foreign": "NOT VALID first, VALIDATE CONSTRAINT later",
    "check": "NOT VALID first, VALIDATE CONSTRAINT later",
    "unique": "a unique index CONCURRENTLY, then ADD CONSTRAINT … USING INDEX",
    "default": "the column without a default, then the default, then the rows in batches",
    "not null": "a CHECK … NOT VALID, validated, before SET NOT NULL",
    "type": "a new column, filled in batches, instead of a changed type",
}


def migration_locks(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each statement of a new migration that took a lock on a table which existed before.

    Bad: a lock that others wait for, while the statement reads or rewrites the whole table, or while it works on rows. A
    short exclusive lock for a change of the catalogue alone is good. Sources: backend-engineer's OPERATIONS note
    (impact); PostgreSQL 13.3 Explicit Locking; Eugene E5, E6, E9, E10.
    """
    yield from settled(ran, (one for run, revision in ran.judged(new) for one in _of(run, revision)), new)


def _of(run: MigrationRun, revision: Revision) -> Iterator[Observation]:
    step = next(run.ups(revision.id), None)
    for statement in step.statements if step else ():
        if statement.strong or statement.held or statement.kept or statement.rewritten:
            yield _observed(run, revision, statement)


def _observed(run: MigrationRun, revision: Revision, one: RunStatement) -> Observation:
    locked = _locked(one)
    problem = _problem(one)
    worked = set(one.rewritten if "rewrites" in problem else one.scanned)
    tables = sorted((locked & worked if "reads" in problem or "rewrites" in problem else locked) or locked)
    named = ", ".join(table.removeprefix("public.") for table in tables)
    message = f"migration {revision.name} {problem.format(named)}, and everybody waits"
    subject = f"{revision.id} {_short(one.sql)}"
    return Observation(subject, not problem, run.place(revision.id, one.line), message, _evidence(one))


def _locked(one: RunStatement) -> set[str]:
    """Tables that others wait for; a table cannot be rewritten but under an exclusive lock, whether that was seen or not."""
    return {table for table, _ in (*one.strong, *one.kept)} | set(one.held) | set(one.rewritten)


def _problem(one: RunStatement) -> str:
    locked = _locked(one)
    if one.rewritten:
        return "rewrites {} under an exclusive lock"
    if locked & set(one.scanned):
        return (
            "changes rows while it holds {} under an exclusive lock"
            if _ROW_WORK.match(one.sql)
            else "reads the whole of {} under a lock"
        )
    return ""


def _evidence(one: RunStatement) -> str:
    taken = ", ".join(f"{mode} on {table.removeprefix('public.')}" for table, mode in one.strong)
    before = [*((table, "AccessExclusiveLock") for table in one.held), *one.kept]
    held = ", ".join(f"{mode} on {table.removeprefix('public.')}" for table, mode in before)
    words = [f"{one.sql[:140]}", f"takes {taken}" if taken else "", f"while holding {held}" if held else ""]
    words.append(f"rewrites {', '.join(one.rewritten)}" if one.rewritten else "")
    words.append(f"{one.rows} rows" if one.rows is not None else "")
    is_work = bool(_ROW_WORK.match(one.sql))
    mend = "" if is_work else next((text for word, text in _MENDS.items() if word in one.sql.lower()), "")
    return "; ".join(word for word in (*words, mend and f"instead: {mend}") if word)


def _short(sql: str) -> str:
    return " ".join(re.sub(r"[^\w. ]", " ", sql).split())[:80]
