"""Every foreign key has an index that begins with its columns."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migration_run import MigrationRuns
from checker.model.observation import Observation
from checker.model.tables import Reference, Table, tables


def foreign_key_index(ran: MigrationRuns) -> Iterator[Observation]:
    """One observation for each foreign key of the migrated schema.

    Sources: backend-coder "Use foreign keys and indexes matching access patterns", backend-engineer "indexed queries".
    """
    for table in tables(ran):
        for one in table.references:
            columns = ", ".join(one.columns)
            message = f"foreign key {table.short}({columns}) has no index"
            seen = "; ".join(
                f"{index.name.removeprefix('public.')} ({', '.join(index.columns)})" for index in table.indexes
            )
            evidence = f"refers to {one.target.removeprefix('public.')}; indexes of the table: {seen or 'none'}"
            place = table.run.maker(table.name, one.columns[0], reference=True)
            yield Observation(f"{table.short}({columns})", _indexed(table, one), place, message, evidence)


def _indexed(table: Table, one: Reference) -> bool:
    wanted = set(one.columns)
    return any(
        index.valid and not index.partial and set(index.columns[: len(wanted)]) == wanted for index in table.indexes
    )
