"""The only place that runs Schemathesis by itself, and our own rehearsal, on the planted backends while they serve."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe import postgres
from tests.benchmarks.peer_tools import SPEC, app_environment, environment_of, find
from tests.scratch import ENVIRONMENT

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 90.0  # that Schemathesis by itself may take


@dataclass(frozen=True)
class Served:
    """What it cost, in seconds and MB, and the operations that something was said of."""

    wall: float
    cpu: float
    memory: float
    operations: set[str]


@contextmanager
def _served(repo: Path, port: int) -> Iterator[str]:
    """The backend, seeded and started on a throw-away PostgreSQL."""
    with postgres.running(postgres.find()) as server:
        url = f"postgresql+psycopg://postgres@/postgres?host={server.folder}&port={postgres.PORT}"
        env = {**ENVIRONMENT, **app_environment(repo), "DATABASE_URL": url, "PYTHONPATH": str(repo)}
        for words in (["-c", "from alembic.config import main; main(['upgrade', 'head'])"], ["-m", "seeds.load"]):
            subprocess.run([sys.executable, *words], cwd=repo, env=env, capture_output=True, check=True)
        argv = [sys.executable, "-m", "uvicorn", "src.main:app", "--port", str(port), "--log-level", "error"]
        app = subprocess.Popen(argv, cwd=repo, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(300):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            app.terminate()
            app.wait()


def against_the_app(
    folder: Path, broken: Path, clean: Path, scratch: Path, runtime: list[dict[str, Any]]
) -> list[list[str]]:
    """Rows for Schemathesis alone and our own rehearsal, which stands on it; found: a failure names the planted operation."""
    program = find(folder, "schemathesis") or shutil.which("schemathesis", path=str(Path(sys.executable).parent))
    known = {one["subject"] for one in runtime if re.match(r"[A-Z]+ /", one["subject"])}
    ours = _tried(lambda: (_rehearsed(broken), _rehearsed(clean)))
    theirs: tuple[Served, Served] | str = "not installed here"
    if program is not None:
        at = Path(program)
        theirs = _tried(lambda: (_schemathesis(at, broken, scratch, 8731), _schemathesis(at, clean, scratch, 8732)))
    mine = set() if isinstance(ours, str) else known & ours[0].operations
    return [
        _row("Schemathesis alone", theirs, known, mine),
        _row("Backend Checker, agent (runtime rules alone)", ours, known, None),
    ]


def _tried(both: Callable[[], tuple[Served, Served]]) -> tuple[Served, Served] | str:
    try:
        return both()
    except (Unavailable, RuntimeError, ValueError, subprocess.CalledProcessError) as wrong:
        return f"did not run: {str(wrong)[:80]}"


def _row(name: str, seen: tuple[Served, Served] | str, known: set[str], mine: set[str] | None) -> list[str]:
    if isinstance(seen, str):
        return [name, seen]
    broken, clean = seen
    found = known & broken.operations
    apart = ["", "", ""] if mine is None else [len(found & mine), len(found - mine), len(mine - found)]
    stopped = " (stopped)" if broken.wall > SECONDS else ""
    return [
        name,
        f"{broken.wall:.1f}{stopped}",
        f"{broken.cpu:.1f}",
        f"{broken.memory:.0f}",
        f"{len(found)} of {len(known)} operations",
        *map(str, apart),
        str(len(broken.operations - known)),
        str(len(clean.operations)),
    ]


def _schemathesis(program: Path, repo: Path, scratch: Path, port: int) -> Served:
    report = scratch / f"schemathesis-{repo.name}.ndjson"
    with _served(repo, port) as url:
        login = {"tenant": "acme", "email": "adam@acme.example", "password": "for-tests-only"}
        code = (
            "import json,sys,urllib.request as u;kind={'Content-Type':'application/json'};"
            "asked=u.Request(sys.argv[1]+'/v1/sessions',sys.argv[2].encode(),kind);"
            "print(json.load(u.urlopen(asked))['data']['access_token'])"
        )
        asked = subprocess.run(
            [sys.executable, "-c", code, url, json.dumps(login)], capture_output=True, text=True, check=True
        )
        argv = [
            str(program),
            "run",
            SPEC,
            "--url",
            url,
            "-H",
            f"Authorization: Bearer {asked.stdout.strip()}",
            "--seed",
            "1",
        ]
        argv += ["--max-examples", "50", "--report", "ndjson", "--report-ndjson-path", str(report)]
        started = time.monotonic()
        child = subprocess.Popen(
            ["timeout", "--signal=INT", f"{SECONDS:.0f}", *argv],
            cwd=repo,
            env=environment_of(program),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        wall = time.monotonic() - started
    text = report.read_text("utf-8") if report.exists() else ""
    failed = set()
    for line in text.splitlines():
        if '"failure"' in line or '"status":"failure"' in line.replace(" ", ""):
            failed |= set(re.findall(r'"label": ?"([A-Z]+ /[^"]*)"', line))
    if not text:
        raise RuntimeError(f"it left no report and ended with {child.returncode}")
    return Served(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, failed)


def _rehearsed(repo: Path) -> Served:
    argv = [
        sys.executable,
        "-m",
        "checker",
        "audit",
        str(repo),
        "--base",
        "HEAD~1",
        "--profile",
        "agent",
        "--only",
        "runtime",
    ]
    started = time.monotonic()
    child = subprocess.Popen(
        [*argv, "--format", "json"], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    text = child.stdout.read() if child.stdout else ""
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    named = {one["subject"] for one in json.loads(text)["findings"]}
    operations = {match[0] for one in named if (match := re.match(r"[A-Z]+ /\S*", one))}
    return Served(time.monotonic() - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, operations)
