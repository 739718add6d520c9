"""`checker init`: shown before it is written, never over a file, and taken back to the byte."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from checker.change_alone import WHOLE
from checker.cli import root as command
from checker.initial import PARTS, RECORD
from checker.toml_source import ConfigurationError
from tests.benchmarks import init_repos
from tests.fake_secrets import fake
from tests.scratch import commit, git, whole

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "app.py").write_text("A = 1\n", "utf-8")
    git(folder, "init", "-q", "-b", "trunk")
    commit(folder, "first")
    return folder


def run(*words: str) -> Result:
    return CliRunner().invoke(command, ["init", *words])


def told(*words: str) -> dict[str, Any]:
    done = run(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert isinstance(found, dict)
    return found


def files(folder: Path) -> dict[str, bytes]:
    return {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in folder.rglob("*")
        if file.is_file() and ".git" not in file.relative_to(folder).parts
    }


def test_everything_is_shown_and_written(repo: Path) -> None:
    before = files(repo)
    done = run(str(repo))
    assert done.exit_code == 0
    written = set(files(repo)) - set(before)
    assert written == {RECORD, *(path for path, _ in PARTS.values())}
    for path, _ in PARTS.values():
        assert f"writes {path}" in done.stdout
    assert '  | standards = ["common"]' in done.stdout
    assert done.stdout.rstrip().endswith(f"Next: checker audit {repo}")
    assert "--baseline" in done.stdout


def test_undo_leaves_what_was_there(repo: Path) -> None:
    before = files(repo)
    run(str(repo))
    assert run(str(repo), "--undo").exit_code == 0
    assert files(repo) == before
    assert not (repo / ".claude").exists()
    assert not (repo / ".github").exists()


def test_a_dry_run_writes_nothing(repo: Path) -> None:
    before = files(repo)
    assert "nothing was written" in run(str(repo), "--dry-run").stdout
    assert files(repo) == before
    assert {one["how"] for one in told(str(repo), "--dry-run")["files"]} == {"would write"}


def test_what_is_there_stays(repo: Path) -> None:
    kept = {
        ".mcp.json": "{}\n",
        ".pre-commit-config.yaml": "repos: []\n",
        ".github/workflows/checker.yml": "name: mine\n",
    }
    for path, text in kept.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text, "utf-8")
    found = {one["path"]: one for one in told(str(repo))["files"]}
    for path, text in kept.items():
        assert (repo / path).read_text("utf-8") == text
        assert (found[path]["how"], found[path]["why"]) == ("keep", "is there already; add these lines by hand")


@pytest.mark.parametrize("text", ["# Agents\r\n\r\nBe kind.\r\n", "# Agents", "", "caf\udce9\n"])
def test_a_section_is_added_to_the_agents_file_and_taken_out(repo: Path, text: str) -> None:
    own = text.encode("utf-8", "surrogateescape")
    (repo / "AGENTS.md").write_bytes(own)
    run(str(repo), "--only", "agents")
    assert (repo / "AGENTS.md").read_bytes().startswith(own)
    assert b"checker gate handoff" in (repo / "AGENTS.md").read_bytes()
    assert told(str(repo), "--only", "agents")["files"][0]["how"] == "keep"
    run(str(repo), "--undo")
    assert (repo / "AGENTS.md").read_bytes() == own


def test_what_was_changed_since_stays(repo: Path) -> None:
    (repo / "AGENTS.md").write_text("# Agents\n", "utf-8")
    run(str(repo))
    (repo / "checker.toml").write_text('standards = ["agent-2"]\n', "utf-8")
    section = (repo / "AGENTS.md").read_text("utf-8").replace("In this order:", "In any order:")
    (repo / "AGENTS.md").write_text(section, "utf-8")
    became = {one["path"]: one["how"] for one in told(str(repo), "--undo")["files"]}
    assert became["checker.toml"] == "kept: it was changed since"
    assert became["AGENTS.md"] == "kept: its section was changed since"
    assert (repo / "checker.toml").is_file()
    assert told(str(repo), "--undo")["files"] == [
        {"path": "AGENTS.md", "how": "kept: its section was changed since"},
        {"path": "checker.toml", "how": "kept: it was changed since"},
    ]
    (repo / "checker.toml").unlink()
    (repo / "AGENTS.md").unlink()
    assert {one["how"] for one in told(str(repo), "--undo")["files"]} == {"is gone already"}
    assert not (repo / ".checker").exists()


def test_our_section_goes_from_an_agents_file_that_init_wrote_and_somebody_went_on_with(repo: Path) -> None:
    run(str(repo), "--only", "agents")
    with open(repo / "AGENTS.md", "a", encoding="utf-8") as file:
        file.write("\nBe kind.\n")
    assert told(str(repo), "--undo")["files"] == [{"path": "AGENTS.md", "how": "section taken out"}]
    assert (repo / "AGENTS.md").read_text("utf-8") == "\nBe kind.\n"
    assert not (repo / RECORD).exists()


def test_a_second_run_says_what_stands_as_written(repo: Path) -> None:
    run(str(repo))
    assert {one["why"] for one in told(str(repo))["files"]} == {"as written"}
    (repo / ".mcp.json").write_text("{}\n", "utf-8")
    found = {one["path"]: one["why"] for one in told(str(repo))["files"]}
    assert found[".mcp.json"] == "is there already; add these lines by hand"


def test_a_link_out_of_the_repository_is_not_followed(repo: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (repo / ".claude").symlink_to(outside)
    found = {one["part"]: one for one in told(str(repo))["files"]}
    assert found["hooks"]["why"] == "a link on the way leads out of the repository"
    assert list(outside.iterdir()) == []


def test_a_record_names_only_what_init_writes(repo: Path) -> None:
    """A record is a file of the repository: whoever wrote it must not choose what undo removes."""
    digest = subprocess.run(["sha256sum", repo / "app.py"], capture_output=True, text=True, check=True).stdout.split()[
        0
    ]
    (repo / ".checker").mkdir()
    forged = {"files": [{"path": "app.py", "how": "write", "sha256": digest}]}
    (repo / RECORD).write_text(json.dumps(forged), "utf-8")
    assert told(str(repo), "--undo")["files"] == [{"path": "app.py", "how": "kept: init never writes there"}]
    assert (repo / "app.py").is_file()


@pytest.mark.parametrize("kind", ["link", "pipe", "folder", "deep"])
def test_what_lies_in_the_place_of_the_record_is_refused_before_anything_is_written(
    repo: Path, tmp_path: Path, kind: str
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious", "utf-8")
    (repo / ".checker").mkdir()
    if kind == "link":
        (repo / RECORD).symlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(repo / RECORD)
    elif kind == "folder":
        (repo / RECORD).mkdir()
    else:
        (repo / RECORD).write_text("[" * 100_000, "utf-8")
    done = run(str(repo))
    assert isinstance(done.exception, ConfigurationError)
    assert "is not a record of checker init" in str(done.exception)
    assert victim.read_text("utf-8") == "precious"
    assert not (repo / "checker.toml").exists()


def test_what_was_written_is_taken_back_when_the_rest_cannot_be(repo: Path) -> None:
    (repo / ".github").write_text("in the way\n", "utf-8")
    done = run(str(repo))
    assert isinstance(done.exception, ConfigurationError)
    assert not (repo / "checker.toml").exists()
    assert not (repo / RECORD).exists()


def test_a_folder_that_was_there_stays_when_it_is_empty_again(repo: Path) -> None:
    (repo / ".claude").mkdir()
    run(str(repo))
    run(str(repo), "--undo")
    assert (repo / ".claude").is_dir()
    assert not (repo / ".github").exists()


def test_below_the_top_nothing_is_written_that_hosts_read_at_the_top_alone(repo: Path) -> None:
    (repo / "service").mkdir()
    (repo / "service" / "app.py").write_text("A = 1\n", "utf-8")
    found = {one["part"]: one for one in told(str(repo / "service"))["files"]}
    assert {name for name, one in found.items() if "at the top alone" in one["why"]} == {"workflow", "pre-commit"}
    assert not (repo / "service" / ".github").exists()


def test_nothing_to_undo_and_a_broken_record(repo: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "checker", "init", "--undo", str(repo)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "wrote nothing here" in done.stderr
    (repo / ".checker").mkdir()
    (repo / RECORD).write_text("[]", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "checker", "init", "--undo", str(repo)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, "remove it by hand" in done.stderr) == (2, True)


def test_the_branch_and_the_contract_are_those_of_the_repository(repo: Path) -> None:
    (repo / "specs").mkdir()
    (repo / "specs" / "api.yaml").write_text("openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths: {}\n", "utf-8")
    run(str(repo))
    assert 'branches: ["trunk"]' in (repo / ".github/workflows/checker.yml").read_text("utf-8")
    assert 'openapi = ["specs/api.yaml"]' in (repo / "checker.toml").read_text("utf-8")


def test_a_repository_on_gitlab_gets_a_gitlab_job(repo: Path) -> None:
    (repo / ".gitlab-ci.yml").write_text("stages: [test]\n", "utf-8")
    run(str(repo))
    assert (repo / ".gitlab" / "checker.gitlab-ci.yml").is_file()
    assert not (repo / ".github").exists()


def test_what_is_written_is_what_its_readers_expect(repo: Path) -> None:
    """Pipelines by the schemas of their hosts; hooks and servers by the fields that the coding agents read."""
    (repo / "other").mkdir()
    run(str(repo))
    (repo / ".gitlab-ci.yml").write_text("stages: [test]\n", "utf-8")
    run(str(repo), "--only", "workflow")
    for schema, path in (
        ("vendor.github-workflows", ".github/workflows/checker.yml"),
        ("vendor.gitlab-ci", ".gitlab/checker.gitlab-ci.yml"),
    ):
        validated(schema, repo / path)
    settings = json.loads((repo / ".claude/settings.json").read_text("utf-8"))
    assert settings["hooks"]["Stop"][0]["hooks"][0]["command"].endswith("; checker gate handoff --hook")
    assert json.loads((repo / ".mcp.json").read_text("utf-8"))["mcpServers"]["checker"]["args"] == [
        "mcp",
        "--profile",
        "agent",
    ]
    hooks = yaml.safe_load((repo / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    assert hooks[0]["pass_filenames"] is False


def test_what_pip_installs_is_told_to_the_pipeline_as_a_word(repo: Path) -> None:
    wanted = 'git+https://git.example/acme/backend-checker@v0.1.0#egg="x": [y]'
    run(str(repo), "--install", wanted)
    (repo / ".gitlab-ci.yml").write_text("stages: [test]\n", "utf-8")
    run(str(repo), "--only", "workflow", "--install", wanted)
    github = yaml.safe_load((repo / ".github/workflows/checker.yml").read_text("utf-8"))["jobs"]["audit"]
    gitlab = yaml.safe_load((repo / ".gitlab/checker.gitlab-ci.yml").read_text("utf-8"))["checker"]
    assert github["env"]["CHECKER_INSTALL"] == gitlab["variables"]["CHECKER_INSTALL"] == wanted
    assert not [one for one in github["steps"] if wanted in one.get("run", "")]


@pytest.mark.parametrize("wanted", ["", " ", "a\nb", "a${{ secrets.KEY }}"])
def test_what_no_pip_could_install_is_refused(repo: Path, wanted: str) -> None:
    done = run(str(repo), "--install", wanted)
    assert isinstance(done.exception, ConfigurationError)
    assert not (repo / "checker.toml").exists()


def test_what_is_written_works_and_goes_again(tmp_path: Path) -> None:
    """The trial that is also given public repositories: hooks and server as their hosts run them, then undo."""
    outcome = init_repos.tried(whole("clean", tmp_path / "clean"))
    assert set(outcome) == set(init_repos.STEPS)
    assert {name: became for name, became in outcome.items() if not became.startswith("ok")} == {
        "pre-commit": "not tried"
    }


def validated(schema: str, file: Path) -> None:
    words = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema, str(file)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "NO_COLOR": "1"})
    assert done.returncode == 0, done.stdout


def test_without_a_word_on_what_pip_installs_the_pipeline_names_nothing_and_says_so(repo: Path) -> None:
    for words in (["--dry-run"], []):
        done = run(str(repo), *words)
        assert "ATTENTION: the package is not on an index" in done.stdout
    pipeline = repo / ".github/workflows/checker.yml"
    job = yaml.safe_load(pipeline.read_text("utf-8"))["jobs"]["audit"]
    assert job["env"]["CHECKER_INSTALL"] == ""
    (step,) = (one["run"] for one in job["steps"] if "pip install" in one.get("run", ""))
    failed = subprocess.run(
        ["bash", "-ec", step], env={"CHECKER_INSTALL": ""}, capture_output=True, text=True, check=False
    )
    assert failed.returncode != 0
    assert "not on an index" in failed.stderr
    pipeline.unlink()
    assert "ATTENTION" not in run(str(repo), "--install", "git+https://git.example/a/b@v1").stdout
    action = yaml.safe_load((ROOT / ".github/actions/checker/action.yml").read_text("utf-8"))
    assert "default" not in action["inputs"]["install"]
    assert ":?" in action["runs"]["steps"][1]["run"]


def test_the_baseline_step_says_that_it_is_merged_first(repo: Path) -> None:
    assert "merge it into the base branch first" in run(str(repo)).stdout
    assert "merge it into the base branch first" in (repo / ".github/workflows/checker.yml").read_text("utf-8")


def test_what_changed_narrows_is_said_where_it_is_offered() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    said = " ".join(readme[readme.index("Pull requests get `--changed`") :].split("\n- **")[0].split())
    assert all(f"`{one.value}`" in said for one in WHOLE)
    for template in ("github.yml", "gitlab.yml"):
        assert "does not block" in (ROOT / "reports/init" / template).read_text("utf-8")
    helped = " ".join(CliRunner().invoke(command, ["audit", "--help"]).output.split())
    assert "the families change, config and proofs, stay whole" in helped


def _hook(folder: Path, event: str, below: Path, **around: str) -> subprocess.CompletedProcess[str]:
    hooks = json.loads((folder / ".claude/settings.json").read_text("utf-8"))["hooks"]
    words = hooks[event][0]["hooks"][0]["command"]
    script = folder.parent / "bin" / "checker"
    script.parent.mkdir(exist_ok=True)
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m checker "$@"\n', "utf-8")
    script.chmod(0o755)
    left = {name: value for name, value in os.environ.items() if name != "CLAUDE_PROJECT_DIR"}
    environment = {**left, "PATH": f"{script.parent}:{os.environ['PATH']}", **around}
    return subprocess.run(
        ["sh", "-c", words], cwd=below, env=environment, input="{}", capture_output=True, text=True, check=False
    )


def test_the_hooks_judge_the_project_wherever_the_session_stands(repo: Path, tmp_path: Path) -> None:
    run(str(repo), "--only", "hooks")
    (repo / "app.py").write_text(f'KEY = "{fake("github-pat")}"\n', "utf-8")
    (repo / "docs").mkdir()
    done = _hook(repo, "PostToolUse", repo / "docs")
    assert (done.returncode, "app.py" in done.stderr) == (2, True)
    done = _hook(repo, "PostToolUse", tmp_path, CLAUDE_PROJECT_DIR=str(repo))
    assert (done.returncode, "app.py" in done.stderr) == (2, True)
    assert "handoff: block" in _hook(repo, "Stop", tmp_path, CLAUDE_PROJECT_DIR=str(repo)).stderr


def test_the_edit_hook_blocks_nobody_where_there_is_nothing_to_examine(repo: Path, tmp_path: Path) -> None:
    run(str(repo), "--only", "hooks")
    (tmp_path / "empty").mkdir()
    done = _hook(repo, "PostToolUse", tmp_path, CLAUDE_PROJECT_DIR=str(tmp_path / "empty"))
    assert (done.returncode, "nothing was examined" in done.stderr) == (3, True)


def test_the_edit_hook_leaves_what_was_committed_before_to_the_pipeline(repo: Path, tmp_path: Path) -> None:
    (repo / "app.py").write_text(f'KEY = "{fake("github-pat")}"\n', "utf-8")
    run(str(repo), "--only", "hooks")
    commit(repo, "a secret, and hooks")
    (repo / "more.py").write_text("A = 1\n", "utf-8")
    done = _hook(repo, "PostToolUse", repo)
    assert (done.returncode, "from before the change: 1 critical" in done.stderr) == (0, True)
