"""The only place that plans what is asked of an app whose contract is not in its repository, but served by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from checker.model.paging import OPAQUE
from checker.model.stage_plan import ListPlan, OperationPlan
from checker.model.words import plain, vocabulary

_METHODS = ("get", "put", "post", "delete", "patch")
_SIZES = vocabulary("limit pagelimit pagesize perpage itemsperpage maxresults maxpagesize")
_OFFSETS = vocabulary("page pagenumber pageno pagenum pageindex offset pageoffset skip")
_KEY = re.compile(r"(?i)^(?:x-)?idempotency[-_]?key$")


def operations_of(document: Mapping[str, Any], public: Collection[str]) -> tuple[OperationPlan, ...]:
    """Its operations, with what they ask of whom. `public` names those that the policy says need no credentials."""
    return tuple(_operations(document, public))


def _operations(document: Mapping[str, Any], public: Collection[str]) -> Iterator[OperationPlan]:
    everywhere = document.get("security")
    for path, holder in document["paths"].items():
        for method in _METHODS if isinstance(holder, dict) else ():
            node = holder.get(method)
            if not isinstance(node, dict):
                continue
            name = f"{method.upper()} {path}"
            parameters = [_resolved(document, one) for one in (*_listed(node), *_listed(holder))]
            yield OperationPlan(
                method=method.upper(),
                path=path,
                protected=_is_closed(node.get("security", everywhere)) and name not in public,
                idempotency_header=_key(parameters),
                listing=_list_plan(parameters) if method == "get" else None,
            )


def _is_closed(security: Any) -> bool:
    """Whether each of the alternatives asks for something (OpenAPI 3.1, 4.8.10: an empty one makes it optional)."""
    return isinstance(security, list) and bool(security) and all(security)


def _listed(node: Mapping[str, Any]) -> list[Any]:
    found = node.get("parameters")
    return found if isinstance(found, list) else []


def _resolved(document: Mapping[str, Any], parameter: Any) -> Mapping[str, Any]:
    ref = parameter.get("$ref") if isinstance(parameter, dict) else None
    if isinstance(ref, str) and ref.startswith("#/components/parameters/"):
        parameter = document.get("components", {}).get("parameters", {}).get(ref.rpartition("/")[2])
    return parameter if isinstance(parameter, dict) else {}


def _key(parameters: Collection[Mapping[str, Any]]) -> str:
    named = (str(one.get("name")) for one in parameters if one.get("in") == "header")
    return next((name for name in named if _KEY.match(name)), "")


def _list_plan(parameters: Collection[Mapping[str, Any]]) -> ListPlan | None:
    """How a list is paged, by the names of its parameters alone; what is no list after all shows that in its answer."""
    query = {plain(str(one.get("name"))): one for one in parameters if one.get("in") == "query"}
    size = next((one for name, one in query.items() if name in _SIZES), {})
    cursor = next((one for name, one in query.items() if name in OPAQUE), {})
    offset = next((one for name, one in query.items() if name in _OFFSETS), {})
    if not (size or cursor or offset):
        return None
    schema = size.get("schema")
    largest = schema.get("maximum") if isinstance(schema, dict) else None
    return ListPlan(
        size=str(size.get("name", "")),
        cursor=str(cursor.get("name", "")),
        offset=str(offset.get("name", "")),
        largest=largest if isinstance(largest, int) else None,
    )
