"""The only place that reads from an `env.py` where it keeps its place, and what SQL it sends by itself, without running it."""

from __future__ import annotations

import ast

from checker.collect.revision_names import Names, last
from checker.collect.revision_operations import Operations
from checker.model.migrations import Environment, Operation

_KEEPS = ("version_table", "version_table_schema")


def environment(source: str) -> Environment:
    """What it says as far as its text tells; nothing for what is no Python."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return Environment()
    names = Names(module)
    kept, line = {"version_table": "alembic_version"}, 1
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and last(node.func) == "configure":
            for one in node.keywords:
                if one.arg in _KEEPS and not (isinstance(one.value, ast.Constant) and one.value.value is None):
                    kept[one.arg], line = names.text(one.value) or ast.unparse(one.value), one.value.lineno
    place = ".".join(kept[name] for name in reversed(_KEEPS) if name in kept).removeprefix("public.")
    return Environment(place, line, _sent(module, names))


def _sent(module: ast.Module, names: Names) -> tuple[Operation, ...]:
    """The statements of the whole file, in whatever function they are."""
    found = Operations({}, names)
    found.visit(module)
    return tuple(found.found)
