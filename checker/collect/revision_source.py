"""The only place that reads an Alembic revision from its source, without running it."""

from __future__ import annotations

import ast
import hashlib
import io
import re
import tokenize
from collections.abc import Iterator

from checker.collect.revision_conditions import conditions
from checker.model.migrations import Body, BodyState, Operation, Revision, Unparsed
from checker.model.sql_text import Statement, actions, statements

_RAW = frozenset({"execute", "exec_driver_sql"})
_FORWARD = ("upgrade", "up", "forward", "forwards", "migrate", "apply")
_BACKWARD = re.compile(r"(?i)down|back|rollback|revert|undo")
_ASIDE = frozenset({"get_bind", "get_context", "f", "batch_alter_table", "inline_literal", "invoke"})


def revision(path: str, source: str) -> Revision | Unparsed | None:
    """A revision; None for a module that is none (it names no `revision`); Unparsed for what is not Python."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as wrong:
        return Unparsed(path, getattr(wrong, "lineno", None) or 1, f"cannot be read as Python: {wrong}"[:200])
    values = dict(_assigned(module))
    identifier = _literal(values.get("revision"))
    if not isinstance(identifier, str) or "down_revision" not in values:
        return None
    functions = {one.name: one for one in module.body if isinstance(one, ast.FunctionDef)}
    return Revision(
        id=identifier,
        path=path,
        parents=_ids(values.get("down_revision")),
        depends_on=_ids(values.get("depends_on")),
        up=_body(functions, "upgrade"),
        down=_body(functions, "downgrade"),
        line=values["revision"].lineno,
        notes=ast.get_docstring(module) or "",
        notes_line=1,
        comments="\n".join(_comments(source)),
        imports=tuple(_imports(module)),
        digest=digest(module),
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
    found: list[Operation] = []
    reader = _Operations(functions, found)
    for statement in forward.body if forward else module.body:
        if not (isinstance(statement, ast.FunctionDef) and _BACKWARD.search(statement.name)):
            reader.visit(statement)
    up, notes = Body(BodyState.WORKS, None, tuple(found)), ast.get_docstring(module) or ""
    return Revision(name, path, (), up, Body(BodyState.MISSING), notes=notes, comments="\n".join(_comments(source)))


def digest(module: ast.Module) -> str:
    """What stays the same when only comments, docstrings, spacing or annotations of the module change."""
    bare = ast.parse(ast.unparse(module))
    for node in ast.walk(bare):
        if isinstance(node, (ast.Module, ast.FunctionDef, ast.ClassDef)) and _is_text(
            node.body[0] if node.body else None
        ):
            node.body = node.body[1:] or [ast.Pass()]
    return hashlib.sha256(ast.dump(bare).encode()).hexdigest()


def _is_text(node: ast.AST | None) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _assigned(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in module.body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _literal(node: ast.expr | None) -> object:
    try:
        return None if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None


def _ids(node: ast.expr | None) -> tuple[str, ...]:
    value = _literal(node)
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


def _body(functions: dict[str, ast.FunctionDef], name: str) -> Body:
    function = functions.get(name)
    if function is None:
        return Body(BodyState.MISSING)
    lines = (function.lineno, function.end_lineno or function.lineno)
    real = [
        one
        for one in function.body
        if not _is_text(one) and not isinstance(one, (ast.Pass, ast.Import, ast.ImportFrom))
    ]
    real = [one for one in real if not (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))]
    returns = bool(real) and isinstance(real[0], ast.Return) and real[0].value is None
    if returns or _prints(real):
        return Body(BodyState.EMPTY, lines)
    if isinstance(real[0], ast.Raise):
        return Body(BodyState.RAISES, lines, says=_said(real[0]))
    found: list[Operation] = []
    _Operations(functions, found).visit_body(function, {name})
    return Body(BodyState.WORKS, lines, tuple(found))


def _prints(real: list[ast.stmt]) -> bool:
    """Whether there is nothing but prints and log lines."""
    return all(
        isinstance(one, ast.Expr)
        and isinstance(one.value, ast.Call)
        and ast.unparse(one.value.func).split(".")[-1] in ("print", "info", "warning", "warn", "debug")
        for one in real
    )


def _said(node: ast.Raise) -> str:
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return " ".join(texts)[:300]


class _Operations(ast.NodeVisitor):
    """Calls on `op` and on batches, in order, through functions of the same module."""

    def __init__(self, functions: dict[str, ast.FunctionDef], found: list[Operation]) -> None:
        self._functions = functions
        self._found = found
        self._batches: dict[str, str | None] = {}
        self._entered: set[str] = set()

    def visit_body(self, function: ast.FunctionDef, entered: set[str]) -> None:
        self._entered |= entered
        for statement in function.body:
            self.visit(statement)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            call = item.context_expr
            if (
                isinstance(call, ast.Call)
                and _last(call.func) == "batch_alter_table"
                and isinstance(item.optional_vars, ast.Name)
            ):
                self._batches[item.optional_vars.id] = _text(_argument(call, 0, "table_name"))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = _last(node.func)
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        holder = owner.id if isinstance(owner, ast.Name) else None
        if isinstance(node.func, ast.Name) and name in self._functions and name not in self._entered:
            self.visit_body(self._functions[name], {name})
        elif name in _RAW and owner is not None:
            self._sql(node)
            return
        elif holder == "op" and name not in _ASIDE:
            self._found.append(_operation(node, name, None, False))
        elif holder in self._batches and name not in _ASIDE:
            self._found.append(_operation(node, name, self._batches[holder], True))
        self.generic_visit(node)

    def _sql(self, node: ast.Call) -> None:
        given = _argument(node, 0, "sqltext")
        while isinstance(given, ast.Call) and given.args and _last(given.func) in ("text", "dedent", "DDL", "strip"):
            given = given.args[0]
        text = _text(given)
        if text is None and isinstance(given, ast.JoinedStr):
            text = "".join(
                one.value if isinstance(one, ast.Constant) and isinstance(one.value, str) else "x"
                for one in given.values
            )
            self._found += [
                from_statement(one, _lines(node), literal=False) for whole in statements(text) for one in actions(whole)
            ]
        elif text is None:
            words = ast.unparse(given)[:200] if given is not None else ""
            kind = next(
                (one for one in ("update", "delete", "insert") if f".{one}(" in words or words.startswith(f"{one}(")),
                "execute",
            )
            self._found.append(Operation(kind, _lines(node), words, literal=False))
        else:
            self._found += [
                from_statement(one, _lines(node), literal=True) for whole in statements(text) for one in actions(whole)
            ]


def from_statement(found: Statement, lines: tuple[int, int], *, literal: bool = True) -> Operation:
    """What a statement of SQL does, in the words of Alembic's operations."""
    rest = found.rest.lower()
    return Operation(
        name=found.kind,
        lines=lines,
        text=" ".join(found.text.split())[:300],
        table=found.table,
        column=found.column,
        nullable=("not null" not in rest and "primary key" not in rest) if found.kind == "add_column" else None,
        default="default" in rest or "generated" in rest or "serial" in rest,
        types=(None, found.rest or None) if found.kind == "retype_column" else (None, None),
        renamed=found.rest if found.kind.startswith("rename") else None,
        concurrently=found.concurrently,
        literal=literal,
    )


