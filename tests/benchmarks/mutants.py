"""The only place that breaks a check in small ways: every mutant of a module of `checker/checks`, and its changed tree."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKS_FOLDER = ROOT / "checker" / "checks"
PACKAGE = "checker.checks"
WORDS = ("message", "evidence")
WORDED = {"Observation": (3, 4), "bad": (1, 3)}  # the arguments that are a message and its evidence
QUOTED = 30  # characters: a slice from here on cuts what is quoted, and decides nothing
SWAPPED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
}


@dataclass(frozen=True)
class Mutant:
    """A place in a module's tree (its position in a walk), and what is done to it."""

    module: str
    position: int
    line: int
    change: str
    text: str

    @property
    def family(self) -> str:
        return self.module.split(".")[0]

    def is_in(self, name: str) -> bool:
        """Whether its module is the one of that name, or lies below it."""
        return f"{self.module}.".startswith(f"{name}.")

    @property
    def named(self) -> str:
        """The mutant without its line's number, which moves."""
        return f"{self.module}: {self.text}: {self.change}"

    def lot(self, seed: int) -> tuple[str, int]:
        """Its place in the order in which mutants are drawn."""
        return hashlib.sha256(f"{seed} {self.named}".encode()).hexdigest(), self.position

    def __str__(self) -> str:
        return f"checker/checks/{self.module.replace('.', '/')}.py:{self.line} {self.text}: {self.change}"


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its text."""
    text = file_of(module).read_text("utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    needless = {id(node) for parent in ast.walk(tree) for node in _needless(parent)}
    for position, node in enumerate(ast.walk(tree)):
        line = node.target.lineno if isinstance(node, ast.comprehension) else getattr(node, "lineno", 0)
        for change in () if id(node) in needless else _changes(node):
            yield Mutant(module, position, line, change, lines[line - 1].strip())


def _needless(parent: ast.AST) -> Iterator[ast.AST]:
    """What cannot change a judgement, because of where it stands.

    How long a quotation is cut (a slice from `QUOTED` on) and how many of several are named; that a dataclass is frozen, or
    that two lengths are asserted to be equal (`strict`), which only guards the code's own author; how a message and its
    evidence are put into words, which no case holds, so that they may be put better.
    """
    if isinstance(parent, ast.Slice) and isinstance(parent.upper, ast.Constant) and isinstance(parent.upper.value, int):
        yield from [parent.upper] if parent.upper.value >= QUOTED else []
    elif isinstance(parent, ast.keyword) and parent.arg in ("frozen", "slots", "strict"):
        yield parent.value
    elif isinstance(parent, ast.keyword) and parent.arg in WORDS:
        yield from ast.walk(parent.value)
    elif isinstance(parent, ast.Call) and isinstance(parent.func, ast.Name):
        worded = WORDED.get(parent.func.id, ())
        yield from (inner for at, value in enumerate(parent.args) if at in worded for inner in ast.walk(value))
    elif isinstance(parent, ast.Assign) and isinstance(parent.targets[0], ast.Name) and _is_words(parent.targets[0].id):
        yield from ast.walk(parent.value)
    elif isinstance(parent, ast.FunctionDef) and parent.name.lstrip("_") in WORDS:
        yield from ast.walk(parent)


def _is_words(name: str) -> bool:
    return name in WORDS or name.lstrip("_") == "MOST_NAMED"


def _changes(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in SWAPPED:
        yield f"{type(node.ops[0]).__name__} becomes {SWAPPED[type(node.ops[0])].__name__}"
    elif isinstance(node, ast.BoolOp):
        yield "and becomes or" if isinstance(node.op, ast.And) else "or becomes and"
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not is dropped"
    elif isinstance(node, ast.If | ast.IfExp):
        yield "its condition always holds"
        yield "its condition never holds"
    elif isinstance(node, ast.comprehension) and node.ifs:
        yield "the filter is dropped"
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} becomes {not node.value}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        yield f"{node.value} becomes {node.value + 1}"
    elif isinstance(node, ast.Continue):
        yield "continue becomes break"


def mutated(mutant: Mutant) -> ast.Module:
    """The module's tree with the change made."""
    tree = ast.parse(file_of(mutant.module).read_text("utf-8"))
    parents = {child: parent for parent in ast.walk(tree) for child in ast.iter_child_nodes(parent)}
    node = list(ast.walk(tree))[mutant.position]
    changed = _changed(copy.copy(node), mutant.change)
    for name, value in ast.iter_fields(parents[node]):
        if value is node:
            setattr(parents[node], name, changed)
        elif isinstance(value, list):
            value[:] = [changed if one is node else one for one in value]
    return ast.fix_missing_locations(tree)


def _changed(node: ast.AST, change: str) -> ast.AST:
    if isinstance(node, ast.Compare):
        node.ops = [SWAPPED[type(node.ops[0])]()]
    elif isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
    elif isinstance(node, ast.UnaryOp):
        return node.operand
    elif isinstance(node, ast.If | ast.IfExp):
        node.test = ast.Constant("always" in change)
    elif isinstance(node, ast.comprehension):
        node.ifs = []
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        return ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, int):
        return ast.Constant(node.value + 1)
    elif isinstance(node, ast.Continue):
        return ast.Break()
    return node


def file_of(module: str) -> Path:
    return CHECKS_FOLDER / f"{module.replace('.', '/')}.py"
