"""How many small breaks of the checks their fixtures notice: a seeded sample of mutants, each against its rules' cases.

usage: python -m tests.benchmarks.mutate [--mutants N] [--seed N] [--module NAME …] [--static] [--survivors FILE]

Draws from every module of `checker/checks`. Prints the share that dies and every survivor (file, line, what was changed).
A mutant dies when a case of a rule that its module takes part in comes out differently, breaks, or takes too long. Facts
do not hang on checks, so each case is laid out and its facts are collected once; a mutant is then judged on them, in a
child of its own. `--static` leaves out cases that execute something, and mutants of modules that have no other case.
Mutants that cannot change a judgement are not drawn: `_needless` argues which. `--survivors` compares with a file of
survivors that were argued one by one, and fails when there is another one.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import copy
import io
import os
import random
import shutil
import signal
import sys
import tempfile
import types
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from checker import audit as auditing
from checker.checks import CHECKS
from checker.workplace import Request, Workplace
from tests import test_rules

ROOT = Path(__file__).resolve().parent.parent.parent
CHECKS_FOLDER = ROOT / "checker" / "checks"
PACKAGE = "checker.checks"
SECONDS = 60  # for all cases of one mutant
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

    def __str__(self) -> str:
        return f"checker/checks/{self.module.replace('.', '/')}.py:{self.line} {self.text}: {self.change}"


def main() -> int:
    options = _options()
    cases = _cases_of_modules(static=options.static)
    everything = [mutant for module in sorted(cases) for mutant in mutants(module)]
    drawn = random.Random(options.seed).sample(everything, min(options.mutants, len(everything)))
    sample = [one for one in drawn if not options.module or any(one.is_in(name) for name in options.module)]
    print(
        f"{len(everything)} mutants of {len(cases)} modules; {len(sample)} drawn with seed {options.seed}", flush=True
    )
    survivors: list[Mutant] = []
    by_family, died = Counter[str](), Counter[str]()
    of_module: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(sample, key=lambda one: (one.module, one.line, one.position)):
        of_module[mutant.module].append(mutant)
    for module, mine in of_module.items():
        with laid_out(cases[module]) as laid:
            for mutant in mine:
                by_family[mutant.family] += 1
                died[mutant.family] += _dies(mutant, laid)
                if sum(died.values()) + len(survivors) < sum(by_family.values()):
                    survivors.append(mutant)
                    print(f"survives: {mutant}", flush=True)
    for family in sorted(by_family):
        print(f"{family:<12} {died[family]:>4} of {by_family[family]:>4} die")
    share = 100 * (len(sample) - len(survivors)) / max(1, len(sample))
    print(f"{len(sample) - len(survivors)} of {len(sample)} die: {share:.1f} %")
    return _unargued(survivors, options.survivors) if options.survivors else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", default=[])
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--survivors", type=Path)
    return parser.parse_args()


def _unargued(survivors: list[Mutant], file: Path) -> int:
    """How many survivors have no line `path:what was changed | why it may live` (the line's text, not its number)."""
    argued = {line.partition(" | ")[0] for line in file.read_text("utf-8").splitlines() if " | " in line}
    left = [one for one in survivors if one.named not in argued]
    for one in left:
        print(f"not argued: {one.named}")
    return min(len(left), 1)


def _cases_of_modules(*, static: bool) -> dict[str, list[Path]]:
    """The cases of the rules that each module takes part in: its own rules', and those whose modules import it."""
    cases: dict[str, list[Path]] = defaultdict(list)
    for rule in CHECKS:
        mine = [case for case in test_rules.CASES if case.parent.name == rule]
        if static:
            mine = [case for case in mine if not _executes(case)]
        for module in _taking_part(CHECKS.place(rule).partition(":")[0]) if mine else ():
            cases[module] += mine
    return dict(cases)


def _taking_part(module: str) -> set[str]:
    """A module and all modules of checks that it leans on."""
    found, waiting = set[str](), [module]
    while waiting:
        one = waiting.pop()
        if one not in found:
            found.add(one)
            for node in ast.walk(ast.parse(_file(one).read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
                    inner = (node.module or "").removeprefix(f"{PACKAGE}.")
                    waiting += [name for name in (inner, *(f"{inner}.{a.name}" for a in node.names)) if _is_file(name)]
    return found


def _is_file(module: str) -> bool:
    return _file(module).is_file()


def _executes(case: Path) -> bool:
    profile = test_rules.expectation(case).get("profile", "static")
    return profile != "static" and not (case / "rehearsal.json").is_file()


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its text."""
    text = _file(module).read_text("utf-8")
    tree, lines = ast.parse(text), text.splitlines()
    needless = {id(node) for parent in ast.walk(tree) for node in _needless(parent)}
    for position, node in enumerate(ast.walk(tree)):
        line = node.target.lineno if isinstance(node, ast.comprehension) else getattr(node, "lineno", 0)
        for change in () if id(node) in needless else _changes(node):
            yield Mutant(module, position, line, change, lines[line - 1].strip())


def _needless(parent: ast.AST) -> Iterator[ast.AST]:
    """What cannot change a judgement, because of where it stands.

    How long a quotation is cut (a slice from `QUOTED` on); that a dataclass is frozen, or that two lengths are asserted
    to be equal (`strict`), which only guards the code's own author; how a message and its evidence are put into words,
    which no case holds, so that they may be put better.
    """
    if isinstance(parent, ast.Slice) and isinstance(parent.upper, ast.Constant) and isinstance(parent.upper.value, int):
        yield from [parent.upper] if parent.upper.value >= QUOTED else []
    elif isinstance(parent, ast.keyword) and parent.arg in ("frozen", "slots", "strict"):
        yield parent.value
    elif isinstance(parent, ast.keyword) and parent.arg in ("message", "evidence"):
        yield from ast.walk(parent.value)


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
    tree = ast.parse(_file(mutant.module).read_text("utf-8"))
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


@dataclass(frozen=True)
class Laid:
    """A case on disk, what was asked of it, and what is expected."""

    case: Path
    expect: dict[str, Any]
    request: Request


@contextlib.contextmanager
def laid_out(cases: list[Path]) -> Iterator[list[Laid]]:
    """Lay cases out and collect their facts; a case that does not come out as expected by itself is left aside."""
    scratch = Path(tempfile.mkdtemp(prefix="checker-mutant-"))
    opened: dict[Path, Workplace] = {}
    asked: list[Request] = []
    truly = Workplace.open

    def once(request: Request, _: ExitStack) -> Workplace:
        if request.path not in opened:
            opened[request.path] = truly(request, stack)
        return opened[request.path]

    def noted(request: Request) -> auditing.Audit:
        asked.append(request)
        return auditing.audit(request)

    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        stack.enter_context(mock.patch.object(Workplace, "open", once))
        stack.enter_context(mock.patch.object(test_rules, "audit", noted))
        yield [one for number, case in enumerate(cases) if (one := _laid(case, scratch / str(number), asked))]


def _laid(case: Path, target: Path, asked: list[Request]) -> Laid | None:
    target.mkdir()
    try:
        test_rules.test_fixture(case, target)
    except AssertionError:
        print(f"left aside, it does not come out as expected here: {case.parent.name}/{case.name}", flush=True)
        return None
    return Laid(case, test_rules.expectation(case), asked[-1])


def _dies(mutant: Mutant, laid: list[Laid]) -> bool:
    """Judge the cases in a child that holds the changed module; whatever is not silent success is a death."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            signal.alarm(SECONDS)
            code = _all_pass(mutant, laid)
        os._exit(code)
    return os.waitpid(child, 0)[1] != 0


def _all_pass(mutant: Mutant, laid: list[Laid]) -> int:
    for name in [name for name in sys.modules if name.startswith(f"{PACKAGE}.")]:
        del sys.modules[name]  # who imports the changed module is to have the changed one
    CHECKS._loaded.clear()
    name = f"{PACKAGE}.{mutant.module}"
    module = types.ModuleType(name)
    module.__file__ = str(_file(mutant.module))
    sys.modules[name] = module
    exec(compile(mutated(mutant), module.__file__, "exec"), module.__dict__)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for one in laid:
            test_rules.holds(one.case, one.expect, auditing.audit(one.request).report)
    return 0


def _file(module: str) -> Path:
    return CHECKS_FOLDER / f"{module.replace('.', '/')}.py"


if __name__ == "__main__":
    raise SystemExit(main())
