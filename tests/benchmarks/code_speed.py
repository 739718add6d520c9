"""How long the code rules take beside semgrep and detect-secrets, on one folder and in one run; not part of the suite.

    python -m tests.benchmarks.code_speed FOLDER --semgrep VENV/bin/semgrep --detect-secrets VENV/bin/detect-secrets

CPU-seconds are what counts (children included, `ru_utime + ru_stime`); walls depend on who else is on the machine. Semgrep is given
rules of ours written in its language, one for one as many as our patterns, because its own may not be passed on. FOLDER is a git
repository and is not written to: what changes is changed in a shared clone. Fails when a peer is missing.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from checker import resources

ENOUGH = 3  # the best of so many runs


@dataclass(frozen=True)
class Cost:
    """Wall and CPU in seconds, memory in MB: the largest of any one process of the run."""

    wall: float
    cpu: float
    memory: float

    def __str__(self) -> str:
        return f"{self.wall:7.2f} s wall {self.cpu:8.2f} s CPU {self.memory:6.0f} MB"


def cost(argv: Sequence[str], env: dict[str, str], cwd: Path, good: tuple[int, ...]) -> Cost:
    """Run a command in a child that measures it and everything below it."""
    started = time.monotonic()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.Popen(argv, cwd=cwd, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, stderr = done.communicate()
    wall = time.monotonic() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in good:
        raise RuntimeError(f"{argv[0]} ended with {done.returncode}: {stderr[-500:].decode('utf-8', 'replace')}")
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(wall, cpu, _peak(argv, env, cwd))


_MEASURE = (
    "import resource,subprocess,sys;subprocess.run(sys.argv[1:],stdout=-3,stderr=-3);"
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def _peak(argv: Sequence[str], env: dict[str, str], cwd: Path) -> float:
    """Peak memory in MB, taken apart, because what one process says of its children is the most that any ever took."""
    if not env.get("MEASURE_MEMORY"):
        return 0.0
    command = [sys.executable, "-c", _MEASURE, *argv]
    done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=True)
    return int(done.stdout) / 1024


def best(argv: Sequence[str], env: dict[str, str], cwd: Path, runs: int, good: tuple[int, ...] = (0, 1, 3)) -> Cost:
    """The run that took the least wall time."""
    return min((cost(argv, env, cwd, good) for _ in range(runs)), key=lambda one: one.wall)


def semgrep_rules(folder: Path) -> Path:
    """As many rules as our patterns, in semgrep's language: calls, strings and comments by pattern and by regex."""
    count = {
        language: sum(
            file.read_text("utf-8").count("\nid: ") + 1
            for file in resources.tree("rules").joinpath("patterns", language).iterdir()
            if file.name.endswith(".yml")
        )
        for language in ("python", "typescript")
    }
    shapes = {
        "python": (
            'f"...{$X}..."',
            "$A.execute($B + $C)",
            "jwt.encode(...)",
            "print($X)",
            '$X == "..."',
            "bcrypt.gensalt(...)",
        ),
        "typescript": (
            "`...${$X}...`",
            "$A.query($B + $C)",
            "jwt.sign(...)",
            "console.log($X)",
            '$X === "..."',
            "bcrypt.hash(...)",
        ),
    }
    rules = []
    for language, most in count.items():
        for number in range(most):
            shape = shapes[language][number % len(shapes[language])]
            rules.append(
                f"  - {{id: {language}-{number}, languages: [{language}], severity: INFO, message: m, pattern: '{shape}'}}"
            )
    file = folder / "semgrep.yml"
    file.write_text("rules:\n" + "\n".join(rules) + "\n", "utf-8")
    return file


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--semgrep", type=Path, required=True)
    parser.add_argument("--detect-secrets", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=ENOUGH, help="the best of so many runs of ours counts")
    asked = parser.parse_args()
    for peer in (asked.semgrep, asked.detect_secrets):
        if not peer.is_file():
            print(f"{peer} is not there; install it into a scratch environment by hand", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="checker-speed-") as name:
        return measured(asked, Path(name))


def measured(asked: argparse.Namespace, scratch: Path) -> int:
    repo, home = scratch / "repo", scratch / "home"
    subprocess.run(["git", "clone", "-q", "--shared", str(asked.folder.resolve()), str(repo)], check=True)
    env = {
        **os.environ,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "PYTHONPATH": os.getcwd(),
        "SEMGREP_SEND_METRICS": "off",
    }
    ours = [sys.executable, "-m", "checker", "audit", "--standard", "backend-coder", "--format", "json", str(repo)]
    code, secrets = [*ours, "--only", "code"], [*ours, "--only", "secrets", "--no-cache"]
    rules = semgrep_rules(scratch)
    rival = [
        str(asked.semgrep.absolute()),
        "scan",
        "--metrics",
        "off",
        "--disable-version-check",
        "-j2",
        "--config",
        str(rules),
        "--json",
        str(repo),
    ]
    other = [str(asked.detect_secrets.absolute()), "-C", str(repo), "scan", "--all-files"]
    figures: dict[str, Cost] = {}

    def told(what: str, one: Cost) -> None:
        figures[what] = one
        print(f"{what:<26} {one}", flush=True)

    told("code rules, cold", best([*code, "--no-cache"], env, scratch, asked.runs))
    cost(code, env, scratch, (0, 1, 3))  # fills the cache
    told("code rules, warm", best(code, env, scratch, asked.runs))
    told("one changed file", _changed(repo, code, env, scratch, asked.runs))
    told("secrets", best(secrets, env, scratch, asked.runs))
    told("whole static audit, cold", best([*ours, "--no-cache"], env, scratch, asked.runs))
    told("memory, whole audit", cost([*ours, "--no-cache"], {**env, "MEASURE_MEMORY": "1"}, scratch, (0, 1, 3)))
    told("semgrep, as many rules", cost(rival, env, scratch, (0, 1, 2)))
    told("detect-secrets", cost(other, env, scratch, (0, 1)))
    whole, code_cold = figures["whole static audit, cold"], figures["code rules, cold"]
    print(
        f"whole audit to semgrep     {whole.cpu / figures['semgrep, as many rules'].cpu:7.3f} of its CPU (at most 0.2)"
    )
    print(f"code rules to semgrep      {code_cold.cpu / figures['semgrep, as many rules'].cpu:7.3f} of its CPU")
    print(
        f"secrets to detect-secrets  {figures['secrets'].cpu / figures['detect-secrets'].cpu:7.3f} of its CPU (at most 0.1)"
    )
    return 0


def _changed(repo: Path, argv: Sequence[str], env: dict[str, str], scratch: Path, runs: int) -> Cost:
    """One file of source, another line in it each time."""
    listed = subprocess.run(["git", "ls-files", "*.py", "*.ts"], cwd=repo, capture_output=True, text=True, check=True)
    file = repo / min(listed.stdout.split(), key=lambda path: ("test" in path, path))
    text = file.read_text("utf-8")
    found = []
    for number in range(runs):
        file.write_text(text + "\n" * (number + 2), "utf-8")
        found.append(cost(argv, env, scratch, (0, 1, 3)))
    file.write_text(text, "utf-8")
    return min(found, key=lambda one: one.wall)


if __name__ == "__main__":
    raise SystemExit(main())
