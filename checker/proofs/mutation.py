"""The only place that changes what changed source computes, to see whether any test notices."""

from __future__ import annotations

import ast
import copy
import difflib
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from checker.model.proof import Signal
from checker.proofs.outcome import Outcome

MOST = 48  # mutants of one proof
OF_ONE = 3  # mutants of one place
ENOUGH = 2  # with so many that compute otherwise, it is not asked whether an answer is looked at at all: most tests do
_SWAPS: Mapping[type[ast.AST], type[ast.AST]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.And: ast.Or, ast.Or: ast.And,
}  # fmt: skip
_QUIET = frozenset(("debug", "info", "warning", "error", "exception", "log", "warn", "print", "__repr__", "__str__"))
_Named = tuple[str, str, tuple[int, int]]  # file, function, place
Run = Callable[[Sequence[str]], Outcome]  # of the test files that are named; all of them where none is


@dataclass(frozen=True)
class Mutant:
    """One function's file with one thing in it computed otherwise.

    `place` is the statement, or the arm of a conditional expression: what runs or does not run as a whole. `telling`: a
    test that reaches the place and looks at what comes of it notices this one for certain; made where there are few others, and
    telling in a function that the base has: of one that is new, and so small, it may be meant to be tested later.
    """

    path: str
    function: str
    place: tuple[int, int]
    said: str
    source: str
    telling: bool = False
    known: bool = False  # in a function that the base has


@dataclass(frozen=True)
class Probed:
    """How many mutants ran, how many a test noticed, and what the survivors say."""

    made: int = 0
    killed: int = 0
    signals: tuple[Signal, ...] = ()


def probe(
    found: Iterator[Mutant],
    tree: Path,
    run: Run,
    files: Callable[[str], Sequence[str]],
    seconds: float,
) -> Probed:
    """Try mutants of the changed lines until `seconds` are over; a place whose mutants all survive is not tested.

    Told by place and not by function, because a function may have a way for its tests and another for everybody else.

    `tree` holds the head's source, `files` names the test files for a path of it.
    """
    until = time.monotonic() + seconds
    told: dict[tuple[str, str, tuple[int, int]], list[tuple[bool, bool]]] = {}
    every = list(_spread(found))
    for mutant in every:
        if sum(map(len, told.values())) == MOST:
            break
        name = (mutant.path, mutant.function, mutant.place)
        if any(noticed for noticed, _ in told.get(name, ())):
            continue  # a test has noticed this place already
        if time.monotonic() > until:
            break
        place = tree / mutant.path
        original = place.read_bytes()
        try:
            place.write_text(mutant.source, "utf-8")
            done = run(files(mutant.path))
        finally:
            place.write_bytes(original)
        noticed = bool(done.failed) or not done.passed or any(one.kind == "timed-out" for one in done.signals)
        told.setdefault(name, []).append((noticed, mutant.telling))
    probed = summed(told)
    return replace(probed, signals=(*probed.signals, *_untried(every, told.keys())))


def _untried(every: Sequence[Mutant], tried: Collection[_Named]) -> Iterator[Signal]:
    """Places that nothing was tried of before the budget was over: nobody knows whether a test looks at them."""
    places = dict.fromkeys((one.path, one.function, one.place) for one in every)
    left = [one for one in places if one not in tried]
    if left:
        path, function, (line, _) = left[0]
        about = (
            f"{len(left)} of {len(places)} changed places were not tried, {path}::{function} (line {line}) the first"
        )
        yield Signal(kind="mutants-untried", about=f"{about}; prove a smaller change, or let a person look at them")


def summed(told: Mapping[tuple[str, str, tuple[int, int]], Sequence[tuple[bool, bool]]]) -> Probed:
    """Counts, and a signal for each function with places where whatever is computed, every test passes."""
    every = [noticed for each in told.values() for noticed, _ in each]
    alive: dict[str, list[tuple[int, int]]] = {}
    for (path, function, place), one in sorted(told.items()):
        if not any(noticed for noticed, _ in one) and (len(one) > 1 or any(telling for _, telling in one)):
            alive.setdefault(f"{path}::{function}", []).append((place[0], len(one)))
    survivors = (
        Signal(
            kind="mutants-survive",
            about=f"{name}: {sum(made for _, made in one)} changes of what it computes "
            f"(line {', '.join(map(str, sorted({line for line, _ in one})))}), and every test passes",
        )
        for name, one in alive.items()
    )
    return Probed(len(every), sum(every), tuple(survivors))


