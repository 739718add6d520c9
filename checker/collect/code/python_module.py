"""The only place that reads the structure of a Python module: its names, routers, routes and tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from tree_sitter import Language, Node, Query, QueryCursor, Tree

from checker.collect.code.functions import around, text_of

LONGEST_SIGNATURE = 1500
LONGEST_HANDLER = 6000
_VERBS = ("get", "post", "put", "patch", "delete")
_REFUSES = re.compile(
    r"\b(?:401|403)\b|HTTP_40[13]|Unauthori[sz]ed|Unauthenticated|Forbidden|PermissionDenied|NotAuthenticated|NotPermitted|AccessDenied"
    r"|abort\(\s*40[13]|(?i:authorization)[\"']|verify_jwt_in_request|current_user\b"
)
_COLUMN = re.compile(r"\b(?:Column|mapped_column|relationship|Field|Mapped)\b")
_QUERY = """
(import_from_statement) @import
(import_statement) @import
(class_definition) @class
(function_definition) @function
(assignment) @assignment
(call function: (attribute attribute: (identifier) @called)) @call
"""


@cache
def _query() -> Query:
    from tree_sitter_python import language

    return Query(Language(language()), _QUERY)


def facts(tree: Tree) -> dict[str, Any]:
    """Names with what they stand for, routers, includes, routes and tables, as plain JSON."""
    found = QueryCursor(_query()).captures(tree.root_node)
    names: dict[str, list[str]] = {}
    for node in found.get("import", ()):
        names.update(_imports(node))
    routers: dict[str, list[str]] = {}
    for node in found.get("assignment", ()):
        _assignment(node, names, routers)
    declared = [one for node in found.get("function", ()) for one in _function(tree, node, names)]
    routes = [one for one in declared if len(one) > 2]
    includes = [one for node in found.get("call", ()) if (one := _include(node, names))]
    includes += [[owner, name, "", "", "before_request"] for owner, name, *route in declared if not route]
    models = [one for node in found.get("class", ()) if (one := _class(node, names))]
    return {"names": names, "routers": routers, "includes": includes, "routes": routes, "models": models}


def _imports(node: Node) -> Iterator[tuple[str, list[str]]]:
    source = node.child_by_field_name("module_name")
    module = text_of(source) if source is not None else ""
    for one in node.named_children:
        if source is not None and one == source:
            continue
        if one.type == "wildcard_import":
            yield f"* {module}", ["import", module, "*"]
        elif one.type == "aliased_import":
            name, alias = one.child_by_field_name("name"), one.child_by_field_name("alias")
            if name is not None and alias is not None:
                yield text_of(alias), ["import", module, text_of(name)]
        elif one.type == "dotted_name":
            name_text = text_of(one)
            yield name_text, ["import", module, name_text]


def _assignment(node: Node, names: dict[str, list[str]], routers: dict[str, list[str]]) -> None:
    left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
    if left is None or right is None or left.type not in ("identifier", "attribute"):
        return
    name = text_of(left).removeprefix("self.")
    if right.type == "call":
        called = right.child_by_field_name("function")
        made = text_of(called).rpartition(".")[2] if called is not None else ""
        text = text_of(right)[:LONGEST_SIGNATURE]
        if re.search(
            r"Router$|^Router\w*|^(?:FastAPI|Flask|Blueprint|Starlette|Litestar|Quart|Sanic|APIBlueprint|Namespace)$",
            made,
        ):
            routers[name] = [made, _keyword(text, "prefix") or _keyword(text, "url_prefix"), text]
            return
        names.setdefault(name, ["value", text])
    elif right.type in ("subscript", "list", "identifier"):
        names.setdefault(name, ["value", text_of(right)[:LONGEST_SIGNATURE]])


def _keyword(call: str, name: str) -> str:
    found = re.search(rf"""\b{name}\s*=\s*[rf]?["']([^"']*)["']""", call)
    return found[1] if found else ""


def _function(tree: Tree, node: Node, names: dict[str, list[str]]) -> Iterator[list[Any]]:
    name = node.child_by_field_name("name")
    parameters = node.child_by_field_name("parameters")
    parent = node.parent
    if name is None or parameters is None:
        return
    text = text_of(node)
    asks = text_of(parameters)[:LONGEST_SIGNATURE]
    refusal = " refuses" if _REFUSES.search(text) else ""
    names.setdefault(text_of(name), ["function", asks + refusal])
    decorators = (
        [one for one in parent.named_children if one.type == "decorator"]
        if parent and parent.type == "decorated_definition"
        else []
    )
    shown = [text_of(one)[:1000] for one in decorators]
    for one in shown:
        before = re.match(r"@([\w.]+)\.before_(?:app_)?request$", one)
        if before:
            yield [before[1], text_of(name)]
        found = re.match(r"@([\w.]+)\.(\w+)\s*\(", one)
        if not found or found[2] not in (*_VERBS, "route", "api_route"):
            continue
        path = re.search(r"""\(\s*(?:path\s*=\s*|rule\s*=\s*)?[rf]?["']([^"']*)["']""", one)
        if path is None:
            continue
        symbol, function = around(tree, name.start_byte, name.end_byte)
        for method in _methods(found[2], one):
            yield [
                found[1],
                method,
                path[1],
                symbol,
                node.start_point.row + 1,
                node.end_point.row + 1,
                asks,
                one,
                shown,
                text[:LONGEST_HANDLER],
                bool(function and function.is_async),
            ]


def _methods(verb: str, decorator: str) -> list[str]:
    if verb in _VERBS:
        return [verb.upper()]
    listed = re.search(r"methods\s*=\s*[\[({]([^\])}]*)", decorator)
    return [one.upper() for one in re.findall(r"\w+", listed[1])] if listed else ["GET"]


def _include(node: Node, names: dict[str, list[str]]) -> list[str] | None:
    function = node.child_by_field_name("function")
    arguments = node.child_by_field_name("arguments")
    if function is None or arguments is None:
        return None
    parent, _, called = text_of(function).rpartition(".")
    if called == "add_middleware":
        names.setdefault(f"{called} {node.start_byte}", ["value", text_of(arguments)[:LONGEST_SIGNATURE]])
        return None
    if called in ("before_request", "before_app_request"):
        return [parent, text_of(arguments), "", "", called]
    if called not in ("include_router", "register_blueprint", "mount", "add_namespace"):
        return None
    text = text_of(arguments)
    positional = [one for one in arguments.named_children if one.type in ("identifier", "attribute", "call")]
    named = re.search(r"\brouter\s*=\s*([\w.]+)", text)
    child = text_of(positional[0]) if positional else named[1] if named else ""
    return [parent, child, _keyword(text, "prefix") or _keyword(text, "url_prefix"), text[:LONGEST_SIGNATURE]]


def _class(node: Node, names: dict[str, list[str]]) -> list[Any] | None:
    name, body = node.child_by_field_name("name"), node.child_by_field_name("body")
    if name is None or body is None:
        return None
    bases = node.child_by_field_name("superclasses")
    based_on = text_of(bases)[:LONGEST_SIGNATURE] if bases is not None else "()"
    lines = [text_of(one) for one in body.named_children if one.type == "expression_statement"]
    asks = " ".join(line for line in lines if "Depends" in line or "Security" in line)[:LONGEST_SIGNATURE]
    text = text_of(body)
    calls = " ".join(found[0] for found in re.finditer(r"def (?:__call__|__init__|dispatch)\([^)]*\)", text))[
        :LONGEST_SIGNATURE
    ]
    refusal = (
        " refuses" if _REFUSES.search(text) and re.search(r"def (?:__call__|dispatch|authenticate)\b", text) else ""
    )
    names.setdefault(text_of(name), ["class", f"{based_on} {asks} {calls}{refusal}"])
    columns = [found[1] for line in lines if _COLUMN.search(line) and (found := re.match(r"(\w+)\s*[:=]", line))]
    table = re.search(r"""__tablename__\s*(?::[^=]*)?=\s*["'](\w+)["']""", text)
    if not columns and table is None and "table=True" not in based_on.replace(" ", ""):
        return None
    return [
        text_of(name),
        re.findall(r"\w+", based_on),
        columns,
        table[1] if table else "",
        node.start_point.row + 1,
        node.end_point.row + 1,
    ]
