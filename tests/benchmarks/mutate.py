"""How many small breaks of the checks their fixtures notice: a seeded sample of mutants, each against its rules' cases.

usage: python -m tests.benchmarks.mutate [--mutants N] [--seed N] [--family NAME] [--executing]

Prints the share that dies and every survivor (file, line, what was changed). A mutant dies when a case of a rule that its
module decides comes out differently, breaks, or takes too long. Cases that execute something are left out unless
`--executing` is given; mutants of rules that have no other cases are not drawn then.
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
import tomllib
import types
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from checker.checks import CHECKS
from tests import test_rules

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGE = "checker.checks"
SECONDS = 60  # for all cases of one mutant
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


def main() -> int:
    options = _options()
    rules = _rules_of_modules(options)
    drawn = random.Random(options.seed)
    everything = [mutant for module in sorted(rules) for mutant in mutants(module)]
    sample = drawn.sample(everything, min(options.mutants, len(everything)))
    print(
        f"{len(everything)} mutants of {len(rules)} modules; {len(sample)} drawn with seed {options.seed}", flush=True
    )
    survivors, by_family, died = [], Counter[str](), Counter[str]()
    for mutant in sorted(sample, key=lambda one: (one.module, one.line, one.position)):
        family = mutant.module.split(".")[0]
        by_family[family] += 1
        if _dies(mutant, rules[mutant.module]):
            died[family] += 1
        else:
            survivors.append(mutant)
            print(
                f"survives: checker/checks/{mutant.module.replace('.', '/')}.py:{mutant.line} {mutant.change}",
                flush=True,
            )
    for family in sorted(by_family):
        print(f"{family:<12} {died[family]:>4} of {by_family[family]:>4} die")
    share = 100 * (len(sample) - len(survivors)) / len(sample)
    print(f"{len(sample) - len(survivors)} of {len(sample)} die: {share:.1f} %")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--family")
    parser.add_argument("--executing", action="store_true")
    return parser.parse_args()


def _rules_of_modules(options: argparse.Namespace) -> dict[str, list[Path]]:
    """The cases that look at each module of checks."""
    cases: dict[str, list[Path]] = {}
    for rule in CHECKS:
        module = CHECKS.place(rule).partition(":")[0]
        mine = [case for case in test_rules.CASES if case.parent.name == rule]
        if not options.executing:
            mine = [case for case in mine if not _executes(case)]
        if mine and (options.family is None or module.split(".")[0] == options.family):
            cases.setdefault(module, []).extend(mine)
    return cases


def _executes(case: Path) -> bool:
    profile = tomllib.loads((case / "expect.toml").read_text("utf-8")).get("profile", "static")
    return profile != "static" and not (case / "rehearsal.json").is_file()


def mutants(module: str) -> Iterator[Mutant]:
    """Every mutant of a module, in the order of its text."""
    tree = ast.parse(_file(module).read_text("utf-8"))
    for position, node in enumerate(ast.walk(tree)):
        for change in _changes(node):
            yield Mutant(module, position, getattr(node, "lineno", 0), change)


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


def _dies(mutant: Mutant, cases: list[Path]) -> bool:
    """Run the cases in a child that holds the changed module; whatever is not silent success is a death."""
    child = os.fork()
    if child == 0:
        code = 1
        with contextlib.suppress(BaseException):
            signal.alarm(SECONDS)
            code = _all_pass(mutant, cases)
        os._exit(code)
    return os.waitpid(child, 0)[1] != 0


def _all_pass(mutant: Mutant, cases: list[Path]) -> int:
    name = f"{PACKAGE}.{mutant.module}"
    module = types.ModuleType(name)
    module.__file__ = str(_file(mutant.module))
    sys.modules[name] = module
    exec(compile(mutated(mutant), module.__file__, "exec"), module.__dict__)
    scratch = Path(tempfile.mkdtemp(prefix="checker-mutant-"))
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            for number, case in enumerate(cases):
                (scratch / str(number)).mkdir()
                test_rules.test_fixture(case, scratch / str(number))
        return 0
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _file(module: str) -> Path:
    return ROOT / "checker" / "checks" / f"{module.replace('.', '/')}.py"


if __name__ == "__main__":
    raise SystemExit(main())
