"""A whole run of an agent with its history: the honest one is ready, the other one shows exactly what was planted."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.child import inside
from tests.scratch import FIXTURES, build

REPOS = FIXTURES / "repos"


def judged(name: str, target: Path) -> tuple[int, dict[str, Any]]:
    base = build(REPOS / f"agent-run-{name}", target)
    assert base is not None
    words = ("--standard", "agent-2", "--only", "outputs", "--base", base, "--as-of", "2026-11-21T12:00:00Z")
    done = inside("audit", str(target), *words, "--format", "json")
    assert done.err == ""
    return done.code, done.json


def test_the_good_run_is_ready(tmp_path: Path) -> None:
    code, report = judged("good", tmp_path / "repo")
    assert (code, report["status"], report["findings"]) == (0, "ready", [])
    outcomes = {one["rule"]: one["outcome"] for one in report["results"]}
    assert {"passed", "not_applicable"} == set(outcomes.values())
    assert {"lock-held", "lock-scope", "queue-steps", "queue-updated", "pack-contents", "claim-contradicted"} <= {
        rule for rule, outcome in outcomes.items() if outcome == "passed"
    }
    assert {one["state"] for one in report["claims"]} == {"confirmed"}


def test_the_good_run_is_ready_under_all_that_its_standard_asks(tmp_path: Path) -> None:
    """The repository holds no application beside what the run brings: the tests that one would have are minor."""
    base = build(REPOS / "agent-run-good", tmp_path / "repo")
    assert base is not None
    words = ("--standard", "agent-2", "--base", base, "--as-of", "2026-11-21T12:00:00Z", "--format", "json")
    done = inside("audit", str(tmp_path / "repo"), *words)
    assert (done.code, done.json["status"]) == (0, "ready")
    assert {(one["rule"], one["severity"]) for one in done.json["findings"]} == {
        ("contract-tests", "minor"),
        ("integration-tests", "minor"),
    }


def test_the_bad_run_shows_exactly_what_was_planted(tmp_path: Path) -> None:
    code, report = judged("bad", tmp_path / "repo")
    expect = tomllib.loads((REPOS / "agent-run-bad" / "expect.toml").read_text("utf-8"))
    planted = sorted((one["rule"], one["path"], one["subject"]) for one in expect["finding"])
    assert (code, report["status"], report["recommendation"]) == (1, "blocked", "escalate")
    assert sorted((one["rule"], one["where"]["path"], one["subject"]) for one in report["findings"]) == planted


@pytest.mark.parametrize("standard", ["common"])
def test_common_asks_for_no_output_that_is_absent(standard: str, tmp_path: Path) -> None:
    build(FIXTURES / "rules" / "attach-pack" / "fail-none", tmp_path / "repo")
    done = inside("audit", str(tmp_path / "repo"), "--standard", standard, "--only", "outputs", "--format", "json")
    assert done.json["findings"] == []
