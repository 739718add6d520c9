"""The only place that says whether what stands beside tests was only added to: nothing that a test of the base sees differs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection

_RUN_BY_THEMSELVES = ("pytest_", "setup", "teardown", "setUp", "tearDown", "test", "__")
_SAY_NOTHING = ("markers", "minversion", "required_plugins")
_LOGS = ("log_", "asyncio_", "console_", "junit_")


def only_added(before: str, after: str, taken: Collection[str]) -> bool:
    """Of the unparsed text of two versions: functions, classes, imports and constants are new, and nothing else.

    `taken` are fixtures that tests ask for by name: one made here would stand before the one that they had.
    """
    try:
        old, new = ast.parse(before), ast.parse(after)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kept = Counter(map(ast.dump, old.body))
    fresh = Counter(map(ast.dump, new.body))
    imports = Counter(ast.dump(one) for one in old.body if isinstance(one, (ast.Import, ast.ImportFrom)))
    if kept - imports - fresh:
        return False
    names = {name for one in old.body for name in _names(one)} | set(taken)
    added = [one for one in new.body if ast.dump(one) not in kept]
    return all(_harmless(one, names) for one in added)


def _harmless(node: ast.stmt, names: Collection[str]) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return all(one.name != "*" for one in node.names)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        told = " ".join(map(ast.unparse, node.decorator_list))
        itself = node.name.startswith(_RUN_BY_THEMSELVES) or "autouse" in told
        return not itself and not ({node.name, *_called(node)} & set(names))
    plain = isinstance(node, ast.Assign) and all(isinstance(one, ast.Name) for one in node.targets)
    if isinstance(node, ast.Assign) and plain and not set(_names(node)) & set(names):
        # a value that is written down; what is computed could reach into anything
        return not any(isinstance(one, (ast.Call, ast.Attribute, ast.Name)) for one in ast.walk(node.value))
    return False


def _called(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> list[str]:
    """The other names of a fixture: `@pytest.fixture(name="client")`."""
    words = (word for one in node.decorator_list if isinstance(one, ast.Call) for word in one.keywords)
    return [str(one.value.value) for one in words if one.arg == "name" and isinstance(one.value, ast.Constant)]


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return [node.name, *_called(node)]
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return []
    return [one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)]


def says_nothing(option: str) -> bool:
    """Whether a setting of pytest chooses no test and changes no outcome."""
    return option in _SAY_NOTHING or option.startswith(_LOGS)
