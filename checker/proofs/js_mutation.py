"""The only place that changes what changed JavaScript and TypeScript computes; whether a test notices is asked elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from tree_sitter import Language, Node, Parser

from checker.proofs.mutation import ENOUGH, OF_ONE, Mutant, Place, changed_lines

_SWAPS: Mapping[str, str] = {
    "+": "-", "-": "+", "*": "+", "/": "*", "%": "*", "===": "!==", "!==": "===", "==": "!=", "!=": "==",
    "<": ">=", ">=": "<", ">": "<=", "<=": ">", "&&": "||", "||": "&&", "??": "&&",
}  # fmt: skip
_FUNCTIONS = (
    "function_declaration",
    "method_definition",
    "arrow_function",
    "function_expression",
    "generator_function_declaration",
)
_NOT_COMPUTED = (
    "throw_statement",
    "decorator",
    "type_annotation",
    "import_statement",
    "template_string",
    "string",
    "enum_declaration",
)
_PLAIN = (".ts", ".mts", ".cts")
_QUIET = ("console.", "logger.", "log.")


def mutants(base: Mapping[str, bytes], head: Mapping[str, bytes]) -> Iterator[Mutant]:
    """All of them, file by file, of the lines that the base does not have; of what stands elsewhere in the base, none."""
    known = set(base.values())
    for path, source in head.items():
        if source == base.get(path) or source in known or path.endswith(".d.ts"):
            continue
        lines = changed_lines(base.get(path, b""), source)
        tree = _parser(path.endswith(_PLAIN)).parse(source)
        if not tree.root_node.has_error:
            old = _functions(_parser(path.endswith(_PLAIN)).parse(base[path]).root_node) if path in base else set()
            for one in _of_file(path, source, tree.root_node, lines):
                had = one.function in old
                yield replace(one, telling=one.telling and had, known=had)


def _functions(root: Node) -> set[str]:
    return {function for _, function, _ in _computed(root, "", (1, 0)) if function}


def _of_file(path: str, source: bytes, root: Node, lines: set[int]) -> Iterator[Mutant]:
    made: dict[Place, int] = {}
    asked = [one for one in _computed(root, "", (1, 0)) if one[1] and one[0].start_point[0] + 1 in lines]
    every = [(function, place, *change) for node, function, place in asked for change in _changes(node)]
    for function, place, at, new, said, telling in sorted(every, key=lambda one: one[-1]):
        if made.get(place, 0) >= (ENOUGH if telling else OF_ONE):
            continue
        made[place] = made.get(place, 0) + 1
        text = source[: at.start_byte] + new + source[at.end_byte :]
        yield Mutant(path, function, place, f"line {place[0]}: {said}", text.decode("utf-8", "replace"), telling)


def _changes(node: Node) -> Iterator[tuple[Node, bytes, str, bool]]:
    """Where bytes are replaced, by what, how that is said, and whether whoever looks at the answer notices."""
    if _is_arm(node):
        yield node, b"undefined", "the answer became undefined", True
    if node.type == "binary_expression":
        operator = node.child_by_field_name("operator")
        new = _SWAPS.get(_text(operator)) if operator is not None else None
        texts = any(one.type in ("string", "template_string") for one in node.children)
        if operator is not None and new and not (texts and _text(operator) == "+"):
            yield operator, new.encode(), f"{_text(operator)} became {new}", False
    elif node.type == "number" and _text(node).isdigit():
        yield node, str(int(_text(node)) + 1).encode(), f"{_text(node)} became {int(_text(node)) + 1}", False
    elif node.type in ("true", "false"):
        yield node, b"false" if node.type == "true" else b"true", f"{node.type} became its opposite", False
    elif (
        node.type == "return_statement"
        and node.named_children
        and _text(node.named_children[0]) not in ("undefined", "null")
    ):
        yield node.named_children[0], b"undefined", "the answer became undefined", True
    elif node.type == "arrow_function":
        body = node.child_by_field_name("body")
        if body is not None and body.type != "statement_block" and _names_itself(node):
            yield body, b"undefined", "the answer became undefined", True


def _is_arm(node: Node) -> bool:
    above = node.parent
    if above is None or above.type != "ternary_expression" or node.type in ("number", "null", "undefined"):
        return False
    return node != above.child_by_field_name("condition")


def _names_itself(arrow: Node) -> bool:
    """`const add = (a, b) => …`: a function of its own, not one that is handed on."""
    return arrow.parent is not None and arrow.parent.type in (
        "variable_declarator",
        "pair",
        "public_field_definition",
        "assignment_expression",
    )


def _computed(node: Node, function: str, place: Place) -> Iterator[tuple[Node, str, Place]]:
    for child in node.named_children:
        if child.type in _NOT_COMPUTED or (child.type == "expression_statement" and _text(child).startswith(_QUIET)):
            continue
        name = _name(child) or function or "function" if child.type in _FUNCTIONS else function
        arm = node.type == "ternary_expression" and child != node.child_by_field_name("condition")
        body = node.type == "arrow_function" and child == node.child_by_field_name("body") and _names_itself(node)
        statement = child.type.endswith(("_statement", "_declaration"))
        here = (child.start_point[0] + 1, child.start_point[1]) if statement or arm or body else place
        own = child.type == "arrow_function" and _names_itself(child)
        yield child, name, _body_of(child) if own else here
        yield from _computed(child, name, here)


def _body_of(arrow: Node) -> Place:
    body = arrow.child_by_field_name("body") or arrow
    return body.start_point[0] + 1, body.start_point[1]


def _name(function: Node) -> str:
    named = function.child_by_field_name("name")
    above = function.parent
    if named is None and above is not None:
        named = (
            above.child_by_field_name("name") or above.child_by_field_name("key") or above.child_by_field_name("left")
        )
    return _text(named) if named is not None else ""


def _text(node: Node | None) -> str:
    return node.text.decode("utf-8", "replace") if node is not None and node.text is not None else ""


@cache
def _parser(plain: bool) -> Parser:
    """TypeScript with JSX reads JavaScript too; `plain` has the casts in angle brackets that JSX forbids."""
    from tree_sitter_typescript import language_tsx, language_typescript  # a grammar is loaded when it is asked for

    return Parser(Language(language_typescript() if plain else language_tsx()))
