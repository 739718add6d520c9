"""What `checker prove` costs beyond the command: CPU and wall seconds on made-up repositories of 2,000 and 40,000 files.

The modules are compiled beforehand, as an installed checker's are.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.scratch import FIXTURES, commit, git

RUNS = 5


def repository(target: Path, files: int) -> None:
    """A small project with many files around it, whose smoke test is a command that ends at once."""
    shutil.copytree(FIXTURES / "proofs" / "base", target)
    for number in range(files):
        name = f"app/m{number % 50}/f{number}.py" if number % 20 == 0 else f"data/d{number % 100}/f{number}.txt"
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        (target / name).write_text(f"# {number}\n" * 40, "utf-8")
    (target / "checker.toml").write_text('[commands]\nsmoke_test = ["true"]\n', "utf-8")
    git(target, "init", "-q", "-b", "main")
    commit(target, "base")


def measured(root: Path, compiled: Path) -> tuple[float, float]:
    """(CPU, wall) of one proof, children counted."""
    left = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    before, started = os.times(), time.monotonic()
    command = [sys.executable, "-m", "checker", "prove", "smoke_test", str(root), "--base", "HEAD"]
    subprocess.run(command, check=False, capture_output=True, env={**left, "PYTHONPYCACHEPREFIX": str(compiled)})
    after = os.times()
    used = after.children_user + after.children_system - before.children_user - before.children_system
    return used, time.monotonic() - started


def main() -> None:
    for files in (2_000, 40_000):
        with tempfile.TemporaryDirectory() as folder:
            root, compiled = Path(folder) / "repo", Path(folder) / "compiled"
            repository(root, files)
            measured(root, compiled)
            runs = [measured(root, compiled) for _ in range(RUNS)]
        cpu, wall = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{files:>6} files: {cpu:.2f} s CPU, {wall:.2f} s wall (median of {RUNS})")


if __name__ == "__main__":
    main()
