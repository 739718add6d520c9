"""The two whole backends, started and asked: nothing is found in the clean one, what was planted in its twin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checker import catalog
from checker.audit import audit
from checker.model.rehearsal import Fuzzing, Rehearsal
from checker.model.report import Report
from checker.workplace import Request
from tests.rehearsals import seen_of
from tests.scratch import FIXTURES, whole

AS_OF = datetime(2026, 11, 21, tzinfo=UTC)
ALL = sorted(set(catalog.load().standards) - {"common"})
DEMO = ("--profile", "agent", "--skip", "outputs", "--skip", "proofs")


@pytest.fixture(autouse=True, scope="module")
def _needs_the_backends_packages() -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("argon2")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsal]:
    folder = whole("clean", tmp_path_factory.mktemp("clean") / "repo")
    return folder, seen_of(folder)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Rehearsal]:
    folder = whole("broken", tmp_path_factory.mktemp("broken") / "repo")
    return folder, seen_of(folder)


def judged(folder: Path, seen: Rehearsal, **asked: Any) -> Report:
    request = Request(folder, profile="agent", as_of=AS_OF, contain=False, given={Rehearsal: seen}, **asked)
    return audit(request).report


def planted() -> list[dict[str, Any]]:
    expect = tomllib.loads((FIXTURES / "repos" / "broken" / "expect.toml").read_text("utf-8"))
    return [one for one in expect["finding"] if one["family"] == "runtime"]


@pytest.mark.parametrize("standard", ALL)
def test_nothing_is_found_in_the_clean_backend(clean: tuple[Path, Rehearsal], standard: str) -> None:
    report = judged(*clean, standards=(standard,), skip=("outputs", "proofs"))
    assert [(one.rule, one.title, one.evidence) for one in report.findings] == []
    assert [(one.rule, one.reason) for one in report.results if one.outcome.value in ("unavailable", "error")] == []
    assert report.status == "ready"


def test_every_rule_that_finds_something_in_the_twin_examined_the_clean_one(clean: tuple[Path, Rehearsal]) -> None:
    examined = {one.rule for one in judged(*clean, only=("runtime",)).results if one.outcome.value == "passed"}
    assert {one["rule"] for one in planted()} <= examined


def test_the_clean_backend_is_ready_as_a_user_runs_it(clean: tuple[Path, Rehearsal]) -> None:
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    command = [sys.executable, "-m", "checker", "audit", *DEMO, "--format", "json", str(clean[0])]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    report = json.loads(done.stdout)
    assert (done.returncode, report["status"], report["findings"]) == (0, "ready", [])
    assert len(report["standards"]) == len(ALL)
    assert not [one for one in report["results"] if one["outcome"] in ("unavailable", "error", "failed")]


def test_exactly_what_was_planted_is_found_in_its_twin(broken: tuple[Path, Rehearsal]) -> None:
    report = judged(*broken, only=("runtime",))
    assert sorted((one.rule, one.where.path, one.subject) for one in report.findings) == sorted(
        (one["rule"], one["path"], one["subject"]) for one in planted()
    )
    crashes = [one for one in report.findings if one.rule == "server-error" and one.severity.value == "major"]
    for crash in crashes:
        assert "ZeroDivisionError" in crash.evidence
        assert "curl -i -X POST" in crash.evidence
        assert crash.where.path == "src/services/orders.py"


def test_the_same_seed_gives_the_same_findings(broken: tuple[Path, Rehearsal], tmp_path: Path) -> None:
    folder, first = broken
    again = seen_of(folder)
    assert isinstance(first.fuzzing, Fuzzing)
    assert isinstance(again.fuzzing, Fuzzing)
    assert again.fuzzing.cases == first.fuzzing.cases
    found = [
        [(one.fingerprint, one.title) for one in judged(folder, seen, only=("runtime",)).findings]
        for seen in (first, again)
    ]
    assert found[0] == found[1]
