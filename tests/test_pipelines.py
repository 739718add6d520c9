"""The composite action and the hooks that we ship: whole by their schemas, and their steps run as the host would run them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.scratch import commit, whole
from tests.test_init import validated

ROOT = Path(__file__).resolve().parent.parent
LINES = ("sql-built", "weak-cryptography")  # two that are about lines of source
ACTION = ROOT / ".github" / "actions" / "checker" / "action.yml"


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `checker` on its path, as after the step that installs it."""
    folder = tmp_path_factory.mktemp("runner")
    (folder / "bin").mkdir()
    script = folder / "bin" / "checker"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -m checker "$@"\n', "utf-8")
    script.chmod(0o755)
    (folder / "bin" / "python").symlink_to(sys.executable)
    return folder


def step(name: str) -> dict[str, Any]:
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    return next(one for one in action["runs"]["steps"] if one.get("name") == name)


def run(name: str, bench: Path, repo: Path, event: str = "push", **inputs: str) -> subprocess.CompletedProcess[str]:
    """A step of the action under bash as the host starts it, its inputs in the environment."""
    defaults = {key: one.get("default", "") for key, one in yaml.safe_load(ACTION.read_text("utf-8"))["inputs"].items()}
    given = {**defaults, **{key.replace("_", "-"): value for key, value in inputs.items()}}
    told = step(name)
    environment = {key: _filled(value, given) for key, value in told.get("env", {}).items()}
    return _under_bash(told["run"], bench, repo, {**environment, "GITHUB_EVENT_NAME": event})


