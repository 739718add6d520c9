"""The only place that tells from a revision's source what each of its directions does, in the order in which it does it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence

from checker.collect.revision_names import UNKNOWN, Names, assigned, last
from checker.model.migrations import Operation, Span
from checker.model.sql_text import Statement, actions, statements

Functions = dict[str, ast.FunctionDef]
_RAW = frozenset({"execute", "exec_driver_sql"})
_ASIDE = frozenset({"get_bind", "get_context", "f", "batch_alter_table", "inline_literal"})
_CHOSEN = re.compile(r"\.(?:filter|filter_by|where)\(")
_WRITES = ("update", "delete", "insert")
MOST_TURNS = 2000  # of loops, and of functions that are entered


class Operations(ast.NodeVisitor):
    """Calls on `op` and on batches, in order, through functions of the same module and the turns of its loops."""

    def __init__(self, functions: Functions, names: Names) -> None:
        self.found: list[Operation] = []
        self._functions = functions
        self._names = names
        self._batches: dict[str, str | None] = {}
        self._tables: dict[str, str | None] = {}  # names of `sa.Table`
        self._entered: set[str] = set()
        self._left = MOST_TURNS

    def enter(self, function: ast.FunctionDef) -> None:
        if function.name in self._entered:
            return
        self._entered.add(function.name)
        for statement in function.body:
            self.visit(statement)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.generic_visit(node)
        for name, value in assigned([node]):
            self._names.bind(name, self._names.value(value))
            if isinstance(value, ast.Call) and last(value.func) == "Table":
                self._tables[name] = self._names.text(_argument(value, 0, "name"))

    def visit_For(self, node: ast.For) -> None:
        turns = self._names.turns(node.target, node.iter)
        if turns is None or len(turns) > self._left:
            self.generic_visit(node)
            return
        self._left -= len(turns)
        for turn in turns:
            for name, value in turn.items():
                self._names.bind(name, value)
            for statement in node.body:
                self.visit(statement)
        for statement in node.orelse:
            self.visit(statement)

    def visit_Expr(self, node: ast.Expr) -> None:
        call = node.value
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in self._names.foreign:
            self.found.append(Operation("execute", _lines(call), ast.unparse(call)[:200], literal=False))
        self.generic_visit(node)

    def visit_With(self, node: ast.With) -> None:
        for item in node.items:
            call = item.context_expr
            if (
                isinstance(call, ast.Call)
                and last(call.func) == "batch_alter_table"
                and isinstance(item.optional_vars, ast.Name)
            ):
                self._batches[item.optional_vars.id] = self._names.text(_argument(call, 0, "table_name"))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name, holder = self._callee(node.func)
        if not holder and name in self._functions:
            self._turn(node, self._functions[name])
        elif name in _RAW and holder:
            self._sql(node)
            return
        elif holder in self._names.ops and name == "invoke":
            self.found.append(Operation("execute", _lines(node), ast.unparse(node)[:200], literal=False))
        elif holder in self._names.ops and name not in _ASIDE:
            self.found.append(_Called(node, self._names).operation(name, None, in_batch=False))
        elif holder in self._batches and name not in _ASIDE:
            self.found.append(_Called(node, self._names).operation(name, self._batches[holder], in_batch=True))
        elif name == "delete" and ".query(" in holder and not _CHOSEN.search(holder):
            self.found.append(Operation("delete", _lines(node), ast.unparse(node)[:300], literal=False))
        elif name == "drop_all" or (name == "drop" and holder in self._tables):
            self.found.append(
                Operation("drop_table", _lines(node), ast.unparse(node)[:300], self._tables.get(holder), literal=False)
            )
        self.generic_visit(node)

    def _callee(self, function: ast.expr) -> tuple[str, str]:
        """The name that is called, and what it is taken from; `getattr(op, "drop_table")` is no other."""
        if isinstance(function, ast.Call) and last(function.func) == "getattr" and len(function.args) > 1:
            return self._names.text(function.args[1]) or "", ast.unparse(function.args[0])
        return last(function), ast.unparse(function.value) if isinstance(function, ast.Attribute) else ""

    def _turn(self, node: ast.Call, function: ast.FunctionDef) -> None:
        """Into a function of the module, with what it is given."""
        if function.name not in self._entered and self._left:
            self._left -= 1
            given = function.args.posonlyargs + function.args.args
            for parameter, value in zip(given, node.args, strict=False):
                self._names.bind(parameter.arg, self._names.value(value))
            for one in node.keywords:
                if one.arg:
                    self._names.bind(one.arg, self._names.value(one.value))
            self.enter(function)
            self._entered.discard(function.name)

    def _sql(self, node: ast.Call) -> None:
        given = _argument(node, 0, "sqltext")
        text = self._names.text(given)
        known = text is not None
        while isinstance(given, ast.Call) and given.args and last(given.func) in ("text", "dedent", "DDL", "strip"):
            given = given.args[0]
        if text is None and isinstance(given, ast.JoinedStr):
            text = "".join(self._part(one) for one in given.values)
        if text is not None:
            self.found += [
                from_statement(one, _lines(node), literal=known) for whole in statements(text) for one in actions(whole)
            ]
            return
        words = ast.unparse(given)[:200] if given is not None else ""
        kind = next((one for one in _WRITES if f".{one}(" in words or words.startswith(f"{one}(")), "execute")
        if kind == "delete" and ".where(" in words:
            kind = "delete_some"
        self.found.append(Operation(kind, _lines(node), words, literal=False))

    def _part(self, node: ast.expr) -> str:
        value = self._names.value(node.value if isinstance(node, ast.FormattedValue) else node)
        return "x" if value is UNKNOWN else str(value)


def from_statement(found: Statement, lines: Span, *, literal: bool = True) -> Operation:
    """What a statement of SQL does, in the words of Alembic's operations."""
    rest = re.sub(r"'(?:[^']|'')*'", "''", found.rest.lower())
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


