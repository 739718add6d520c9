"""What a gate remembers from outside the tree, what it goes without, and what a second run contradicts."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from checker.model.proof import Proof
from checker.proofs import bundle, gates, keys
from checker.proofs.envelope import opened, seal
from tests.proved_project import Project, edited, quick_gates, reasons
from tests.scratch import commit, git


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(autouse=True)
def one_proof_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    more = quick_gates()
    monkeypatch.setattr(gates, "load", lambda: more)


def test_a_note_is_an_anchor(project: Project) -> None:
    project.prove("build_output", "lint_output")
    head = bundle.head(project.bundle().read_bytes())
    note = {
        "heads": {
            bundle.name_of(keys.signer(str(project.keys["local"]))): {"records": head.records, "sha256": head.sha256}
        }
    }
    git(project.root, "notes", "--ref", "checker", "add", "-m", json.dumps(note), project.base)
    assert project.gate().decision == "pass"
    data = project.bundle().read_bytes()
    project.bundle().write_bytes(data.splitlines(keepends=True)[0])
    assert "chain: cut; 2 records were anchored" in reasons(project.gate())
    project.bundle().unlink()
    assert "was anchored and is gone" in reasons(project.gate())


def test_a_note_that_is_none_of_ours_anchors_nothing(project: Project) -> None:
    project.prove("build_output")
    git(project.root, "notes", "--ref", "checker", "add", "-m", "looks good", project.base)
    assert project.gate().decision == "pass"


WAIVER = """
[[waivers]]
rule = "gate-proof"
paths = ["test_output"]
reason = "the database is being moved"
owner = "api-team"
approved_by = "{approver}"
expires = {day}
"""


@pytest.mark.parametrize(
    ("approver", "days", "decision"), [("security", 30, "pass"), ("API team", 30, "block"), ("security", -1, "block")]
)
def test_an_override_is_a_waiver_with_an_owner_and_an_end(
    project: Project, approver: str, days: int, decision: str
) -> None:
    day = (datetime.now(UTC) + timedelta(days=days)).date().isoformat()
    text = (project.root / "checker.toml").read_text()
    (project.root / "checker.toml").write_text(text + WAIVER.format(approver=approver, day=day))
    assert project.gate("T").decision == "block"
    project.base = commit(project.root, "waiver")
    done = project.gate("T")
    assert done.decision == decision, done.reasons
    if decision == "pass":
        (one,) = done.overrides
        assert (one.type, one.state, one.owner, one.approved_by, one.expires) == (
            "test_output", "missing", "api-team", "security", day,
        )  # fmt: skip
        assert "CHECKER_T_TEST_OUTPUT" not in done.verdict.predicate.properties
        assert done.verdict.predicate.properties[0] == "CHECKER_T_WITH_WAIVERS"
        assert "CHECKER_T_WAIVED_TEST_OUTPUT" in done.verdict.predicate.properties
        told = project.run("gate", "T", str(project.root), "--format", "json")
        assert [each["reason"] for each in json.loads(told.stdout)["overrides"]] == ["the database is being moved"]
        plain = project.run("gate", "T", str(project.root)).stdout.splitlines()
        assert plain[1].startswith("  override: test_output is missing (no proof of this type")
    else:
        assert done.overrides == ()


def test_a_doctored_proof_is_not_waived(project: Project) -> None:
    day = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    text = (project.root / "checker.toml").read_text()
    (project.root / "checker.toml").write_text(text + WAIVER.format(approver="security", day=day))
    project.base = commit(project.root, "waiver")
    (project.root / "app" / "calc.py").write_text("def (\n")
    assert project.prove("test_output") == ["FAILED"]
    project.bundle().write_bytes(edited(project.bundle().read_bytes()))
    done = project.gate("T")
    assert (done.decision, done.recommendation) == ("block", "escalate")


def test_a_proof_that_was_made_again_and_failed_contradicts_the_first(project: Project) -> None:
    assert project.prove("test_output") == ["PASSED"]
    project.prove("test_output", key="ci")
    assert project.gate("T").decision == "pass"
    file, signer = project.bundle("ci"), keys.signer(str(project.keys["ci"]))
    statement = opened(file.read_bytes().splitlines()[0]).statement
    assert isinstance(statement, Proof)
    seen = statement.predicate
    lost = seen.passed_tests[-1]
    run = seen.checker.model_copy(update={"decision": "block", "reasons": (f"failed: {lost}",)})
    changed = {"passed_tests": seen.passed_tests[:-1], "failed_tests": (lost,), "result": "FAILED", "checker": run}
    failed = statement.model_copy(update={"predicate": seen.model_copy(update=changed)})
    file.write_bytes(seal(failed, signer) + b"\n")
    done = project.gate("T")
    assert (done.decision, done.recommendation) == ("block", "escalate")
    assert f"contradicted: test_output: run again, {lost} (failed)" in reasons(done)
