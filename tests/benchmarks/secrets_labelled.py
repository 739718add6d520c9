"""Precision and recall of the secret detectors on the labelled set of `secret_samples`, type by type, beside those of peers.

usage: python -m tests.benchmarks.secrets_labelled [--each N] [--peer NAME=COMMAND]... [--tree FOLDER]

A piece counts as found when anything is reported on its file. Peers are commands that are installed apart: `detect-secrets`,
`gitleaks`, `betterleaks`, `kingfisher`; all of them run offline. `--tree` also compares CPU seconds on a folder. Prints
figures, and names the types at which a peer is better; it judges nothing.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path

from checker.checks.secrets.judged import contextual_confidence, provider_confidence
from checker.collect.detectors import detectors
from checker.model.repo import Role
from checker.model.secrets import Tier, Token
from tests.benchmarks.secret_samples import PARTS, Line, samples

Found = Mapping[str, set[str]]


def ours(entries: list[Line]) -> set[str]:
    return {one.path for one in entries if _tokens(one)}


def sure(entries: list[Line]) -> set[str]:
    return {one.path for one in entries if any(_confidence(token) == "high" for token in _tokens(one))}


def _tokens(line: Line) -> list[Token]:
    found = detectors().tokens(line.path, Role.RUNTIME, line.content.encode())
    return [token for token in found if not token.traits.doubt]


def _confidence(token: Token) -> str:
    return (provider_confidence if token.tier is Tier.STRUCTURED else contextual_confidence)(token).value


def _detect_secrets(command: str, folder: Path) -> set[str]:
    words = [command, "scan", "--all-files", "--no-verify", "."]
    return set(json.loads(_output(words, folder))["results"])


def _gitleaks(command: str, folder: Path) -> set[str]:
    report = folder.parent / "report.json"
    words = [
        command,
        "dir",
        ".",
        "--report-format",
        "json",
        "--report-path",
        str(report),
        "--exit-code",
        "0",
        "--no-banner",
    ]
    _output(words, folder)
    return {_relative(one["File"], folder) for one in json.loads(report.read_text("utf-8") or "[]")}


def _betterleaks(command: str, folder: Path) -> set[str]:
    report = folder.parent / "report.json"
    _output([command, str(folder), "--output", str(report), "--no-banner", "--silent"], folder)
    found = json.loads(report.read_text("utf-8"))["findings"] if report.exists() else []
    return {_relative(one["location"]["path"], folder) for one in found}


def _kingfisher(command: str, folder: Path) -> set[str]:
    words = [
        command,
        "scan",
        ".",
        "--no-validate",
        "--format",
        "jsonl",
        "--confidence",
        "low",
        "--git-history",
        "none",
        "--no-update-check",
    ]
    lines = _output(words, folder).decode("utf-8", "replace").splitlines()
    rows = [json.loads(line) for line in lines if line.startswith("{")]
    paths = [str(row["finding"]["path"]) for row in rows if isinstance(row.get("finding"), dict)]
    return {_relative(path, folder) for path in paths}


PEERS: Mapping[str, Callable[[str, Path], set[str]]] = {
    "detect-secrets": _detect_secrets,
    "gitleaks": _gitleaks,
    "betterleaks": _betterleaks,
    "kingfisher": _kingfisher,
}


def _output(words: list[str], folder: Path) -> bytes:
    return subprocess.run(words, cwd=folder, capture_output=True, check=False).stdout


def _relative(path: str, folder: Path) -> str:
    return path.removeprefix(f"{folder}/").removeprefix("./")


def peer(name: str, command: str, entries: list[Line]) -> set[str]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch, "set").resolve()
        for one in entries:
            file = folder / one.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(one.content, "utf-8")
        return PEERS[name](command, folder)


def by_kind(entries: list[Line], results: Found) -> list[str]:
    """Print a row for each kind; the names of the kinds at which some peer is better than ours."""
    table: dict[str, Counter[str]] = defaultdict(Counter)
    for one in entries:
        table[one.kind]["all"] += 1
        for name, found in results.items():
            table[one.kind][name] += one.path in found
    print(f"    {'':<36}" + "".join(f"{name:>16}" for name in results))
    behind = []
    for kind, counts in table.items():
        print(f"    {kind:<36}" + "".join(f"{counts[name] / counts['all']:>16.2f}" for name in results))
        others = [counts[name] for name in results if not name.startswith("ours")]
        trap = kind.startswith("trap")
        if others and (min(others) < counts["ours"] if trap else max(others) > counts["ours"]):
            behind.append(kind)
    return behind


def figures(name: str, entries: list[Line], found: set[str]) -> None:
    secret = {one.path for one in entries if one.secret}
    right, wrong = len(found & secret), len(found - secret)
    precision = right / (right + wrong) if found else 0.0
    print(
        f"  {name:<16} precision {precision:.3f}  recall {right / len(secret):.3f}  ({right} of {len(secret)}, {wrong} wrong)"
    )


def cpu_of(words: list[str], cwd: Path) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(words, cwd=cwd, capture_output=True, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--each", type=int, default=40)
    options.add_argument("--part", choices=PARTS, action="append")
    options.add_argument("--peer", action="append", default=[], metavar="NAME=COMMAND")
    options.add_argument("--tree", type=Path)
    chosen = options.parse_args()
    peers = dict(one.split("=", 1) for one in chosen.peer)
    for part in chosen.part or PARTS:
        entries = list(samples(part, chosen.each))
        results = {"ours": ours(entries), "ours, high": sure(entries)}
        results |= {name: peer(name, command, entries) for name, command in peers.items()}
        print(f"{part} part: {len(entries)} files, share of each kind that was reported")
        behind = by_kind(entries, results)
        for name, found in results.items():
            figures(name, entries, found)
        print(f"  a peer is better at: {', '.join(behind) or 'none of them'}")
    if chosen.tree and "detect-secrets" in peers:
        only = ["--standard", "common", "--only", "secret-in-tree", "--only", "hardcoded-credential"]
        mine = cpu_of([sys.executable, "-m", "checker", "audit", str(chosen.tree), *only], Path.cwd())
        theirs = cpu_of([peers["detect-secrets"], "scan", "--all-files", "--no-verify", "."], chosen.tree)
        print(f"CPU on {chosen.tree}: ours {mine:.1f} s, detect-secrets {theirs:.1f} s, ratio {theirs / mine:.1f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
