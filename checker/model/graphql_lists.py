"""What a GraphQL schema says about lists: which fields return one, and how a caller takes it in pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.model.graphql import GraphqlApi, GraphqlField, GraphqlType
from checker.model.observation import Place
from checker.model.paging import CURSORS, OFFSETS, SIZES
from checker.model.rule import Confidence
from checker.model.words import plain, vocabulary

_PAGE = vocabulary(  # fields that stand beside the items of a page
    "pageinfo pageinformation total totalcount totalitems totalpages count hasmore hasnext hasnextpage hasprevious nextcursor "
    "nexttoken nextpage cursor next pagination paging paginatorinfo meta offset limit page perpage pagesize"
)
_ITEMS = vocabulary("edges nodes items data results records rows entries content list values objects")
_ERRORS = re.compile(r"(?i)errors?$|problems?$|warnings?$|exceptions?$|failures?$|violations?$")
_KEYS = re.compile(r"(?i)(ids?|keys?|slugs?|codes?|names?|uuids?|emails?|representations|inputs?|where|by)$")


@dataclass(frozen=True, slots=True)
class GraphqlListing:
    """A field that returns a list of objects, or a page of them. `pages` and `sizes` name the arguments that page."""

    name: str  # Query.orders
    place: Place
    seen: str
    confidence: Confidence
    pages: tuple[str, ...]
    sizes: tuple[str, ...]
    cause: str  # the interface's field, where the type only implements it
    also: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class _Found:
    """A field that gives many objects, as it stands in its type. `items` are the types of what is listed."""

    type: GraphqlType
    field: GraphqlField
    items: frozenset[str]
    pages: tuple[str, ...]
    sizes: tuple[str, ...]
    at_root: bool


def graphql_listings(api: GraphqlApi) -> Iterator[GraphqlListing]:
    """Every field of the query type, and of the objects below it, that gives many objects; in the schema's order.

    Left out: lists bounded by what the caller names (`ids: [ID!]!`), lists of errors, the items of a page, and lists of
    values without an identity (no `id` of their own) inside an object, which are part of it.
    """
    found = list(_candidates(api))
    at_root = {(plain(one.field.name), item) for one in found if one.at_root for item in one.items}
    paged_above = {one.field.named for one in _fields(api) if not one.field.is_list and _pages(api, one.field)[0]}
    for one in found:
        type_, field = _declared(api, one)
        pages = one.pages or (("the parent's",) if one.type.name in paged_above and not one.at_root else ())
        yield GraphqlListing(
            name=f"{one.type.name}.{one.field.name}",
            place=field.place,
            seen=f"{one.field.name}: {one.field.type}",
            confidence=_confidence(api, one, at_root),
            pages=pages,
            sizes=one.sizes,
            cause=f"{type_.name}.{field.name}" if type_.kind == "interface" else "",
            also=(one.field.place,) if field is not one.field else (),
        )


def _declared(api: GraphqlApi, one: _Found) -> tuple[GraphqlType, GraphqlField]:
    """Where the field is declared: by the first interface that the type implements it for, else by the type."""
    for name in one.type.interfaces:
        face = api.types.get(name)
        if face is not None and one.field.name in face.fields:
            return face, face.fields[one.field.name]
    return one.type, one.field


def _confidence(api: GraphqlApi, one: _Found, at_root: set[tuple[str, str]]) -> Confidence:
    """How sure it is that the list is too long to be read whole: below the root only its name or a page size tells."""
    if one.field.deprecated:
        return Confidence.LOW
    if one.at_root:
        sure = one.field.is_list and any(_has_identity(api, api.types[name]) for name in one.items)
        return Confidence.HIGH if sure else Confidence.MEDIUM
    told = (
        bool(one.sizes) or not one.field.is_list or any((plain(one.field.name), item) in at_root for item in one.items)
    )
    return Confidence.MEDIUM if told else Confidence.LOW


@dataclass(frozen=True, slots=True)
class _Holder:
    type: GraphqlType
    field: GraphqlField


def _fields(api: GraphqlApi) -> Iterator[_Holder]:
    """The fields of every object and interface that a query can reach, in the schema's order."""
    reached: set[str] = set()
    waiting = [api.roots.get("query", "")]
    while waiting:
        name = waiting.pop()
        if name not in reached and name in api.types:
            reached.add(name)
            waiting += [field.named for field in api.types[name].fields.values()]
            waiting += [one.name for one in api.implementations(name)]
    for type_ in api.types.values():
        if type_.name in reached and type_.kind in ("object", "interface"):
            yield from (_Holder(type_, field) for field in type_.fields.values())


def _candidates(api: GraphqlApi) -> Iterator[_Found]:
    query = api.roots.get("query", "")
    for holder in _fields(api):
        type_, field, at_root = holder.type, holder.field, holder.type.name == query
        inner = api.types.get(field.named)
        if inner is None or not inner.is_composite or field.name.startswith("_") or _ERRORS.search(field.named):
            continue
        bounded = field.is_list and (is_page(api, type_) or _is_asked_by_key(field))
        if bounded or not (field.is_list or is_page(api, inner)):
            continue
        items = _items(api, field, inner)
        if at_root or any(_has_identity(api, api.types[name]) for name in items):
            yield _Found(type_, field, items, *_pages(api, field), at_root)


def _pages(api: GraphqlApi, field: GraphqlField) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The arguments that lead to another page, and those that only say how large one is."""
    given = {plain(name): name for name in _arguments(api, field)}
    pages = tuple(name for plain, name in given.items() if plain in CURSORS or plain in OFFSETS)
    return pages, tuple(name for plain, name in given.items() if plain in SIZES)


def _items(api: GraphqlApi, field: GraphqlField, inner: GraphqlType) -> frozenset[str]:
    """The types of what is listed: behind a page's `nodes`, `items` or `edges.node` where the field gives a page."""
    if field.is_list:
        return frozenset({inner.name})
    listed = [one for one in inner.fields.values() if one.is_list and _is_composite(api, one)]
    nodes = [api.types[one.named].fields["node"] for one in listed if "node" in api.types[one.named].fields]
    return frozenset(one.named for one in nodes or listed if one.named in api.types)


def is_page(api: GraphqlApi, type_: GraphqlType) -> bool:
    """Whether a type is a page of a list: a connection (edges and pageInfo), or items beside a total or a cursor."""
    named = {plain(name): one for name, one in type_.fields.items()}
    lists = [name for name, one in named.items() if one.is_list and _is_composite(api, one)]
    if not lists or "id" in named:
        return False
    return bool(_PAGE & named.keys()) and (len(lists) == 1 or bool(_ITEMS & set(lists)))


def _is_composite(api: GraphqlApi, field: GraphqlField) -> bool:
    found = api.types.get(field.named)
    return found is not None and found.is_composite


def _has_identity(api: GraphqlApi, type_: GraphqlType) -> bool:
    found = list(api.implementations(type_.name)) or [type_]
    return any("id" in {plain(name) for name in one.fields} or "Node" in one.interfaces for one in found)


def _is_asked_by_key(field: GraphqlField) -> bool:
    """`orders(ids: [ID!]!)`: as many come back as were named."""
    return any(
        written.startswith("[") and written.endswith("!") and _KEYS.search(name)
        for name, written in field.arguments.items()
    )


def _arguments(api: GraphqlApi, field: GraphqlField) -> Iterator[str]:
    """The arguments by name, and the fields of an input that holds them (`page: {first, after}`)."""
    for name, written in field.arguments.items():
        holder = api.types.get(written.strip("[]!"))
        if holder is not None and holder.kind == "input":
            yield from holder.fields
        else:
            yield name
