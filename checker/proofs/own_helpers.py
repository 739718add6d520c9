"""The only place that says whether what tests compare with, and which lies among the source, compares less than it did."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping

from checker.model.proof import Signal
from checker.proofs.tests_there import Test, can_fail

_CALLED = re.compile(r"(\w+)\(")


def loosened(base: Mapping[str, bytes], head: Mapping[str, bytes], tests: Iterable[Test]) -> Iterator[Signal]:
    """Functions of the source that assert and answer nothing, and fixtures, which tests ask for and the change touches.

    The base's tests run with them as they are now, so that none of them says what they said before.
    """
    asked: frozenset[str] | None = None
    for path, source in base.items():
        now = head.get(path, b"")
        if now == source or not (b"assert" in source or b"fixture" in source):
            continue
        asked = _asked(tests) if asked is None else asked
        before, after = _helpers(source), _helpers(now)
        for name in sorted(before.keys() & asked):
            if before[name] != after.get(name) and not _called_elsewhere(name, path, head):
                yield Signal(
                    kind="helper-loosened", about=f"{path}::{name}, by which tests compare, is not what it was"
                )


def _asked(tests: Iterable[Test]) -> frozenset[str]:
    return frozenset(name for one in tests for name in (*one.takes, *_CALLED.findall(one.text)))


def _helpers(source: bytes) -> dict[str, str]:
    """Each by name, as text without what it says when it fails."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return {}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and _compares(node):
            for one in ast.walk(node):
                if isinstance(one, ast.Assert):
                    one.msg = None
            found[node.name] = ast.unparse(node)
    return found


def _compares(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    inside = list(ast.walk(node))
    answers = any(isinstance(one, ast.Return) and one.value is not None for one in inside)
    fixture = any("fixture" in ast.unparse(one) for one in node.decorator_list)
    return fixture or (any(map(can_fail, inside)) and not answers)


def _called_elsewhere(name: str, path: str, source: Mapping[str, bytes]) -> bool:
    """Whether the source itself calls it: then it is no helper of tests alone."""
    return any(name.encode() in data for other, data in source.items() if other != path)
