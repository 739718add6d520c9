"""The only place that runs node's own runner, vitest and jest for a proof: canaries planted, their own results read."""

from __future__ import annotations

import json
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from checker.model.proof import Counts, Signal
from checker.model.unavailable import Unavailable
from checker.probe.command import Completed
from checker.proofs import js_tests
from checker.proofs.js_tests import JsTest
from checker.proofs.outcome import Outcome, digest, stopped, tail
from checker.proofs.scratch import Scratch

Runner = Literal["node", "vitest", "jest"]
_REPORTER = Path(__file__).resolve().parent.parent / "probe" / "inside" / "node_reporter.mjs"
_ENTRY: Mapping[str, str] = {"vitest": "vitest/vitest.mjs", "jest": "jest/bin/jest.js"}
_LARGEST = 256 << 20  # bytes of a result file
_MOST_CANARIES = 4
_NARROWS = re.compile(
    r"^(?:-t|--testNamePattern|--test-name-pattern|--test-skip-pattern|--test-only|--passWithNoTests|--changed.*|-o|--onlyChanged"
    r"|--onlyFailures|-f|--lastCommit|--bail|-b|--watch.*|-w|--reporters?|--outputFile.*|--json|--silent|--test-reporter.*|--dir|--project"
    r"|--shard|--updateSnapshot|-u|--update|--cache.*|--listTests|list|watch|run|--run|--test|--allowOnly)(?:=.*)?$"
)
_TAKES_A_WORD = (
    "-t",
    "--testNamePattern",
    "--test-name-pattern",
    "--test-skip-pattern",
    "--shard",
    "--dir",
    "--project",
    "--outputFile",
)
_SUFFIX = re.compile(r"(?:[._-](?:test|spec|e2e-spec))?\.[cm]?[jt]sx?$")
_WORST_FIRST = ("failed", "skipped", "passed")


@dataclass(frozen=True)
class JsSuite:
    """The test files of a tree, by path."""

    files: Mapping[str, bytes]

    @property
    def paths(self) -> list[str]:
        """Files of unit tests; those of a browser have a runner of their own."""
        return [
            path
            for path in sorted(self.files)
            if js_tests.is_test_file(path)
            and not re.search(r"(?:^|/)(?:e2e|cypress|playwright)/|\.e2e-spec\.|\.cy\.", path)
        ]

    @property
    def required(self) -> Mapping[str, JsTest]:
        """Tests whose names are written down."""
        return {name: one for name, one in self.tests.items() if not one.dynamic}

    @property
    def tests(self) -> Mapping[str, JsTest]:
        found: dict[str, JsTest] = {}
        for path in self.paths:
            found.update(js_tests.module(path, self.files[path]).tests)
        return found


@dataclass(frozen=True)
class _Canary:
    path: str
    fails: str
    passes: str


def run(
    runner: Runner, scratch: Scratch, suite: JsSuite, words: Sequence[str], seconds: float, *, canaries: bool = True
) -> Outcome:
    """Run the suite in the scratch tree. Unavailable where node, or the runner in node_modules, is not there."""
    link_modules(scratch)
    planted = list(_plant(runner, scratch.tree, suite)) if canaries else []
    report = scratch.results / "javascript.json"
    report.unlink(missing_ok=True)
    argv = [*_program(runner, scratch), *_options(runner, report), *_kept(words)]
    done = scratch.run(argv, seconds, {"CI": "1", "NODE_ENV": "test"})
    for canary in planted:
        (scratch.tree / canary.path).unlink(missing_ok=True)
    signals = list(stopped(done, seconds))
    try:
        results = (_of_node if runner == "node" else _of_jest)(report, scratch.tree)
    except ValueError as wrong:
        results = {}
        signals.append(Signal(kind="unparsed", about=f"{runner}: {wrong}; it said: {tail(done)}"))
    return _read(done, scratch.shown(argv), results, suite, planted, signals)


