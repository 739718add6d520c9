"""What a change of the contract means to the clients of one operation: its parameters, bodies, answers and credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checker.model.contract import Api, BaseApi, Media, Node, Operation, Parameter, Response
from checker.model.difference.change import Change, Direction, Pair
from checker.model.difference.matching import Held, Match, matches
from checker.model.difference.properties import UNREAD
from checker.model.difference.schemas import SchemaComparison
from checker.model.difference.security import security_change
from checker.model.rule import Confidence
from checker.model.shape import shape

_TEMPLATE = re.compile(r"\{([^{}]*)\}")
_IGNORED = frozenset({"accept", "content-type", "authorization"})  # header parameters that OpenAPI 3 says to ignore


@dataclass(frozen=True, slots=True)
class Compared:
    """An operation of the base beside the one of the head, with every change that may break a client of the base."""

    match: Match
    changes: tuple[Change, ...]


@dataclass
class _Parts:
    """What an operation says itself, and the schemas to be compared under the part that holds them."""

    changes: list[Change] = field(default_factory=list)
    schemas: list[tuple[str, Pair]] = field(default_factory=list)

    def add(self, part: str, base: Node | None, head: Node | None, direction: Direction) -> None:
        if base is not None and head is not None:
            self.schemas.append((part, Pair(base, head, direction)))

    def says(self, part: str, what: str, seen: str, node: Node, confidence: Confidence = Confidence.HIGH) -> None:
        self.changes.append(Change(what, seen, node, part, confidence=confidence))


def compared(base: BaseApi, head: Api) -> list[Compared]:
    """Every operation of the base with what a client of it may trip over at the head, in the order of the base."""
    schemas = SchemaComparison()
    found = [(match, _parts(match)) for match in matches(base, head)]
    for _, parts in found:
        for _, pair in parts.schemas:
            schemas.explore(pair)
    return [Compared(match, tuple(_changes(parts, schemas))) for match, parts in found]


def _changes(parts: _Parts, schemas: SchemaComparison) -> Iterator[Change]:
    yield from parts.changes
    for part, pair in parts.schemas:
        for change in schemas.changes(pair):
            yield change.below(part)


def _parts(match: Match) -> _Parts:
    parts = _Parts()
    if match.head is not None:
        base, head = match.base, match.head
        _parameters(_given(base), _given(head), head[1], parts)
        _request(base[1], head[1], parts)
        _responses(base[1], head[1], parts)
        security = security_change(base, head)
        parts.changes += [security] if security else []
    return parts


def _given(held: Held) -> dict[tuple[str, str], Parameter]:
    """Parameters by location and name; those of the path by position, because a client never sends their names."""
    contract, operation = held
    positions = {name: str(place) for place, name in enumerate(_TEMPLATE.findall(operation.path), 1)}
    found: dict[tuple[str, str], Parameter] = {}
    for one in (*operation.parameters, *_form(contract.root.at("paths", operation.path, "parameters"), operation.node)):
        if one.location == "path":
            found["path", positions.get(one.name, one.name)] = one
        elif one.location != "header" or one.name.lower() not in _IGNORED:
            found[one.location, one.name.lower() if one.location == "header" else one.name] = one
    return found


def _form(shared: Node | None, operation: Node) -> Iterator[Parameter]:
    """The fields of a Swagger 2 form."""
    for holder in (shared, operation.at("parameters")):
        for _, node in holder.members() if holder else ():
            if node.get("in") == "formData" and isinstance(node.get("name"), str):
                yield Parameter(str(node.get("name")), "formData", node.get("required") is True, node, node)


def _parameters(
    base: dict[tuple[str, str], Parameter], head: dict[tuple[str, str], Parameter], operation: Operation, parts: _Parts
) -> None:
    for key, one in base.items():
        other, part = head.get(key), f"{one.location} {one.name}"
        if other is not None:
            _parameter(part, one, other, parts)
        elif one.location != "path":
            seen = "cannot tell whether it is still read, or refused"
            parts.says(part, "removed", seen, operation.node, Confidence.MEDIUM)
    for key, one in head.items():
        if key not in base and one.location != "path" and one.required:
            _required(one, "it is new", parts)


def _parameter(part: str, base: Parameter, head: Parameter, parts: _Parts) -> None:
    if head.required and not base.required and head.location != "path":
        _required(head, "it was optional", parts)
    schemas = [one for one in (base.schema, head.schema) if one is not None]
    if _style(base) != _style(head) and any(one.is_array or one.is_object for one in map(shape, schemas)):
        parts.says(part, "written differently", f"{_style(base)} → {_style(head)}", head.node)
    if base.schema is not None and head.schema is None and head.node.get("schema"):
        parts.says(part, "cannot be read", UNREAD, head.node, Confidence.MEDIUM)
    parts.add(part, base.schema, head.schema, Direction.PARAMETER)


def _required(one: Parameter, seen: str, parts: _Parts) -> None:
    has_default = one.schema is not None and one.schema.get("default") is not None
    sure = Confidence.MEDIUM if has_default else Confidence.HIGH
    seen = f"{seen}, and its default may stand in for it" if has_default else seen
    parts.says(f"{one.location} {one.name}", "required", seen, one.node, sure)


def _style(one: Parameter) -> str:
    """How a list or an object is written into the parameter (OpenAPI 3 `style` and `explode`, Swagger 2 `collectionFormat`)."""
    old = one.node.get("collectionFormat")
    if isinstance(old, str):
        return old
    style = one.node.get("style") or ("form" if one.location in ("query", "cookie") else "simple")
    explode = one.node.get("explode")
    return f"{style}, explode {(explode if isinstance(explode, bool) else style == 'form')!s}".lower()


def _request(base: Operation, head: Operation, parts: _Parts) -> None:
    was, now = _is_required(base.request_node), _is_required(head.request_node)
    if now and not was and head.request_node is not None:
        seen = "it was optional" if base.request_node else "there was none"
        parts.says("body", "required", seen, head.request_node)
    if base.request_node is not None and head.request_node is None:
        parts.says("body", "removed", "cannot tell whether it is still read", head.node, Confidence.MEDIUM)
    elif base.request_node is not None and head.request_node is not None:
        _media("body", base.request, head.request, head.request_node, Direction.REQUEST, parts)


def _is_required(body: Node | None) -> bool:
    return body is not None and body.get("required") is True


def _media(
    part: str, base: tuple[Media, ...], head: tuple[Media, ...], node: Node, direction: Direction, parts: _Parts
) -> None:
    if base and not head and direction is Direction.RESPONSE:
        parts.says(part, "removed", f"{', '.join(one.type for one in base)} → no body", node)
        return
    kinds = {_kind(one): one for one in head}
    seen: set[tuple[int, int]] = set()
    for one in base:
        other = kinds.get(_kind(one)) or kinds.get(f"{_kind(one).partition('/')[0]}/*") or kinds.get("*/*")
        if other is None:
            said = f"{', '.join(sorted(kinds)) or 'none'} at the head"
            parts.says(f"{part} {_kind(one)}", "removed", said, node)
        elif one.schema is not None and other.schema is None and direction is Direction.RESPONSE:
            said = "a schema at the base, none now: cannot tell what the body holds"
            parts.says(part, "undocumented", said, node, Confidence.MEDIUM)
        elif one.schema is not None and other.schema is None and _names_schema(node, other):
            parts.says(part, "cannot be read", UNREAD, node, Confidence.MEDIUM)
        elif one.schema is not None and other.schema is not None:
            key = id(one.schema.value), id(other.schema.value)
            if key not in seen:
                seen.add(key)
                parts.add(part, one.schema, other.schema, direction)


def _names_schema(node: Node, one: Media) -> bool:
    media = node.at("content", one.type)
    return bool((media or node).get("schema"))


def _kind(one: Media) -> str:
    return one.type.partition(";")[0].strip().lower()


def _responses(base: Operation, head: Operation, parts: _Parts) -> None:
    now = {one.status: one for one in head.responses}
    for one in base.responses:
        other = now.get(one.status) or now.get(f"{one.status[:1]}XX") or _only_default(one, base, now)
        if other is None and one.is_success:
            said = f"{', '.join(sorted(now)) or 'nothing'} at the head"
            parts.says(one.status, "removed", said, head.node.at("responses") or head.node)
        if other is not None:
            part = f"{one.status} body"
            _media(part, one.media, other.media, other.node, Direction.RESPONSE, parts)
            for name in sorted(set(one.headers) - set(other.headers)):
                seen = "documented at the base; cannot tell whether it is still sent"
                parts.says(f"{one.status} header {name}", "removed", seen, other.node, Confidence.MEDIUM)


def _only_default(one: Response, base: Operation, now: Mapping[str, Response]) -> Response | None:
    """`default` stands for a success where no other response does, and where it did not stand beside that success before."""
    if not one.is_success or any(other.is_success for other in now.values()):
        return None
    return None if any(other.status == "default" for other in base.responses) else now.get("default")
