"""The only place that tells what a schema refuses outright: every value (`false`, `not: {}`), or what its `not` names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from checker.model.contract import Node

_DEEP = 5  # levels of `allOf`, `oneOf` and `anyOf` that are looked through


def allows_nothing(node: Node, depth: int = _DEEP) -> bool:
    """Whether no value fits: `false`, `not` anything, an empty `enum`, one such part of `allOf` or only such choices."""
    if not isinstance(node.value, Mapping) or not depth:
        return node.value is False
    if node.get("not") in ({}, True) or node.get("enum") == []:
        return True
    if any(allows_nothing(one, depth - 1) for one in _listed(node, "allOf")):
        return True
    choices = [parts for word in ("oneOf", "anyOf") if (parts := _listed(node, word))]
    return any(all(allows_nothing(part, depth - 1) for part in parts) for parts in choices)


def negations(node: Node, depth: int = _DEEP) -> list[Any]:
    """The schemas under `not`, of this schema and of the parts of its `allOf`; `not: false` refuses nothing."""
    own = [node.get("not")] if node.get("not") not in (None, False) else []
    return own + [one for part in _listed(node, "allOf") if depth for one in negations(part, depth - 1)]


def _listed(node: Node, word: str) -> list[Node]:
    holder = node.at(word)
    return [one for _, one in holder.members()] if holder and isinstance(holder.value, list) else []
