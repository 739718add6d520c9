"""How long the code rules take beside semgrep and detect-secrets, on one folder and in one run; not part of the suite.

    python -m tests.benchmarks.code_speed FOLDER [--semgrep VENV/bin/semgrep] [--detect-secrets VENV/bin/detect-secrets]

CPU-seconds are what counts (children included, `ru_utime + ru_stime`); walls depend on who else is on the machine. Semgrep is given
one rule of ours in its language for each of our patterns, because its own may not be passed on. FOLDER is a git repository and is
not written to: what changes is changed in a shared clone. Fails when a peer that is named is missing, and where a run with what is
kept says other bytes than one without.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks import semgrep_rules

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


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--semgrep", type=Path)
    parser.add_argument("--detect-secrets", type=Path)
    parser.add_argument("--runs", type=int, default=ENOUGH, help="the best of so many runs of ours counts")
    asked = parser.parse_args()
    for peer in (asked.semgrep, asked.detect_secrets):
        if peer is not None and not peer.is_file():
            print(f"{peer} is not there; install it into a scratch environment by hand", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory(prefix="checker-speed-") as name:
        return measured(asked, Path(name))


def measured(asked: argparse.Namespace, scratch: Path) -> int:
    repo, home = scratch / "repo", scratch / "home"
    subprocess.run(["git", "clone", "-q", "--shared", str(asked.folder.resolve()), str(repo)], check=True)
    env = _environment(home)
    ours = [sys.executable, "-m", "checker", "audit", "--standard", "backend-coder", "--as-of", "2026-01-01"]
    ours += ["-q", "--format", "json", str(repo)]
    rules, count = semgrep_rules.write(scratch)
    told = Told({})
    _said_first(repo, ours, env, scratch, count)
    told("whole static audit, cold", best([*ours, "--no-cache"], env, scratch, asked.runs))
    told("  code rules alone", best([*ours, "--only", "code", "--no-cache"], env, scratch, asked.runs))
    told("  secrets alone", best([*ours, "--only", "secrets", "--no-cache"], env, scratch, asked.runs))
    cold = _bytes([*ours, "--no-cache"], env, scratch)
    cost(ours, env, scratch, (0, 1, 3))  # fills the caches
    told("  again, nothing changed", best(ours, env, scratch, asked.runs * 2))
    assert _bytes(ours, env, scratch) == cold, "a warm run says the bytes of a cold one"
    told("  again, one file changed", _changed(repo, ours, env, scratch, asked.runs))
    told("  memory, cold", cost([*ours, "--no-cache"], {**env, "MEASURE_MEMORY": "1"}, scratch, (0, 1, 3)))
    if asked.semgrep:
        rival = [str(asked.semgrep.absolute()), "scan", "--metrics", "off", "--disable-version-check", "-j2"]
        told("semgrep", cost([*rival, "--config", str(rules), "--json", str(repo)], env, scratch, (0, 1, 2)))
        told.ratio("whole static audit, cold", "semgrep", 0.2)
        told.ratio("  code rules alone", "semgrep", None)
    if asked.detect_secrets:
        other = [str(asked.detect_secrets.absolute()), "-C", str(repo), "scan", "--all-files"]
        told("detect-secrets", cost(other, env, scratch, (0, 1)))
        told.ratio("  secrets alone", "detect-secrets", 0.1)
    return 0


def _environment(home: Path) -> dict[str, str]:
    """A home of its own. Our modules are compiled once, as an installation has them, also where the caller's are not."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    more = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PYTHONPATH": os.getcwd()}
    return {**env, **more, "PYTHONPYCACHEPREFIX": str(home / "compiled"), "SEMGREP_SEND_METRICS": "off"}


class Told(dict[str, Cost]):
    """The figures by name, each printed when it is there."""

    def __call__(self, what: str, one: Cost) -> None:
        self[what] = one
        print(f"{what:<26} {one}", flush=True)

    def ratio(self, mine: str, theirs: str, most: float | None) -> None:
        asked = f" (at most {most})" if most else ""
        print(f"{mine.strip()} to {theirs}: {self[mine].cpu / self[theirs].cpu:.3f} of its CPU{asked}", flush=True)


def _said_first(repo: Path, argv: list[str], env: dict[str, str], cwd: Path, count: dict[str, int]) -> None:
    """What is measured: lines, rules of each side."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=repo, capture_output=True, check=True).stdout.split(b"\0")
    ends = {"Python": (b".py",), "TypeScript": (b".ts", b".tsx", b".js", b".jsx")}
    for name, endings in ends.items():
        files = [one for one in listed if one.endswith(endings)]
        lines = sum((repo / os.fsdecode(one)).read_bytes().count(b"\n") for one in files)
        print(f"{name}: {len(files)} files, {lines} lines")
    report = json.loads(_bytes([*argv, "--no-cache"], env, cwd))
    print(
        f"ours: {len(report['results'])} rules over {count['python']} patterns of Python, {count['typescript']} of TypeScript"
    )
    print(f"semgrep: {count['python']} rules of Python, {count['typescript']} of TypeScript", flush=True)


def _bytes(argv: list[str], env: dict[str, str], cwd: Path) -> bytes:
    return subprocess.run(argv, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def _changed(repo: Path, argv: Sequence[str], env: dict[str, str], scratch: Path, runs: int) -> Cost:
    """Another file of source each time, with another line in it; the one in the middle by wall time."""
    listed = subprocess.run(["git", "ls-files", "*.py", "*.ts"], cwd=repo, capture_output=True, text=True, check=True)
    source = sorted(one for one in listed.stdout.split() if "test" not in one and not one.endswith("__init__.py"))
    found = []
    for number in range(1, runs + 1):
        file = repo / source[len(source) * number // (runs + 1)]
        text = file.read_text("utf-8")
        file.write_text(text + "\n\n# changed\n" if file.suffix == ".py" else text + "\n// changed\n", "utf-8")
        found.append(cost(argv, env, scratch, (0, 1, 3)))
        file.write_text(text, "utf-8")
    return sorted(found, key=lambda one: one.wall)[len(found) // 2]


if __name__ == "__main__":
    raise SystemExit(main())
