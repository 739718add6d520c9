"""The only place that runs pytest for a proof: neutralised, with canaries planted, its JUnit file read."""

from __future__ import annotations

import ast
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from checker.model.proof import Counts, Signal
from checker.model.unavailable import Unavailable
from checker.probe.command import Completed
from checker.proofs import junit
from checker.proofs.gates import Gates
from checker.proofs.junit import Results, Unparsed
from checker.proofs.outcome import Outcome, digest, stopped, tail
from checker.proofs.runner_settings import Configured
from checker.proofs.scratch import Scratch
from checker.proofs.tests_there import Test, is_test_file, module

_INSIDE = Path(__file__).resolve().parent.parent / "probe" / "inside" / "run_pytest.py"
_MISSING = 90
_MOST_CANARIES = 4
_ENDS_EARLY = re.compile(
    r"^(?:-x|--exitfirst|--maxfail(?:=.*)?|--lf|--ff|--last-failed|--failed-first|--sw|--stepwise|--co|--collect-only)$"
)


@dataclass(frozen=True)
class Suite:
    """The tests of a tree: each test file's source, and what there is to run below the configured test paths."""

    files: Mapping[str, bytes]
    configured: Configured
    testpaths: tuple[str, ...]

    @property
    def tests(self) -> Mapping[str, Test]:
        found: dict[str, Test] = {}
        for path in self.paths:
            found.update(module(path, self.files[path]).tests)
        return found

    @property
    def paths(self) -> list[str]:
        return [path for path in sorted(self.files) if is_test_file(path) and self._asked(path)]

    def _asked(self, path: str) -> bool:
        return not self.testpaths or any(
            one in ("", ".") or path == one or path.startswith(one + "/") for one in self.testpaths
        )


@dataclass(frozen=True)
class Canary:
    """A planted file with one test that must fail and one that must pass."""

    path: str
    fails: str
    passes: str


def run(
    scratch: Scratch,
    suite: Suite,
    words: Sequence[str],
    gates: Gates,
    seconds: float,
    *,
    canaries: bool = True,
    extra: Sequence[str] = (),
) -> Outcome:
    """Run the suite in the scratch tree. `words` are the policy's own arguments after `pytest`.

    Unavailable where pytest is not installed in the project's interpreter.
    """
    planted = [_plant(scratch.tree, folder) for folder in _folders(suite, words)] if canaries else []
    report = scratch.results / "junit.xml"
    report.unlink(missing_ok=True)
    arguments = [
        *suite.configured.addopts(gates.pytest.addopts),
        *(word for word in words if not _ENDS_EARLY.match(word)),
        "-o", "addopts=", "-o", "junit_family=xunit1", "-o", "xfail_strict=false",
        "-p", "no:cacheprovider", "-p", "no:randomly", "--maxfail=0", "--continue-on-collection-errors",
        f"--rootdir={scratch.tree}", f"--junitxml={report}",
        *extra,
    ]  # fmt: skip
    request = scratch.results / "request.json"
    roots = [str(scratch.tree), str(scratch.tree / "src")] if (scratch.tree / "src").is_dir() else [str(scratch.tree)]
    request.write_text(json.dumps({"roots": roots, "plugins": gates.pytest.plugins, "arguments": arguments}), "utf-8")
    argv = [str(scratch.interpreter.path), "-I", str(_INSIDE), str(request)]
    done = scratch.run(argv, seconds, {"PYTHONPATH": ":".join(roots)})
    for canary in planted:
        (scratch.tree / canary.path).unlink(missing_ok=True)
    if done.code == _MISSING:
        raise Unavailable(
            f"pytest is not installed for {scratch.interpreter.path}; {scratch.interpreter.path} -m pip install pytest"
        )
    shown = scratch.shown([str(scratch.interpreter.path), "-I", "run_pytest.py", *arguments])
    return _read(done, shown, report, suite, planted, seconds, left_by(words, suite))


def left_by(words: Sequence[str], suite: Suite) -> frozenset[str]:
    """The tests that the policy's own `-m` leaves out, told by their marks; none where it cannot be told."""
    told = [words[at + 1] for at, word in enumerate(words[:-1]) if word == "-m"]
    told += [word.removeprefix("-m").removeprefix("=") for word in words if word.startswith("-m") and word != "-m"]
    if not told:
        return frozenset()
    return frozenset(name for name, test in suite.tests.items() if _holds(told[-1], test.marks) is False)


