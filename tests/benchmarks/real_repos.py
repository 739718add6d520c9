"""Audits of public backends in one table, with what nobody has judged yet; not part of the suite.

    python -m tests.benchmarks.real_repos FOLDER [--profile agent] [--install] [--to FOLDER] [--show]

FOLDER holds clones, one below the other, which are not written to. For each: verdict, seconds, whether the app was started and its
migrations were run, findings by severity, how many of the grave ones have a judgement in `precision.jsonl` (by rule and path), and
the reasons for which something was not looked at, which are to say what to do. `--to` keeps the reports (and takes up a run that
was stopped: what has a report there is not audited again), `--show` prints each grave finding that nobody judged.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

from checker.model.rule import Severity

ROOT = Path(__file__).resolve().parent.parent.parent
GRAVE = ("critical", "major")
SECONDS = 900
COLUMNS = (
    "repository",
    "verdict",
    "s",
    "started",
    "migrations",
    *map(str, Severity),
    "judged",
    "examined",
    "unavailable",
)


def main() -> int:
    options = _options()
    judged = _judged()
    reasons: Counter[str] = Counter()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}")
    for repo in sorted(one for one in options.folder.iterdir() if (one / ".git").exists()):
        kept = options.to / f"{repo.name}.json" if options.to else None
        seconds, report = _known(kept) or _audited(repo, options)
        if report is None:
            print(f"| {repo.name} | broke | {seconds:.0f} |{' |' * (len(COLUMNS) - 3)}", flush=True)
            continue
        if kept:
            kept.parent.mkdir(parents=True, exist_ok=True)
            kept.write_text(json.dumps({"seconds": seconds, "report": report}), "utf-8")
        print(_row(repo.name, report, judged, seconds), flush=True)
        reasons.update(one["reason"] for one in report["results"] if one["outcome"] in ("unavailable", "error"))
        for one in report["findings"] if options.show else ():
            if one["severity"] in GRAVE and not _is_judged(repo.name, one, judged):
                print(
                    f"    {one['severity']} {one['rule']} {one['where']['path']}:{one['where'].get('lines', '')} {one['title']}"
                )
    for reason, number in reasons.most_common():
        print(f"{number:4} {reason}")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--profile", default="static", choices=("static", "agent", "gate", "nightly"))
    parser.add_argument("--install", action="store_true")
    parser.add_argument("--to", type=Path)
    parser.add_argument("--show", action="store_true")
    return parser.parse_args()


def _judged() -> set[tuple[str, str, str]]:
    lines = (Path(__file__).parent / "precision.jsonl").read_text("utf-8").splitlines()
    told = [json.loads(line) for line in lines if line]
    return {(one["repo"].rpartition("/")[2], one["rule"], one["path"]) for one in told}


def _is_judged(name: str, finding: dict[str, Any], judged: set[tuple[str, str, str]]) -> bool:
    return (name.rpartition("+")[2], finding["rule"], finding["where"]["path"]) in judged


def _known(kept: Path | None) -> tuple[float, Any] | None:
    if kept is None or not kept.exists():
        return None
    told = json.loads(kept.read_text("utf-8"))
    return told["seconds"], told["report"]


def _audited(repo: Path, options: argparse.Namespace) -> tuple[float, Any]:
    argv = [sys.executable, "-P", "-m", "checker", "audit", str(repo), "--profile", options.profile]
    argv += ["--format", "json", "--no-cache", *(["--install"] if options.install else [])]
    begun = time.monotonic()
    try:
        done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return time.monotonic() - begun, None
    return time.monotonic() - begun, json.loads(done.stdout) if done.returncode in (0, 1, 3, 4) else None


def _row(name: str, report: Any, judged: set[tuple[str, str, str]], seconds: float) -> str:
    by_severity = Counter(one["severity"] for one in report["findings"])
    grave = [one for one in report["findings"] if one["severity"] in GRAVE]
    known = sum(_is_judged(name, one, judged) for one in grave)
    unseen = sum(one["outcome"] in ("unavailable", "error") for one in report["results"])
    examined = sum(one["examined"] for one in report["results"])
    started = "yes" if any(note.startswith("rehearsal: `") for note in report["notes"]) else "no"
    ran = {"passed": "yes", "failed": "yes, not all", "not_applicable": "none there"}
    outcome = next((one["outcome"] for one in report["results"] if one["rule"] == "migration-applies"), "")
    counts = [by_severity[severity] for severity in Severity]
    cells = (started, ran.get(outcome, "no"), *counts, f"{known} of {len(grave)}", examined, unseen)
    return f"| {name} | {report['status']} | {seconds:.0f} | {' | '.join(map(str, cells))} |"


if __name__ == "__main__":
    raise SystemExit(main())