class _Called:
    """One call of an operation, read by its arguments."""

    def __init__(self, node: ast.Call, names: Names) -> None:
        self._node = node
        self._text = names.text

    def operation(self, name: str, batch: str | None, *, in_batch: bool) -> Operation:
        node = self._node
        shift = 0 if in_batch else 1
        table = batch if in_batch else self._text(_table(node, name))
        column, nullable, default, renamed = None, None, False, None
        types: tuple[str | None, str | None] = (None, None)
        if name == "add_column":
            column, nullable, default = self._added(_argument(node, shift, "column"))
        elif name in ("drop_column", "alter_column"):
            column = self._text(_argument(node, shift, "column_name"))
        if name == "alter_column":
            given = {one.arg: one.value for one in node.keywords}
            nullable = _bool(given.get("nullable"))
            default = "server_default" in given
            types = (_unparsed(given.get("existing_type")), _unparsed(given.get("type_")))
            renamed = self._text(given.get("new_column_name") or given.get("name"))
        elif name == "rename_table":
            renamed = self._text(_argument(node, 1, "new_table_name"))
        concurrently = any(one.arg == "postgresql_concurrently" and _bool(one.value) for one in node.keywords)
        columns = dict(self._columns(node.args[1:])) if name == "create_table" else {}
        text = ast.unparse(node)[:300]
        return Operation(
            name, _lines(node), text, table, column, nullable, default, types, renamed, concurrently, columns=columns
        )

    def _columns(self, given: Sequence[ast.expr]) -> Iterator[tuple[str, Span]]:
        for one in given:
            if isinstance(one, ast.Call) and last(one.func) == "Column" and one.args:
                name = self._text(one.args[0])
                if name is not None:
                    yield name, _lines(one)

    def _added(self, column: ast.expr | None) -> tuple[str | None, bool | None, bool]:
        if not isinstance(column, ast.Call):
            return None, None, False
        given = {one.arg: one.value for one in column.keywords}
        nullable = _bool(given.get("nullable"))
        primary = _bool(given.get("primary_key"))
        name = self._text(column.args[0] if column.args else given.get("name"))
        computed = any(isinstance(one, ast.Call) and last(one.func) in ("Computed", "Identity") for one in column.args)
        server = given.get("server_default")
        has_default = computed or (
            server is not None and not (isinstance(server, ast.Constant) and server.value is None)
        )
        unknown = "nullable" in given and nullable is None
        return name, None if unknown else (not primary if nullable is None else nullable), has_default


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


def _argument(node: ast.Call, position: int, name: str) -> ast.expr | None:
    named = next((one.value for one in node.keywords if one.arg == name), None)
    if named is not None:
        return named
    return node.args[position] if len(node.args) > position else None


def _bool(node: ast.expr | None) -> bool | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, bool) else None


def _unparsed(node: ast.expr | None) -> str | None:
    return None if node is None else ast.unparse(node)


def _lines(node: ast.AST) -> Span:
    first = getattr(node, "lineno", 1)
    return first, getattr(node, "end_lineno", None) or first
