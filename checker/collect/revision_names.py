"""The only place that knows what the names in a revision's source stand for, as far as that can be told without running it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable, Iterator

UNKNOWN = object()
MOST_VALUES = 200  # of a loop that is walked through
MOST_STEPS = 12  # from a name to what it stands for
LONGEST = 1 << 18  # characters of a text that is put together
_WIDE = re.compile(r"[%{][^a-zA-Z%}]*(?:\d{4}|\*)|:[^}]*(?:\d{4}|\{)")  # a format that would fill the memory
_UNWRAPPED = frozenset({"text", "dedent", "DDL", "cleandoc", "quoted_name"})
_OF_TEXT = frozenset({"strip", "lstrip", "rstrip", "lower", "upper", "splitlines", "split", "format"})


class Names:
    """Values of names: constants of the module, what a function assigned so far, and what a loop gives one of its turns."""

    def __init__(self, module: ast.Module) -> None:
        self._told: dict[str, object] = {}
        self.ops = frozenset(_ops(module))
        self.foreign = frozenset(_foreign(module))  # functions of the project's own that are called by their bare name
        for name, value in assigned(module.body):
            self.bind(name, self.value(value))

    def bind(self, name: str, value: object) -> None:
        self._told[name] = value

    def text(self, node: ast.expr | None) -> str | None:
        """The text that an expression is; None where that is not known, or it is none."""
        found = self.value(node)
        return found if isinstance(found, str) else None

    def value(self, node: ast.expr | None, steps: int = 0) -> object:
        """What an expression is; UNKNOWN where only running it would tell."""
        if node is None or steps > MOST_STEPS:
            return UNKNOWN
        if isinstance(node, ast.Name):
            return self._told.get(node.id, UNKNOWN)
        if isinstance(node, ast.JoinedStr):
            return self._joined(node, steps)
        if isinstance(node, ast.BinOp):
            return self._sum(node, steps)
        if isinstance(node, ast.Call):
            return self._called(node, steps)
        if isinstance(node, (ast.Tuple, ast.List)):
            several = [self.value(one, steps + 1) for one in node.elts]
            return UNKNOWN if UNKNOWN in several else tuple(several)
        return literal(node, UNKNOWN)

    def _joined(self, node: ast.JoinedStr, steps: int) -> object:
        parts = [
            self.value(one.value if isinstance(one, ast.FormattedValue) else one, steps + 1) for one in node.values
        ]
        return UNKNOWN if UNKNOWN in parts else _bounded("".join(map(str, parts)))

    def _sum(self, node: ast.BinOp, steps: int) -> object:
        one, other = self.value(node.left, steps + 1), self.value(node.right, steps + 1)
        if isinstance(node.op, ast.Add) and isinstance(one, str) and isinstance(other, str):
            return _bounded(one + other)
        if isinstance(node.op, ast.Mod) and isinstance(one, str) and other is not UNKNOWN and not _WIDE.search(one):
            return _formatted(lambda: one % other)
        return UNKNOWN

    def _called(self, node: ast.Call, steps: int) -> object:
        name = last(node.func)
        if name in _UNWRAPPED and node.args:
            return self.value(node.args[0], steps + 1)
        of = self.value(node.func.value, steps + 1) if isinstance(node.func, ast.Attribute) else UNKNOWN
        words = [self.value(one, steps + 1) for one in node.args]
        named = {one.arg: self.value(one.value, steps + 1) for one in node.keywords if one.arg}
        known = UNKNOWN not in words and UNKNOWN not in named.values() and len(named) == len(node.keywords)
        if isinstance(of, str) and name in _OF_TEXT and known and not (name == "format" and _WIDE.search(of)):
            found = _formatted(lambda: getattr(of, name)(*words, **named))
            return tuple(found) if isinstance(found, list) else found
        return UNKNOWN

    def turns(self, target: ast.expr, over: ast.expr) -> list[dict[str, object]] | None:
        """What a loop's names are, turn by turn; None where that is not known."""
        values = self.value(over)
        if isinstance(values, dict):
            values = tuple(values)
        if not isinstance(values, (tuple, list, set, frozenset)) or len(values) > MOST_VALUES:
            return None
        found = []
        for one in values:
            names = [target] if isinstance(target, ast.Name) else list(getattr(target, "elts", ()))
            parts = (one,) if isinstance(target, ast.Name) else one
            if not isinstance(parts, (tuple, list)) or len(parts) != len(names):
                return None
            found.append({name.id: part for name, part in zip(names, parts, strict=True) if isinstance(name, ast.Name)})
        return found


def assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    """Names with what is assigned to them; `a, b = 1, 2` is two."""
    for node in body:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    yield target.id, node.value
                elif isinstance(target, (ast.Tuple, ast.List)) and isinstance(node.value, (ast.Tuple, ast.List)):
                    pairs = zip(target.elts, node.value.elts, strict=False)
                    yield from ((one.id, value) for one, value in pairs if isinstance(one, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def literal(node: ast.expr | None, otherwise: object = None) -> object:
    try:
        return otherwise if node is None else ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return otherwise


def last(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _bounded(text: str) -> object:
    return text if len(text) <= LONGEST else UNKNOWN


def _formatted(make: Callable[[], object]) -> object:
    try:
        found = make()
        return _bounded(found) if isinstance(found, str) else found
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, MemoryError):
        return UNKNOWN


def _foreign(module: ast.Module) -> Iterator[str]:
    """Functions that come from other modules of the project, whatever they do; classes are told by their capital."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom):
            top = (node.module or "").partition(".")[0]
            own = node.level > 0 or (top not in sys.stdlib_module_names and top not in ("alembic", "sqlalchemy"))
            yield from (one.asname or one.name for one in node.names if own and one.name.islower())


def _ops(module: ast.Module) -> Iterator[str]:
    """How the module calls Alembic's operations."""
    yield from ("op", "alembic.op")
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module == "alembic":
            yield from (one.asname for one in node.names if one.name == "op" and one.asname)
        elif isinstance(node, ast.Import):
            for one in node.names:
                if one.name == "alembic.op" and one.asname:
                    yield one.asname
                elif one.name == "alembic" and one.asname:
                    yield f"{one.asname}.op"
