"""How many small breaks of the checks their fixtures notice: a seeded sample of mutants, each against its rules' cases.

usage: python -m tests.benchmarks.mutate [--mutants N] [--seed N] [--module NAME …] [--static] [--survivors FILE]
                                         [--jobs N] [--seconds N] [--kept FILE]

Draws from every module of `checker/checks`, by lots that hang on the seed and on the changed line alone, so that an edit elsewhere
draws no other sample. Prints the share that dies and every survivor (file, line, what was changed).
A mutant dies when a case of a rule that its module takes part in comes out differently, breaks, or takes too long. Facts
do not hang on checks, so each case is laid out and its facts are collected once; a mutant is then judged on them, in a
child of its own. `--static` leaves out cases that execute something, and mutants of modules that have no other case.
Mutants that cannot change a judgement are not drawn: `mutants._needless` argues which. `--survivors` compares with a file of
survivors that were argued one by one, and fails when there is another one. `--jobs` families are judged at once; after
`--seconds` no further mutant is begun, and what `--kept` holds of an earlier run of the same seed is not judged again, so
that a long run can be made in short ones; its last line speaks of all that were drawn once none is left.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import io
import json
import multiprocessing
import os
import queue
import shutil
import signal
import sys
import tempfile
import time
import types
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from checker import audit as auditing
from checker.checks import CHECKS
from checker.workplace import Request, Workplace
from tests import test_rules
from tests.benchmarks.mutants import PACKAGE, Mutant, file_of, mutants, mutated

SECONDS = 60  # for all cases of one mutant


def main() -> int:
    options = _options()
    cases = _cases_of_modules(static=options.static)
    everything = [mutant for module in sorted(cases) for mutant in mutants(module)]
    drawn = sorted(everything, key=lambda one: one.lot(options.seed))[: options.mutants]
    sample = [one for one in drawn if not options.module or any(one.is_in(name) for name in options.module)]
    print(
        f"{len(everything)} mutants of {len(cases)} modules; {len(sample)} drawn with seed {options.seed}", flush=True
    )
    results = _known(options.kept, sample)
    left = [one for one in sample if str(one) not in results]
    for mutant, dies in _judged(left, cases, options.jobs, time.monotonic() + options.seconds):
        results[str(mutant)] = dies
        if not dies:
            print(f"survives: {mutant}", flush=True)
        if options.kept:
            with options.kept.open("a", encoding="utf-8") as file:
                file.write(json.dumps([str(mutant), dies]) + "\n")
    return _told(sample, results, options)


def _known(kept: Path | None, sample: Sequence[Mutant]) -> dict[str, bool]:
    lines = kept.read_text("utf-8").splitlines() if kept and kept.exists() else []
    wanted = {str(one) for one in sample}
    return {name: dies for name, dies in map(json.loads, lines) if name in wanted}


def _judged(
    sample: Sequence[Mutant], cases: Mapping[str, list[Path]], jobs: int, until: float
) -> Iterator[tuple[Mutant, bool]]:
    """Each mutant and whether it dies: a family in one process, the largest first, so that its cases are laid out once."""
    families: dict[str, list[Mutant]] = defaultdict(list)
    for mutant in sorted(sample, key=lambda one: (one.module, one.line, one.position)):
        families[mutant.family].append(mutant)
    with multiprocessing.Manager() as manager, ProcessPoolExecutor(jobs, multiprocessing.get_context("fork")) as pool:
        told = manager.Queue()
        ordered = sorted(families.values(), key=len, reverse=True)
        waiting = {pool.submit(_judge_family, mine, cases, until, told) for mine in ordered}
        while waiting or not told.empty():
            done = {one for one in waiting if one.done()}
            for one in done:
                one.result()
            waiting -= done
            with contextlib.suppress(queue.Empty):
                yield told.get(timeout=0.5)


def _judge_family(mine: Sequence[Mutant], cases: Mapping[str, list[Path]], until: float, told: Any) -> None:
    with laying() as lay:
        for mutant in mine:
            if time.monotonic() < until:
                laid = [one for case in cases[mutant.module] if (one := lay(case))]
                told.put((mutant, _dies(mutant, laid)))


def _told(sample: Sequence[Mutant], results: Mapping[str, bool], options: argparse.Namespace) -> int:
    known = [one for one in sample if str(one) in results]
    survivors = [one for one in known if not results[str(one)]]
    for family in sorted({one.family for one in known}):
        mine = [one for one in known if one.family == family]
        print(f"{family:<12} {sum(results[str(one)] for one in mine):>4} of {len(mine):>4} die")
    died = len(known) - len(survivors)
    print(f"{died} of {len(known)} die: {100 * died / max(1, len(known)):.1f} %")
    if len(known) < len(sample):
        print(f"{len(sample) - len(known)} of {len(sample)} are still to be judged: run it again with the same --kept")
    return _unargued(survivors, options.survivors) if options.survivors else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--mutants", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--module", action="append", default=[])
    parser.add_argument("--static", action="store_true")
    parser.add_argument("--survivors", type=Path)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--kept", type=Path)
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
            for node in ast.walk(ast.parse(file_of(one).read_text("utf-8"))):
                if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{PACKAGE}."):
                    inner = (node.module or "").removeprefix(f"{PACKAGE}.")
                    waiting += [name for name in (inner, *(f"{inner}.{a.name}" for a in node.names)) if _is_file(name)]
    return found


def _is_file(module: str) -> bool:
    return file_of(module).is_file()


def _executes(case: Path) -> bool:
    profile = test_rules.expectation(case).get("profile", "static")
    return profile != "static" and not (case / "rehearsal.json").is_file()


@dataclass(frozen=True)
class Laid:
    """A case on disk, what was asked of it, and what is expected."""

    case: Path
    expect: dict[str, Any]
    request: Request


@contextlib.contextmanager
def laying() -> Iterator[Callable[[Path], Laid | None]]:
    """What lays a case out and collects its facts, each case once; None for one that does not come out as expected."""
    scratch = Path(tempfile.mkdtemp(prefix="checker-mutant-"))
    opened: dict[Path, Workplace] = {}
    asked: list[Request] = []
    known: dict[Path, Laid | None] = {}
    truly = Workplace.open

    def once(request: Request, _: ExitStack) -> Workplace:
        if request.path not in opened:
            opened[request.path] = truly(request, stack)
        return opened[request.path]

    def noted(request: Request) -> auditing.Audit:
        asked.append(request)
        return auditing.audit(request)

    def lay(case: Path) -> Laid | None:
        if case not in known:
            known[case] = _laid(case, scratch / str(len(known)), asked)
        return known[case]

    with ExitStack() as stack:
        stack.callback(shutil.rmtree, scratch, ignore_errors=True)
        stack.enter_context(mock.patch.object(Workplace, "open", once))
        stack.enter_context(mock.patch.object(test_rules, "audit", noted))
        yield lay


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
    module.__file__ = str(file_of(mutant.module))
    sys.modules[name] = module
    exec(compile(mutated(mutant), module.__file__, "exec"), module.__dict__)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for one in laid:
            test_rules.holds(one.case, one.expect, auditing.audit(one.request).report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
