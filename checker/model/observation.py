"""What a check saw: one subject at a time, good or bad, and where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from checker.model.rule import Confidence

Pointer = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A place in the audited tree: a file, and in it a span of lines or the pointer of a value.

    `path` is relative to the audited root (`.` at worst). A check that knows a JSON pointer leaves the lines to the engine.
    """

    path: str
    lines: tuple[int, int] | None = None
    pointer: Pointer | None = None


@dataclass(frozen=True, slots=True)
class Observation:
    """One subject that a check looked at.

    `subject` is a stable name (`GET /orders 404`, a revision id), free of line numbers. Bad observations with one `cause`
    are one defect seen from several sides: the engine folds them into one finding. `confidence` may only lower the rule's.
    """

    subject: str
    ok: bool
    place: Place
    message: str = ""
    evidence: str = ""
    cause: str = ""
    confidence: Confidence | None = None
    also: tuple[Place, ...] = field(default=())


Check = Callable[..., Iterator[Observation]]
"""What decides a rule: a pure generator over facts, injected by type, and over its `params`."""