def link_modules(scratch: Scratch) -> None:
    """Let the tree see the installed packages, unless it brings its own."""
    place = scratch.tree / "node_modules"
    if scratch.modules is not None and not os.path.lexists(place):
        place.symlink_to(scratch.modules)


def _program(runner: Runner, scratch: Scratch) -> list[str]:
    if scratch.node is None:
        raise Unavailable("node is not on PATH; install Node.js 20 or newer")
    if runner == "node":
        return [str(scratch.node), "--test"]
    entry = scratch.tree / "node_modules" / _ENTRY[runner]
    if not entry.is_file():
        raise Unavailable(f"{runner} is not in node_modules; npm ci")
    return [str(scratch.node), str(entry)]


def _options(runner: Runner, report: Path) -> list[str]:
    if runner == "node":
        return [f"--test-reporter={_REPORTER}", f"--test-reporter-destination={report}"]
    if runner == "vitest":
        return ["run", "--reporter=json", f"--outputFile={report}"]
    return ["--ci", "--json", f"--outputFile={report}", "--no-cache"]


def _kept(words: Sequence[str]) -> Iterator[str]:
    """The policy's own words without those that choose among tests or change what is reported."""
    left_out = False
    for word in words:
        if left_out:
            left_out = False
        elif _NARROWS.match(word):
            left_out = word in _TAKES_A_WORD
        else:
            yield word


def _of_node(report: Path, tree: Path) -> dict[str, str]:
    """Lines of our own reporter."""
    found: dict[str, str] = {}
    for line in _text(report).splitlines():
        told = _object(json.loads(line))
        names = told.get("names")
        if not isinstance(names, list) or told.get("suite") is True or told.get("file") is None:
            continue
        _add(found, _place(str(told["file"]), tree), map(str, names), str(told.get("outcome")))
    return {name: one for name, one in found.items() if not any(other.startswith(name + "::") for other in found)}


def _of_jest(report: Path, tree: Path) -> dict[str, str]:
    """Jest's JSON, which vitest writes as well. A file that could not be loaded is a failed test of its own."""
    found: dict[str, str] = {}
    told = _object(json.loads(_text(report)))
    for file in _objects(told.get("testResults")):
        path, cases = _place(str(file.get("name")), tree), _objects(file.get("assertionResults"))
        if not cases and file.get("status") == "failed":
            found[path] = "failed"
        for case in cases:
            above = case.get("ancestorTitles")
            names = [*(map(str, above) if isinstance(above, list) else ()), str(case.get("title"))]
            status = str(case.get("status"))
            _add(found, path, names, status if status in ("passed", "failed") else "skipped")
    return found


def _add(found: dict[str, str], path: str, names: Iterable[str], outcome: str) -> None:
    name = "::".join((path, *names))
    found[name] = min(found.get(name, outcome), outcome, key=_WORST_FIRST.index)


def _read(
    done: Completed,
    argv: tuple[str, ...],
    results: Mapping[str, str],
    suite: JsSuite,
    planted: list[_Canary],
    signals: list[Signal],
) -> Outcome:
    ours = {name: one for name, one in results.items() if any(name.startswith(canary.path) for canary in planted)}
    real = {name: one for name, one in results.items() if name not in ours}
    wrong = list(_canary_signals(planted, ours))
    signals += wrong
    wanted = 1 if planted or "failed" in real.values() else 0
    if bool(done.code) != bool(wanted) and not done.timed_out:
        kind = "canary" if planted else "exit-code"
        signals.append(
            Signal(
                kind=kind,
                about=f"the runner ended with {done.code} where {wanted} follows from its results: {tail(done)}",
            )
        )
    signals += _not_run(suite, real)
    named = {kind: tuple(sorted(name for name, one in real.items() if one == kind)) for kind in _WORST_FIRST}
    signals += [Signal(kind="failed", about=name) for name in named["failed"]]
    if not named["passed"] and not named["failed"]:
        signals.append(Signal(kind="empty", about="no test passed; zero tests are no proof"))
    counts = Counts(collected=len(real), **{kind: len(names) for kind, names in named.items()})
    return Outcome(
        argv, done.code, digest(done), counts, named["passed"], named["failed"], named["skipped"], frozenset(real), tuple(signals),
        {"planted": 2 * len(planted), "asExpected": 2 * len(planted) - len(wrong)}, done.seconds,
    )  # fmt: skip


