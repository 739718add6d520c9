"""Doctored runs and honest changes: each folder of `fixtures/proofs` is a change to a small project, proved against its base."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from checker.cli.prove import prove_command
from checker.model.proof import Proof
from checker.proving import prove
from checker.workplace import Request
from tests.scratch import FIXTURES, commit, git, overlay

PROOFS = FIXTURES / "proofs"
EVERY = os.environ.get("CHECKER_ATTACKS") == "every"  # make attacks
_ALL = sorted(found.parent for found in PROOFS.rglob("expect.toml"))
# Each case is a whole proof of five to ten seconds: the suite takes half of the first set and an eighth of the others,
# so that it ends in time.
_HELD_OUT = [case for case in _ALL if {"heldout", "second", "third"} & set(case.parts)]
_FIRST = [case for case in _ALL if case not in _HELD_OUT]
CASES = _ALL if EVERY else [*_FIRST[::2], *_HELD_OUT[::8]]


def project(target: Path, home: Path = PROOFS) -> str:
    shutil.copytree(_origin(home) / "base", target)
    git(target, "init", "-q", "-b", "main")
    return commit(target, "base")


def _origin(home: Path) -> Path:
    """The second held-out set is made of changes to the project of the first."""
    return home if (home / "base").is_dir() else PROOFS / "heldout"


def proved(root: Path, base: str | None = None, kind: str = "test_output", **environment: str) -> Proof:
    return prove(kind, Request(path=root, base=base, environment=environment)).proof


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.relative_to(PROOFS).as_posix())
def test_change(case: Path, tmp_path: Path) -> None:
    expect = tomllib.loads((case / "expect.toml").read_text("utf-8"))
    root, home = tmp_path / "repo", case.parents[1]
    base = project(root, home)
    overlay(case / "change", root)
    run = proved(root, base, expect.get("kind", "test_output")).predicate.checker
    oracle = [sys.executable, "-B", str(_origin(home) / "oracle.py"), str(root)]
    told = subprocess.run(oracle, env={}, check=False, stdout=subprocess.PIPE, text=True)
    right = told.returncode == 0
    assert right or expect.get("breaks", "") in told.stdout
    if case.parent.name == "attacks":
        assert not right or expect.get("known_limit"), "the code of an attack is broken"
        assert run.decision != "pass" or expect.get("known_limit"), run.reasons
    else:
        assert run.decision != "block", run.reasons
    assert run.decision in expect.get("decisions", [expect.get("decision")]), run.reasons
    assert expect.get("says", "") in "\n".join(run.reasons)


def test_the_tree_binds_and_records_do_not(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    first = proved(root, base).tree()
    (root / "docs" / "runs").mkdir(parents=True)
    (root / "docs" / "runs" / "report.md").write_text("done")
    assert proved(root, base).tree() == first
    (root / "app" / "calc.py").write_text("changed = 1\n")
    assert proved(root, base).tree() != first


def test_a_record_cannot_influence_a_run(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    (root / "docs" / "runs").mkdir(parents=True)
    (root / "docs" / "runs" / "test_bad.py").write_text("def test_bad():\n    assert 1 == 2\n")
    tested = proved(root, base).predicate
    assert (tested.failed_tests, tested.result) == ((), "WARNED")
    (said,) = tested.checker.reasons
    assert said.startswith("code-in-records: docs/runs/test_bad.py (")
    assert said.endswith("is code where records lie, and no run sees it")


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_an_index_flag_hides_nothing(tmp_path: Path, flag: str) -> None:
    root = tmp_path / "repo"
    base = project(root)
    git(root, "update-index", flag, "app/calc.py")
    (root / "app" / "calc.py").write_text("def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n")
    assert proved(root, base).predicate.result == "FAILED"


def test_a_clean_filter_hides_nothing(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    git(root, "config", "filter.x.clean", "git show HEAD:app/calc.py")
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "attributes").write_text("app/calc.py filter=x\n")
    (root / "app" / "calc.py").write_text("def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n")
    assert proved(root, base).predicate.result == "FAILED"


def test_export_ignore_leaves_nothing_out(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    (root / ".gitattributes").write_text("tests/test_calc.py export-ignore\n")
    (root / "app" / "calc.py").write_text("def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n")
    run = proved(root, base).predicate.checker
    assert run.counts.failed == 3, run.reasons


def test_the_callers_environment_does_not_reach_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "repo"
    base = project(root)
    (root / "app" / "calc.py").write_text("def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n")
    monkeypatch.setenv("PYTEST_ADDOPTS", "-k nothing")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    assert proved(root, base, PYTEST_ADDOPTS="-k nothing").predicate.checker.counts.failed == 3


def test_links_out_of_the_tree_are_said_and_left_out(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    (root / "outside").symlink_to("/etc")
    (root / "inside").symlink_to("app")
    run = proved(root, base).predicate.checker
    assert run.left_out == ("link outside leads out of the tree and is not exported",)
    assert run.decision == "review", "what the link leads to, no run saw"


def test_a_lint_run_is_read_and_not_believed(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    assert proved(root, base, "lint_output").predicate.result == "PASSED"
    (root / "app" / "calc.py").write_text("def add(a, b):\n    return missing\n")
    assert "F821" in str(proved(root, base, "lint_output").predicate.checker.reasons)


def test_a_lint_run_that_looks_at_nothing_is_no_pass(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    project(root)
    (root / "ruff.toml").write_text("line-length = 120\n")
    base = commit(root, "ruff")
    (root / "ruff.toml").write_text('exclude = ["**"]\n')
    run = proved(root, base, "lint_output").predicate.checker
    assert run.decision == "block"
    assert "canary" in run.reasons[0]


def test_a_change_does_not_choose_the_command_that_judges_it(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    project(root)
    (root / "ruff.toml").write_text('[lint]\nselect = ["E", "F", "N"]\n')
    base = commit(root, "ruff")
    (root / "ruff.toml").unlink()
    run = proved(root, base, "lint_output").predicate.checker
    assert "--isolated" not in run.argv
    assert run.decision == "review", "the configuration is gone"


def test_a_linter_that_is_told_where_to_look_is_tried_there(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = configured(root, ["ruff", "check", "tests", "--select", "E9"], "lint_output")
    run = proved(root, base, "lint_output").predicate.checker
    assert run.decision == "pass", run.reasons
    assert run.canary == {"planted": 1, "asExpected": 1}


def test_style_is_not_asked_where_nobody_chose_a_linter(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    (root / "app" / "calc.py").write_text("import os, sys\ndef add(a,b): return a+b\ndef sub(a,b): return a-b\n")
    assert proved(root, base, "lint_output").predicate.result == "PASSED"


def test_a_build_that_does_not_compile_fails(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    assert proved(root, base, "build_output").predicate.checker.counts.passed == 4
    (root / "app" / "calc.py").write_text("def (\n")
    assert "app/calc.py does not compile" in str(proved(root, base, "build_output").predicate.checker.reasons)


def configured(root: Path, command: list[str], kind: str = "test_output") -> str:
    project(root)
    (root / "checker.toml").write_text(f"[commands]\n{kind} = {json.dumps(command)}\n")
    return commit(root, "command")


def test_a_command_that_nobody_can_read_asks_a_person(tmp_path: Path) -> None:
    base = configured(tmp_path / "repo", ["true"])
    run = proved(tmp_path / "repo", base).predicate.checker
    assert run.decision == "review"
    assert "exit-code-alone" in run.reasons[0]


def test_a_command_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    configured(tmp_path / "repo", ["no-such-tool-anywhere"], "smoke_test")
    with pytest.raises(Exception, match="no-such-tool-anywhere"):
        proved(tmp_path / "repo", "HEAD", "smoke_test")


def test_a_command_that_hangs_is_stopped_and_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from checker.proofs import gates

    known = gates.load()
    short = known.types["smoke_test"].model_copy(update={"seconds": 0.5})
    monkeypatch.setattr(gates, "load", lambda: known.model_copy(update={"types": {**known.types, "smoke_test": short}}))
    configured(tmp_path / "repo", ["sleep", "60"], "smoke_test")
    run = proved(tmp_path / "repo", "HEAD", "smoke_test").predicate.checker
    assert run.decision == "block"
    assert "timed-out" in run.reasons[0]


@pytest.mark.parametrize(
    ("script", "seen"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9"),
        ("import os, sys; [sys.stdout.write('x' * (1 << 20)) for _ in range(200)]; sys.exit(3)", "ended with 3"),
        (
            "import subprocess, sys; subprocess.Popen(['sleep', '600']); sys.exit(4)",
            "ended with 4",
        ),
    ],
    ids=["killed", "floods", "forks"],
)
def test_a_command_that_misbehaves_fails(tmp_path: Path, script: str, seen: str) -> None:
    configured(tmp_path / "repo", ["python", "-c", script], "smoke_test")
    run = proved(tmp_path / "repo", "HEAD", "smoke_test").predicate.checker
    assert run.decision == "block"
    assert seen in run.reasons[0]


def test_a_detached_head_and_many_untracked_files(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    base = project(root)
    git(root, "checkout", "-q", "--detach")
    (root / "many").mkdir()
    for number in range(5000):
        (root / "many" / f"{number}.txt").write_text(str(number))
    proof = proved(root, base, "build_output")
    assert proof.predicate.result == "PASSED"
    git(root, "add", "-A")
    git(root, "rm", "-rq", "--cached", ".checker")
    assert git(root, "write-tree") == proof.tree()


def test_a_bare_repository_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(Exception, match="git"):
        proved(tmp_path / "bare.git")


def test_what_cannot_be_proved_is_said(tmp_path: Path) -> None:
    root = tmp_path / "plain"
    shutil.copytree(PROOFS / "base", root)
    with pytest.raises(Exception, match="git init"):
        proved(root)
    git(root, "init", "-q")
    assert proved(root).predicate.result == "PASSED"
    with pytest.raises(Exception, match="did you mean 'test_output'"):
        proved(root, None, "tests_output")


def test_the_command_line_answers_in_json(tmp_path: Path) -> None:
    root = tmp_path / "repo"
    project(root)
    (root / "app" / "calc.py").write_text("def add(a, b):\n    return 0\n\n\ndef sub(a, b):\n    return 0\n")
    done = CliRunner().invoke(prove_command, ["test_output", str(root), "--base", "HEAD", "--format", "json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert (told["type"], told["result"], told["decision"]) == ("test_output", "FAILED", "block")
    assert told["path"] == ".checker/proofs/unsigned.intoto.jsonl:1"
    assert os.path.exists(root / ".checker/proofs/unsigned.intoto.jsonl")
