"""Whole backends, end to end: the clean one is ready under every standard, its twin shows exactly what was planted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from checker import catalog
from tests.scratch import FIXTURES, whole

ALL = sorted(set(catalog.load().standards) - {"common"})
OUTPUTS = ("--skip", "outputs", "--skip", "proofs")


@pytest.fixture(scope="module")
def clean(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole("clean", tmp_path_factory.mktemp("clean") / "repo")


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return whole("broken", tmp_path_factory.mktemp("broken") / "repo")


def audited(repo: Path, *standards: str) -> tuple[int, dict[str, Any]]:
    """The exit code and the report of a static audit, as a user runs it."""
    chosen = [word for name in standards for word in ("--standard", name)]
    command = [
        sys.executable,
        "-m",
        "checker",
        "audit",
        "--base",
        "HEAD~1",
        "--format",
        "json",
        *OUTPUTS,
        *chosen,
        str(repo),
    ]
    environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.stderr == ""
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize("standard", [*ALL, "common"])
def test_clean_is_ready_under_each_standard(clean: Path, standard: str) -> None:
    code, report = audited(clean, standard)
    assert (code, report["status"], report["findings"]) == (0, "ready", [])


def test_clean_is_ready_under_all_of_them_together(clean: Path) -> None:
    code, report = audited(clean)
    assert [one["name"] for one in report["standards"]] == [
        "agent-2",
        "backend-developer",
        "backend-engineer",
        "backend-coder",
        "backend-agent",
    ]
    assert (code, report["status"], report["findings"]) == (0, "ready", [])
    assert not [one for one in report["results"] if one["outcome"] in ("unavailable", "error", "failed", "waived")]


def is_static(planted: dict[str, Any]) -> bool:
    return bool(planted["rule"]) and planted["family"] != "runtime"


def test_broken_shows_exactly_what_was_planted(broken: Path) -> None:
    expect = tomllib.loads((FIXTURES / "repos" / "broken" / "expect.toml").read_text("utf-8"))
    planted = sorted(
        (one["rule"], one["path"], one["subject"])
        for one in expect["finding"]
        if one["rule"] and one["family"] != "runtime"
    )
    code, report = audited(broken)
    found = sorted((one["rule"], one["where"]["path"], one["subject"]) for one in report["findings"])
    assert found == planted
    assert (code, report["status"]) == (1, "blocked")
