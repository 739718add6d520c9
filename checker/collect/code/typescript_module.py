"""The only place that reads the structure of a TypeScript or JavaScript module: its names, routers and routes."""

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
    r"\b(?:401|403)\b|Unauthori[sz]ed|Unauthenticated|Forbidden|UNAUTHORIZED|FORBIDDEN|req(?:uest)?\.(?:user|auth|session)\b|headers\??\.authorization|headers\[[\"']authorization"
)
_ROUTER = re.compile(
    r"^(?:new\s+)?(?:express\.)?(?:Router|PromiseRouter|express|fastify|Fastify|Hono|Koa|KoaRouter)(?:<[^>]*>)?\("
)
_QUERY = """
(import_statement) @import
(variable_declarator) @variable
(function_declaration) @function
(class_declaration) @class
(export_statement) @export
(call_expression function: (member_expression property: (property_identifier) @called)) @call
"""


@cache
def _query(grammar: str) -> Query:
    from tree_sitter_typescript import language_tsx, language_typescript

    return Query(Language(language_tsx() if grammar == "tsx" else language_typescript()), _QUERY)


def facts(tree: Tree, grammar: str) -> dict[str, Any]:
    """Names with what they stand for, routers, includes and routes, as plain JSON; `grammar` is `typescript` or `tsx`."""
    found = QueryCursor(_query(grammar)).captures(tree.root_node)
    names: dict[str, list[str]] = {}
    for node in found.get("import", ()):
        names.update(_imports(text_of(node)))
    routers: dict[str, list[str]] = {}
    for node in (*found.get("variable", ()), *found.get("function", ())):
        _named(node, names, routers)
    for node in found.get("export", ()):
        _default(text_of(node)[:LONGEST_SIGNATURE], names, routers)
    routes: list[list[Any]] = []
    includes: list[list[str]] = []
    for node in found.get("call", ()):
        routes += _routes(node)
        includes += _uses(node)
    for node in found.get("class", ()):
        routes += _controller(tree, node)
    return {"names": names, "routers": routers, "includes": includes, "routes": routes, "models": []}


def _imports(text: str) -> Iterator[tuple[str, list[str]]]:
    source = re.search(r"""from\s+["']([^"']+)["']""", text)
    if source is None:
        return
    clause = text[: source.start()].removeprefix("import").strip()
    whole = re.match(r"(?:type\s+)?(\w+)", clause)
    if whole and whole[1] != "type":
        yield whole[1], ["import", source[1], "default"]
    star = re.search(r"\*\s+as\s+(\w+)", clause)
    if star:
        yield star[1], ["import", source[1], "*"]
    listed = re.search(r"\{([^}]*)\}", clause)
    for one in listed[1].split(",") if listed else ():
        name, _, alias = one.strip().removeprefix("type ").partition(" as ")
        if name.strip():
            yield (alias or name).strip(), ["import", source[1], name.strip()]


def _named(node: Node, names: dict[str, list[str]], routers: dict[str, list[str]]) -> None:
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or name.type != "identifier":
        return
    text = text_of(value if value is not None else node)
    if value is not None and (required := re.match(r"""require\(\s*["']([^"']+)["']\s*\)""", text)):
        names.setdefault(text_of(name), ["import", required[1], "default"])
    elif _ROUTER.match(text):
        routers[text_of(name)] = ["router", "", text[:LONGEST_SIGNATURE]]
    else:
        refusal = " refuses" if _REFUSES.search(text) else ""
        names.setdefault(text_of(name), ["value", text[:200] + refusal])


def _default(text: str, names: dict[str, list[str]], routers: dict[str, list[str]]) -> None:
    plain = re.match(r"(?:export\s+default|module\.exports\s*=)\s+(\w+)\s*;?\s*$", text)
    if plain:
        names["default"] = ["alias", plain[1]]
    elif made := re.match(r"export\s+default\s+((?:new\s+)?(?:express\.)?Router\(.*)", text, re.DOTALL):
        routers["default"] = ["router", "", made[1]]