def _operation(node: ast.Call, name: str, batch: str | None, in_batch: bool) -> Operation:
    lines = _lines(node)
    text = ast.unparse(node)[:300]
    shift = 0 if in_batch else 1
    table = batch if in_batch else _text(_table(node, name))
    column, nullable, default, renamed = None, None, False, None
    types: tuple[str | None, str | None] = (None, None)
    if name == "add_column":
        column, nullable, default = _added(_argument(node, shift, "column"))
    elif name in ("drop_column", "alter_column"):
        column = _text(_argument(node, shift, "column_name"))
    if name == "alter_column":
        given = {one.arg: one.value for one in node.keywords}
        nullable = _bool(given.get("nullable"))
        default = "server_default" in given
        types = (_unparsed(given.get("existing_type")), _unparsed(given.get("type_")))
        renamed = _text(given.get("new_column_name") or given.get("name"))
    elif name == "rename_table":
        renamed = _text(_argument(node, 1, "new_table_name"))
    concurrently = any(one.arg == "postgresql_concurrently" and _bool(one.value) for one in node.keywords)
    columns = dict(_columns(node)) if name == "create_table" else {}
    return Operation(name, lines, text, table, column, nullable, default, types, renamed, concurrently, columns=columns)


def _columns(node: ast.Call) -> Iterator[tuple[str, tuple[int, int]]]:
    for one in node.args[1:]:
        if isinstance(one, ast.Call) and _last(one.func) == "Column" and one.args:
            name = _text(one.args[0])
            if name is not None:
                yield name, _lines(one)


def _table(node: ast.Call, name: str) -> ast.expr | None:
    """The argument that names the table; it is the second one where the first names the object."""
    if name in (
        "create_index",
        "drop_index",
        "create_unique_constraint",
        "create_check_constraint",
        "drop_constraint",
        "create_primary_key",
    ):
        return _argument(node, 1, "table_name")
    if name == "create_foreign_key":
        return _argument(node, 1, "source_table")
    return _argument(node, 0, "old_table_name" if name == "rename_table" else "table_name")


def _added(column: ast.expr | None) -> tuple[str | None, bool | None, bool]:
    if not isinstance(column, ast.Call):
        return None, None, False
    given = {one.arg: one.value for one in column.keywords}
    nullable = _bool(given.get("nullable"))
    primary = _bool(given.get("primary_key"))
    name = _text(column.args[0] if column.args else given.get("name"))
    computed = any(isinstance(one, ast.Call) and _last(one.func) in ("Computed", "Identity") for one in column.args)
    server = given.get("server_default")
    has_default = computed or (server is not None and not (isinstance(server, ast.Constant) and server.value is None))
    unknown = "nullable" in given and nullable is None
    return name, None if unknown else (not primary if nullable is None else nullable), has_default


def _argument(node: ast.Call, position: int, name: str) -> ast.expr | None:
    named = next((one.value for one in node.keywords if one.arg == name), None)
    if named is not None:
        return named
    return node.args[position] if len(node.args) > position else None


def _text(node: ast.expr | None) -> str | None:
    value = _literal(node)
    return value if isinstance(value, str) else None


def _bool(node: ast.expr | None) -> bool | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None


def _unparsed(node: ast.expr | None) -> str | None:
    return None if node is None else ast.unparse(node)


def _last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _lines(node: ast.AST) -> tuple[int, int]:
    first = getattr(node, "lineno", 1)
    return first, getattr(node, "end_lineno", None) or first
