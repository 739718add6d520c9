"""The only place that asks a project's `env.py` what tables its models have, and runs nothing else."""

from __future__ import annotations

from typing import Any, Callable, Dict, Iterator, List

from .session import Session, Step


def declare(session: Session, say: Callable[..., None], database: str) -> None:
    """Say the tables of `target_metadata` with their columns; nothing where there is none. Raises what env.py raises."""

    def work(step: Step) -> Iterator[Any]:
        metadata = session.metadata
        several = metadata if isinstance(metadata, (list, tuple)) else [metadata]
        tables: Dict[str, List[str]] = {}
        for one in several:
            for table in one.tables.values() if one is not None else ():
                tables["%s.%s" % (table.schema or "public", table.name)] = [column.name for column in table.columns]
        say("declared", tables=tables)
        return iter(())

    session.run(database, work)
