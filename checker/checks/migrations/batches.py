"""A new migration that writes many rows writes them in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, RunStatement, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation

_LIMITED = re.compile(
    r"(?i)\blimit\b|\bfetch\s+(?:first|next)\b|\bctid\b|\bany\s*\(\s*(?:%|:|\$|array|')|\btablesample\b"
)
_BETWEEN = re.compile(r"(?i)\bbetween\s+\S+\s+and\s+\S+")
_ABOVE = re.compile(r"(?i)([\w\".]+)\s*>=?\s*(?:%|:|\$|'|\d)")
_BELOW = re.compile(r"(?i)([\w\".]+)\s*<=?\s*(?:%|:|\$|'|\d)")
_LISTED = re.compile(r"(?i)\bin\s*\(\s*(?!select\b)[^()]*(?:\([^()]*\)[^()]*)*\)")
_ONE = re.compile(r"(?i)\bwhere\b[^;]*?[\w\".]+\s*=\s*(?:%\(|%s|:\w|\$\d)")
_WRITE = re.compile(
    r"(?i)^\s*(?:with\b.*?\)\s*)?(update|delete\s+from|merge\s+into)\s+(?:only\s+)?(?:\"?\w+\"?\.)?\"?(\w+)"
)


def migration_batches(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each statement of a new migration that changed or deleted rows of a table that had some.

    Bad when one statement can touch every row of the table: nothing in it bounds how many; and when its batches share one
    transaction, which keeps every lock to the end. What was written is the server's word, so that blocks and functions
    count. Source: backend-engineer "Batch large writes, add checkpoints".
    """
    yield from settled(ran, (one for run, revision in ran.judged(new) for one in _of(run, revision)), new)


def _of(run: MigrationRun, revision: Revision) -> Iterator[Observation]:
    filled = {table.rpartition(".")[2] for name, _, found in run.seeded if name == revision.id for table in found}
    seen: set[tuple[str, str]] = set()
    for step in run.ups(revision.id):
        batches: dict[tuple[str, str], int] = {}
        for one in step.statements:
            for verb, table in _written(one):
                batches[table, one.transaction] = batches.get((table, one.transaction), 0) + 1
                if table in filled and (table, one.sql) not in seen:
                    seen.add((table, one.sql))
                    yield _observed(run, revision, one, verb, table, bounded(one, table))
        yield from _in_one(run, revision, step.statements, filled, batches, seen)


def _observed(run: MigrationRun, revision: Revision, one: RunStatement, verb: str, table: str, ok: bool) -> Observation:
    message = f"migration {revision.name} writes {table} in one statement without a bound"
    place = run.place(revision.id, one.line)
    return Observation(f"{revision.id} {table} {verb}", ok, place, message, _seen(one, table))


def _in_one(
    run: MigrationRun,
    revision: Revision,
    statements: tuple[RunStatement, ...],
    filled: set[str],
    batches: dict[tuple[str, str], int],
    seen: set[tuple[str, str]],
) -> Iterator[Observation]:
    """Batches of one table that were all run in one transaction."""
    for (table, transaction), count in batches.items():
        if count < 2 or not transaction or table not in filled or (table, "batches") in seen:
            continue
        of = [one for one in statements if one.transaction == transaction and any(t == table for _, t in _written(one))]
        if of and all(_LIMITED.search(one.sql) for one in of):
            seen.add((table, "batches"))
            message = f"migration {revision.name} runs its batches over {table} in one transaction"
            text = f"{count} statements, the first: {of[0].sql[:120]}; every lock is kept to the end of the last"
            yield Observation(
                f"{revision.id} {table} batches", False, run.place(revision.id, of[0].line), message, text
            )


def _written(one: RunStatement) -> Iterator[tuple[str, str]]:
    """Verb and table of what a statement changed: the server's word, else what its text says."""
    write = _WRITE.match(one.sql)
    if not one.wrote:
        if write and one.done:
            yield write[1].lower()[:6].strip(), write[2]
        return
    for table, _ in one.wrote:
        bare = table.rpartition(".")[2]
        yield (write[1].lower()[:6].strip() if write and write[2] == bare else "write"), bare


def bounded(one: RunStatement, table: str) -> bool:
    """Whether something in a statement bounds how many rows it can touch: a limit, a list, both ends of a range, one key."""
    above = {found[1].strip('"').rpartition(".")[2] for found in _ABOVE.finditer(one.sql)}
    below = {found[1].strip('"').rpartition(".")[2] for found in _BELOW.finditer(one.sql)}
    if _LIMITED.search(one.sql) or _BETWEEN.search(one.sql) or above & below:
        return True
    touched = next((count for name, count in one.wrote if name.rpartition(".")[2] == table), one.rows)
    return bool(_LISTED.search(one.sql)) or (touched is not None and touched <= 1 and bool(_ONE.search(one.sql)))


def _seen(one: RunStatement, table: str) -> str:
    touched = next((count for name, count in one.wrote if name.rpartition(".")[2] == table), one.rows)
    return f"{one.sql[:160]} ({touched if one.rows is None else one.rows} of 6 seeded rows)"
