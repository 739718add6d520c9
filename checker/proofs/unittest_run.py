"""The only place that runs unittest for a proof: canaries planted, every test's outcome written by our own result class."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from checker.model.proof import Counts, Signal
from checker.proofs.outcome import Outcome, digest, stopped, tail
from checker.proofs.pytest_run import Canary, Suite
from checker.proofs.scratch import Scratch
from checker.proofs.tests_there import Test

_INSIDE = Path(__file__).resolve().parent.parent / "probe" / "inside" / "run_unittest.py"
_ENDS_EARLY = ("-f", "--failfast", "-b", "--buffer", "-q", "--quiet", "-v", "--verbose", "-c", "--catch", "--locals")
_WORST_FIRST = ("failed", "xfailed", "skipped", "passed")
_MOST_CANARIES = 4


def tests(suite: Suite) -> Mapping[str, Test]:
    """Those that unittest knows: methods of classes."""
    return {name: one for name, one in suite.tests.items() if name.count("::") > 1}


def run(scratch: Scratch, suite: Suite, words: Sequence[str], seconds: float, *, canaries: bool = True) -> Outcome:
    """Run the suite in the scratch tree. `words` are the policy's own arguments after `unittest`; none means discovery."""
    planted = [_plant(scratch.tree, folder) for folder in _folders(suite)] if canaries else []
    report, request = scratch.results / "unittest.json", scratch.results / "request.json"
    report.unlink(missing_ok=True)
    kept, choosing = [], False
    for word in words:
        if not choosing and word != "-k" and word not in _ENDS_EARLY:
            kept.append(word)
        choosing = word == "-k"
    told = {"roots": [str(scratch.tree)], "arguments": kept, "report": str(report)}
    request.write_text(json.dumps(told), "utf-8")
    argv = [str(scratch.interpreter.path), "-I", str(_INSIDE), str(request)]
    done = scratch.run(argv, seconds, {"PYTHONPATH": str(scratch.tree)})
    for canary in planted:
        (scratch.tree / canary.path).unlink(missing_ok=True)
    signals = list(stopped(done, seconds))
    try:
        results = dict(_results(report, scratch.tree))
    except ValueError as wrong:
        results = {}
        signals.append(Signal(kind="unparsed", about=f"{wrong}; unittest said: {tail(done)}"))
    ours = {name: one for name, one in results.items() if any(name.startswith(canary.path) for canary in planted)}
    real = {name: one for name, one in results.items() if name not in ours}
    wrong_canaries = list(_canary_signals(planted, ours))
    signals += wrong_canaries
    if done.code != (1 if planted or "failed" in real.values() else 0) and not done.timed_out:
        signals.append(Signal(kind="exit-code", about=f"unittest ended with {done.code}: {tail(done)}"))
    for name, test in tests(suite).items():
        if name not in real and not test.skips:
            signals.append(Signal(kind="not-executed", about=name))
        elif real.get(name) in ("skipped", "xfailed") and not test.skips:
            signals.append(Signal(kind="skipped-at-run", about=name))
    named = {kind: tuple(sorted(name for name, one in real.items() if one == kind)) for kind in _WORST_FIRST}
    signals += [Signal(kind="failed", about=name) for name in named["failed"]]
    if not named["passed"] and not named["failed"]:
        signals.append(Signal(kind="empty", about="no test passed; zero tests are no proof"))
    return Outcome(
        scratch.shown([str(scratch.interpreter.path), "-m", "unittest", *kept]),
        done.code,
        digest(done),
        Counts(collected=len(real), **{kind: len(names) for kind, names in named.items()}),
        named["passed"],
        named["failed"],
        (*named["skipped"], *named["xfailed"]),
        frozenset(real),
        tuple(signals),
        {"planted": 2 * len(planted), "asExpected": 2 * len(planted) - len(wrong_canaries)},
        done.seconds,
    )


def _results(report: Path, tree: Path) -> Iterator[tuple[str, str]]:
    try:
        told = json.loads(report.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise ValueError("the run left no results") from None
    found: dict[str, str] = {}
    root = os.path.realpath(tree) + "/"
    for one in told if isinstance(told, list) else []:
        path, names, method, outcome = map(str, one)
        place = path.removeprefix(root).removesuffix("c") if path.endswith(".pyc") else path.removeprefix(root)
        name = "::".join(filter(None, (place, *names.split("."), method)))
        found[name] = min(found.get(name, outcome), outcome, key=_WORST_FIRST.index)
    yield from found.items()


def _folders(suite: Suite) -> list[str]:
    folders: dict[str, int] = {}
    for path in suite.paths:
        folders[path.rpartition("/")[0]] = folders.get(path.rpartition("/")[0], 0) + 1
    return sorted(folders, key=lambda one: (-folders[one], one))[:_MOST_CANARIES]


def _plant(tree: Path, folder: str) -> Canary:
    word, wrong, right = (secrets.token_hex(4) for _ in range(3))
    low, high = secrets.randbelow(90) + 1, secrets.randbelow(900) + 100
    path = f"{folder}/test_{word}.py" if folder else f"test_{word}.py"
    lines = (
        "import unittest", "", "",
        f"class C{word}(unittest.TestCase):",
        f"    def test_{wrong}(self):",
        f"        self.assertEqual({low}, {high})",
        "",
        f"    def test_{right}(self):",
        "        self.assertEqual(sum([1, 1]), 2)",
        "",
    )  # fmt: skip
    (tree / path).write_text("\n".join(lines), "utf-8")
    return Canary(path, f"test_{wrong}", f"test_{right}")


def _canary_signals(planted: Iterable[Canary], seen: Mapping[str, str]) -> Iterator[Signal]:
    by_name = {name.rpartition("::")[2]: outcome for name, outcome in seen.items()}
    for canary in planted:
        for name, wanted in ((canary.fails, "failed"), (canary.passes, "passed")):
            if by_name.get(name) != wanted:
                folder, told = canary.path.rpartition("/")[0] or ".", by_name.get(name, "not run")
                yield Signal(kind="canary", about=f"planted test in {folder} that must have {wanted} was {told}")