def _under_bash(script: str, bench: Path, repo: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    for file in ("summary", "output"):
        (bench / file).write_text("", "utf-8")
    around = {
        "PATH": f"{bench / 'bin'}:{os.environ['PATH']}",
        "HOME": str(bench),
        "RUNNER_TEMP": str(bench),
        "GITHUB_STEP_SUMMARY": str(bench / "summary"),
        "GITHUB_OUTPUT": str(bench / "output"),
    }
    words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(
        words, cwd=repo, env={**around, **environment}, capture_output=True, text=True, check=False, timeout=300
    )


def _filled(text: str, inputs: dict[str, str]) -> str:
    for name, value in inputs.items():
        text = text.replace("${{ inputs." + name + " }}", value)
    return text


def outputs(bench: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in (bench / "output").read_text("utf-8").splitlines())


def test_no_module_of_the_checkout_is_imported() -> None:
    """`python -m` and `-c` look into the working directory first, which holds the change under judgement."""
    for file in (ACTION, *(ROOT / "reports" / "init").iterdir(), *(ROOT / ".github" / "workflows").iterdir()):
        assert not re.search(r"python3? -[mc]", file.read_text("utf-8")), file


def test_the_action_and_our_workflow_are_whole() -> None:
    validated("vendor.github-actions", ACTION)
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        validated("vendor.github-workflows", workflow)


def test_no_step_pastes_an_input_into_its_script() -> None:
    """An input is data: pasted into a script it would be code (GitHub's guide on script injection)."""
    action = yaml.safe_load(ACTION.read_text("utf-8"))
    assert not [one for one in action["runs"]["steps"] if "${{" in one.get("run", "")]


def test_a_blocked_audit_fails_the_step_and_is_shown(bench: Path, tmp_path: Path) -> None:
    repo = whole("broken", tmp_path / "broken")
    done = run("audit", bench, repo, standards="backend-engineer backend-coder", options="--skip outputs --skip proofs")
    assert done.returncode == 1, done.stderr
    assert "::error " in done.stdout
    assert "status=blocked" in (bench / "output").read_text("utf-8")
    assert "BLOCKED" in (bench / "summary").read_text("utf-8")
    folder = outputs(bench)["folder"]
    report = json.loads(Path(folder, "checker.json").read_text("utf-8"))
    assert [one["name"] for one in report["standards"]] == ["backend-engineer", "backend-coder"]
    assert Path(folder, "checker.sarif").stat().st_size > 0
    again = run("audit", bench, repo, options="--only nope")
    assert again.returncode == 2
    assert "status" not in outputs(bench), "an earlier use of the action says nothing for this one"


def test_a_ready_audit_passes(bench: Path, tmp_path: Path) -> None:
    repo = whole("clean", tmp_path / "clean")
    done = run("audit", bench, repo, options="--skip outputs --skip proofs")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "status=ready" in (bench / "output").read_text("utf-8")


def a_change(repo: Path) -> None:
    """A commit that adds a line with a defect to a repository whose other lines have defects, too."""
    source = repo / "src" / "main.py"
    bad = "def found(connection, name):\n    return connection.execute(f\"SELECT id FROM orders WHERE name = '{name}'\")\n"
    source.write_text(f"{source.read_text('utf-8')}\n\n{bad}", "utf-8")
    commit(repo, "a change")


@pytest.mark.parametrize(
    ("event", "asked", "narrow"),
    [
        ("push", "auto", False),
        ("pull_request", "auto", True),
        ("pull_request", "false", False),
        ("push", "true", True),
    ],
)
def test_a_pull_request_is_judged_by_its_lines(
    bench: Path, tmp_path: Path, event: str, asked: str, narrow: bool
) -> None:
    repo = whole("broken", tmp_path / "broken")
    a_change(repo)
    done = run("audit", bench, repo, event, changed=asked, base="HEAD~1", options="--only code")
    assert done.returncode == 1, done.stderr
    report = json.loads(Path(outputs(bench)["report"]).read_text("utf-8"))
    touched = {one["where"]["path"] for one in report["findings"] if one["rule"] in LINES}
    assert (touched == {"src/main.py"}) is narrow, touched
    assert "blocked" in Path(outputs(bench)["badge"]).read_text("utf-8")


@pytest.mark.parametrize("host", ["github", "gitlab"])
def test_the_pipeline_that_init_writes_runs(bench: Path, tmp_path: Path, host: str) -> None:
    repo = whole("broken", tmp_path / "broken")
    a_change(repo)
    text = (ROOT / "reports" / "init" / f"{host}.yml").read_text("utf-8")
    template = yaml.safe_load(text.replace("@BRANCH@", '"main"').replace("@INSTALL@", '"backend-checker"'))
    if host == "github":
        steps = {one.get("name"): one.get("run", "") for one in template["jobs"]["audit"]["steps"]}
        audit, event = steps["audit"], {"GITHUB_EVENT_NAME": "pull_request"}
    else:
        audit = "\n".join(line for line in template["checker"]["script"] if "pip install" not in line)
        event = {"CI_PIPELINE_SOURCE": "merge_request_event"}
    done = _under_bash(audit, bench, repo, {**event, "CHECKER_BASE": "HEAD~1"})
    assert done.returncode == 1, done.stderr
    report = json.loads((repo / "checker.json").read_text("utf-8"))
    assert {one["where"]["path"] for one in report["findings"] if one["rule"] in LINES} == {"src/main.py"}
    if host == "github":
        assert _under_bash(steps["summary"], bench, repo, {}).returncode == 0
        assert "BLOCKED" in (bench / "summary").read_text("utf-8")


def test_hostile_inputs_are_words(bench: Path, tmp_path: Path) -> None:
    repo = whole("clean", tmp_path / "clean")
    done = run("audit", bench, repo, path="$(touch pwned); touch pwned", changed="$(touch pwned)")
    assert done.returncode == 2
    assert not (repo / "pwned").exists()
    (repo / "--fail-on=never").write_text("", "utf-8")
    done = run("audit", bench, repo, options="--onl[y] --fail*")
    assert (done.returncode, "--fail-on=never" in done.stderr) == (2, False), done.stderr


def test_a_gate_without_proofs_fails_the_step(bench: Path, tmp_path: Path) -> None:
    done = run("gate", bench, whole("clean", tmp_path / "clean"), gate="G5")
    assert done.returncode == 1
    assert "missing: build_output" in done.stdout


def test_the_hooks_for_pre_commit_name_commands_that_exist() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    assert [one["id"] for one in hooks] == ["checker", "checker-secrets"]
    assert all(one["entry"].startswith("checker audit") and one["pass_filenames"] is False for one in hooks)
