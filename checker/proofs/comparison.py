"""The only place that compares a run's revision with its base: what judges, the base's tests, new tests, mutants, hidden lint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from checker.model.proof import BaseRun, Signal
from checker.model.repo import Role
from checker.probe.git import Git
from checker.proofs import (
    base_tests,
    commands,
    imports,
    js_mutation,
    js_run,
    js_weakened,
    mutation,
    outdated,
    pytest_run,
    tool_runs,
    unittest_run,
)
from checker.proofs.base_tests import Judge, MakeScratch
from checker.proofs.commands import Tool
from checker.proofs.export import export
from checker.proofs.gates import Gates
from checker.proofs.mutation import Probed
from checker.proofs.outcome import Outcome
from checker.proofs.revision import Revision
from checker.proofs.runner_settings import FILES
from checker.proofs.scratch import Scratch
from checker.proofs.source_traits import numbers
from checker.proofs.tests_there import is_test_file
from checker.proofs.weakened import weakened

_QUICK = 8.0  # seconds; a suite that takes longer is run in part for each mutant
_TABLES = (".json", ".yaml", ".yml", ".csv", ".toml", ".txt")
_LARGEST = 1 << 20  # bytes of a file of data that is looked into
_ANSWERS = 3  # numbers that new source may not share with the tests by chance
_NOT_ASKED = BaseRun(ran="no", why="not asked by this proof type")
Found = tuple[tuple[Signal, ...], BaseRun, Probed]


@dataclass(frozen=True)
class Comparison:
    """One run's head and base, and how scratch trees are made for more runs."""

    kind: str
    rules: Gates
    git: Git
    base: Revision
    head: Revision
    tool: Tool
    make: MakeScratch

    def compared(self, outcome: Outcome, scratch: Scratch) -> Found:
        """Every signal of the comparison, what the base's tests said, and what mutants did."""
        signals = (*self._delta(), *self._imports(), *self._command())
        if self.tool.name == "ruff":
            return (*signals, *self._hidden(scratch)), _NOT_ASKED, Probed()
        judge = self._judge()
        if judge is None:
            return signals, _NOT_ASKED, Probed()
        skipped = frozenset(one.about for one in outcome.signals if one.kind == "skipped-at-run")
        ran = base_tests.run(self.git, self.base, self.head, judge, self.make, skipped)
        lost = base_tests.unasked(self.git, self.base, self.head, judge, self.make, outcome)
        why, gone = self._outdated(ran)
        # where what a test asked is gone, the test goes, or what it said of that
        fewer = tuple(f"{one}{end}" for one in gone for end in (" is gone", ": "))
        natural = ("test-dropped", "assert-weakened")
        signals = tuple(one for one in signals if one.kind not in natural or not one.about.startswith(fewer))
        signals = (*signals, *base_tests.signals(ran, why), *lost)
        if any(one.kind in self.rules.decision.hard for one in outcome.signals):
            return signals, ran, Probed()
        little = base_tests.prove_little(self.git, self.base, self.head, judge, self.make, outcome.passed)
        probed = self._probed(outcome) if self.kind == "test_output" else Probed()
        return (*signals, *little, *probed.signals), ran, probed

    def _delta(self) -> tuple[Signal, ...]:
        """What judges differs for every type: a lint run is weakened by its configuration as a test run is."""
        if self.tool.name in commands.JAVASCRIPT:
            return js_weakened.weakened(self.base.js_side(), self.head.js_side(), lint=self.tool.name == "eslint")
        if self.kind not in commands.WEAKENED:
            return ()
        before = self.base.side()
        found = (*weakened(before, self.head.side(before.suite.testpaths)), *self._tables())
        return tuple(one for one in found if commands.concerns(self.kind, one))

    def _imports(self) -> tuple[Signal, ...]:
        """A build makes byte code of imports that lead nowhere; those that the base does not have."""
        if self.kind != "build_output":
            return ()
        now = imports.broken(self.head.contents, (one.path for one in self.head.entries))
        new = now - imports.broken(self.base.contents, (one.path for one in self.base.entries)) if now else now
        return tuple(Signal(kind="import-broken", about=one) for one in sorted(new))

    def _outdated(self, ran: BaseRun) -> tuple[Mapping[str, str], frozenset[str]]:
        """Of the base's tests that failed those that had to, with why; and which of them ask what the source has no more."""
        if not ran.failed:
            return {}, frozenset()
        if self.tool.name in commands.JAVASCRIPT:
            before, after = self.base.js_side(), self.head.js_side()
            tests = {name: one.words for name, one in before.suite.tests.items() if name in ran.failed}
            told = outdated.in_javascript(tests, list(before.source.values()), list(after.source.values()))
            return told, frozenset(told)
        old, new = self.base.side(), self.head.side()
        failed = {name: one for name, one in old.suite.tests.items() if name in ran.failed}
        return outdated.outdated(outdated.with_helpers(failed, old.judging), old.source, new.source)

    def _command(self) -> tuple[Signal, ...]:
        """What a command runs of the tree judges it: the change must not have touched that, or taken it away."""
        known, now = (
            {one.path: one.blob for one in commands.own_files(self.kind, self.tool, each)}
            for each in (self.base, self.head)
        )
        return tuple(
            Signal(kind="runner-changed", about=f"{path} is run for this proof, and the change touches it")
            for path in sorted(known.keys() | now.keys())
            if known.get(path) != now.get(path)
        )

    def _tables(self) -> tuple[Signal, ...]:
        """Numbers of the tests that new source or new data of the source holds: a table of right answers."""
        before = self.base.side()
        tests, known = before.judging, {one.blob for one in self.base.entries}
        new = [one for one in self.head.entries if one.blob not in known and self.head.role(one.path) is Role.RUNTIME]
        data = [one for one in new if one.path.endswith(_TABLES)]
        read = {blob: text for blob, text in self.git.blobs((one.blob for one in data), _LARGEST) if text}
        stored = self.git.blobs((blob for path, blob in self.base.data.items() if path.endswith(_TABLES)), _LARGEST)
        asked = numbers([*tests.values(), *(text for _, text in stored if text)]) - numbers(before.source.values())
        told = [(one.path, read[one.blob]) for one in data if one.blob in read]
        told += [(one.path, self.head.contents[one.path]) for one in new if one.path in self.head.contents]
        return tuple(
            Signal(
                kind="source-detects-tests", about=f"{path} holds numbers of the tests: {', '.join(map(str, held[:5]))}"
            )
            for path, text in told
            if len(held := sorted(numbers([text]) & asked)) >= _ANSWERS
        )

    @property
    def _seconds(self) -> float:
        return self.rules.types[self.kind].seconds

    def _judge(self) -> Judge | None:
        """How the base's tests are run; None for a tool that runs none."""
        name = self.tool.name
        if name == "pytest":
            return self._of_pytest()
        if name == "unittest":
            return Judge(
                lambda revision: unittest_run.tests(revision.side().suite),
                lambda revision: {*revision.judging, *revision.data, *FILES},
                lambda scratch, revision: unittest_run.run(
                    scratch, revision.side().suite, self.tool.words, self._seconds, canaries=False
                ),
            )
        if name in ("node", "vitest", "jest"):
            return Judge(
                lambda revision: revision.js_side().suite.required,
                lambda revision: {*(side := revision.js_side()).judging, *side.data, *side.config},
                lambda scratch, revision: js_run.run(
                    name, scratch, revision.js_side().suite, self.tool.words, self._seconds, canaries=False
                ),
            )
        return None

    def _of_pytest(self) -> Judge:
        def run(scratch: Scratch, revision: Revision) -> Outcome:
            return pytest_run.run(
                scratch, revision.side().suite, self.tool.words, self.rules, self._seconds, canaries=False
            )

        return Judge(
            lambda revision: revision.side().suite.tests,
            lambda revision: {*revision.judging, *revision.data, *FILES},
            run,
        )

    def _probed(self, outcome: Outcome) -> Probed:
        if self.tool.name in ("pytest", "unittest"):
            return self._mutants(outcome)
        return self._js_mutants(outcome) if self.tool.name in ("node", "vitest", "jest") else Probed()

    def _js_mutants(self, outcome: Outcome) -> Probed:
        """The whole suite for each: which tests load a file is not told by its name here. A slow suite is tried less often."""
        before, after = self.base.js_side(), self.head.js_side()
        scratch, name = self.make("mutants"), self.tool.name
        export(self.git, self.head.entries, scratch.tree)

        def run(_: Sequence[str]) -> Outcome:
            limit = max(10.0, 3 * outcome.seconds)
            assert name in ("node", "vitest", "jest")
            return js_run.run(name, scratch, after.suite, self.tool.words, limit, canaries=False)

        found = js_mutation.mutants(before.source, after.source)
        return mutation.probe(found, scratch.tree, run, lambda _: (), self.rules.pytest.mutation_seconds)

    def _mutants(self, outcome: Outcome) -> Probed:
        before, after = self.base.side(), self.head.side(self.base.side().suite.testpaths)
        scratch = self.make("mutants")
        export(self.git, self.head.entries, scratch.tree)
        whole = outcome.seconds <= _QUICK

        def run(files: Sequence[str]) -> Outcome:
            words = [word for word in self.tool.words if word.startswith("-")] if files else list(self.tool.words)
            limit = max(10.0, 3 * outcome.seconds)
            if self.tool.name == "unittest":
                return unittest_run.run(scratch, after.suite, self.tool.words, limit, canaries=False)
            extra = ("--maxfail=1", *files)
            return pytest_run.run(scratch, after.suite, words, self.rules, limit, canaries=False, extra=extra)

        def files(path: str) -> Sequence[str]:
            stem = path.rpartition("/")[2].removesuffix(".py").encode()
            return [] if whole else [one for one, data in after.judging.items() if is_test_file(one) and stem in data]

        runtime = {path: data for path, data in after.source.items() if whole or files(path)}
        budget = self.rules.pytest.mutation_seconds
        return mutation.probe(mutation.mutants(before.source, runtime), scratch.tree, run, files, budget)

    def _hidden(self, scratch: Scratch) -> tuple[Signal, ...]:
        """What a linter without the repository's settings finds in changed files, and did not find in them before."""
        changed = [path for path in self.head.python if self.head.contents[path] != self.base.contents.get(path)]
        earlier = self.make("lint-base")
        known = {path for path in changed if path in self.base.contents}
        export(self.git, [one for one in self.base.entries if one.path in known], earlier.tree)
        found = tool_runs.hidden(scratch, changed, self._seconds)
        found -= tool_runs.hidden(earlier, sorted(known), self._seconds)
        return tuple(Signal(kind="lint-hidden", about=f"{one}, whatever the settings say") for one in sorted(found))