def _routes(node: Node) -> Iterator[list[Any]]:
    """`router.post('/orders', auth, handler)`, and the same by Fastify and Hono."""
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None or arguments.type != "arguments":
        return
    called = function.child_by_field_name("property")
    owner = function.child_by_field_name("object")
    verb = text_of(called) if called is not None else ""
    inner = arguments.named_children
    if verb not in _VERBS or owner is None or len(inner) < 2 or not re.match(r"""^["'`]/""", text_of(inner[0])):
        return
    owner_text = text_of(owner)
    if (
        not re.search(
            r"(?i)(?:router|app|server|fastify|api|instance|routes?|hono)\w*$|^(?:this\.)?\w{1,3}$|^(?:express\.)?Router\(\)",
            owner_text.split("\n")[0].strip(),
        )
        and ".route(" not in owner_text
    ):
        return
    handler = inner[-1]
    guards = " ".join(text_of(one)[:300] for one in inner[1:-1])
    symbol = f"{owner_text.split('.')[0][:40].strip()}.{verb}({text_of(inner[0])})"
    text = text_of(handler)
    yield [
        owner_text.split(".")[0].split("\n")[0].strip() or owner_text[:40],
        verb.upper(),
        text_of(inner[0]).strip("\"'`"),
        symbol,
        node.start_point.row + 1,
        node.end_point.row + 1,
        text if handler.type == "identifier" else "",
        guards,
        [guards],
        text[:LONGEST_HANDLER],
        text.startswith("async"),
    ]


def _uses(node: Node) -> Iterator[list[str]]:
    """`app.use('/api', auth, router)`, and `addHook('onRequest', auth)`, which guards all that follows."""
    function, arguments = node.child_by_field_name("function"), node.child_by_field_name("arguments")
    if function is None or arguments is None or arguments.type != "arguments":
        return
    called, owner = function.child_by_field_name("property"), function.child_by_field_name("object")
    verb = text_of(called) if called is not None else ""
    if owner is None or verb not in ("use", "register", "addHook", "useGlobalGuards", "route"):
        return
    inner = [text_of(one)[:300] for one in arguments.named_children]
    prefix = inner.pop(0).strip("\"'`") if inner and re.match(r"""^["'`]/""", inner[0]) else ""
    if not inner:
        return
    parent = re.split(r"[.\s(]", text_of(owner).strip(), maxsplit=1)[0]
    yield [parent, inner[-1], prefix, " ".join(inner[:-1]), verb]


def _controller(tree: Tree, node: Node) -> Iterator[list[Any]]:
    """The routes of a Nest controller, each with the decorators of its class."""
    body = node.child_by_field_name("body")
    owners = _decorators_of(node)
    controller = next((one for one in owners if one.startswith("@Controller")), None)
    if body is None or controller is None:
        return
    prefix = re.search(r"""["'`]([^"'`]*)["'`]""", controller)
    waiting: list[str] = []
    for one in body.named_children:
        if one.type == "decorator":
            waiting.append(text_of(one))
            continue
        if one.type == "method_definition":
            yield from _method(tree, one, [*owners, *waiting], prefix[1] if prefix else "")
        waiting = []


def _decorators_of(node: Node) -> list[str]:
    parent = node.parent
    around_it = [one for one in node.children if one.type == "decorator"]
    if parent is not None and parent.type == "export_statement":
        around_it += [one for one in parent.children if one.type == "decorator"]
    return [text_of(one) for one in around_it]


def _method(tree: Tree, node: Node, decorators: list[str], prefix: str) -> Iterator[list[Any]]:
    name, parameters = node.child_by_field_name("name"), node.child_by_field_name("parameters")
    for one in decorators:
        found = re.match(r"@(Get|Post|Put|Patch|Delete)\((?:\s*[\"'`]([^\"'`]*)[\"'`])?", one)
        if found and name is not None:
            symbol, function = around(tree, name.start_byte, name.end_byte)
            path = "/" + "/".join(part.strip("/") for part in (prefix, found[2] or "") if part.strip("/"))
            text = text_of(node)
            yield [
                "@controller",
                found[1].upper(),
                path,
                symbol,
                node.start_point.row + 1,
                node.end_point.row + 1,
                text_of(parameters)[:LONGEST_SIGNATURE] if parameters is not None else "",
                " ".join(decorators)[:LONGEST_SIGNATURE],
                decorators,
                text[:LONGEST_HANDLER],
                bool(function and function.is_async),
            ]
