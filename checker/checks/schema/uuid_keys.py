"""Primary keys cannot be counted or guessed: they are UUIDs or ULIDs."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.migration_run import MigrationRuns
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.tables import Table, tables

_COUNTED = ("smallint", "integer", "bigint")


class Params(Frozen):
    """`tenant_columns`: names whose presence anywhere makes the schema one of several tenants."""

    tenant_columns: tuple[str, ...] = (
        "tenant_id",
        "org_id",
        "organization_id",
        "organisation_id",
        "workspace_id",
        "account_id",
    )


def uuid_keys(ran: MigrationRuns, params: Params) -> Iterator[Observation]:
    """One observation for each table with a primary key of one column that it makes itself; several tenants make it sure.

    Source: backend-coder "Prefer UUID/ULID over auto-increment ids in multi-tenant systems."
    """
    found = list(tables(ran))
    several = any(name in table.columns for table in found for name in params.tenant_columns)
    for table in found:
        tied = {column for one in table.references for column in one.columns}
        if len(table.key) == 1 and table.key[0] not in tied:
            counted = _counts(table)
            column = table.columns[table.key[0]]
            message = f"table {table.short} counts its rows: {column.name} is an auto-increment {column.type}"
            evidence = column.default or ("generated as identity" if column.identity else column.type)
            place = table.run.maker(table.name, column.name)
            sure = None if several else Confidence.LOW
            yield Observation(table.short, not counted, place, message, evidence, confidence=sure)


def _counts(table: Table) -> bool:
    column = table.columns[table.key[0]]
    return column.type in _COUNTED and (column.identity or "nextval(" in (column.default or ""))
