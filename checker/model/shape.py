"""A schema as a reader of the contract sees it: references followed, `allOf` merged, alternatives side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from checker.model.contract import Node

MOST_ALTERNATIVES = 64


@dataclass(frozen=True, slots=True)
class Shape:
    """One alternative of a schema. `types` is empty where the schema does not say."""

    node: Node
    types: frozenset[str] = frozenset()
    properties: Mapping[str, Node] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    items: Node | None = None
    keywords: Mapping[str, Any] = field(default_factory=dict)  # enum, const, pattern, format, maxItems, maximum, …

    @property
    def is_array(self) -> bool:
        return "array" in self.types or (not self.types and self.items is not None)

    @property
    def is_object(self) -> bool:
        return "object" in self.types or (not self.types and bool(self.properties))


_KEPT = (
    *("enum", "const", "pattern", "format", "multipleOf", "uniqueItems", "additionalProperties"),
    *("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"),
    *("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"),
)


def shapes(node: Node) -> tuple[Shape, ...]:
    """Every alternative that a schema allows, `null` left out; remembered per place. A circle ends where it began."""
    key = "shapes", node.path, node.pointer
    return node.documents.recall(key, lambda: _unrolled(node, key))


def _unrolled(node: Node, key: tuple[Any, ...]) -> tuple[Shape, ...]:
    node.documents.memory[key] = ()  # what a circle sees of itself
    return tuple(_alternatives(node))


def shape(node: Node) -> Shape:
    """The alternatives as one: the union of their properties, required only what all of them require."""
    found = shapes(node)
    if len(found) == 1:
        return found[0]
    if not found:
        return Shape(node)
    return Shape(
        node=found[0].node,
        types=frozenset().union(*(one.types for one in found)),
        properties={name: value for one in reversed(found) for name, value in one.properties.items()},
        required=frozenset.intersection(*(one.required for one in found)),
        items=next((one.items for one in found if one.items), None),
        keywords=found[0].keywords,
    )


def _alternatives(node: Node) -> Iterator[Shape]:
    if not isinstance(node.value, Mapping):
        if node.value is True:
            yield Shape(node)
        return
    whole = [_own(node)]
    for _, part in _parts(node, "allOf"):
        whole = [_both(one, other) for one in whole for other in shapes(part)][:MOST_ALTERNATIVES] or whole
    choices = [choice for word in ("oneOf", "anyOf") for _, part in _parts(node, word) for choice in shapes(part)]
    if choices:
        whole = [_both(one, choice) for one in whole for choice in choices][:MOST_ALTERNATIVES]
    yield from (one for one in whole if one.types != {"null"})


def _parts(node: Node, word: str) -> Iterator[tuple[str, Node]]:
    holder = node.at(word)
    return holder.members() if holder and isinstance(holder.value, list) else iter(())


def _own(node: Node) -> Shape:
    properties = node.at("properties")
    return Shape(
        node=node,
        types=_types(node.value),
        properties=dict(properties.members()) if properties else {},
        required=frozenset(name for name in node.value.get("required") or () if isinstance(name, str))
        if isinstance(node.value.get("required"), list)
        else frozenset(),
        items=node.at("items"),
        keywords={word: node.value[word] for word in _KEPT if word in node.value},
    )


def _types(value: Mapping[str, Any]) -> frozenset[str]:
    named = value.get("type")
    if isinstance(named, str):
        return frozenset({named})
    return (
        frozenset(one for one in named if isinstance(one, str) and one != "null")
        if isinstance(named, list)
        else frozenset()
    )


def _both(one: Shape, other: Shape) -> Shape:
    bare = not one.properties and not one.types and not one.items
    return replace(
        one,
        node=other.node if bare else one.node,
        types=one.types & other.types if one.types and other.types else one.types or other.types,
        properties={**other.properties, **one.properties},
        required=one.required | other.required,
        items=one.items or other.items,
        keywords={**other.keywords, **one.keywords},
    )
