"""The only place that reads OpenAPI 3 and Swagger 2 documents into operations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from checker.model.access import effective_flaw
from checker.model.contract import (
    METHODS,
    Api,
    Contract,
    ContractFiles,
    Documents,
    Media,
    Node,
    Operation,
    Parameter,
    Response,
)
from checker.model.overlay import overlaid, path_item, written
from checker.model.unavailable import NotApplicable, Unavailable


def api(files: ContractFiles) -> Api:
    """The contracts of the head. Unavailable while one of them cannot be read, NotApplicable where there is none."""
    roots = set(files.openapi)
    if files.unreadable:
        told = "; ".join(f"{defect.subject} ({defect.detail})" for defect in files.unreadable)
        raise Unavailable(f"cannot be read: {told}; mend it first, see rule spec-valid")
    if not roots:
        raise NotApplicable("no OpenAPI or Swagger document in the repository")
    return Api(tuple(contract(files.documents, path) for path in files.openapi))


def contract(documents: Documents, path: str) -> Contract:
    """One document as a contract, remembered; whatever has the wrong type is left out here and reported by the validator."""
    return documents.recall(("contract", path), lambda: _contract(documents, path))


def _contract(documents: Documents, path: str) -> Contract:
    root = Node(documents, path, (), documents.values[path])
    version = str(root.get("openapi") or root.get("swagger") or "")
    old = version.startswith("2")
    return Contract(
        path=path,
        version=version,
        root=root,
        operations=tuple(_operations(root, old)),
        base_paths=tuple(_base_paths(root, old)),
    )


def _base_paths(root: Node, old: bool) -> Iterator[str]:
    if old:
        yield str(root.get("basePath") or "")
        return
    servers = root.get("servers")
    for server in servers if isinstance(servers, list) else ():
        if isinstance(server, Mapping) and isinstance(server.get("url"), str):
            yield _url_path(server["url"])


def _url_path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""


def _operations(root: Node, old: bool) -> Iterator[Operation]:
    paths = root.at("paths")
    for path in paths.value if paths and isinstance(paths.value, Mapping) else ():
        item = path_item(root, path) if path.startswith("/") else None
        if item is None or not isinstance(item.value, Mapping):
            continue
        for method, own in _methods(root, item):
            node = overlaid(own)
            if node is not None and isinstance(node.value, Mapping):
                yield _operation(root, path, method, item, node, old)


def _methods(root: Node, item: Node) -> Iterator[tuple[str, Node]]:
    """Each method of a path item; OpenAPI 3.2 adds `query`, and `additionalOperations` under the method as it is sent."""
    newer = str(root.get("openapi")).startswith("3.2")
    for method in (*METHODS, "query") if newer else METHODS:
        own = written(item, method)
        if own is not None:
            yield method.upper(), own
    more = item.at("additionalOperations") if newer else None
    for method in more.value if more and isinstance(more.value, Mapping) else ():
        own = written(more, method) if more else None
        if own is not None:
            yield method, own


def _operation(root: Node, path: str, method: str, item: Node, node: Node, old: bool) -> Operation:
    parameters = _parameters(item, node)
    body = next((one for one in parameters if one.location == "body"), None)
    request_node = (body.node if body else None) if old else node.at("requestBody")
    return Operation(
        method=method,
        path=path,
        node=node,
        parameters=tuple(one for one in parameters if one.location in ("query", "header", "path", "cookie")),
        request=_request(root, node, parameters, request_node) if old else _media(request_node),
        request_node=request_node,
        responses=tuple(_responses(root, node, old)),
        security=_security(root, node),
        operation_id=node.get("operationId") if isinstance(node.get("operationId"), str) else None,
        is_open=(found := effective_flaw(root, node)) is not None and not found.doubted,
    )


def _parameters(item: Node, operation: Node) -> list[Parameter]:
    """The operation's parameters over the path item's, one for each name and location."""
    found: dict[tuple[str, str], Parameter] = {}
    for holder in (item.at("parameters"), operation.at("parameters")):
        for _, node in holder.members() if holder else ():
            name, location = node.get("name"), node.get("in")
            if isinstance(name, str) and isinstance(location, str):
                schema = node.at("schema") or _content_schema(node) or (node if "type" in node.value else None)
                found[name, location] = Parameter(name, location, node.get("required") is True, schema, node)
    return list(found.values())


def _content_schema(node: Node) -> Node | None:
    content = node.at("content")
    return next((schema for _, media in content.members() if (schema := media.at("schema"))), None) if content else None


def _media(holder: Node | None) -> tuple[Media, ...]:
    content = holder.at("content") if holder else None
    return tuple(Media(kind, node.at("schema")) for kind, node in content.members()) if content else ()


def _request(root: Node, node: Node, parameters: list[Parameter], body: Node | None) -> tuple[Media, ...]:
    """Swagger 2: a body parameter in every consumed type, or a form made of its fields."""
    kinds = _kinds(root, node, "consumes")
    if body is not None:
        return tuple(Media(kind, body.at("schema")) for kind in kinds)
    form = [one for one in parameters if one.location == "formData"]
    return tuple(Media("application/x-www-form-urlencoded", one.node) for one in form[:1])


def _kinds(root: Node, node: Node, word: str) -> list[str]:
    named = node.get(word) or root.get(word)
    return [str(kind) for kind in named] if isinstance(named, list) and named else ["application/json"]


def _responses(root: Node, operation: Node, old: bool) -> Iterator[Response]:
    holder = operation.at("responses")
    for status, node in holder.members() if holder else ():
        if status.startswith("x-") or not isinstance(node.value, Mapping):
            continue
        schema = node.at("schema") if old else None
        media = tuple(Media(kind, schema) for kind in _kinds(root, operation, "produces")) if schema else ()
        headers = node.at("headers")
        names = tuple(name.lower() for name, _ in headers.members()) if headers else ()
        yield Response(status.upper() if status != "default" else status, node, media if old else _media(node), names)


def _security(root: Node, operation: Node) -> tuple[Mapping[str, Any], ...] | None:
    """The effective requirements; one that is malformed demands nothing, so it stands there as the empty one."""
    effective = (operation if "security" in operation.value else root).get("security")
    if not isinstance(effective, list):
        return None
    return tuple(one if isinstance(one, Mapping) else {} for one in effective)
