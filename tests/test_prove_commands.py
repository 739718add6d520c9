"""Proof types whose command the policy alone can know, and commands that report their results in a JUnit file."""

from __future__ import annotations

import json
import sys
import tomllib
from pathlib import Path

import pytest

from checker.collect.roles import roles_of
from checker.model.settings import Layout, Policy
from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs import commands, gates
from checker.proofs.revision import Revision
from tests.proved_project import Project
from tests.scratch import commit
from tests.test_prove_guarded import decided, proved, write


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def revision(project: Project) -> Revision:
    git = Git.open(project.root)
    assert git is not None
    with git:
        return Revision.of(git, git.content(), gates.load(), roles_of(Layout()))


class TestWhatOnlyThePolicyKnows:
    @pytest.mark.parametrize("kind", ["smoke_test", "deployment_log"])
    def test_without_a_command_the_line_that_adds_one_is_said(self, project: Project, kind: str) -> None:
        with pytest.raises(Unavailable) as told:
            proved(project, kind)
        line = told.value.reason.partition("add [commands] ")[2].removesuffix(" to checker.toml")
        assert line.startswith(f'{kind} = ["')
        assert Policy.model_validate({"commands": tomllib.loads(line)}).commands[kind]

    def test_the_example_of_a_smoke_test_is_run_and_read(self, project: Project) -> None:
        words = f"smoke_test = {json.dumps(gates.load().types['smoke_test'].example)}"
        write(
            project,
            "checker.toml",
            (project.root / "checker.toml").read_text().replace("[commands]", f"[commands]\n{words}"),
        )
        write(
            project,
            "tests/smoke/test_alive.py",
            "from app.calc import add\n\n\ndef test_alive():\n    assert add(1, 1) == 2\n",
        )
        project.base = commit(project.root, "a smoke test")
        proof = proved(project, "smoke_test")
        assert (proof.predicate.result, proof.predicate.passed_tests) == (
            "PASSED",
            ("tests/smoke/test_alive.py::test_alive",),
        )
        write(project, "app/calc.py", "def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return a - b\n")
        assert decided(project, "smoke_test")[0] == "block"

    JUNIT = '<testsuite><testcase classname="smoke" name="alive"/><testcase classname="smoke" name="{0}">{1}</testcase></testsuite>'

    @pytest.mark.parametrize(
        ("text", "code", "decision", "said"),
        [
            (JUNIT.format("orders", ""), 0, "pass", ""),
            (JUNIT.format("orders", "<failure/>"), 1, "block", "failed: smoke::orders"),
            (JUNIT.format("alive", "<error/>"), 0, "block", "failed: smoke::alive"),
            (JUNIT.format("orders", ""), 1, "block", "exit-code: ended with 1, and no case failed"),
            ("<testsuite/>", 0, "block", "empty: no case passed"),
            ("", 0, "block", "unparsed: reported.xml is not XML"),
        ],
    )
    def test_what_a_command_reports_is_read(
        self, project: Project, text: str, code: int, decision: str, said: str
    ) -> None:
        script = f"import sys\nopen(sys.argv[1], 'w').write({text!r})\nsys.exit({code})\n"
        write(project, "tools/smoke.py", script)
        words = 'smoke_test = ["python", "tools/smoke.py", "{junit}"]'
        write(
            project,
            "checker.toml",
            (project.root / "checker.toml").read_text().replace("[commands]", f"[commands]\n{words}"),
        )
        project.base = commit(project.root, "a smoke test")
        seen, reasons = decided(project, "smoke_test")
        assert (seen, said in reasons) == (decision, True), reasons

    def test_a_script_that_the_change_touches_asks_a_person(self, project: Project) -> None:
        script = "import sys\nopen(sys.argv[1], 'w').write('<testsuite><testcase name=\"alive\"/></testsuite>')\n"
        words = 'smoke_test = ["python", "tools/smoke.py", "{junit}"]'
        write(
            project,
            "checker.toml",
            (project.root / "checker.toml").read_text().replace("[commands]", f"[commands]\n{words}"),
        )
        project.base = commit(project.root, "a smoke test that is not there yet")
        write(project, "tools/smoke.py", script)
        seen, reasons = decided(project, "smoke_test")
        assert (seen, "runner-changed: tools/smoke.py is run for this proof" in reasons) == ("review", True)

    RUN = "import subprocess, sys\nsys.exit(subprocess.call([sys.executable, '-m', 'pytest', '--junitxml=' + sys.argv[1]]))\n"
    FORGED = "import sys\nopen(sys.argv[1], 'w').write('<testsuite><testcase name=\"test_sub\"/></testsuite>')\n"

    @pytest.mark.parametrize(
        ("words", "path", "before", "after"),
        [
            (["make", "test", "OUT={junit}"], "Makefile", "test:\n\tpython run.py $(OUT)\n", "test:\n\tpython fast.py $(OUT)\n"),
            (["python", "-m", "qa.run", "{junit}"], "qa/run.py", RUN, FORGED),
            (["python", "qa/main.py", "{junit}"], "qa/run.py", RUN, FORGED),
            (["python", "run.py", "{junit}"], "tests/cases.json", "[1]", "[]"),
            (["python", "run.py", "{junit}"], "calc_test.go", "package calc", None),
            (["npm", "test", "--", "{junit}"], "package.json", '{"test": "mocha"}', '{"test": "node x.js"}'),
        ],
    )  # fmt: skip
    def test_whatever_takes_part_in_it_asks_a_person(
        self, project: Project, words: list[str], path: str, before: str, after: str | None
    ) -> None:
        chosen = commands.tool(words)
        write(project, "qa/main.py", "import run\n")
        write(project, path, before)
        old = {(one.path, one.blob) for one in commands.own_files("test_output", chosen, revision(project))}
        write(project, "app/more.py", "MORE = 1\n")
        write(project, "tests/test_more.py", "def test_more():\n    assert True\n")
        assert {(one.path, one.blob) for one in commands.own_files("test_output", chosen, revision(project))} == old
        write(project, path, after) if after is not None else (project.root / path).unlink()
        assert {(one.path, one.blob) for one in commands.own_files("test_output", chosen, revision(project))} != old

    def test_a_runner_that_makes_its_results_up_asks_a_person(self, project: Project) -> None:
        write(project, "run.py", self.RUN)
        write(project, "Makefile", f"test:\n\t{sys.executable} run.py $(OUT)\n")
        words = 'test_output = ["make", "test", "OUT={junit}"]'
        text = (project.root / "checker.toml").read_text()
        write(project, "checker.toml", text.replace('test_output = ["python", "-m", "pytest"]', words))
        project.base = commit(project.root, "a runner of its own")
        write(project, "app/more.py", "MORE = 1\n")
        assert decided(project, "test_output")[0] == "pass"
        write(project, "app/calc.py", "def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n")
        assert decided(project, "test_output")[0] == "block"
        write(project, "forge.py", self.FORGED)
        write(project, "Makefile", f"test:\n\t{sys.executable} forge.py $(OUT)\n")
        seen, reasons = decided(project, "test_output")
        assert (seen, "runner-changed: Makefile is run for this proof" in reasons) == ("review", True)
