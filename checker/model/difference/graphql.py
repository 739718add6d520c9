"""What a change of a GraphQL schema means to its clients: types, fields, arguments and enum values of two revisions compared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checker.model.graphql import GraphqlApi, GraphqlField, GraphqlType
from checker.model.observation import Place
from checker.model.rule import Confidence

_MEDIUM = Confidence.MEDIUM


@dataclass(frozen=True, slots=True)
class SchemaChange:
    """One change that breaks, or may break, the queries of the base: `subject` (`Order.total removed`) and where it shows."""

    subject: str
    seen: str
    place: Place
    confidence: Confidence = Confidence.HIGH


def schema_changes(base: GraphqlApi, head: GraphqlApi) -> Iterator[tuple[GraphqlType, Place, tuple[SchemaChange, ...]]]:
    """Each type of the base with its place at the head and what broke of it (GraphQL specification, section 5, validation)."""
    now = {name: head.roots.get(operation, "") for operation, name in base.roots.items()}  # clients never name a root
    for name, old in base.types.items():
        new = head.types.get(now.get(name, name))
        if new is None:
            file = old.place.path if old.place.path in head.files else next(iter(head.files), ".")
            seen = f"{old.kind} at the base, absent now"
            yield old, Place(file), (SchemaChange(f"{name} removed", seen, Place(file)),)
        elif new.kind != old.kind:
            yield old, new.place, (SchemaChange(f"{name} kind changed", f"{old.kind} → {new.kind}", new.place),)
        else:
            yield old, new.place, (*_names(old, new), *_fields(old, new))


def _names(old: GraphqlType, new: GraphqlType) -> Iterator[SchemaChange]:
    """Enum values, members of a union and interfaces; what is new of them reaches clients that do not know it."""
    for what, was, now in (
        ("value", old.values, new.values),
        ("member", old.members, new.members),
        ("interface", old.interfaces, new.interfaces),
    ):
        for one in was:
            if one not in now:
                yield SchemaChange(f"{old.name} {what} {one} removed", "absent now", new.place)
        for one in now if what != "interface" else ():
            if one not in was:
                seen = "clients that know the others alone may trip"
                yield SchemaChange(f"{old.name} {what} {one} added", seen, new.place, _MEDIUM)


def _fields(old: GraphqlType, new: GraphqlType) -> Iterator[SchemaChange]:
    sent = old.kind == "input"
    for name, one in old.fields.items():
        other, subject = new.fields.get(name), f"{old.name}.{name}"
        if other is None:
            seen = "it was deprecated at the base" if one.deprecated else f"{one.type} at the base, absent now"
            yield SchemaChange(f"{subject} removed", seen, new.place, _MEDIUM if one.deprecated else Confidence.HIGH)
            continue
        taken = other.type.removesuffix("!") if other.defaulted else other.type
        if not (_fits(one.type, taken) if sent else _fits(other.type, one.type)):
            yield SchemaChange(f"{subject} type changed", f"{one.type} → {other.type}", other.place)
        yield from _arguments(subject, one, other)
    for name, one in new.fields.items():
        if sent and name not in old.fields and one.type.endswith("!") and not one.defaulted:
            yield SchemaChange(f"{old.name}.{name} required", f"{one.type}: it is new, without a default", one.place)


def _arguments(subject: str, old: GraphqlField, new: GraphqlField) -> Iterator[SchemaChange]:
    for name, kind in old.arguments.items():
        now = new.arguments.get(name)
        if now is None:
            yield SchemaChange(f"{subject}({name}) removed", f"{kind} at the base, absent now", new.place)
        elif not _fits(kind, now if name not in new.defaulted else now.removesuffix("!")):
            yield SchemaChange(f"{subject}({name}) type changed", f"{kind} → {now}", new.place)
    for name, kind in new.arguments.items():
        if name not in old.arguments and kind.endswith("!") and name not in new.defaulted:
            yield SchemaChange(f"{subject}({name}) required", f"{kind}: it is new, without a default", new.place)


def _fits(given: str, taken: str) -> bool:
    """Whether every value of one written type is one of another: `[Order!]!` where `[Order]` is taken."""
    if taken.endswith("!"):
        return given.endswith("!") and _fits(given[:-1], taken[:-1])
    given = given.removesuffix("!")
    if taken.startswith("["):
        return given.startswith("[") and _fits(given[1:-1], taken[1:-1])
    return given == taken
