"""A new migration that writes many rows writes them in batches."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, RunStatement, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation

_BATCHED = re.compile(
    r"(?i)\blimit\b|\bfetch\s+(?:first|next)\b|\bbetween\b|\bctid\b|\bany\s*\(|\btablesample\b|[\w\"]\s*(?:>=?|<=?)\s*(?:%|:|\$|'|\d)"
)
_WRITE = re.compile(r"(?i)^\s*(?:with\b.*?\)\s*)?(update|delete\s+from)\s+(?:only\s+)?\"?([\w.]+)")


def migration_batches(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each UPDATE or DELETE of a new migration over a table that had rows.

    Bad when one statement can touch every row of the table: nothing in it bounds how many. Source: backend-engineer
    "Batch large writes, add checkpoints".
    """
    yield from settled(ran, (one for run, revision in ran.judged(new) for one in _of(run, revision)))


def _of(run: MigrationRun, revision: Revision) -> Iterator[Observation]:
    filled = {table.rpartition(".")[2] for name, _, found in run.seeded if name == revision.id for table in found}
    seen: set[str] = set()
    for step in run.ups(revision.id):
        for one in step.statements:
            write = _WRITE.match(one.sql)
            if write and one.sql not in seen and write[2].rpartition(".")[2] in filled:
                seen.add(one.sql)
                ok = bool(_BATCHED.search(one.sql))
                message = f"migration {revision.name} writes {write[2]} in one statement without a bound"
                place = run.place(revision.id, one.line)
                yield Observation(f"{revision.id} {write[2]} {write[1].lower()[:6]}", ok, place, message, _seen(one))


def _seen(one: RunStatement) -> str:
    return f"{one.sql[:160]} ({one.rows} of 6 seeded rows)"
