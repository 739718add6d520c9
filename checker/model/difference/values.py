"""How two alternatives of a schema differ in what they say of a single value: type, null, enumeration, bounds, format."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.contract import Node
from checker.model.difference.change import Change, Direction, Pair
from checker.model.negation import allows_nothing, negations
from checker.model.rule import Confidence
from checker.model.shape import Shape

_UPPER = ("maxLength", "maxItems", "maxProperties")
_LOWER = ("minLength", "minItems", "minProperties")
_WIDER = {("int32", "int64"), ("float", "double"), ("date", "date-time")}
_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_NUMBERS = frozenset({"integer", "number"})


def types_of(one: Shape) -> frozenset[str]:
    """The types that an alternative states, or shows by what else it says; empty where it allows anything."""
    if one.types:
        return one.types
    if one.properties:
        return frozenset({"object"})
    return frozenset({"array"}) if one.items is not None else frozenset()


def refusal(pair: Pair) -> Change | None:
    """A schema that lets nothing through now, or a `not` that stood nowhere before; what that leaves cannot be told."""
    if allows_nothing(pair.head) and not allows_nothing(pair.base):
        return Change("allows no value", "nothing fits the schema at the head", pair.head)
    before = negations(pair.base)
    new = [one for one in negations(pair.head) if one not in before]
    if not new:
        return None
    seen = f"not: {str(new[0])[:80]}; cannot tell what that leaves"
    return Change("`not` added", seen, pair.head, confidence=Confidence.MEDIUM)


def type_change(base: frozenset[str], head: frozenset[str], direction: Direction, node: Node) -> Change | None:
    """A type that clients send and the head refuses, or one that they get and the base never gave."""
    seen = f"{_named(base)} → {_named(head)}"
    if not base or not head:
        if bool(head) if direction.is_sent and not base else bool(base) and not direction.is_sent:
            return Change(
                "type changed", f"{seen}; cannot tell what was meant by any", node, confidence=Confidence.MEDIUM
            )
        return None
    given, taken = (base, head) if direction.is_sent else (head, base)
    if "number" in taken:
        taken = taken | {"integer"}
    if direction is Direction.PARAMETER and "string" in taken:
        taken = taken | _SCALARS
    return Change("type changed", seen, node) if given - taken else None


def _named(types: frozenset[str]) -> str:
    return " or ".join(sorted(types)) or "any type"


def null_change(base: Node, head: Node, direction: Direction) -> Change | None:
    """`null` refused where it was taken, or given where it never was; a parameter's text is never null."""
    if direction is Direction.PARAMETER or allows_null(base) == allows_null(head):
        return None
    if direction.is_sent:
        return Change("no longer takes null", "null was allowed", head) if allows_null(base) else None
    return Change("may be null", "null was not allowed", head) if allows_null(head) else None


def allows_null(node: Node, depth: int = 5) -> bool:
    """Whether a schema lets null be: `nullable` (3.0), the type `null` (3.1), or an alternative that does."""
    value = node.value
    if not isinstance(value, Mapping) or not depth:
        return False
    if value.get("nullable") is True or value.get("x-nullable") is True:
        return True
    kinds = value.get("type")
    if kinds == "null" or (isinstance(kinds, list) and "null" in kinds):
        return True
    choices = [one for word in ("oneOf", "anyOf") if (holder := node.at(word)) for _, one in holder.members()]
    whole = [one for _, one in holder.members()] if (holder := node.at("allOf")) else []
    if any(allows_null(one, depth - 1) for one in choices):
        return True
    return bool(whole) and not kinds and all(allows_null(one, depth - 1) for one in whole)


def word_changes(base: Shape, head: Shape, direction: Direction, node: Node) -> Iterator[Change]:
    """What two alternatives of one type say differently of a value."""
    yield from _changed_values(base, head, direction, node)
    known, now = base.keywords, head.keywords
    if known == now:
        return
    yield from _format(known.get("format"), now.get("format"), base, direction, node)
    if not direction.is_sent:
        return
    for word in _UPPER:
        yield from _bound(word, known.get(word), now.get(word), 1, node)
    for word in _LOWER:
        yield from _bound(word, known.get(word), now.get(word), -1, node)
    yield from _bound("maximum", _limit(known, "aximum"), _limit(now, "aximum"), 1, node)
    yield from _bound("minimum", _limit(known, "inimum"), _limit(now, "inimum"), -1, node)
    yield from _other_limits(known, now, node)


