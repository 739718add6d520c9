"""`checker init` on copies of repositories: what it writes is validated and run, then undone to a clean `git status`.

usage: python -m tests.benchmarks.init_repos [--actionlint COMMAND] [--pre-commit COMMAND] REPOSITORY …

A line for each step, `ok` or `FAILED` with what was seen; exit 1 where one failed. The workflow is validated by its schema
and, where the command is given, by actionlint. The hooks are run as their hosts run them: pre-commit (where the command is
given) and the edit and stop hooks of a coding agent, each on the repository as it is and with a secret in it.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mcp import Client
from mcp.client.stdio import StdioServerParameters

from tests.fake_secrets import fake
from tests.scratch import git

ROOT = Path(__file__).resolve().parent.parent.parent
PLANTED = "planted_by_the_trial.py"
Done = subprocess.CompletedProcess[str]


class Failed(Exception):
    """A step that did not do what it promises, and what was seen."""


@dataclass(frozen=True)
class Trial:
    """A copy of a repository, and the commands that it is tried with; None where there is none."""

    repo: Path
    environment: dict[str, str]
    actionlint: str | None = None
    pre_commit: str | None = None

    def run(self, words: list[str], said: str = "{}") -> Done:
        """A command in the copy, with `said` on its standard input."""
        return subprocess.run(
            words, cwd=self.repo, env=self.environment, input=said, capture_output=True, text=True, check=False
        )

    def expect(self, words: list[str], codes: set[int], *, seen: str = "") -> Done:
        done = self.run(words)
        if done.returncode not in codes or seen not in done.stdout + done.stderr:
            raise Failed(
                f"{shlex.join(words)} ended with {done.returncode}\n{done.stdout[-1500:]}{done.stderr[-1500:]}"
            )
        return done


def tried(folder: Path, actionlint: str | None = None, pre_commit: str | None = None) -> dict[str, str]:
    """The steps with what became of them: `ok`, `not tried`, or what failed."""
    with tempfile.TemporaryDirectory(prefix="init-") as scratch:
        repo = Path(scratch) / "repo"
        subprocess.run(["git", "clone", "--quiet", "--no-hardlinks", str(folder), str(repo)], check=True)
        trial = Trial(repo, _environment(Path(scratch)), actionlint, pre_commit)
        return {name: _outcome(step, trial) for name, step in STEPS.items()}


def _outcome(step: Callable[[Trial], str], trial: Trial) -> str:
    try:
        return step(trial)
    except Failed as failed:
        return str(failed)


def _environment(scratch: Path) -> dict[str, str]:
    """With `checker` on the path and a home of its own."""
    (scratch / "bin").mkdir()
    (scratch / "home").mkdir()
    script = scratch / "bin" / "checker"
    script.write_text(f'#!/bin/sh\nPYTHONPATH="{ROOT}" exec "{sys.executable}" -P -m checker "$@"\n', "utf-8")
    script.chmod(0o755)
    return {**os.environ, "PATH": f"{scratch / 'bin'}:{os.environ['PATH']}", "HOME": str(scratch / "home")}


def writes(trial: Trial) -> str:
    """All that the plan says is there afterwards, and nothing that was there has changed."""
    told = json.loads(trial.expect(["checker", "init", "--format", "json"], {0}).stdout)
    missing = [one["path"] for one in told["files"] if not (trial.repo / one["path"]).is_file()]
    changed = set(git(trial.repo, "diff", "--name-only").split()) - {"AGENTS.md"}
    if missing or changed:
        raise Failed(f"missing {missing}, changed {sorted(changed)}")
    return "ok"


def workflow(trial: Trial) -> str:
    """By its schema, and by actionlint."""
    file = ".github/workflows/checker.yml"
    schema = [sys.executable, "-P", "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", file]
    trial.expect(schema, {0})
    if trial.actionlint:
        trial.expect([*shlex.split(trial.actionlint), file], {0})
    return "ok" if trial.actionlint else "ok (schema; actionlint was not given)"


def pre_commit(trial: Trial) -> str:
    """The hook runs, and a secret stops the commit."""
    if not trial.pre_commit:
        return "not tried"
    ours = trial.repo.parent / "pre-commit.yaml"  # as a person adds the lines where there is such a file already
    shutil.copy(ROOT / "reports" / "init" / "pre-commit.yaml", ours)
    words = [*shlex.split(trial.pre_commit), "run", "--config", str(ours), "--all-files", "--verbose", "checker"]
    before = trial.expect(words, {0, 1}, seen="subjects examined")
    with planted(trial):
        trial.expect(words, {1}, seen=PLANTED)
    return "ok" if before.returncode == 0 else "ok (and it stops what is there already)"


def edit_hook(trial: Trial) -> str:
    """The hook of a coding agent after an edit: a secret is told on standard error, with the exit code that hosts heed."""
    hooks = json.loads((trial.repo / ".claude/settings.json").read_text("utf-8"))["hooks"]
    (command,) = (hook["command"] for one in hooks["PostToolUse"] for hook in one["hooks"])
    before = trial.expect(["sh", "-c", command], {0, 2}, seen="Next: ")
    with planted(trial):
        done = trial.expect(["sh", "-c", command], {2}, seen=PLANTED)
    if done.stdout:
        raise Failed(f"hosts pass standard error on alone; this went to standard output: {done.stdout[:200]}")
    return "ok" if before.returncode == 0 else "ok (and it tells what is there already)"


def stop_hook(trial: Trial) -> str:
    """The hook at the end: without proofs nobody stops, and it says what is missing; a second time it lets go."""
    hooks = json.loads((trial.repo / ".claude/settings.json").read_text("utf-8"))["hooks"]
    (command,) = (hook["command"] for one in hooks["Stop"] for hook in one["hooks"])
    done = trial.expect(["sh", "-c", command], {2}, seen="missing: test_output")
    if not done.stderr.startswith("handoff: block"):
        raise Failed(done.stderr[:300])
    again = trial.run(["sh", "-c", command], '{"stop_hook_active": true}')
    if again.returncode != 0:
        raise Failed(f"a second time it ended with {again.returncode}")
    return "ok"


def server(trial: Trial) -> str:
    """The MCP server starts as `.mcp.json` says, and lists its tools."""
    told = json.loads((trial.repo / ".mcp.json").read_text("utf-8"))["mcpServers"]["checker"]
    command = StdioServerParameters(command=told["command"], args=told["args"], env=trial.environment, cwd=trial.repo)

    async def tools() -> int:
        async with Client(command) as found:
            return len((await found.list_tools()).tools)

    return "ok" if asyncio.run(tools()) == 8 else "FAILED: not its eight tools"


def undone(trial: Trial) -> str:
    """Everything is as it was, ignored files and empty folders included."""
    trial.expect(["checker", "init", "--undo"], {0})
    left = git(trial.repo, "status", "--porcelain", "--ignored")
    if left:
        raise Failed(f"git status says: {left}")
    return "ok"


@contextmanager
def planted(trial: Trial) -> Iterator[None]:
    """A file with a secret, for as long as the block lasts."""
    (trial.repo / PLANTED).write_text(f'TOKEN = "{fake("github-pat")}"\n', "utf-8")
    git(trial.repo, "add", "-f", PLANTED)
    try:
        yield
    finally:
        git(trial.repo, "rm", "-q", "-f", PLANTED)


STEPS: dict[str, Callable[[Trial], str]] = {
    "init writes": writes,
    "workflow": workflow,
    "pre-commit": pre_commit,
    "edit hook": edit_hook,
    "stop hook": stop_hook,
    "mcp server": server,
    "undo": undone,
}


def _lines(folder: Path, outcome: dict[str, str]) -> Iterator[str]:
    for name, became in outcome.items():
        word = "" if became.startswith(("ok", "not tried")) else "FAILED: "
        yield f"{folder.name:<36} {name:<12} {word}{became}"


def main() -> int:
    """0 when each step on each repository did what it promises."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actionlint")
    parser.add_argument("--pre-commit")
    parser.add_argument("folders", nargs="+", type=Path)
    asked = parser.parse_args()
    failed = False
    for folder in asked.folders:
        lines = list(_lines(folder, tried(folder, asked.actionlint, asked.pre_commit)))
        print("\n".join(lines), flush=True)
        failed |= any("FAILED" in line for line in lines)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
