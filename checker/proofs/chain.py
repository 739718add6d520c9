"""The only place that says which record of a bundle follows which, and where the next one goes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from checker.model.proof import NOTHING_BEFORE, Link


@dataclass(frozen=True)
class Head:
    """How far a chain reaches: what an anchor outside the tree remembers of it; `also` are ends beside the last line."""

    records: int
    sha256: str
    also: tuple[str, ...] = ()


class Chain:
    """Lines, each after those that it names. Work on two branches makes two ends; the next record names both of them."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {NOTHING_BEFORE: -1}
        self._places: dict[str, int] = {}
        self._ends: dict[str, None] = {}
        self._last = NOTHING_BEFORE
        self._count = 0

    def add(self, line: bytes, link: Link | None) -> tuple[tuple[int, ...], str | None]:
        """The positions of the lines that it follows, and what is wrong with its place; one without a link follows the last."""
        digest, position = hashlib.sha256(line).hexdigest(), self._count
        named = (link.previous, *(link.also or ())) if link else (self._last,)
        broken = self._misplaced(link, digest, named) if link else None
        self._count += 1
        if digest not in self._places:
            self._places[digest] = position
            self._numbers[digest] = link.n if link else self._numbers[self._last] + 1
            for one in named:
                self._ends.pop(one, None)
            self._ends[digest] = None
        self._last = digest
        return tuple(self._places[one] for one in named if one in self._places and one != digest), broken

    def _misplaced(self, link: Link, digest: str, named: Sequence[str]) -> str | None:
        known = [self._numbers[one] for one in named if one in self._numbers]
        twice = digest in self._places
        if twice or (len(known) == len(named) and link.n != max(known) + 1) or (not known and link.n != self._count):
            more = " a second time" if twice else ""
            return f"chain: this is record {link.n} at place {self._count}{more}; records before it were dropped, added or moved"
        if len(known) < len(named):
            return "chain: the record before it is not the one that it was written after"
        return None

    def next(self) -> Link:
        """The place after every end that there is."""
        ends = list(self._ends)
        if not ends:
            return Link(n=0, previous=NOTHING_BEFORE)
        return Link(
            n=max(self._numbers[one] for one in ends) + 1,
            previous=ends[-1],
            also=tuple(ends[:-1]) if ends[1:] else None,
        )

    def head(self) -> Head:
        """The chain's ends, to be kept outside the tree."""
        return Head(self._count, self._last, tuple(one for one in self._ends if one != self._last))


def newest(parents: Sequence[Collection[int]], chosen: Collection[int]) -> set[int]:
    """Of some positions those that no other of them follows; `parents` by position, each above its own."""
    return set(chosen) - above(parents, chosen)


def above(parents: Sequence[Collection[int]], chosen: Collection[int]) -> set[int]:
    """All positions that any of some positions follows."""
    reached: set[int] = set()
    for position in range(len(parents) - 1, -1, -1):
        if position in chosen or position in reached:
            reached.update(parents[position])
    return reached
