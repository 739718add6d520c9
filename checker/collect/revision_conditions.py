"""The only place that sees which questions a revision asks of its surroundings before it decides what to do."""

from __future__ import annotations

import ast
from collections.abc import Iterator

_READERS = frozenset({"environ", "getenv", "get_x_argument"})
_SETTINGS = frozenset({"settings", "config", "get_settings", "get_config"})


def conditions(module: ast.Module) -> tuple[tuple[str, int], ...]:
    """Text and line of each condition that reads the environment, `-x` arguments or the application's settings.

    A value read before and asked about by its name counts; asking which engine or whether SQL is only printed does not.
    """
    names = _imported_settings(module) | _READERS
    told = {target for target, value in _assignments(module) if _reads(value, names)}
    return tuple(
        (ast.unparse(test)[:160], test.lineno) for test in _tests(module) if _reads(test, names) or _named(test, told)
    )


def _tests(module: ast.Module) -> Iterator[ast.expr]:
    for function in module.body:
        if isinstance(function, ast.FunctionDef):
            for node in ast.walk(function):
                if isinstance(node, (ast.If, ast.IfExp, ast.While)):
                    yield node.test
                elif isinstance(node, ast.Match):
                    yield node.subject


def _assignments(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _imported_settings(module: ast.Module) -> frozenset[str]:
    """Names under which the application's settings were imported; Alembic's own configuration is another thing."""
    found = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] != "alembic":
            found |= {one.asname or one.name for one in node.names if one.name.lower() in _SETTINGS}
    return frozenset(found)


def _reads(node: ast.expr, names: frozenset[str]) -> bool:
    """Whether the value comes from a reader; a name counts where it is the function or the object itself."""
    for one in ast.walk(node):
        if isinstance(one, ast.Attribute) and one.attr in _READERS:
            return True
        if isinstance(one, ast.Name) and one.id in names:
            return True
    return False


def _named(node: ast.expr, told: set[str]) -> bool:
    return any(isinstance(one, ast.Name) and one.id in told for one in ast.walk(node))
