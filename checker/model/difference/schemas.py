"""How two schemas differ for a client: pairs of nodes compared once each, and what can be reached from a pair."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from checker.model.contract import Node
from checker.model.difference.alternatives import matched
from checker.model.difference.change import Change, Key, Pair
from checker.model.difference.properties import UNREAD, is_hidden, property_changes
from checker.model.difference.values import null_change, refusal, type_change, types_of, word_changes
from checker.model.rule import Confidence
from checker.model.shape import MOST_ALTERNATIVES, Shape, shapes
from checker.model.unavailable import Unavailable

MOST_PAIRS = 300_000  # two editions of GitHub's contract make 3,000
_SCALAR = frozenset({"string", "integer", "number", "boolean"})


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a pair says itself, and the pairs below it with the step that leads there."""

    changes: tuple[Change, ...]
    below: tuple[tuple[str, Pair], ...]


@dataclass(frozen=True, slots=True)
class _Reached:
    """A pair at the end of a trail, with the last step and the schema at the head that it was taken from."""

    trail: str
    step: str
    pair: Pair
    holder: Node | None

    def told(self, change: Change) -> Change:
        """The change as it is seen from the start; where something else was put in a place, it is the place that changed."""
        if not self.pair.is_swapped:
            return change.below(self.trail)
        at_use = replace(change, at_use=True)
        if self.holder is not None:
            at_use = replace(change, node=self.holder, step=self.step + change.step)
        return at_use.below(self.trail)


@dataclass
class SchemaComparison:
    """Compares each pair of schemas once, however many operations use it; equal subtrees are never unfolded."""

    seen: dict[Key, _Seen] = field(default_factory=dict)
    leading: set[Key] | None = None

    def explore(self, pair: Pair) -> None:
        """Look at a pair and at all that can be reached from it. Unavailable beyond MOST_PAIRS."""
        self.leading = None
        waiting = [pair]
        while waiting:
            one = waiting.pop()
            if one.key not in self.seen:
                if len(self.seen) >= MOST_PAIRS:
                    raise Unavailable(
                        f"more than {MOST_PAIRS} pairs of schemas: the contracts are too far apart to compare"
                    )
                self.seen[one.key] = found = _look(one)
                waiting.extend(below for _, below in found.below)

    def changes(self, pair: Pair) -> Iterator[Change]:
        """The changes that can be reached from an explored pair, each once, by the shortest trail."""
        if self.leading is None:
            self.leading = self._leading()
        if pair.key not in self.leading:
            return
        queue: deque[_Reached] = deque([_Reached("", "", pair, None)])
        visited = {pair.key}
        while queue:
            one = queue.popleft()
            found = self.seen[one.pair.key]
            yield from (one.told(change) for change in found.changes)
            for step, below in found.below:
                if below.key in self.leading and below.key not in visited:
                    visited.add(below.key)
                    queue.append(_Reached(one.trail + step, step, below, one.pair.head))

    def _leading(self) -> set[Key]:
        """The pairs from which some change can be reached: few, where little changed."""
        above: dict[Key, list[Key]] = {}
        for key, found in self.seen.items():
            for _, below in found.below:
                above.setdefault(below.key, []).append(key)
        waiting = [key for key, found in self.seen.items() if found.changes]
        leading = set(waiting)
        while waiting:
            for key in above.get(waiting.pop(), ()):
                if key not in leading:
                    leading.add(key)
                    waiting.append(key)
        return leading


def _look(pair: Pair) -> _Seen:
    if pair.base.value == pair.head.value:
        return _Seen((), tuple(_through_references(pair)))
    changes: list[Change] = []
    below: list[tuple[str, Pair]] = []
    _compare(pair, changes, below)
    return _Seen(tuple(changes), tuple(below))


def _through_references(pair: Pair) -> Iterator[tuple[str, Pair]]:
    """Where both sides say the same only what they refer to can differ."""
    for step, ref in _references(pair.base.value, ""):
        base = Node(pair.base.documents, pair.base.path, (), {"$ref": ref}).target()
        head = Node(pair.head.documents, pair.head.path, (), {"$ref": ref}).target()
        if base is not None and head is not None:
            yield step, Pair(base, head, pair.direction)


