"""The only place that asks what a project's models declare: their tables, alone or made beside the migrated ones."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, Iterator, List, Tuple

from . import defaults, filters
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


def compare(
    step: Step,
    say: Callable[..., None],
    several: List[Any],
    migrated: Dict[str, Any],
    picture: Callable[[], str],
    asked: Tuple[Any, Any],
) -> None:
    """Make the models' tables in an empty database, and say what they are beside the migrated ones.

    `asked` are `include_object` and `include_name` of env.py; what they pass over is said, or that they do not say it.
    """
    for one in migrated["extension"] or ():
        step.do('create extension if not exists "%s"' % one["name"])
    for name in {table.schema for one in several for table in one.tables.values() if table.schema}:
        step.do('create schema if not exists "%s"' % name)
    step.commit()
    for one in several:
        one.create_all(step.connection)
    commit = getattr(step.connection, "commit", None)
    if commit is not None:
        commit()
    declared = json.loads(picture())
    differing = list(defaults.differing(step.attempt, declared, migrated))
    step.settle()
    left: Dict[str, Any] = {"filtered": True}
    try:
        left = {"left_out": filters.Filters(*asked, several).left_out(declared, migrated)}
    except Exception as raised:
        say("note", text="env.py's filter cannot be asked: %s" % str(raised)[:200])
    say("models", picture=declared, defaults=differing, **left)
