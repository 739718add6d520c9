"""The only place that says which new tests can never fail by what they see."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping

from checker.model.proof import Signal
from checker.proofs.tests_there import Test, can_fail


def unasserted(base: Mapping[str, Test], head: Mapping[str, Test], judging: Iterable[bytes]) -> Iterator[Signal]:
    """New tests, and tests that lost the last of their assertions, which ask nothing and call no helper that does."""
    told = {
        name: test
        for name, test in head.items()
        if not test.asserts and (name not in base or base[name].asserts) and not test.skips
    }
    asking = _asking(judging) if told else frozenset()
    for name, test in told.items():
        if not (test.claims | test.takes) & asking:
            yield Signal(kind="test-empty", about=f"{name} asserts nothing; say in it what must hold")


def _asking(sources: Iterable[bytes]) -> frozenset[str]:
    """Helpers and fixtures with an assertion in them, or that call such a one."""
    calls: dict[str, set[str]] = {}
    found: set[str] = set()
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("test"):
                inside = list(ast.walk(node))
                calls.setdefault(node.name, set()).update(
                    ast.unparse(one.func).rpartition(".")[2] for one in inside if isinstance(one, ast.Call)
                )
                if any(map(can_fail, inside)):
                    found.add(node.name)
    while more := {name for name, called in calls.items() if name not in found and called & found}:
        found |= more
    return frozenset(found)
