"""Approvals: bound to gate, tree, base and policy, in clear words and options, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import Result

from checker.gating import GateRun
from tests.proved_project import Project, reasons
from tests.scratch import commit, git


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def say(project: Project, *words: str, text: str = "approved", key: str = "ada") -> Result:
    return project.run("approve", "G2", str(project.root), "--by", "ada", "--text", text, *words, key=key)


def states(done: GateRun) -> list[str]:
    return [one.state for one in done.approvals]


def test_another_base_makes_it_void(project: Project) -> None:
    assert say(project).exit_code == 0
    assert project.gate("G2").decision == "pass"
    tree = git(project.root, "rev-parse", "HEAD^{tree}")
    project.base = git(
        project.root, "commit-tree", tree, "-p", project.base, "-m", "the same tree, seen against another"
    )
    git(project.root, "reset", "-q", "--hard", project.base)
    done = project.gate("G2")
    assert (done.decision, states(done)) == ("block", ["void"])
    assert "base: judged against" in done.approvals[0].reason
    assert "approve again" in done.approvals[0].reason


def test_another_policy_makes_it_void(project: Project) -> None:
    assert say(project).exit_code == 0
    text = (project.root / "checker.toml").read_text()
    (project.root / "checker.toml").write_text(text.replace("[commands]", '[commands]\nbuild_output = ["true"]'))
    project.base = commit(project.root, "another policy")
    done = project.gate("G2")
    assert "policy: made under other commands" in done.approvals[0].reason


def test_it_is_withdrawn_and_given_anew(project: Project) -> None:
    assert say(project).exit_code == 0
    assert say(project, "--withdraw", text="I had not seen the migration").exit_code == 0
    done = project.gate("G2")
    assert (done.decision, states(done)) == ("block", ["void"])
    assert "withdrawn by ada on" in done.approvals[0].reason
    assert say(project).exit_code == 0
    done = project.gate("G2")
    assert (done.decision, states(done)) == ("pass", ["void", "valid"])


def test_a_withdrawal_holds_for_every_tree(project: Project) -> None:
    assert say(project).exit_code == 0
    calc = project.root / "app" / "calc.py"
    before = calc.read_text()
    calc.write_text(before + "\n\nMORE = 1\n")
    assert say(project, "--withdraw", text="no").exit_code == 0
    calc.write_text(before)
    assert states(project.gate("G2")) == ["void"]


def test_in_another_chain_equal_clocks_are_withdrawn(project: Project) -> None:
    assert say(project).exit_code == 0
    assert say(project, "--withdraw", text="no").exit_code == 0
    lines = project.bundle("ada").read_bytes().splitlines(keepends=True)
    project.bundle("ada").write_bytes(lines[0])
    project.bundle("ada").with_name("copy.intoto.jsonl").write_bytes(b"".join(lines))
    assert states(project.gate("G2")) == ["void", "void"]


def test_nobody_else_takes_it_back(project: Project) -> None:
    assert say(project).exit_code == 0
    assert say(project, "--withdraw", text="no", key="local").exit_code == 1
    assert project.gate("G2").decision == "pass"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--option", "B"), "'B' is rejected, not an approval"),
        (("--option", "later"), "'later' is unknown"),
        (("--withdraw", "--accept", "0" * 16), "names no proof and no option"),
    ],
)
def test_what_contradicts_itself_is_refused(project: Project, words: tuple[str, ...], said: str) -> None:
    assert said in str(say(project, *words).exception)
    assert not project.bundle("ada").exists()


def test_an_option_that_approves_is_recorded(project: Project) -> None:
    assert say(project, "--option", "A").exit_code == 0
    assert project.gate("G2").decision == "pass", reasons(project.gate("G2"))