def mutants(base: Mapping[str, bytes], head: Mapping[str, bytes]) -> Iterator[Mutant]:
    """All of them, function by function; of what stands elsewhere in the base already, none."""
    known = set(base.values())
    for path, source in head.items():
        if source == base.get(path) or source in known:
            continue
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        lines, old = changed_lines(base.get(path, b""), source), _functions(base.get(path, b""))
        for function in ast.walk(tree):
            if isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)) and function.name not in _QUIET:
                for one in _of_function(path, tree, function, lines):
                    had = function.name in old
                    yield replace(one, telling=one.telling and had, known=had)
        outside = [replace(one, telling=False) for one in _of_function(path, tree, tree, lines)]
        several = Counter(one.place for one in outside)
        yield from (one for one in outside if several[one.place] > 1)  # of one alone nothing would be said


def _functions(source: bytes) -> frozenset[str]:
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return frozenset()
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)))


def changed_lines(before: bytes, after: bytes) -> set[int]:
    """Line numbers of `after`, from 1, that `before` does not have."""
    old, new = before.splitlines(), after.splitlines()
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return {
        number + 1 for kind, _, _, low, high in blocks if kind in ("replace", "insert") for number in range(low, high)
    }


def _of_function(
    path: str, tree: ast.Module, function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Module, lines: set[int]
) -> Iterator[Mutant]:
    name = "<module>" if isinstance(function, ast.Module) else function.name
    made: dict[tuple[int, int], int] = {}
    for node, place, change, said in _changes(function):
        line = getattr(node, "lineno", 0)
        telling = said == _ANSWER
        if line not in lines or made.get(place, 0) >= (ENOUGH if telling else OF_ONE):
            continue
        made[place] = made.get(place, 0) + 1
        undo = change()
        text = ast.unparse(tree)
        undo()
        yield Mutant(path, name, place, f"line {line}: {said}", text, telling)


_ANSWER = "the answer became None"
Place = tuple[int, int]  # line and column of a statement, or of an arm of a conditional expression


def _changes(function: ast.AST) -> Iterator[tuple[ast.AST, Place, Callable[[], Callable[[], None]], str]]:
    """Every change of what a function computes; of a statement that answers, last, that it answers nothing."""
    answers: list[tuple[ast.AST, Place, Callable[[], Callable[[], None]], str]] = []
    rows = set(_rows(function)) if isinstance(function, ast.Module) else set()
    for node, place in _computed(function, (getattr(function, "lineno", 0), 0)):
        if isinstance(node, ast.Return) and node.value is not None and not _is_nothing(node.value):
            answers.append((node, place, _setting(node, "value", ast.Constant(None)), _ANSWER))
        elif isinstance(node, ast.Lambda):
            here = (node.body.lineno, node.body.col_offset)
            answers.append((node.body, here, _setting(node, "body", ast.Constant(None)), _ANSWER))
        elif isinstance(node, ast.IfExp):
            for name, arm in (("body", node.body), ("orelse", node.orelse)):
                if not isinstance(arm, ast.Constant):
                    here = (arm.lineno, arm.col_offset)
                    answers.append((arm, here, _setting(node, name, ast.Constant(None)), _ANSWER))
        elif isinstance(node, (ast.BinOp, ast.BoolOp)) and type(node.op) in _SWAPS and not _of_text(node):
            yield node, place, _setting(node, "op", _SWAPS[type(node.op)]()), type(node.op).__name__
        elif isinstance(node, ast.Compare) and type(node.ops[0]) in _SWAPS:
            yield (
                node,
                place,
                _setting(node, "ops", [_SWAPS[type(node.ops[0])](), *node.ops[1:]]),
                type(node.ops[0]).__name__,
            )
        elif isinstance(node, ast.Call) and _name(node) in ("Decimal", "Fraction") and (text := _number(node)):
            yield text, place, _setting(text, "value", f"1{text.value!s}"), f"{text.value!r} became '1{text.value!s}'"
        elif isinstance(node, ast.Constant) and isinstance(node.value, (bool, int, float)):
            for other in _others(node.value)[: 2 if node in rows else 1]:
                here = (node.lineno, node.col_offset) if node in rows else place
                yield node, here, _setting(node, "value", other), f"{node.value!r} became {other!r}"
    yield from answers


