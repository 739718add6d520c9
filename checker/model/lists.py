"""What a contract says about lists: which operations return one, how sure that is, and how it is paged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from checker.model.contract import Api, Contract, Node, Operation, Response
from checker.model.paging import Paging, paging, upper_bound
from checker.model.rule import Confidence
from checker.model.shape import Shape, shape, shapes
from checker.model.words import plain, vocabulary

SMALL = 50  # a list that the contract bounds to this many items needs no pages
_WRAPPERS = ("data", "result", "payload", "response", "_embedded", "embedded")
_ENVELOPES = vocabulary(
    "items data results value values records entries rows list content contents elements hits nodes edges "
    "objects resources entities features collection"
)
_PAGE_WORDS = vocabulary(  # what stands beside a list, and hardly ever in a resource
    "next nextcursor nextpagetoken nextlink nexttoken nextpage nextpageurl nextpageuri odatanextlink hasmore "
    "hasnext hasnextpage totalcount totalitems totalpages totalelements totalresults totalentries pagesize "
    "pagecount perpage pagenumber limit offset cursor continuationtoken pageinfo paging pagination prev "
    "previous previouspage firstpageuri odatacount"
)
_WEAK_WORDS = vocabulary("total count meta links page size metadata")
_SELVES = vocabulary("id uuid guid slug key createdat updatedat etag")
_MOMENTS = vocabulary("timestamp time date day week month hour period bucket")
_BESIDE = vocabulary("errors warnings included facets messages links aggregations actions")
_IDS = re.compile(r"(?:^|[_-])ids(?:\[\])?$|I[dD]s$")
_COLLECTIONS = _ENVELOPES | vocabulary("search query feed history log timeline inbox all recent people children data")
_PLURAL_THINGS = vocabulary("settings preferences status details")
_OF_ANSWERS = vocabulary("success ok status code message error object kind type took requestid correlationid version")
_SCALARS = frozenset({"string", "number", "integer", "boolean"})
_MANY = 8  # properties, from which on an object is a resource rather than an envelope


@dataclass(frozen=True, slots=True)
class Listing:
    """A GET that returns a list. `seen` says where the list is; `confidence` how sure that it is one."""

    contract: Contract
    operation: Operation
    seen: str
    confidence: Confidence
    paging: Paging

    @property
    def largest_page(self) -> int | None:
        """The largest page that the contract allows, where it bounds one."""
        bounds = [bound for one in self.paging.sizes if (bound := upper_bound(one)) is not None]
        return max(bounds, default=None)


def listings(api: Api) -> Iterator[Listing]:
    """Every list operation of every contract, in the order of the documents; remembered, for several rules ask."""
    for contract in api.contracts:
        yield from _remembered(contract)


def _remembered(contract: Contract) -> tuple[Listing, ...]:
    return contract.root.documents.recall(("listings", contract.path), lambda: tuple(_in_contract(contract)))


def _in_contract(contract: Contract) -> Iterator[Listing]:
    for operation in contract.operations:
        found = _listing(contract, operation) if operation.method == "GET" else None
        if found is not None:
            yield found


def _listing(contract: Contract, operation: Operation) -> Listing | None:
    """A list in any answer makes the operation one; of several lists the one that leads no further is told."""
    if _asks_for_few(operation):
        return None
    each = (_listing_of(contract, operation, response, body) for response, body in _bodies(operation))
    found = [one for one in each if one is not None]
    return min(found, key=lambda one: (one.paging.continues, one.confidence.rank), default=None)


def _listing_of(contract: Contract, operation: Operation, response: Response, body: Node) -> Listing | None:
    found = _list_in(operation, body)
    if found is None:
        return None
    seen, confidence = found
    return Listing(contract, operation, seen, confidence, paging(operation, response, shape(body)))


def _bodies(operation: Operation) -> Iterator[tuple[Response, Node]]:
    """The JSON bodies of every success; of `default` where no success is documented by its status."""
    good = [one for one in operation.responses if one.is_success] or [
        one for one in operation.responses if one.status == "default"
    ]
    for response in good:
        for media in response.json_bodies:
            if media.schema is not None:
                yield response, media.schema


def _asks_for_few(operation: Operation) -> bool:
    """Whether the caller must name the items that it wants: `?ids=1,2,3` bounds its own answer."""
    return any(one.required and one.location == "query" and _IDS.search(one.name) for one in operation.parameters)


def _list_in(operation: Operation, body: Node) -> tuple[str, Confidence] | None:
    """Where the list is and how sure; None for a single resource or a bounded list."""
    alternatives = shapes(body)
    arrays = [one for one in alternatives if one.is_array]
    if arrays:
        if all(_is_bounded(one) for one in arrays):
            return None
        mixed = len(arrays) < len(alternatives) or any("object" in one.types for one in arrays)
        return "the body is an array", _array_confidence(operation, arrays[0], mixed)
    outer = shape(body)
    holder = _unwrapped(outer)
    found = _array_of(operation, holder)
    if found is None:
        return None
    key, array = found
    confidence = None if _is_bounded(array) else _envelope_confidence(operation, key, array, holder, outer)
    return (f"{key!r} of the body is an array", confidence) if confidence else None


def _unwrapped(outer: Shape) -> Shape:
    """What stands inside `{success, data: {…}}` or HAL's `_embedded`."""
    for name in _WRAPPERS:
        inner = shape(outer.properties[name]) if name in outer.properties else None
        if inner is not None and inner.is_object:
            return inner
    return outer


