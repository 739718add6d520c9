"""How two objects differ in the properties that they have and in those that they require."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checker.model.contract import Node
from checker.model.difference.change import Change, Direction, Pair
from checker.model.difference.values import types_of
from checker.model.rule import Confidence
from checker.model.shape import Shape, shapes

UNREAD = "a reference at the head leads nowhere: cannot tell what is left of it"
_FEW = 3  # properties that may go one by one when another component takes a place


def is_hidden(node: Node, direction: Direction) -> bool:
    """Whether a property does not travel this way at all."""
    return node.get("readOnly" if direction.is_sent else "writeOnly") is True


def property_changes(base: Shape, head: Shape, pair: Pair) -> Iterator[Change]:
    """Properties that went, that a client must send now, or that it may no longer count on."""
    yield from _removals(base, head, pair)
    if pair.direction.is_sent:
        yield from _newly_required(base, head, pair)
        return
    for name in sorted(base.required - head.required):
        node = head.properties.get(name)
        if node is not None and name in base.properties and not is_hidden(node, pair.direction):
            holder = _held_at(name, node, head, head) or head.node
            yield Change("no longer required", "it was always there", holder, f".{name}", f".{name}")


def _removals(base: Shape, head: Shape, pair: Pair) -> Iterator[Change]:
    """Properties that went from where they stood; many that only this place lost are one change: something else stands here."""
    lost = []
    for name, node in base.properties.items():
        if is_hidden(node, pair.direction):
            continue
        if name in head.properties:
            yield from _hidden(name, head.properties[name], head, pair)
            continue
        holder = _held_at(name, node, base, head)
        unread = next((one for one in (holder, head.node) if one is not None and _is_unread(name, one)), None)
        if unread is not None:
            yield Change("cannot be read", UNREAD, unread, f".{name}", f".{name}", Confidence.MEDIUM)
            continue
        if holder is None or holder.at("properties", name) is not None:
            lost.append((name, node))
        else:
            yield _removed(name, node, holder, head, pair)
    if len(lost) > _FEW:
        yield _replaced([name for name, _ in lost], base, head, pair)
    else:
        yield from (_removed(name, node, head.node, head, pair) for name, node in lost)


def _hidden(name: str, now: Node, head: Shape, pair: Pair) -> Iterator[Change]:
    """A property that travelled this way, and travels the other way alone now."""
    if is_hidden(now, pair.direction):
        word, sure = ("readOnly", Confidence.MEDIUM) if pair.direction.is_sent else ("writeOnly", Confidence.HIGH)
        holder = _held_at(name, now, head, head) or head.node
        yield Change("removed", f"`{word}` now, which it was not", holder, f".{name}", f".{name}", sure)


def _is_unread(name: str, holder: Node) -> bool:
    """Whether a property is named behind a reference that leads nowhere, or may stand in a part that does."""
    own = holder.get("properties")
    if isinstance(own, Mapping) and name in own:
        return holder.at("properties", name) is None
    words = [word for word in ("allOf", "oneOf", "anyOf") if isinstance(holder.get(word), list)]
    return any(holder.at(word, str(place)) is None for word in words for place in range(len(holder.get(word))))


def _held_at(name: str, node: Node, side: Shape, head: Shape) -> Node | None:
    """What stands at the head where the schema that holds a property of one side stands; None where nothing does."""
    own = side.node.get("properties")
    if isinstance(own, Mapping) and name in own:
        path, pointer = side.node.path, side.node.pointer
    elif node.pointer[-2:-1] == ("properties",):
        path, pointer = node.path, node.pointer[:-2]
    else:
        return None
    documents = head.node.documents
    found = documents.find(path, Node(documents, path, pointer, None).name)
    return Node(documents, *found) if found else None


def _replaced(gone: list[str], base: Shape, head: Shape, pair: Pair) -> Change:
    other = f"{base.node.name} → {head.node.name}: " if base.node.name != head.node.name else ""
    seen = f"{other}{len(gone)} properties are gone, {', '.join(gone[:5])} among them"
    return Change(
        "replaced", seen, head.node, confidence=Confidence.MEDIUM if pair.direction.is_sent else Confidence.HIGH
    )


def _removed(name: str, node: Node, holder: Node, head: Shape, pair: Pair) -> Change:
    step = f".{name}"
    if pair.direction.is_sent:
        refused = head.keywords.get("additionalProperties") is False
        seen = (
            "the head refuses properties that it does not name" if refused else "cannot tell whether it is still taken"
        )
        sure = Confidence.HIGH if refused else Confidence.MEDIUM
    else:
        old = node.get("deprecated") is True
        kind = " or ".join(sorted(_types(node))) or "a value"
        seen = "it was deprecated at the base" if old else f"{kind} at the base, absent now"
        sure = Confidence.MEDIUM if old else Confidence.HIGH
    return Change("removed", seen, holder, step, step, sure)


def _types(node: Node) -> frozenset[str]:
    return frozenset().union(*(types_of(one) for one in shapes(node)))


def _newly_required(base: Shape, head: Shape, pair: Pair) -> Iterator[Change]:
    untravelled = {name for name, node in base.properties.items() if is_hidden(node, pair.direction)}
    for name in sorted(head.required - (base.required - untravelled)):
        node = head.properties.get(name)
        if (node is None and name in untravelled) or (node is not None and is_hidden(node, pair.direction)):
            continue
        seen, sure = ("it was optional" if name in base.properties else "it is new"), Confidence.HIGH
        if node is not None and node.get("default") is not None:
            seen, sure = f"{seen}, and its default may stand in for it", Confidence.MEDIUM
        holder = (_held_at(name, node, head, head) if node else None) or head.node
        yield Change("required", seen, holder, f".{name}", f".{name}", sure)
