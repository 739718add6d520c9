"""Proofs by unittest and by coverage: what they count, and what they refuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from checker.model.proof import Run
from checker.proving import prove
from checker.workplace import Request
from tests.scratch import commit, git

CALC = "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return a - b\n"
TESTS = """\
import unittest

from calc import add, sub


class CalcTest(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)

    def test_sub(self):
        for number in (0, 1):
            with self.subTest(number=number):
                self.assertEqual(sub(3, number), 3 - number)
"""


class Project:
    def __init__(self, root: Path, kind: str, *command: str) -> None:
        self.root, self.kind = root, kind
        self.write("checker.toml", f"[commands]\n{kind} = {json.dumps(command)}\n")
        self.write("calc.py", CALC)
        self.write("tests/__init__.py", "")
        self.write("tests/test_calc.py", TESTS)
        git(root, "init", "-q", "-b", "main")
        self.base = commit(root, "base")

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text, "utf-8")

    def proved(self) -> Run:
        return prove(self.kind, Request(path=self.root, base=self.base)).proof.predicate.checker


@pytest.fixture
def by_unittest(tmp_path: Path) -> Project:
    return Project(tmp_path / "repo", "test_output", "python", "-m", "unittest", "-f", "-k", "nothing")


@pytest.fixture
def by_coverage(tmp_path: Path) -> Project:
    return Project(tmp_path / "repo", "coverage_report", "python", "-m", "pytest", "--cov=calc", "--cov-fail-under=0")


def test_unittest_counts_what_ran(by_unittest: Project) -> None:
    run = by_unittest.proved()
    assert run.decision == "pass", run.reasons
    assert (run.counts.collected, run.counts.passed) == (2, 2)
    assert run.canary == {"planted": 2, "asExpected": 2}


BUG = CALC.replace("a - b", "b - b")


@pytest.mark.parametrize(
    ("old", "new", "seen"),
    [
        ("", "", "failed: tests/test_calc.py::CalcTest::test_sub"),
        (
            "    def test_sub",
            "    @unittest.skip('later')\n    def test_sub",
            "skip-added: tests/test_calc.py::CalcTest::test_sub",
        ),
        (
            "    def test_sub",
            "    @unittest.expectedFailure\n    def test_sub",
            "skip-added: tests/test_calc.py::CalcTest::test_sub",
        ),
        ("def test_sub", "def sub", "test-removed: tests/test_calc.py::CalcTest::test_sub"),
        ("sub(3, number), 3 - number", "sub(3, number), 0", "helper-changed"),
        (
            "import unittest\n",
            "import unittest\n\n\ndef load_tests(loader, tests, pattern):\n    return unittest.TestSuite()\n",
            "not-executed",
        ),
    ],
    ids=["plain", "skipped", "expected", "renamed", "rewritten", "load_tests"],
)
def test_a_bug_that_unittest_does_not_see_never_passes(by_unittest: Project, old: str, new: str, seen: str) -> None:
    by_unittest.write("calc.py", BUG)
    by_unittest.write("tests/test_calc.py", TESTS.replace(old, new) if old else TESTS)
    run = by_unittest.proved()
    assert run.decision in ("block", "review"), run.reasons
    assert seen == "helper-changed" or any(reason.startswith(seen) for reason in run.reasons), run.reasons


def test_unittest_that_is_ended_by_the_project_blocks(by_unittest: Project) -> None:
    by_unittest.write("calc.py", BUG + "\n\nimport os\nos._exit(0)\n")
    run = by_unittest.proved()
    assert run.decision == "block"
    assert "unparsed" in run.reasons[0]


def test_coverage_is_counted_line_by_line(by_coverage: Project) -> None:
    run = by_coverage.proved()
    assert run.decision == "pass", run.reasons
    by_coverage.write("calc.py", CALC + "\n\ndef more(a):\n" + "".join(f"    a += {number}\n" for number in range(20)))
    run = by_coverage.proved()
    assert run.decision == "block"
    assert "of lines are covered, 80 % are asked" in run.reasons[0]


@pytest.mark.parametrize(
    ("path", "text"),
    [
        (".coveragerc", "[report]\nexclude_lines =\n    def more\n"),
        (".coveragerc", "[run]\nomit = calc.py\n"),
        ("pyproject.toml", "[tool.coverage.report]\nexclude_also = ['a \\+=']\n"),
    ],
)
def test_the_repositorys_own_coverage_settings_count_for_nothing(by_coverage: Project, path: str, text: str) -> None:
    by_coverage.write("calc.py", CALC + "\n\ndef more(a):\n" + "".join(f"    a += {number}\n" for number in range(20)))
    by_coverage.write(path, text)
    run = by_coverage.proved()
    assert run.decision == "block"
    assert any(reason.startswith("too-little") for reason in run.reasons), run.reasons
    assert any(reason.startswith("config-changed") for reason in run.reasons), run.reasons


def test_lines_that_are_left_out_by_a_comment_are_counted(by_coverage: Project) -> None:
    more = "".join(f"    a += {number}\n" for number in range(20))
    by_coverage.write("calc.py", CALC + f"\n\ndef more(a):  # pragma: no cover\n{more}")
    assert any(reason.startswith("too-little") for reason in by_coverage.proved().reasons)


def test_our_own_audit_obeys_the_bases_configuration(tmp_path: Path) -> None:
    project = Project(tmp_path / "repo", "spec_validation", "checker", "audit", ".", "--only", "spec-valid")
    project.write(
        "openapi.yaml", "openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {/a: {get: {responses: 1}}}\n"
    )
    assert project.proved().decision == "block"
    text = (project.root / "checker.toml").read_text("utf-8")
    project.write("checker.toml", text + '\n[layout]\nopenapi = ["other.yaml"]\n')
    project.write("other.yaml", "openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths: {}\n")
    run = project.proved()
    assert run.decision == "block", run.reasons
    assert any("openapi.yaml" in reason or "spec-valid" in reason for reason in run.reasons)
