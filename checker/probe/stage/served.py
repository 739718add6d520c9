"""The only place that plans what is asked of an app whose contract is not in its repository, but served by itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from checker.model.rehearsal import OperationPlan

_METHODS = ("get", "put", "post", "delete", "patch")
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
            yield OperationPlan(
                method=method.upper(),
                path=path,
                protected=_is_closed(node.get("security", everywhere)) and name not in public,
                idempotency_header=_key(document, (*_listed(node), *_listed(holder))),
            )


def _is_closed(security: Any) -> bool:
    """Whether each of the alternatives asks for something (OpenAPI 3.1, 4.8.10: an empty one makes it optional)."""
    return isinstance(security, list) and bool(security) and all(security)


def _listed(node: Mapping[str, Any]) -> list[Any]:
    found = node.get("parameters")
    return found if isinstance(found, list) else []


def _key(document: Mapping[str, Any], parameters: Collection[Any]) -> str:
    for one in parameters:
        node = one
        if isinstance(one, dict) and str(one.get("$ref", "")).startswith("#/components/parameters/"):
            node = document.get("components", {}).get("parameters", {}).get(one["$ref"].rpartition("/")[2])
        if isinstance(node, dict) and node.get("in") == "header" and _KEY.match(str(node.get("name"))):
            return str(node["name"])
    return ""
