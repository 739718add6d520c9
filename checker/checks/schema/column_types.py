"""Columns have the type that keeps what they mean: moments with their zone, documents that can be indexed."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migration_run import MigrationRuns
from checker.model.observation import Observation
from checker.model.tables import tables


def timestamp_zone(ran: MigrationRuns) -> Iterator[Observation]:
    """One observation for each column that holds a moment. Source: PostgreSQL's "Don't use timestamp (without time zone)"."""
    yield from _columns(
        ran, "timestamp", "timestamp without time zone", "has no time zone: a moment means another one elsewhere"
    )


def json_binary(ran: MigrationRuns) -> Iterator[Observation]:
    """One observation for each column that holds a document. Source: PostgreSQL 8.14, json is kept as text and not indexed."""
    yield from _columns(
        ran, "json", "json", "is json, which is parsed anew on every read and cannot be indexed: jsonb is meant"
    )


def _columns(ran: MigrationRuns, prefix: str, bad: str, problem: str) -> Iterator[Observation]:
    for table in tables(ran):
        for one in table.columns.values():
            bare = one.type.split("(")[0] + (one.type.partition(")")[2] if "(" in one.type else "")
            if bare.startswith(prefix):
                name = f"{table.short}.{one.name}"
                yield Observation(
                    name, bare != bad, table.run.maker(table.name, one.name), f"column {name} {problem}", one.type
                )
