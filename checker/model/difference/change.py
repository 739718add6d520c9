"""The words of a comparison: which way a value travels, what is compared with what, and one thing that a client may trip over."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from checker.model.contract import Node
from checker.model.rule import Confidence


class Direction(StrEnum):
    """Which way a value travels: clients break when what they send is refused, or what they get is unknown to them."""

    REQUEST = "request"
    PARAMETER = "parameter"  # as REQUEST, but every value is text on the wire
    RESPONSE = "response"

    @property
    def is_sent(self) -> bool:
        """Whether the client is the one who sends it."""
        return self is not Direction.RESPONSE


Key = tuple[int, int, Direction]


@dataclass(frozen=True, slots=True)
class Pair:
    """A schema of the base beside the one of the head that stands in its place."""

    base: Node
    head: Node
    direction: Direction

    @property
    def key(self) -> Key:
        """Values live as long as their documents, so their identity is a name that costs nothing."""
        return id(self.base.value), id(self.head.value), self.direction

    @property
    def is_swapped(self) -> bool:
        """Whether the head refers to another schema here, and the one of the base is none of its business any more."""
        other_file = self.base.path != self.head.path and self.base.path in self.head.documents.values
        return self.base.pointer != self.head.pointer or other_file


@dataclass(frozen=True, slots=True)
class Change:
    """One change that breaks, or may break, a client of the base.

    `trail` leads from the part of the operation to the value (`.items[].price`), `what` is the predicate (`removed`), `seen`
    what stands on both sides. `node` is the place at the head, `step` the last part of the trail below that node.
    """

    what: str
    seen: str
    node: Node
    trail: str = ""
    step: str = ""
    confidence: Confidence = Confidence.HIGH
    at_use: bool = (
        False  # the operation refers to another schema than before; `node`, where it is shared, did not change
    )

    def below(self, trail: str) -> Change:
        """The same change, seen from further up."""
        return replace(self, trail=trail + self.trail)