def _references(value: Any, step: str) -> Iterator[tuple[str, str]]:
    """The references of a schema, each with the step that leads to it."""
    if not isinstance(value, Mapping):
        return
    ref = value.get("$ref")
    if isinstance(ref, str):
        yield step, ref
    properties = value.get("properties")
    for name, child in properties.items() if isinstance(properties, Mapping) else ():
        yield from _references(child, f"{step}.{name}")
    yield from _references(value.get("items"), f"{step}[]")
    yield from _references(value.get("additionalProperties"), f"{step}[*]")
    for word in ("allOf", "oneOf", "anyOf"):
        parts = value.get(word)
        for child in parts if isinstance(parts, list) else ():
            yield from _references(child, step)


def _compare(pair: Pair, changes: list[Change], below: list[tuple[str, Pair]]) -> None:
    base, head = shapes(pair.base), shapes(pair.head)
    refused = refusal(pair)
    changes += [refused] if refused else []
    if refused is not None and refused.confidence is Confidence.HIGH:
        return
    null = null_change(pair.base, pair.head, pair.direction)
    changes += [null] if null else []
    if max(len(base), len(head)) >= MOST_ALTERNATIVES:
        seen = f"{len(base)} → {len(head)} alternatives, too many to tell apart"
        changes.append(Change("alternatives changed", seen, pair.head, confidence=Confidence.MEDIUM))
        return
    if _are_scalar(base) and _are_scalar(head) and (len(base) > 1 or len(head) > 1):
        types = [frozenset().union(*(types_of(one) for one in side)) for side in (base, head)]
        changed = type_change(types[0], types[1], pair.direction, pair.head)
        changes += [changed] if changed else []
        return
    match = matched(base, head)
    changes.extend(_unmatched(pair, (base, match.gone), (head, match.new)))
    for one, other in match.pairs:
        found: list[Change] = []
        _compare_shapes(one, other, pair, found, below)
        changes.extend(found)


def _are_scalar(side: tuple[Shape, ...]) -> bool:
    return bool(side) and all(types_of(one) and types_of(one) <= _SCALAR for one in side)


_Side = tuple[tuple[Shape, ...], list[Shape]]


def _unmatched(pair: Pair, gone: _Side, new: _Side) -> Iterator[Change]:
    """Alternatives of one side alone; what they overlap with cannot be told, so nothing is sure."""
    known, alone = gone if pair.direction.is_sent else new
    for one in alone:
        place = next(place for place, other in enumerate(known, 1) if other is one)
        named = _named(one, pair) or f"{place} of {len(known)}"
        what, seen = f"alternative {named} added", "clients that know the other alternatives alone may trip"
        if pair.direction.is_sent:
            what, seen = f"alternative {named} removed", "cannot tell whether another alternative takes what it took"
        yield Change(what, seen, pair.head, confidence=Confidence.MEDIUM)


def _named(one: Shape, pair: Pair) -> str:
    """What an alternative is called: its title, or the last word of its place; a plain value is called by its type."""
    title = one.node.get("title")
    last = one.node.pointer[-1] if one.node.pointer else ""
    if isinstance(title, str):
        return title
    if last and not last.isdigit() and one.node.pointer not in (pair.base.pointer, pair.head.pointer):
        return last
    return "" if one.is_object else " or ".join(sorted(types_of(one)))


def _compare_shapes(base: Shape, head: Shape, pair: Pair, changes: list[Change], below: list[tuple[str, Pair]]) -> None:
    changed = type_change(types_of(base), types_of(head), pair.direction, pair.head)
    if changed is not None:
        changes.append(changed)
        if changed.confidence is Confidence.HIGH:
            return
    changes.extend(word_changes(base, head, pair.direction, pair.head))
    changes.extend(property_changes(base, head, pair))
    for name, node in base.properties.items():
        other = head.properties.get(name)
        if other is not None and not (is_hidden(node, pair.direction) or is_hidden(other, pair.direction)):
            below.append((f".{name}", Pair(node, other, pair.direction)))
    if base.items is not None and head.items is None and isinstance(head.node.get("items"), Mapping):
        changes.append(Change("[] cannot be read", UNREAD, pair.head, confidence=Confidence.MEDIUM))
    if base.items is not None and head.items is not None:
        below.append(("[]", Pair(base.items, head.items, pair.direction)))
    values = base.node.at("additionalProperties"), head.node.at("additionalProperties")
    if values[0] is not None and values[1] is not None and all(isinstance(one.value, Mapping) for one in values if one):
        below.append(("[*]", Pair(values[0], values[1], pair.direction)))
