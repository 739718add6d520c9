"""Facts about a GraphQL schema: the definitions of every SDL file, with the place of each field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from checker.model.contract import Defect
from checker.model.observation import Place

ROOTS = {"query": "Query", "mutation": "Mutation", "subscription": "Subscription"}  # where no `schema` says otherwise


@dataclass(frozen=True, slots=True)
class GraphqlField:
    """One field: its type as written (`[Order!]!`), the named type inside, and its arguments by name and type."""

    name: str
    type: str
    named: str
    is_list: bool
    arguments: Mapping[str, str]
    place: Place
    deprecated: bool = False
    defaulted: frozenset[str] = frozenset()  # arguments with a default; an input's field with one names itself


@dataclass(frozen=True, slots=True)
class GraphqlType:
    """One type of the schema, extensions merged in. `kind` is object, interface, input, enum, union or scalar."""

    name: str
    kind: str
    fields: Mapping[str, GraphqlField]
    members: tuple[str, ...]  # of a union
    place: Place
    interfaces: tuple[str, ...] = ()
    values: tuple[str, ...] = ()  # of an enum

    @property
    def is_composite(self) -> bool:
        """Whether its values have fields of their own to select."""
        return self.kind in ("object", "interface", "union")


@dataclass(frozen=True)
class GraphqlApi:
    """The merged schema of all SDL files; `defects` are files or lines that are not SDL."""

    files: tuple[str, ...]
    types: Mapping[str, GraphqlType]
    roots: Mapping[str, str] = field(default_factory=dict)  # query, mutation, subscription: the type's name
    defects: tuple[Defect, ...] = ()

    def root_fields(self, operation: str) -> tuple[GraphqlField, ...]:
        """The fields of `query` or `mutation`."""
        found = self.types.get(self.roots.get(operation, ""))
        return tuple(found.fields.values()) if found else ()

    def implementations(self, name: str) -> Iterator[GraphqlType]:
        """The types that a value of the named type may have: members of a union, implementers of an interface, or itself."""
        found = self.types.get(name)
        if found is None or found.kind == "object":
            yield from (found,) if found else ()
        elif found.kind == "union":
            yield from (self.types[member] for member in found.members if member in self.types)
        else:
            yield from (one for one in self.types.values() if one.kind == "object" and name in one.interfaces)


@dataclass(frozen=True)
class BaseGraphqlApi:
    """The GraphQL schema as the base revision states it."""

    schema: GraphqlApi