def _not_run(suite: JsSuite, real: Mapping[str, str]) -> Iterator[Signal]:
    """Tests that are written down and left no result; a whole file without one may be another runner's."""
    files = {name.partition("::")[0] for name in real}
    for path in suite.paths:
        tests = js_tests.module(path, suite.files[path]).tests
        if path not in files:
            if tests:
                yield Signal(kind="not-collected", about=f"{path}: none of its {len(tests)} tests ran")
            continue
        for name, test in tests.items():
            if name in real and real[name] == "skipped" and not test.skips:
                yield Signal(kind="skipped-at-run", about=name)
            elif name not in real and not test.skips and not test.dynamic:
                yield Signal(kind="not-executed", about=name)


def _plant(runner: Runner, tree: Path, suite: JsSuite) -> Iterator[_Canary]:
    folders: dict[str, str] = {}
    for path in suite.paths:
        folders.setdefault(path.rpartition("/")[0], path)
    for folder, beside in sorted(folders.items())[:_MOST_CANARIES]:
        word, fails, passes = (secrets.token_hex(4) for _ in range(3))
        low, high = secrets.randbelow(90) + 1, secrets.randbelow(900) + 100
        ending = _SUFFIX.search(beside)
        first = "test-" if beside.rpartition("/")[2].startswith("test-") else ""
        name = f"{first}c{word}{ending[0] if ending else '.test.js'}"
        path = f"{folder}/{name}" if folder else name
        check = "assert.strictEqual({0}, {1})" if runner == "node" else "expect({0}).toBe({1})"
        lines = [
            *_imports(runner, suite.files[beside], beside),
            f'test("{fails}", () => {{ {check.format(low, high)}; }});',
            f'test("{passes}", () => {{ {check.format(2, 2)}; }});',
            "",
        ]
        (tree / path).write_text("\n".join(lines), "utf-8")
        yield _Canary(path, fails, passes)


def _imports(runner: Runner, beside: bytes, path: str) -> list[str]:
    if runner == "vitest":
        return ['import { expect, test } from "vitest";']
    if runner == "jest":
        return (
            ['import { expect, test } from "@jest/globals";']
            if b"@jest/globals" in beside and b"import" in beside
            else []
        )
    if path.endswith(("mjs", "mts")) or (
        re.search(rb"^[^\S\n]*import\b", beside, re.MULTILINE) and b"require(" not in beside
    ):
        return ['import assert from "node:assert";', 'import test from "node:test";']
    return ['const assert = require("node:assert");', 'const test = require("node:test");']


def _canary_signals(planted: Iterable[_Canary], seen: Mapping[str, str]) -> Iterator[Signal]:
    for canary in planted:
        for name, wanted in ((canary.fails, "failed"), (canary.passes, "passed")):
            told = seen.get(f"{canary.path}::{name}", "not run")
            if told != wanted:
                folder = canary.path.rpartition("/")[0] or "."
                yield Signal(kind="canary", about=f"planted test in {folder} that must have {wanted} was {told}")


def _place(file: str, tree: Path) -> str:
    file = file.removeprefix("file://")
    for root in (os.path.realpath(tree), str(tree)):
        if file.startswith(root + "/"):
            return file[len(root) + 1 :]
    return file


def _text(report: Path) -> str:
    try:
        data = report.read_bytes() if report.stat().st_size <= _LARGEST else b""
    except OSError:
        raise ValueError(f"it left no {report.name}") from None
    return data.decode("utf-8", "replace")


def _object(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("its results are no JSON object")
    return value


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [_object(one) for one in value] if isinstance(value, list) else []
