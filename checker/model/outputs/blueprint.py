"""The blueprint indexes: which ids exist, and where they point."""

from __future__ import annotations

from dataclasses import dataclass

from checker.model.observation import Place


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One entry of an index; `file` is empty where it names none."""

    id: str
    file: str
    place: Place
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Index:
    """One index file; `broken` says why nothing could be read of it."""

    path: str
    entries: tuple[IndexEntry, ...]
    broken: str = ""
    broken_line: int | None = None


@dataclass(frozen=True, slots=True)
class Blueprints:
    """Every index in the tree, and the ids of all of them as `task_key` writes them."""

    indexes: tuple[Index, ...]
    ids: frozenset[str]
