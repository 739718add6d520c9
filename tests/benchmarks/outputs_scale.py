"""What the judging of agents' outputs costs at size: seconds of CPU and megabytes, one line a case.

usage: python -m tests.benchmarks.outputs_scale [CASE …]

Cases: artefacts (ten thousand outputs of every kind), pack (a zip of 200 MB), queue (100,000 lines), history (5,000
commits, each moving the queue), report (a run report of 50 MB). Everything is generated into a scratch folder. It prints
what was seen beside the bounds that the project promises (10 s, 500 MB); it judges nothing.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from tests.scratch import ENVIRONMENT

STANDARDS = ("agent-2", "backend-developer", "backend-engineer", "backend-coder", "backend-agent")
RESOLVE = """[resolve]
"error-envelope.schema" = "backend-engineer"
"migration-rollback.mode" = "backend-engineer"
"spec-present.paths" = "backend-developer"
"""
DAY = "docs/runs/2026-11-21/AGENT-2"
REPORT = """# Run {n}

## Plan vs Done vs Pending
- Plan: WBS-{n} orders API
- Done: endpoints, model, tests
- Pending: nothing

## Context Snapshot
- NT-2.1 "Orders are placed by signed-in customers"
- TD-0101 "Orders live in their own schema"
- WBS-{n}

## Plan of Action
- APIs: POST /v1/orders
- Models: Order
- Tests: unit, integration, contract

## Proof-of-Work Dossier
- `pytest -q` exited 0: 41 passed
- Coverage: 87%

The tests suffice because each branch is taken.

