"""The only place that reads an Alembic revision from its source, without running it."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Iterator

from checker.collect.revision_conditions import conditions
from checker.collect.revision_names import Names, assigned, last, literal
from checker.collect.revision_operations import Operations
from checker.model.migrations import Body, BodyState, Operation, Revision, Unparsed

_WAYS = frozenset({"upgrade", "downgrade"})
_FORWARD = ("upgrade", "up", "forward", "forwards", "migrate", "apply")
_BACKWARD = re.compile(r"(?i)down|back|rollback|revert|undo")
Functions = dict[str, list[ast.FunctionDef]]


def revision(path: str, source: str) -> Revision | Unparsed | None:
    """A revision; None for a module that is none; Unparsed for what is not Python, or names itself so that it must be run."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as wrong:
        return Unparsed(path, getattr(wrong, "lineno", None) or 1, f"cannot be read as Python: {wrong}"[:200])
    values = dict(assigned(module.body))
    functions = _functions(module)
    identifier = Names(module).text(values.get("revision"))
    if identifier is None or "down_revision" not in values:
        if {"revision", "down_revision"} <= values.keys() or functions.keys() >= _WAYS:
            return Unparsed(
                path, 1, "its revision and down_revision are not plain texts, so only running it would tell"
            )
        return None
    return Revision(
        id=identifier,
        path=path,
        parents=_ids(values.get("down_revision")),
        depends_on=_ids(values.get("depends_on")),
        labels=_ids(values.get("branch_labels")),
        up=_body(module, functions, "upgrade"),
        down=_body(module, functions, "downgrade"),
        line=values["revision"].lineno,
        notes=ast.get_docstring(module) or "",
        notes_line=1,
        comments="\n".join(_comments(source)),
        imports=tuple(_imports(module)),
        digest=digest(module),
        files=tuple(_files(module)),
        conditions=conditions(module),
    )


def unbound(path: str, source: str, name: str) -> Revision | None:
    """A module that is no revision of a history: what its forward function does, or the module itself; None for no Python."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None
    functions = {one.name: one for one in ast.walk(module) if isinstance(one, ast.FunctionDef)}
    forward = next((functions[one] for one in _FORWARD if one in functions), None)
    reader = Operations(functions, Names(module))
    for statement in forward.body if forward else module.body:
        if not (isinstance(statement, ast.FunctionDef) and _BACKWARD.search(statement.name)):
            reader.visit(statement)
    up, notes = Body(BodyState.WORKS, None, tuple(reader.found)), ast.get_docstring(module) or ""
    return Revision(name, path, (), up, Body(BodyState.MISSING), notes=notes, comments="\n".join(_comments(source)))


def digest(module: ast.Module) -> str:
    """What stays the same when only comments, docstrings, spacing or annotations of the module change."""
    bare = ast.parse(ast.unparse(module))
    used = any(isinstance(node, ast.Attribute) and node.attr == "__doc__" for node in ast.walk(bare))
    for node in ast.walk(bare) if not used else ():
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and _is_text(
            node.body[0] if node.body else None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(bare).encode()).hexdigest()


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _functions(module: ast.Module) -> Functions:
    """The module's own functions by name; several of one name where a condition of the module chooses among them."""
    found: Functions = {}
    waiting: list[ast.stmt] = list(module.body)
    while waiting:
        node = waiting.pop(0)
        if isinstance(node, ast.FunctionDef):
            found.setdefault(node.name, []).append(node)
        elif isinstance(node, (ast.If, ast.Try, ast.With)):
            parts = (node.body, *(getattr(node, name, []) for name in ("orelse", "finalbody")))
            waiting += [one for part in parts for one in part]
            waiting += [one for handler in getattr(node, "handlers", []) for one in handler.body]
    return found


def _ids(node: ast.expr | None) -> tuple[str, ...]:
    value = literal(node)
    if isinstance(value, str):
        return (value,)
    return tuple(str(one) for one in value) if isinstance(value, (tuple, list, set)) else ()


def _comments(source: str) -> Iterator[str]:
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                yield token.string.lstrip("# ")
    except (tokenize.TokenError, SyntaxError):
        return


def _imports(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Modules that are imported anywhere in the file, with the line."""
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            for name in node.names:
                yield name.name, node.lineno
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for name in node.names:
                yield f"{node.module}.{name.name}", node.lineno


def _files(module: ast.Module) -> Iterator[str]:
    """Names of files that the module could read: texts that end like one, in the code and not in what explains it."""
    explains = {id(node.value) for node in ast.walk(module) if isinstance(node, ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in explains:
            name = node.value.rpartition("/")[2]
            if name.lower().endswith((".sql", ".json", ".csv", ".yaml", ".yml", ".txt")) and " " not in name:
                yield name


def _body(module: ast.Module, functions: Functions, name: str) -> Body:
    """One direction; where a condition of the module chooses among several, what any of them does."""
    several = functions.get(name, [])
    if not several:
        return _elsewhere(module, name)
    bodies = [_of(module, functions, one) for one in several]
    works = [one for one in bodies if one.state is BodyState.WORKS]
    if not works:
        return bodies[-1]
    return Body(BodyState.WORKS, works[0].lines, tuple(step for one in works for step in one.operations))


def _elsewhere(module: ast.Module, name: str) -> Body:
    """A direction that is imported, or assigned, does what only running it tells."""
    for node in module.body:
        names = {target for target, _ in assigned([node])}
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {one.asname or one.name for one in node.names}
        if name in names:
            lines = (node.lineno, node.end_lineno or node.lineno)
            return Body(BodyState.WORKS, lines, (Operation("execute", lines, ast.unparse(node)[:200], literal=False),))
    return Body(BodyState.MISSING)


def _of(module: ast.Module, functions: Functions, function: ast.FunctionDef) -> Body:
    lines = (function.lineno, function.end_lineno or function.lineno)
    real = [
        one
        for one in function.body
        if not _is_text(one) and not isinstance(one, (ast.Pass, ast.Import, ast.ImportFrom))
    ]
    real = [one for one in real if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    returns = bool(real) and isinstance(real[0], ast.Return) and _is_nothing(real[0].value)
    if returns or _prints(real):
        return Body(BodyState.EMPTY, lines)
    if isinstance(real[0], ast.Raise):
        return Body(BodyState.RAISES, lines, says=_said(real[0]))
    reading = Operations({name: found[-1] for name, found in functions.items()}, Names(module))
    reading.enter(function)
    return Body(BodyState.WORKS, lines, tuple(reading.found))


def _is_nothing(node: ast.expr | None) -> bool:
    return node is None or (isinstance(node, ast.Constant) and node.value is None)


def _prints(real: list[ast.stmt]) -> bool:
    """Whether there is nothing but prints and log lines."""
    return all(
        isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Call)
        and last(one.value.func) in ("print", "info", "warning", "warn", "debug")
        for one in real
    )


def _said(node: ast.Raise) -> str:
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return " ".join(texts)[:300]
