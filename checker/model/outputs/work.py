"""Locks and the queue: who works on what, where, and how far it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache

STATUSES = {
    "todo": "todo", "to_do": "todo", "open": "todo", "pending": "todo", "ready": "todo", "queued": "todo", "backlog": "todo",
    "doing": "doing", "in_progress": "doing", "wip": "doing", "active": "doing", "started": "doing",
    "review": "review", "in_review": "review", "reviewing": "review",
    "done": "done", "complete": "done", "completed": "done", "closed": "done",
    "blocked": "blocked", "on_hold": "blocked",
}  # fmt: skip
NEXT = {
    "todo": {"doing", "blocked"},
    "doing": {"review", "blocked", "todo"},
    "review": {"done", "doing", "blocked", "todo"},
    "blocked": {"todo", "doing", "review"},
    "done": {"todo"},  # a recovery
}


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock file. `started` is UTC; None where the field is absent or is no time."""

    path: str
    owner: str
    task: str
    scopes: tuple[str, ...]
    started: datetime | None
    status: str
    refs: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    broken: str = ""

    @property
    def is_released(self) -> bool:
        """Whether the file says by itself that nobody holds it any more."""
        return self.status in ("unlocked", "released", "free", "done", "closed")


@dataclass(frozen=True, slots=True)
class Locks:
    """The locks that stand in the tree."""

    found: tuple[Lock, ...]


@dataclass(frozen=True, slots=True)
class Task:
    """One line of the queue. `status` is one of todo, doing, review, done, blocked, or what stands there instead."""

    id: str
    owner: str
    title: str
    status: str
    needs: tuple[str, ...]
    criteria: tuple[str, ...]
    notes: str
    line: int
    missing: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Queue:
    """The queue as it stands; `broken` are lines that hold no record, with the reason."""

    path: str
    tasks: tuple[Task, ...]
    broken: tuple[tuple[int, str], ...] = ()

    @cached_property
    def by_id(self) -> Mapping[str, Task]:
        return {task_key(task.id): task for task in self.tasks}

    def task(self, name: str) -> Task | None:
        return self.by_id.get(task_key(name))


@lru_cache(maxsize=262144)
def task_key(name: str) -> str:
    """`wbs-003`, `WBS–3` and `WBS-3` are one task; `WBS-3.1` is another."""
    parts = re.findall(r"[a-z]+|\d+", name.lower())
    return "-".join(str(int(part)) if part.isdigit() and len(part) < 16 else part for part in parts)


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the change under judgement: a commit, or what is not committed yet.

    `locks` are those alive after it; `queue` is None where the step leaves the queue alone, or takes it away: then `gone`
    is its path.
    """

    label: str
    paths: tuple[str, ...]
    locks: tuple[Lock, ...]
    queue: Queue | None = None
    gone: str = ""


@dataclass(frozen=True, slots=True)
class WorkHistory:
    """The steps from where the change left its base to the tree, oldest first, and how things stood before them."""

    locks: tuple[Lock, ...]
    queue: Queue | None
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True)
class AsOf:
    """The moment of judgement, UTC: what the caller says, never a file's time stamp."""

    moment: datetime