def _array_of(operation: Operation, holder: Shape) -> tuple[str, Shape] | None:
    """The array that an object is about: the one under an envelope's name or the path's own, else the only one of objects."""
    arrays = {name: found for name, node in holder.properties.items() if (found := shape(node)).is_array}
    for name, array in arrays.items():
        if plain(name) in _ENVELOPES or plain(name) in _fixed(operation):
            return name, array
    objects = {name: one for name, one in arrays.items() if _holds_objects(one)}
    objects = {name: one for name, one in objects.items() if plain(name) not in _BESIDE} or objects
    return next(iter(objects.items())) if len(objects) == 1 else None


def _array_confidence(operation: Operation, array: Shape, mixed: bool) -> Confidence:
    if mixed:
        return Confidence.LOW
    return Confidence.MEDIUM if _is_one(operation) or not _may_grow(array) else Confidence.HIGH


def _envelope_confidence(
    operation: Operation, key: str, array: Shape, holder: Shape, outer: Shape
) -> Confidence | None:
    """How sure it is that an object with an array is a list, by its other properties and its path; None for a resource."""
    beside = {plain(name) for name in (*holder.properties, *outer.properties)} - {plain(key)}
    paged, selfish = bool(beside & _PAGE_WORDS), bool(beside & _SELVES)
    if _is_one(operation):
        return Confidence.MEDIUM if paged and not selfish else None
    if selfish:
        return Confidence.LOW if paged else None
    sure = Confidence.HIGH if _may_grow(array) else Confidence.MEDIUM
    if paged:
        return sure
    if len(holder.properties) < _MANY and _is_telling(operation, key, holder):
        return Confidence.LOW if _is_thing(operation, key, holder) else sure
    if beside & _WEAK_WORDS or len(holder.properties) == 1:
        return Confidence.MEDIUM
    named = plain(key)  # `seats` of /customer-seats
    return (
        Confidence.LOW if len(named) > 2 and _fixed(operation)[-1:] and _fixed(operation)[-1].endswith(named) else None
    )


def _is_telling(operation: Operation, key: str, holder: Shape) -> bool:
    fixed = _fixed(operation)
    if plain(key) in _ENVELOPES or plain(key) in fixed:
        return True
    return len(holder.properties) == 1 and bool(fixed) and fixed[-1].endswith("s")


def _fixed(operation: Operation) -> list[str]:
    """The fixed segments of the path as plain words: `/shops/{id}/order-lines.json` is `shops`, `orderlines`."""
    return [plain(part.partition(".")[0]) for part in operation.path.split("/") if part and "{" not in part]


def _is_one(operation: Operation) -> bool:
    """Whether the path ends in an identifier, as the path of a single resource does."""
    return operation.path.rstrip("/").endswith("}")


def _is_thing(operation: Operation, key: str, holder: Shape) -> bool:
    """Whether the path names one thing (`/me/cart`) and its answer says more of it than its rows: `currency`, `theme`."""
    last = _fixed(operation)[-1:]
    if not last or last[0] in _COLLECTIONS or last[0].endswith("list") or plain(key) in _fixed(operation):
        return False
    if last[0] not in _PLURAL_THINGS and re.search(r"(?<!s)s$", last[0]):
        return False
    words = [name for name in holder.properties if plain(name) not in _WEAK_WORDS | _OF_ANSWERS]
    return any(shape(holder.properties[name]).types & _SCALARS for name in words)


def _is_bounded(array: Shape) -> bool:
    """A list of at most SMALL items, or of the members of an enumeration, is no list to page through."""
    most = array.keywords.get("maxItems")
    if isinstance(most, int) and most <= SMALL:
        return True
    words: Mapping[str, object] = shape(array.items).keywords if array.items is not None else {}
    return "enum" in words or "const" in words


def _holds_objects(array: Shape) -> bool:
    return array.items is not None and shape(array.items).is_object


def _may_grow(array: Shape) -> bool:
    """Rows of a table grow; plain words, numbers and the points of a curve may be few by nature."""
    item = shape(array.items) if array.items is not None else None
    if item is None or not (item.types or item.properties):
        return True
    names = {plain(name) for name in item.properties}
    is_point = bool(names & _MOMENTS) and not any(
        name in _SELVES or name.endswith(("id", "name", "url")) for name in names
    )
    return item.is_object and not is_point
