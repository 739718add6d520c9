"""Business tables remember what was deleted."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.migration_run import MigrationRuns
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.tables import Table, tables


class Params(Frozen):
    """`columns`: any of these marks a deleted row; `exempt` tables whose hard delete is approved."""

    columns: tuple[str, ...] = ("deleted_at", "is_deleted", "deleted", "archived_at", "deleted_on", "removed_at")
    exempt: tuple[str, ...] = ()


_ASIDE = (
    "log",
    "audit",
    "event",
    "outbox",
    "inbox",
    "session",
    "token",
    "idempotency",
    "cache",
    "job",
    "queue",
    "history",
    "migration",
    "key",
)


def soft_delete(ran: MigrationRuns, params: Params) -> Iterator[Observation]:
    """One observation for each table that changes its rows, join tables and records of events left out.

    Source: backend-coder "Soft delete by default unless CTO approves hard delete."
    """
    for table in tables(ran):
        if table.short in params.exempt or table.is_join or _aside(table):
            continue
        ok = any(name in table.columns for name in params.columns)
        message = f"table {table.short} deletes for good: no column marks a deleted row"
        evidence = f"columns: {', '.join(sorted(table.columns))[:200]}"
        sure = None if "updated_at" in table.columns else Confidence.LOW
        yield Observation(table.short, ok, table.run.maker(table.name), message, evidence, confidence=sure)


def _aside(table: Table) -> bool:
    return any(word in table.short.lower() for word in _ASIDE)
