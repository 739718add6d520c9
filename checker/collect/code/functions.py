"""The only place that finds the function around a piece of code, and the name by which people call it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from tree_sitter import Language, Node, Parser, Tree

from checker.model.code import Function

LONGEST_TEXT = 8000  # characters kept of one function
_CLASSES = ("class_definition", "class_declaration", "abstract_class_declaration", "class")
_FUNCTIONS = (
    "function_definition",
    "function_declaration",
    "method_definition",
    "arrow_function",
    "function_expression",
    "generator_function_declaration",
    "generator_function",
)
_NAMED_BY = ("variable_declarator", "pair", "public_field_definition", "assignment_expression")
GRAMMARS = {".py": "python", ".ts": "typescript", ".mts": "typescript", ".cts": "typescript"}  # all others: tsx


@cache
def _parser(grammar: str) -> Parser:
    if grammar == "python":
        from tree_sitter_python import language
    elif grammar == "typescript":
        from tree_sitter_typescript import language_typescript as language
    else:
        from tree_sitter_typescript import language_tsx as language
    return Parser(Language(language()))


def parsed(path: str, data: bytes) -> Tree:
    """The syntax tree of a file by the ending of its path; what cannot be read is an ERROR node in it."""
    return _parser(GRAMMARS.get(path[path.rfind(".") :], "tsx")).parse(data)


def around(tree: Tree, start: int, end: int) -> tuple[str, Function | None]:
    """The symbol of what lies between two byte offsets, and the innermost function with a name that holds it."""
    node = tree.root_node.descendant_for_byte_range(start, max(start, end - 1))
    names: list[str] = []
    holder: Node | None = None
    for one in _upwards(node):
        if one.type in _FUNCTIONS or one.type in _CLASSES:
            name = _name(one)
            if name:
                names.append(name)
                if holder is None and one.type in _FUNCTIONS:
                    holder = one
    symbol = ".".join(reversed(names))
    return symbol, None if holder is None else _function(symbol, holder)


def _upwards(node: Node | None) -> Iterator[Node]:
    while node is not None:
        yield node
        node = node.parent


def _name(node: Node) -> str:
    own = node.child_by_field_name("name")
    if own is not None:
        return text_of(own)
    parent = node.parent
    if parent is None:
        return ""
    if parent.type in _NAMED_BY:
        name = next(
            (found for field in ("name", "key", "left") if (found := parent.child_by_field_name(field)) is not None),
            None,
        )
        return text_of(name).rpartition(".")[2] if name is not None else ""
    return _callback(parent)


def _callback(arguments: Node) -> str:
    """`router.post('/orders')` for the function in `router.post('/orders', …)`; no name for one given to `map`."""
    call = arguments.parent
    if arguments.type != "arguments" or call is None or call.type != "call_expression":
        return ""
    first = arguments.named_children[0] if arguments.named_children else None
    called = call.child_by_field_name("function")
    if first is None or called is None or first.type not in ("string", "template_string"):
        return ""
    return f"{text_of(called)[-60:]}({text_of(first)})"


def _function(symbol: str, node: Node) -> Function:
    parameters = node.child_by_field_name("parameters") or node.child_by_field_name("parameter")
    whole = text_of(node)
    return Function(
        symbol=symbol,
        lines=(node.start_point.row + 1, node.end_point.row + 1),
        text=whole[:LONGEST_TEXT],
        is_async=whole.startswith("async"),
        parameters=text_of(parameters)[:2000] if parameters is not None else "",
        decorators=tuple(_decorators(node)),
    )


def _decorators(node: Node) -> Iterator[str]:
    parent = node.parent
    if parent is not None and parent.type == "decorated_definition":
        yield from (text_of(one)[:1000] for one in parent.named_children if one.type == "decorator")
        return
    before = node.prev_named_sibling
    while before is not None and before.type == "decorator":
        yield text_of(before)[:1000]
        before = before.prev_named_sibling


def text_of(node: Node) -> str:
    """The source of a node."""
    return (node.text or b"").decode("utf-8", "replace")