## Baton Handoff
`POST /v1/orders` with a bearer token: `{{"sku": "A-1"}}`
"""


def artefacts(root: Path) -> None:
    """Ten thousand outputs: reports, hand-offs, findings, documents, payloads, checkpoints, checks, locks."""
    words = {
        "type": "evidence",
        "category": "api",
        "severity": "minor",
        "title": "t",
        "evidence": "e",
        "recommendation": "r",
    }
    finding = {**words, "where": {"path": "README.md", "lines": "1"}}
    made: tuple[Callable[[int], tuple[str, str]], ...] = (
        lambda n: (f"{DAY}/run-{n:06}.md", REPORT.format(n=n)),
        lambda n: (f"deliverables/handoff-{n}.json", json.dumps(_handoff(n))),
        lambda n: (
            f"deliverables/findings-{n}.json",
            json.dumps({"tool": "t", "version": "1.0", "status": "ready", "findings": [finding] * 5}),
        ),
        lambda n: (f"deliverables/document-{n}.md", "\n".join(f"## {part}\nwords of it\n" for part in _PARTS)),
        lambda n: (f"deliverables/payload-{n}.json", json.dumps(_payload(n))),
        lambda n: (
            f"deliverables/checkpoint-{n}.md",
            f"## CHECKPOINT: G5.{n % 5 + 1} Part\n\n**Project:** p\n\n**DECISION:** approve\n",
        ),
        lambda n: (
            f"deliverables/checks-{n}.json",
            json.dumps(
                {"success": True, "lint": {"return_code": 0}, "tests": {"return_code": 0}, "build": 0, "message": "ok"}
            ),
        ),
        lambda n: (
            f"ops/locks/agent-{n}.lock",
            f"owner: AGENT-{n}\ntask_id: WBS-{n}\nscope_paths: [apps/s{n}/**]\nstart_time: 2026-11-21T11:40:00Z\n",
        ),
    )
    for number in range(10_000):
        path, text = made[number % len(made)](number)
        _write(root / path, text)
    _write(root / "README.md", "words\n")


_PARTS = ("mode: build", "summary", "api_contract", "data_model", "implementation", "tests", "observability", "security",
          "escalations", "done_criteria")  # fmt: skip


def _handoff(number: int) -> dict[str, object]:
    return {
        "handoff": {"agent": "Backend Developer", "status": "complete", "phase": "development"},
        "deliverables": {
            "endpoints": {"total": 2, "orders": 2},
            "database": {"tables": number, "migrations": 0},
            "test_coverage": "88%",
        },
        "verification": {"all_passed": True, "build": 0, "test": 0, "lint": 0},
        "self_healing_log": {"attempts": [{"attempt": 1, "status": "success"}], "final_status": "success"},
        "api": {"base_url": "/v1", "auth_method": "JWT"},
        "next_agent": "QA Engineer",
    }


def _payload(number: int) -> dict[str, object]:
    body = "## Summary\nWhy and what.\n## Files modified\n- src/a.py\n## Migration plan\nnone\n## Testing\n12 passed\n"
    return {"branch": f"b/{number}", "title": "t", "body": body, "commits": ["c"], "labels": ["x"], "draft": True}


def pack(root: Path) -> None:
    """A report and a pack of 200 MB: half of it one file that does not shrink, half many logs."""
    _write(root / f"{DAY}/run-1.md", REPORT.format(n=1) + "\ndocs/orchestrator/from-agents/AGENT-2/run-1-attach.zip\n")
    target = root / "docs/orchestrator/from-agents/AGENT-2/run-1-attach.zip"
    target.parent.mkdir(parents=True)
    noise = random.Random(7)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("run-1.md", REPORT.format(n=1))
        archive.writestr("core.bin", noise.randbytes(100 << 20))
        for number in range(100):
            archive.writestr(f"logs/test-{number}.log", "collected 41 items and one more line of it\n" * 24_000)


def queue(root: Path) -> None:
    """A queue of 100,000 records, each needing the one before."""
    lines = (
        json.dumps(
            {
                "id": f"WBS-{n}",
                "owner": "AGENT-2",
                "title": f"Task {n}",
                "status": "done",
                "deps": [f"WBS-{n - 1}"] * (n > 1),
            }
        )
        for n in range(1, 100_001)
    )
    _write(root / "ops/queue.jsonl", "\n".join(lines) + "\n")


def history(root: Path) -> None:
    """A change of 5,000 commits over a queue of 100 tasks: a lock is taken, code is edited, tasks move."""
    root.mkdir(parents=True, exist_ok=True)
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=root, env=ENVIRONMENT, check=True)
    stream = bytearray()
    statuses = ("todo", "doing", "review", "done")
    for number in range(5001):
        tasks = [
            {
                "id": f"WBS-{n}",
                "owner": "AGENT-2",
                "title": "T",
                "status": statuses[min(3, max(0, (number - n * 40) // 12))],
            }
            for n in range(1, 101)
        ]
        lock = "owner: AGENT-2\ntask_id: WBS-1\nscope_paths: [apps/**]\nstart_time: 2026-11-21T11:40:00Z\n"
        files = {"ops/queue.jsonl": "\n".join(json.dumps(one) for one in tasks), "ops/locks/agent-2.lock": lock}
        files[f"apps/part{number % 50}.py"] = f"value = {number}\n"
        stream += b"commit refs/heads/main\nmark :%d\n" % (number + 1)
        stream += b"committer Ada <ada@example.com> %d +0000\ndata 2\nc\n" % (1_700_000_000 + number)
        stream += b"from :%d\n" % number if number else b""
        for path, text in (files | ({} if number else {"checker.toml": RESOLVE})).items():
            data = text.encode()
            stream += b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(data), data)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=root, env=ENVIRONMENT, check=True, input=bytes(stream))
    subprocess.run(["git", "reset", "-q", "--hard"], cwd=root, env=ENVIRONMENT, check=True)


def report(root: Path) -> None:
    """A run report of 50 MB."""
    _write(root / f"{DAY}/run-1.md", REPORT.format(n=1) + "More words of a log that nobody reads.\n" * 1_350_000)


CASES = {"artefacts": artefacts, "pack": pack, "queue": queue, "history": history, "report": report}


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def main() -> int:
    if sys.argv[1:2] == ["--make"]:  # in a process of its own: a child is counted from its parent's size on
        CASES[sys.argv[2]](Path(sys.argv[3]))
        _write(Path(sys.argv[3]) / "checker.toml", RESOLVE)
        return 0
    names = sys.argv[1:] or list(CASES)
    if unknown := [name for name in names if name not in CASES]:
        print(f"no case {', '.join(unknown)}; there are {', '.join(CASES)}", file=sys.stderr)
        return 2
    for name in names:
        with tempfile.TemporaryDirectory() as scratch:
            root = Path(scratch) / "repo"
            subprocess.run([sys.executable, "-m", __spec__.name, "--make", name, str(root)], check=True)
            chosen = [word for standard in STANDARDS for word in ("--standard", standard)]
            base = ["--base", "HEAD~5000"] if name == "history" else []
            command = [sys.executable, "-m", "checker", "audit", str(root), "--only", "outputs", "--format", "json"]
            with (Path(scratch) / "out.json").open("wb") as out:
                child = subprocess.Popen([*command, *chosen, *base], stdout=out, stderr=subprocess.DEVNULL)
                _, code, used = os.wait4(child.pid, 0)
            found = json.loads((Path(scratch) / "out.json").read_bytes() or b"{}")
            cpu, megabytes = used.ru_utime + used.ru_stime, used.ru_maxrss / 1024
            seen = sum(one["examined"] for one in found.get("results", ()))
            rest = f"{seen} subjects, {len(found.get('findings', ()))} findings, exit {os.waitstatus_to_exitcode(code)}"
            print(f"{name:<10} {cpu:6.2f} s CPU of 10   {megabytes:5.0f} MB of 500   {rest}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