def _holds(expression: str, marks: frozenset[str]) -> bool | None:
    """Whether marks satisfy an expression of `and`, `or`, `not` and names; None for any other expression."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return _true(tree, marks)


def _true(node: ast.expr, marks: frozenset[str]) -> bool | None:
    if isinstance(node, ast.Name):
        return node.id in marks
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _true(node.operand, marks)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        told = [_true(one, marks) for one in node.values]
        decides = isinstance(node.op, ast.Or)
        return None if None in told else any(told) if decides else all(told)
    return None


def _read(
    done: Completed,
    argv: tuple[str, ...],
    report: Path,
    suite: Suite,
    planted: list[Canary],
    seconds: float,
    left: frozenset[str],
) -> Outcome:
    signals = list(stopped(done, seconds))
    try:
        found = junit.read(report)
    except Unparsed as wrong:
        found = Results({}, {})
        signals.append(Signal(kind="unparsed", about=f"{wrong}; pytest said: {tail(done)}"))
    ours = {name: outcome for name, outcome in found.tests.items() if any(_of(name, one) for one in planted)}
    real = {name: outcome for name, outcome in found.tests.items() if name not in ours}
    wrong_canaries = list(_canary_signals(planted, ours))
    signals += wrong_canaries
    signals += _code_signals(done, real, planted)
    signals += (one for one in _not_run(suite, real, found.modules) if one.about not in left)
    signals += [
        Signal(kind="skipped-at-run", about=name)
        for name, test in suite.tests.items()
        if not test.skips and (real.get(name) in ("skipped", "xfailed") or name.partition("::")[0] in found.modules)
    ]
    counted = Counts(
        collected=len(real),
        **{kind: sum(one == kind for one in real.values()) for kind in ("passed", "failed", "skipped", "xfailed")},
    )
    names = {
        kind: tuple(sorted(name for name, one in real.items() if one == kind))
        for kind in ("passed", "failed", "skipped", "xfailed")
    }
    signals += [Signal(kind="failed", about=name) for name in names["failed"]]
    if not names["passed"] and not names["failed"]:
        signals.append(Signal(kind="empty", about="no test passed; zero tests are no proof"))
    expected = 2 * len(planted) - sum(one.about.startswith("planted") for one in wrong_canaries)
    return Outcome(
        argv, done.code, digest(done), counted, names["passed"], names["failed"],
        tuple(sorted((*names["skipped"], *names["xfailed"]))), frozenset(real), tuple(signals),
        {"planted": 2 * len(planted), "asExpected": expected}, done.seconds, found.unloaded, found.unexpected,
    )  # fmt: skip


def _folders(suite: Suite, words: Sequence[str]) -> list[str]:
    """Folders of test files that the command looks into, the ones with the most tests first."""
    asked = [word.partition("::")[0].strip("/").removeprefix("./") for word in words if not word.startswith("-")]
    folders: dict[str, int] = {}
    for path in suite.paths:
        if asked and not any(one in ("", ".") or path.startswith(one + "/") for one in asked):
            continue
        folder = path.rpartition("/")[0]
        folders[folder] = folders.get(folder, 0) + 1
    return sorted(folders, key=lambda one: (-folders[one], one))[:_MOST_CANARIES]


def _plant(tree: Path, folder: str) -> Canary:
    word, wrong, right = (secrets.token_hex(4) for _ in range(3))
    low, high = secrets.randbelow(90) + 1, secrets.randbelow(900) + 100
    path = f"{folder}/test_{word}.py" if folder else f"test_{word}.py"
    lines = (
        f"def test_{wrong}():",
        f"    seen = {low}",
        f"    assert seen == {high}",
        "",
        "",
        f"def test_{right}():",
        "    assert sum([1, 1]) == 2",
        "",
    )
    (tree / path).write_text("\n".join(lines), "utf-8")
    return Canary(path, f"test_{wrong}", f"test_{right}")


def _of(name: str, canary: Canary) -> bool:
    return name.rpartition("::")[2] in (canary.fails, canary.passes) or name == canary.path


def _canary_signals(planted: Iterable[Canary], seen: Mapping[str, str]) -> Iterator[Signal]:
    by_name = {name.rpartition("::")[2]: outcome for name, outcome in seen.items()}
    for canary in planted:
        for name, wanted in ((canary.fails, "failed"), (canary.passes, "passed")):
            if by_name.get(name) != wanted:
                folder = canary.path.rpartition("/")[0] or "."
                told = by_name.get(name, "not run")
                yield Signal(kind="canary", about=f"planted test in {folder} that must have {wanted} was {told}")


def _code_signals(done: Completed, real: Mapping[str, str], planted: list[Canary]) -> Iterator[Signal]:
    """The exit code must agree with the results: 1 where a test failed, as a planted one does; 0 where none did."""
    wanted = 1 if planted or "failed" in real.values() else 0
    if done.code != wanted and not done.timed_out:
        kind = "canary" if planted and done.code == 0 else "exit-code"
        yield Signal(
            kind=kind, about=f"pytest ended with {done.code} where {wanted} follows from its results: {tail(done)}"
        )


def _not_run(suite: Suite, real: Mapping[str, str], modules: frozenset[str]) -> Iterator[Signal]:
    for name, test in suite.tests.items():
        if name not in real and name.partition("::")[0] not in modules and not test.skips:
            yield Signal(kind="not-executed", about=name)
    for path in suite.paths:
        if module(path, suite.files[path]).broken:
            yield Signal(kind="not-executed", about=f"{path}: no Python that can be parsed")
