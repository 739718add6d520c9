"""The only place that says whether what stands beside tests was only added to: nothing that a test of the base sees differs."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Collection

_RUN_BY_THEMSELVES = ("pytest_", "setup", "teardown", "setUp", "tearDown", "test", "__")
_SAY_NOTHING = ("markers", "minversion", "required_plugins")
_LOGS = ("log_", "asyncio_", "console_", "junit_")


def only_added(before: str, after: str, taken: Collection[str], *, values: bool = False) -> bool:
    """Of the unparsed text of two versions: functions, classes, imports and constants are new, and nothing else.

    `taken` are fixtures that tests ask for by name: one made here would stand before the one that they had. `values`:
    constants may have another value too, as in a file of tests, where they are what a test expects.
    """
    try:
        old, new = ast.parse(before), ast.parse(after)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    kept = Counter(map(ast.dump, old.body))
    fresh = Counter(map(ast.dump, new.body))
    imports = Counter(ast.dump(one) for one in old.body if isinstance(one, (ast.Import, ast.ImportFrom)))
    tables = {name for one in old.body for name in _names(one) if _is_constant(one)} if values else set()
    renewed = {name for one in new.body for name in _names(one) if _is_constant(one)} & tables
    given = Counter(ast.dump(one) for one in old.body if _is_constant(one) and set(_names(one)) <= renewed)
    if kept - imports - fresh - given:
        return False
    names = ({name for one in old.body for name in _names(one)} | set(taken)) - renewed
    added = [one for one in new.body if ast.dump(one) not in kept]
    return all(_harmless(one, names) for one in added)


def _harmless(node: ast.stmt, names: Collection[str]) -> bool:
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return all(one.name != "*" for one in node.names)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        told = " ".join(map(ast.unparse, node.decorator_list))
        itself = node.name.startswith(_RUN_BY_THEMSELVES) or "autouse" in told
        return not itself and not ({node.name, *_called(node)} & set(names))
    return _is_constant(node) and not set(_names(node)) & set(names)


def _is_constant(node: ast.stmt) -> bool:
    """A value that is written down, cases of a table too; what is computed could reach into anything."""
    if not isinstance(node, ast.Assign) or not all(isinstance(one, ast.Name) for one in node.targets):
        return False
    cases = [
        one for one in ast.walk(node.value) if isinstance(one, ast.Call) and ast.unparse(one.func) == "pytest.param"
    ]
    told = {id(each) for one in cases for each in (one, *ast.walk(one.func))}
    computed = (ast.Call, ast.Attribute, ast.Name)
    return not any(isinstance(one, computed) and id(one) not in told for one in ast.walk(node.value))


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
