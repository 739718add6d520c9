"""What a contract lets a caller say about pages: cursor, offset and size parameters, and the way on in an answer."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeGuard

from checker.model.contract import Node, Operation, Parameter, Response
from checker.model.shape import Shape, shape, shapes
from checker.model.words import plain, vocabulary

CURSORS = vocabulary(
    "cursor pagecursor nextcursor startcursor endcursor aftercursor beforecursor cursormark after before "
    "afterid beforeid sinceid maxid lastid lastkey startafter startingafter endingbefore pageafter pagebefore "
    "pagetoken nextpagetoken nexttoken paginationtoken paginationkey pagekey continuationtoken continuation "
    "skiptoken resumetoken marker pagemarker nextmarker streamposition scrollid bookmark iterator next "
    "exclusivestartkey"
)
OPAQUE = vocabulary(  # cursors that only an answer can hand out; the others may be the id of an item
    "cursor pagecursor nextcursor pagetoken nextpagetoken nexttoken paginationtoken paginationkey "
    "continuationtoken continuation skiptoken resumetoken scrollid bookmark iterator streamposition"
)
OFFSETS = vocabulary(
    "page pagenumber pageno pagenum pageindex currentpage offset pageoffset skip start startindex startat from range"
)
SIZES = vocabulary(
    "limit pagelimit pagesize perpage perpagecount itemsperpage resultsperpage maxresults maxitems "
    "maxpagesize first last top size count take rows"
)
_ALWAYS_PAGES = vocabulary("page pagenumber pageno pagenum pageindex offset pageoffset skip")
_ALWAYS_SIZES = vocabulary("limit pagelimit pagesize perpage itemsperpage maxresults maxpagesize")
_HOLDERS = vocabulary("page pagination paging pager")
_HELD = {one: f"page{one}" for one in ("number", "index", "key", "token", "cursor", "limit", "size")}
_NEXT_LINKS = vocabulary("next nextlink nexturl nexthref nextpageurl nextpageuri nextpagelink odatanextlink")
_NEXT_TOKENS = vocabulary(
    "nextcursor nextpagecursor nextpagetoken nexttoken nextpage nextpagekey nextmarker nextkey nextoffset "
    "nextid endcursor cursor pagetoken paginationtoken continuationtoken continuation scrollid bookmark "
    "iterator resumetoken"
)
_ABOUT_PAGES = vocabulary(
    "data result links meta metadata pageinfo paging pagination page pages cursor cursors responsemetadata pagemeta"
)
_MOMENT = re.compile(
    r"(?i)\b(?:date|datetime|time|timestamp|days?|hours?|month|year|iso[- ]?8601|rfc[- ]?3339|epoch|unix)\b"
    r"|\d{4}-\d\d-\d\d"
)
_TOKEN = re.compile(r"(?i)\b(?:token|cursor|opaque|continu\w+)\b")
_PAGED = re.compile(
    r"(?i)\b(?:paginat\w+|offset|pages?|(?:page|result) number|number of (?:items|rows|results) to skip)\b"
)
_SITE = re.compile(r"(?i)\b(?:web\w*|site|landing|url|slug|html|wiki|title)\b")


@dataclass(frozen=True, slots=True)
class Paging:
    """The page parameters of an operation, and what its answer says of the next page.

    `unclear` parameters are called like a page or a cursor and may as well be a filter. In the answer, `next_link` is
    where it links the next page, `next_token` where it hands out the value that fetches it, `more` where it says that
    there is one; empty where it does not.
    """

    cursors: tuple[Parameter, ...]
    offsets: tuple[Parameter, ...]
    sizes: tuple[Parameter, ...]
    unclear: tuple[Parameter, ...]
    next_link: str
    next_token: str
    more: str

    @property
    def continues(self) -> bool:
        """Whether a caller can get what lies behind the first page; with `has_more`, `before` a time is a cursor."""
        return bool(self.cursors or self.offsets or self.next_link or (self.sizes and self.unclear and self.more))


def paging(operation: Operation, response: Response, body: Shape) -> Paging:
    """How an operation that answers with `body` is paged."""
    found: dict[str, list[Parameter]] = {"cursor": [], "offset": [], "size": [], "unclear": [], "moment": []}
    for name, parameter in _knobs(operation):
        kind = _kind(name, parameter)
        if kind:
            found[kind].append(parameter)
    return Paging(
        cursors=tuple(found["cursor"]),
        offsets=tuple(found["offset"]),
        sizes=tuple(found["size"]),
        unclear=(*found["unclear"], *(found["moment"] if found["size"] else ())),
        next_link="the Link header" if "link" in response.headers else _in_body(body, _is_next_link),
        next_token=_in_headers(response) or _in_body(body, _is_next_token),
        more=_in_body(body, lambda name, _: name in ("hasmore", "hasnext", "hasnextpage")),
    )


def upper_bound(parameter: Parameter) -> int | None:
    """The largest value of a numeric parameter; None where any alternative of its schema has no bound."""
    written = parameter.node.get("schema")
    if isinstance(written, Mapping) and (beside := _bound(written)) is not None:  # in OpenAPI 3.1 beside a `$ref` too
        return beside
    alternatives = shapes(parameter.schema) if parameter.schema is not None else ()
    bounds = [_bound(one.keywords) for one in alternatives]
    known = [bound for bound in bounds if bound is not None]
    return max(known) if known and len(known) == len(bounds) else None


def _bound(words: Mapping[str, Any]) -> int | None:
    choices = words.get("enum", [words["const"]] if "const" in words else None)
    if isinstance(choices, list) and choices and all(str(one).isdigit() for one in choices):
        return max(int(one) for one in choices)
    exclusive, maximum = words.get("exclusiveMaximum"), words.get("maximum")
    if _is_finite(exclusive):
        return int(exclusive) - 1
    if _is_finite(maximum):
        return int(maximum) - (1 if exclusive is True else 0)  # OpenAPI 3.0 and Swagger 2 put a flag beside `maximum`
    return None


def _is_finite(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _knobs(operation: Operation) -> Iterator[tuple[str, Parameter]]:
    """Every parameter that may steer pages under its plain name; those inside `page[…]` without their holder."""
    for parameter in operation.parameters:
        if parameter.location == "header" and parameter.name.lower() == "range":
            yield "range", parameter
        if parameter.location != "query":
            continue
        head, *inner = [plain(part) for part in re.split(r"[\[\].]+", parameter.name.rstrip("]"))]
        fields = shape(parameter.schema).properties if parameter.schema is not None else {}
        if inner and head in _HOLDERS:  # `filter[after]` filters, `page[after]` pages
            yield _HELD.get(inner[-1], inner[-1]), parameter
        elif not inner and fields and head in _HOLDERS:
            for name, node in fields.items():
                held = Parameter(f"{parameter.name}[{name}]", "query", False, node, parameter.node)
                yield _HELD.get(plain(name), plain(name)), held
        elif not inner:
            yield head, parameter


def _kind(name: str, parameter: Parameter) -> str:
    """cursor, offset, size, unclear, moment (a date filter, or a cursor by time); nothing for another purpose."""
    types = shape(parameter.schema).types if parameter.schema is not None else frozenset[str]()
    counts = bool(types & {"integer", "number"})
    if types and types <= {"boolean", "array"}:
        return ""
    if name in SIZES:
        return "size" if counts or not types or name in _ALWAYS_SIZES else ""
    if name in OPAQUE:
        return "" if parameter.schema is not None and "enum" in shape(parameter.schema).keywords else "cursor"
    if name in CURSORS:
        return "moment" if _is_moment(parameter) else "cursor"
    if name not in OFFSETS or _is_moment(parameter):
        return ""
    if parameter.location == "header" or counts:
        return "offset"
    if name not in _ALWAYS_PAGES:
        return ""
    return _textual(parameter) if types else "offset"


def _textual(parameter: Parameter) -> str:
    """What a `page` that is a string means: a token, a number in digits, or a page of a website."""
    words, said = shape(parameter.schema).keywords if parameter.schema else {}, _said(parameter)
    choices = words.get("enum")
    if isinstance(choices, list) and choices:
        return "offset" if all(str(one).isdigit() for one in choices) else ""
    if "\\d" in str(words.get("pattern", "")) or "[0-9]" in str(words.get("pattern", "")):
        return "offset"
    if _TOKEN.search(said):
        return "cursor"
    if _SITE.search(said):
        return ""
    return "offset" if _PAGED.search(said) else "unclear"


def _is_moment(parameter: Parameter) -> bool:
    """`after` a date is a filter, not a cursor; a cursor may be made of a time, though."""
    formats = [str(one.keywords.get("format")) for one in shapes(parameter.schema)] if parameter.schema else []
    if any(one.startswith(("date", "time")) for one in formats):
        return True
    said = _said(parameter)
    return bool(_MOMENT.search(said)) and not _TOKEN.search(said) and not re.search(r"(?i)paginat", said)


def _said(parameter: Parameter) -> str:
    """Everything that the contract says in words about a parameter."""
    nodes = [node for node in (parameter.node, parameter.schema) if node is not None]
    words = ("description", "title", "example")
    return " ".join(str(node.get(word)) for node in nodes for word in words if node.get(word))


def _in_headers(response: Response) -> str:
    names = (
        name for name in response.headers if re.search(r"next-?(page|cursor|token|marker)|continuation|x-cursor", name)
    )
    return next((f"the {name} header" for name in names), "")


def _in_body(body: Shape, wanted: Callable[[str, Node], bool], depth: int = 3) -> str:
    """The dotted path of the first property that continues the list: `next`, `links.next`, `meta.pages.next_cursor`."""
    for name, node in body.properties.items():
        if wanted(plain(name), node):
            return name
    for name, node in body.properties.items() if depth else ():
        inner = shape(node)
        below = _in_body(inner, wanted, depth - 1) if plain(name) in _ABOUT_PAGES and not inner.is_array else ""
        if below or (wanted is _is_next_link and plain(name) == "links" and _are_relations(inner)):
            return f"{name}.{below}".rstrip(".")
    return ""


def _is_next_link(name: str, node: Node) -> bool:
    return name in _NEXT_LINKS and not _is_next_number(name, node)


def _is_next_token(name: str, node: Node) -> bool:
    return name in _NEXT_TOKENS or _is_next_number(name, node)


def _is_next_number(name: str, node: Node) -> bool:
    """A `next` that is a number is the number of a page, not a link to it."""
    return name == "next" and bool(shape(node).types & {"integer", "number"})


def _are_relations(links: Shape) -> bool:
    """`links: [{rel, href}]` names its relations in the answer, `next` among them."""
    return links.is_array and links.items is not None and {"rel", "href"} <= set(shape(links.items).properties)


def is_shared(parameter: Parameter, operation: Operation) -> bool:
    """Whether a parameter stands in a shared component rather than in the operation or its path."""
    node, home = parameter.node, operation.node
    return node.path != home.path or node.pointer[: max(len(home.pointer) - 1, 0)] != home.pointer[:-1]
