"""The CI job that makes proofs again: its step runs here, its workflow is held against the schema of such files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from checker.probe.network import own_processes
from tests.proved_project import Project
from tests.scratch import git

HERE = Path(__file__).resolve().parent.parent
WORKFLOW = HERE / ".github" / "workflows" / "proofs.yml"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def steps() -> list[dict[str, Any]]:
    (job,) = yaml.safe_load(WORKFLOW.read_text("utf-8"))["jobs"].values()
    return list(job["steps"])


def prove_again() -> dict[str, Any]:
    (step,) = [one for one in steps() if one.get("name") == "Prove again"]
    return step


def rerun(project: Project, folder: Path) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The step as CI runs it: its exit code, the gate's answer, the heads that it keeps."""
    tools = folder / "bin"
    tools.mkdir()
    (tools / "checker").write_text(f'#!/bin/sh\nexec {sys.executable} -P -m checker "$@"\n')
    (tools / "checker").chmod(0o755)
    environment = {
        "PATH": f"{tools}:{os.environ['PATH']}",
        "PYTHONPATH": str(HERE),
        "HOME": str(folder),
        "CHECKER_SIGNING_KEY": project.keys["ci"].read_text(),  # as a secret of CI is given
        "CHECKER_CONFINED": "1" if own_processes() else "",
    }
    environment |= {"GATE": "G5", "BASE": project.base, "OUT": str(folder / "out")}
    command = ["bash", "-e", "-c", prove_again()["run"]]  # as the host's runner starts it
    done = subprocess.run(command, cwd=project.root, env=environment, capture_output=True, text=True, check=False)
    out = folder / "out"
    return done.returncode, json.loads((out / "gate.json").read_text()), json.loads((out / "heads.json").read_text())


def test_what_was_proved_is_proved_again_by_ci(project: Project, tmp_path: Path) -> None:
    assert project.prove("build_output", "lint_output", "test_output") == ["PASSED"] * 3
    code, gate, heads = rerun(project, tmp_path)
    assert (code, gate["decision"]) == (0, "pass"), gate["reasons"]
    assert {one["trust"] for one in gate["proofs"]} == {"rerun-signed"}
    assert sorted(one["records"] for one in heads["heads"].values()) == [3, 3]
    assert (tmp_path / "out" / "verdict.intoto.jsonl").is_file()


def test_a_test_that_passed_only_where_the_agent_ran_it_is_named(project: Project, tmp_path: Path) -> None:
    marker = tmp_path / "only-here"
    marker.write_text("")
    test = f"import os\n\n\ndef test_here():\n    assert os.path.exists({str(marker)!r})\n"
    (project.root / "tests" / "test_here.py").write_text(test)
    assert project.prove("build_output", "lint_output", "test_output") == ["PASSED"] * 3
    marker.unlink()
    code, gate, _ = rerun(project, tmp_path)
    assert (code, gate["decision"], gate["recommendation"]) == (1, "block", "escalate")
    assert any(
        one.startswith("contradicted: test_output: run again, tests/test_here.py::test_here (failed)")
        for one in gate["reasons"]
    ), gate["reasons"]


def test_a_change_that_takes_the_key_of_the_job_takes_nothing(project: Project, tmp_path: Path) -> None:
    if not own_processes():
        pytest.skip("this kernel gives no process namespace")
    taken = tmp_path / "taken"
    lines = [
        "import glob",
        "",
        "",
        "def test_takes():",
        "    found = b''",
        "    for file in glob.glob('/proc/[0-9]*/environ'):",
        "        with open(file, 'rb') as one:",
        "            found += one.read()",
        f"    with open({str(taken)!r}, 'wb') as out:",
        "        assert out.write(found) > 0",
        "",
    ]
    (project.root / "tests" / "test_takes.py").write_text("\n".join(lines))
    code, gate, _ = rerun(project, tmp_path)
    assert (code, gate["decision"]) == (0, "pass"), gate["reasons"]
    assert b"PATH" in taken.read_bytes()
    assert b"PRIVATE KEY" not in taken.read_bytes()


@pytest.mark.parametrize("kept", [True, False])
def test_anchors_are_fetched_where_there_are_any(project: Project, tmp_path: Path, kept: bool) -> None:
    (step,) = [one for one in steps() if one.get("name") == "Anchors"]
    if kept:
        git(project.root, "notes", "--ref", "checker", "add", "-m", "{}", project.base)
    git(tmp_path, "clone", "-q", "--mirror", str(project.root), "origin.git")
    git(tmp_path, "clone", "-q", "origin.git", "work")
    done = subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path / "work", capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert bool(git(tmp_path / "work", "for-each-ref", "refs/notes/checker").strip()) is kept
    git(tmp_path / "work", "remote", "set-url", "origin", str(tmp_path / "nowhere"))
    assert subprocess.run(
        ["bash", "-e", "-c", step["run"]], cwd=tmp_path / "work", capture_output=True, check=False
    ).returncode


def test_the_workflow_is_one_and_gives_the_change_no_more_than_it_needs() -> None:
    told = yaml.safe_load(WORKFLOW.read_text("utf-8"))
    assert set(told) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads the key `on` as true
    assert told["permissions"] == {"contents": "read"}
    assert set(told[True]) == {"workflow_call"}
    (job,) = told["jobs"].values()
    assert {"runs-on", "timeout-minutes", "steps"} == set(job)
    assert [one for one in steps() if "CHECKER_SIGNING_KEY" in one.get("env", {})] == [prove_again()]
    assert prove_again()["env"]["CHECKER_CONFINED"] == "1"
    for step in job["steps"]:
        assert ("run" in step) != ("uses" in step)
        assert "${{" not in step.get("run", ""), "what stands there would be run"
        assert "@" in step.get("uses", "@")
    (checkout,) = [step for step in job["steps"] if step.get("uses", "").startswith("actions/checkout@")]
    assert checkout["with"] == {"fetch-depth": 0, "persist-credentials": False}
