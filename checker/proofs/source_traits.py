"""The only place that says by what source could tell that it is being tested, or make any answer look right."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from checker.proofs import source_asks

_DETECTS = re.compile(
    rb"PYTEST_CURRENT_TEST|PYTEST_VERSION|['\"]_?pytest['\"]\s*(?:,[^\n]*)?\s*in\s+(?:sys\s*\.\s*modules|sys\s*\.\s*argv)"
    rb"|sys\s*\.\s*modules\s*(?:\.get\(|\[)\s*['\"](?:_?pytest|unittest)|_called_from_test|find_spec\(\s*['\"]_?pytest"
)
_WORTH_READING = re.compile(
    rb"pytest|unittest|_getframe|inspect|__eq__|__ne__|Exception|\btests?\b|golden|fixture|snapshot|\.git\b|atexit"
)
_STACK = ("sys._getframe", "inspect.stack", "inspect.currentframe")
_PLACE = re.compile(
    r"(?:^|[/*])(?:tests?|golden|goldens|fixtures?|snapshots?|__snapshots__|conftest)(?:[/*.]|$)|^\.git$"
)
_TESTED = re.compile(r"^_?(?:test|tests|testing|pytest)(?:\b|[-_])", re.IGNORECASE)
_NUMBER = re.compile(rb"(?<![\w.])\d{3,12}(?![\w])")
_WIDE = ("Exception", "BaseException", "object")
Trait = tuple[str, str]


@lru_cache(maxsize=20_000)
def traits(source: bytes) -> frozenset[Trait]:
    """(signal, what was seen) of one file of source; nothing is executed."""
    found: set[Trait] = set()
    if _DETECTS.search(source):
        found.add(("source-detects-tests", "asks whether it is being tested"))
    if not _WORTH_READING.search(source) and not source_asks.WORTH_READING.search(source):
        return frozenset(found)
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset(found)
    for node in ast.walk(tree):
        found.update(_of(node))
    found.update(source_asks.asks(tree))
    return frozenset(found)


def numbers(texts: Iterable[bytes]) -> frozenset[int]:
    """Numbers that say something: of three digits or more, not round, no status code and no year."""
    found = {int(one) for text in texts for one in _NUMBER.findall(text)}
    return frozenset(one for one in found if one % 10 and not 100 <= one < 600 and not 1900 <= one < 2100)


def _of(node: ast.AST) -> Iterator[Trait]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        if node.value in ("pytest", "_pytest"):
            yield "source-detects-tests", "asks whether it is being tested"
        elif _PLACE.search(node.value) and "\n" not in node.value and " " not in node.value:
            yield "source-detects-tests", f"names {node.value!r}, where tests are kept or what only a checkout has"
    elif isinstance(node, ast.Attribute) and ast.unparse(node) in _STACK:
        yield "source-detects-tests", f"asks who calls it: {ast.unparse(node)}"
    elif isinstance(node, (ast.Import, ast.ImportFrom)) and "pytest" in ast.unparse(node):
        yield "source-detects-tests", "imports the runner of its tests"
    elif isinstance(node, (ast.Compare, ast.Call)):
        yield from _compared(node)
    elif isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in _WIDE:
        yield "source-looks-right", f"calls {node.value.id} by another name: {ast.unparse(node)}"
    elif isinstance(node, ast.ClassDef):
        yield from _equalities(node)


def _compared(node: ast.Compare | ast.Call) -> Iterator[Trait]:
    """A value that is compared with what tests are called, or is looked at for its beginning."""
    if isinstance(node, ast.Compare):
        asked = [node.left, *node.comparators]
    elif isinstance(node.func, ast.Attribute) and node.func.attr in ("startswith", "endswith"):
        asked = list(node.args)
    else:
        return
    for one in asked:
        value = one.value if isinstance(one, ast.Constant) else None
        text = value.decode("latin-1") if isinstance(value, bytes) else value
        if isinstance(text, str) and _TESTED.match(text):
            yield "source-detects-tests", f"treats {text!r} apart"


def _equalities(node: ast.ClassDef) -> Iterator[Trait]:
    """An equality that compares nothing, or compares roughly, makes wrong answers equal to right ones."""
    for method in node.body:
        if not isinstance(method, ast.FunctionDef):
            continue
        if method.name in ("__instancecheck__", "__subclasscheck__"):
            yield "source-looks-right", f"says itself what {node.name} is: {method.name}"
        if method.name not in ("__eq__", "__ne__"):
            continue
        operators = [op for one in ast.walk(method) if isinstance(one, ast.Compare) for op in one.ops]
        calls = {ast.unparse(one.func).rpartition(".")[2] for one in ast.walk(method) if isinstance(one, ast.Call)}
        rough = any(isinstance(op, (ast.Lt, ast.LtE, ast.Gt, ast.GtE)) for op in operators) or calls & {
            "abs",
            "isclose",
            "round",
        }
        compares = any(isinstance(op, (ast.Eq, ast.NotEq, ast.Is, ast.IsNot)) for op in operators) or "__eq__" in calls
        if rough or not compares:
            yield (
                "source-looks-right",
                f"{node.name}.{method.name} {'compares roughly' if rough else 'compares nothing'}",
            )
