"""Where rows belong to tenants, every table says whose they are."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.migration_run import MigrationRuns
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.tables import Table, tables


class Params(Frozen):
    """`column` that names the tenant; `exempt` tables that belong to nobody."""

    column: str = "tenant_id"
    exempt: tuple[str, ...] = ()


def tenant_column(ran: MigrationRuns, params: Params) -> Iterator[Observation]:
    """One observation for each table beside one that has the column: it has it, required, and an index begins with it.

    A table that is reached through a reference to one with the column is less sure. Source: backend-coder "Every
    tenant-scoped query must include tenant isolation."
    """
    found = list(tables(ran))
    owned = {table.name for table in found if params.column in table.columns}
    if not owned:
        return
    for table in found:
        if table.short in params.exempt or _is_tenants(table, found, params):
            continue
        problem, confidence = _problem(table, owned, params)
        message = f"table {table.short} {problem}"
        place = table.run.maker(table.name, params.column if params.column in table.columns else None)
        yield Observation(table.short, not problem, place, message, _seen(table, owned, params), confidence=confidence)


def _is_tenants(table: Table, found: list[Table], params: Params) -> bool:
    """Whether it is the table of the tenants themselves: what the column refers to."""
    bare = params.column.removesuffix("_id")
    referred = {one.target for other in found for one in other.references if params.column in one.columns}
    return table.name in referred or table.short in (bare, bare + "s")


def _problem(table: Table, owned: set[str], params: Params) -> tuple[str, Confidence | None]:
    column = table.columns.get(params.column)
    if column is None:
        through = any(one.target in owned for one in table.references)
        return f"has no {params.column}", Confidence.LOW if through else Confidence.MEDIUM
    if not column.not_null:
        return f"lets {params.column} be empty", None
    if not any(index.columns[:1] == (params.column,) and not index.partial and index.valid for index in table.indexes):
        return f"has no index that begins with {params.column}", None
    return "", None


def _seen(table: Table, owned: set[str], params: Params) -> str:
    return f"columns: {', '.join(sorted(table.columns))[:160]}; {len(owned)} tables have {params.column}"
