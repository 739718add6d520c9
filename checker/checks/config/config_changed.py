"""The description of the repository does not change together with what is judged by it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.observation import Observation, Place
from checker.model.settings import Description, DescriptionChange


def config_changed(change: DescriptionChange) -> Iterator[Observation]:
    """One observation for each table that only describes: layout, app, database."""
    for table in Description.model_fields:
        before = getattr(change.base, table).model_dump()
        after = getattr(change.head, table).model_dump()
        keys = sorted(key for key in after if before[key] != after[key])
        yield Observation(
            subject=table,
            ok=not keys,
            place=change.places.get(table, Place(".")),
            message=f"[{table}] changes with the change under judgement",
            evidence="; ".join(f"{key}: {_shown(before[key], after[key])}" for key in keys),
        )


def _shown(before: Any, after: Any) -> str:
    """Both values; of environment variables the names alone, because a value may be a secret."""
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        return ", ".join(sorted(name for name in {*before, *after} if before.get(name) != after.get(name))) + " changed"
    return f"{before!r} -> {after!r}"