def _changed_values(base: Shape, head: Shape, direction: Direction, node: Node) -> Iterator[Change]:
    """`true` and `false` are all the values of a boolean, whether or not they are written down."""
    values = [True, False] if base.types == {"boolean"} else None
    before = _values(base)
    yield from _enumeration(values if before is None and direction.is_sent else before, _values(head), direction, node)


def _values(one: Shape) -> list[Any] | None:
    if "const" in one.keywords:
        return [one.keywords["const"]]
    listed = one.keywords.get("enum")
    return [value for value in listed if value is not None] if isinstance(listed, list) else None


def _enumeration(base: list[Any] | None, head: list[Any] | None, direction: Direction, node: Node) -> Iterator[Change]:
    if base == head:
        return
    if direction.is_sent:
        if base is None or head is None:
            if head is not None:
                yield Change("enum added", f"any value → {_listed(head)}", node)
        elif gone := [value for value in base if value not in head]:
            yield Change("enum values removed", f"no longer taken: {_listed(gone)}", node)
    elif base is not None:
        if head is None:
            seen = f"{_listed(base)} → any value; clients that know these values alone may trip"
            yield Change("enum removed", seen, node, confidence=Confidence.MEDIUM)
        elif new := [value for value in head if value not in base]:
            yield Change("enum values added", f"new: {_listed(new)}", node, confidence=Confidence.MEDIUM)


def _listed(values: list[Any]) -> str:
    shown = ", ".join(str(value)[:40] for value in values[:8])
    return shown if len(values) <= 8 else f"{shown} and {len(values) - 8} more"


def _format(base: Any, head: Any, one: Shape, direction: Direction, node: Node) -> Iterator[Change]:
    if base == head or head is None or (base is None and (not direction.is_sent or types_of(one) & _NUMBERS)):
        return
    wider = (base, head) if direction.is_sent else (head, base)
    if base is None or wider not in _WIDER:
        yield Change("format changed", f"{base or 'none'} → {head}", node, confidence=Confidence.MEDIUM)


def _limit(words: Mapping[str, Any], tail: str) -> tuple[float, bool] | None:
    """A numeric bound and whether it is exclusive: a number of its own since 2020-12, a flag beside `maximum` before."""
    plain, exclusive = _number(words.get(f"m{tail}")), words.get(f"exclusiveM{tail}")
    alone = _number(exclusive)
    if alone is not None:
        return alone, True
    return None if plain is None else (plain, exclusive is True)


def _bound(word: str, base: Any, head: Any, sign: int, node: Node) -> Iterator[Change]:
    if base == head or head is None:
        return
    if base is None:
        if word in _UPPER and _number(head) == 0:
            yield Change(f"{word} added", f"none → {_shown(head)}: only what is empty is taken", node)
            return
        seen = f"none → {_shown(head)}; cannot tell whether it held before"
        yield Change(f"{word} added", seen, node, confidence=Confidence.MEDIUM)
    elif _tighter(base, head, sign):
        yield Change(f"{word} tightened", f"{_shown(base)} → {_shown(head)}", node)


def _tighter(base: Any, head: Any, sign: int) -> bool:
    if isinstance(base, tuple) and isinstance(head, tuple):
        return bool((head[0] - base[0]) * sign < 0 or (head[0] == base[0] and head[1] and not base[1]))
    one, other = _number(base), _number(head)
    return one is not None and other is not None and (other - one) * sign < 0


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _shown(bound: Any) -> str:
    return f"{bound[0]:g}{' exclusive' if bound[1] else ''}" if isinstance(bound, tuple) else str(bound)


def _other_limits(known: Mapping[str, Any], now: Mapping[str, Any], node: Node) -> Iterator[Change]:
    unsure = Confidence.MEDIUM
    if now.get("pattern") not in (None, known.get("pattern")):
        seen = (
            f"{str(known.get('pattern', 'none'))[:60]} → {str(now['pattern'])[:60]}; cannot tell which one takes more"
        )
        yield Change("pattern changed", seen, node, confidence=unsure)
    if now.get("uniqueItems") is True and known.get("uniqueItems") is not True:
        yield Change("items must be unique", "uniqueItems: true", node, confidence=unsure)
    if now.get("multipleOf") not in (None, known.get("multipleOf")):
        yield Change("multipleOf changed", f"{known.get('multipleOf')} → {now['multipleOf']}", node, confidence=unsure)
    if now.get("additionalProperties") is False and known.get("additionalProperties") is not False:
        yield Change("other properties refused", "additionalProperties: false", node, confidence=unsure)