def _others(value: bool | int | float) -> list[bool | int | float]:
    if isinstance(value, bool):
        return [not value]
    return [value + 1, value - 1] if isinstance(value, int) else [value * 2 or 1.0, value / 2 - 1.0]


def _number(call: ast.Call) -> ast.Constant | None:
    """The text of a number that is written down: `Decimal("0.19")`."""
    first = call.args[0] if call.args else None
    written = isinstance(first, ast.Constant) and isinstance(first.value, str) and first.value[:1].isdigit()
    return first if isinstance(first, ast.Constant) and written else None


def _rows(module: ast.Module) -> Iterator[ast.expr]:
    """The numbers of a table at the top of a module: each is looked up, or not, by itself."""
    for node in module.body:
        value = node.value if isinstance(node, (ast.Assign, ast.AnnAssign)) else None
        for one in ast.walk(value) if value is not None else ():
            if isinstance(one, (ast.Dict, ast.List, ast.Tuple, ast.Set)):
                values = one.values if isinstance(one, ast.Dict) else one.elts
                numbers = [
                    each for each in values if isinstance(each, ast.Constant) and type(each.value) in (int, float)
                ]
                yield from numbers if len(numbers) > 1 else ()


def _is_nothing(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is None


def _computed(node: ast.AST, place: Place) -> Iterator[tuple[ast.AST, Place]]:
    """What is computed in a body: no annotations, decorators, messages of errors or log lines, and no function inside it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.arguments, ast.Raise, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            continue
        if isinstance(child, ast.Expr) and isinstance(child.value, ast.Call) and _name(child.value) in _QUIET:
            continue
        if isinstance(child, ast.If) and "__name__" in ast.unparse(child.test):
            continue  # what runs where the file is the program, which tests of a module are not
        if (
            child in getattr(node, "decorator_list", ())
            or child is getattr(node, "returns", None)
            or child is getattr(node, "annotation", None)
        ):
            continue
        arm = (isinstance(node, ast.IfExp) and child is not node.test) or isinstance(node, ast.Lambda)
        whole = isinstance(child, ast.stmt) or (arm and isinstance(child, ast.expr))
        here = (child.lineno, child.col_offset) if whole and isinstance(child, (ast.stmt, ast.expr)) else place
        yield child, here
        yield from _computed(child, here)


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _of_text(node: ast.AST) -> bool:
    """Text that is put together or formatted: another operator would only break it. A number in quotes is a number."""
    return any(
        isinstance(one, ast.JoinedStr)
        or (isinstance(one, ast.Constant) and isinstance(one.value, (str, bytes)) and not one.value[:1].isdigit())
        for one in ast.walk(node)
    )


def _setting(node: ast.AST, name: str, value: object) -> Callable[[], Callable[[], None]]:
    before = copy.copy(getattr(node, name))

    def change() -> Callable[[], None]:
        setattr(node, name, value)
        return lambda: setattr(node, name, before)

    return change


def _spread(found: Iterator[Mutant]) -> Iterator[Mutant]:
    """One of each place first, and of functions that the base has before new ones, so that a flood of new ones hides nothing."""
    rounds: list[list[Mutant]] = []
    seen: dict[tuple[str, str, Place], int] = {}
    for one in found:
        key = (one.path, one.function, one.place)
        turn = seen[key] = seen.get(key, -1) + 1
        rounds += [[]] * (turn == len(rounds))
        rounds[turn] = [*rounds[turn], one]
    yield from (one for each in rounds for one in sorted(each, key=lambda one: not one.known))
