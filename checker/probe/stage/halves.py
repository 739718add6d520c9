"""The only place that divides a contract between two apps that are asked at the same time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

LEAST = 8  # operations; fewer are asked sooner than another app is started
_METHODS = ("get", "put", "post", "delete", "patch")


def halved(document: Mapping[str, Any]) -> tuple[Mapping[str, Any], ...]:
    """Two contracts that are one together, or it alone where it is small or about one thing.

    What belongs together stays together, as far as paths tell: a resource, and what lies below it.
    """
    weights: Counter[str] = Counter()
    paths = document.get("paths")
    if not isinstance(paths, dict):
        return (document,)
    prefix = _prefix([path for path, holder in paths.items() if isinstance(holder, dict)])
    for path, holder in paths.items():
        weights[_resource(path, prefix)] += _weight(holder) if isinstance(holder, dict) else 0
    operations = sum(method in holder for holder in paths.values() if isinstance(holder, dict) for method in _METHODS)
    if operations < LEAST or len(weights) < 2:
        return (document,)
    loads, sides = [0, 0], {}
    for resource, weight in sorted(weights.items(), key=lambda one: (-one[1], one[0])):
        side = loads.index(min(loads))
        loads[side] += weight
        sides[resource] = side
    return tuple(
        {**document, "paths": {path: one for path, one in paths.items() if sides[_resource(path, prefix)] == side}}
        for side in (0, 1)
    )


def _prefix(paths: list[str]) -> int:
    """How many segments all paths begin with, as `/api/v1` does."""
    segments = [path.strip("/").split("/") for path in paths]
    count = 0
    for parts in zip(*segments, strict=False):
        if len(set(parts)) > 1 or parts[0].startswith("{"):
            break
        count += 1
    return min(count, min((len(one) - 1 for one in segments), default=0))


def _resource(path: str, prefix: int) -> str:
    """The segment after what all begin with; a version in front of some alone is none."""
    segments = path.strip("/").split("/")[prefix:]
    named = [one for one in segments if not (one[:1] == "v" and one[1:].isdigit()) and one != "api"]
    return named[0] if named else "/"


def _weight(holder: Mapping[str, Any]) -> int:
    """About how many cases there are: a body has more than a parameter."""
    shared = holder.get("parameters")
    each = len(shared) if isinstance(shared, list) else 0
    total = 0
    for method in _METHODS:
        node = holder.get(method)
        if isinstance(node, dict):
            own = node.get("parameters")
            total += 3 + 5 * (each + (len(own) if isinstance(own, list) else 0)) + 18 * ("requestBody" in node)
    return total
