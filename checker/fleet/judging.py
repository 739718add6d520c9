"""One repository's audit, in a child with limits on time and memory; what a worker runs, here or on another machine."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from checker import gate
from checker.model.base import Frozen
from checker.model.report import Outcome as RuleOutcome
from checker.model.report import Report
from checker.model.rule import Severity
from checker.probe import command
from checker.probe.command import Completed
from checker.render import verdict

LARGEST = 200 * 1024 * 1024  # bytes of a report
_OUT_OF_MEMORY = ("MemoryError", "The checker broke: MemoryError")
_NEUTRAL = Path("/")  # a child that starts inside a repository could take its modules for ours
_LIMITED = (  # in the child: it ends with the worker that waits for it (prctl(2)), and the limit reaches whatever it starts
    "import ctypes, resource, runpy, sys; limit = int(sys.argv.pop(1)) << 20;"
    "sys.platform == 'linux' and ctypes.CDLL(None).prctl(1, 9, 0, 0, 0);"
    "resource.setrlimit(resource.RLIMIT_DATA, (limit, limit)); runpy.run_module('checker', run_name='__main__', alter_sys=True)"
)


@dataclass(frozen=True)
class Task:
    """A repository and how it is judged: options of `checker audit`, seconds, mebibytes. `key` names this state of it."""

    name: str
    folder: str
    options: tuple[str, ...]
    timeout: float
    memory: int
    key: str | None


class Row(Frozen):
    """What became of one repository. `code` is the exit code of its audit; `cpu` and `seconds` of the child."""

    name: str
    code: int
    status: str
    verdict: str
    critical: int = 0
    major: int = 0
    minor: int = 0
    info: int = 0
    score: int | None = None
    unseen: int = 0
    seconds: float = 0.0
    cpu: float = 0.0
    key: str | None = None


def judge(task: Task) -> tuple[Row, bytes]:
    """Audit one repository: its row, and the whole report (empty where there is none)."""
    audit = ["audit", "--format=json", *task.options, "--", task.folder]
    argv = [sys.executable, "-P", "-c", _LIMITED, str(task.memory), *audit]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        os.scandir(task.folder).close()
        around = command.for_our_own(os.environ)
        done = command.run(argv, cwd=_NEUTRAL, env=around, timeout=task.timeout, max_output=LARGEST)
    except OSError as refused:
        return unjudged(task, gate.NOT_LOOKED_AT, "unread", refused.strerror or "no folder"), b""
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if done.timed_out:
        said = f"stopped after {task.timeout:g} s; give it more with --timeout"
        row, report = unjudged(task, gate.NOT_LOOKED_AT, "timeout", said), b""
    else:
        row, report = _judged(task, done)
    return row.model_copy(update={"seconds": round(done.seconds, 3), "cpu": round(cpu, 3)}), report


def _judged(task: Task, done: Completed) -> tuple[Row, bytes]:
    try:
        return _row(task, Report.from_json(done.stdout), done.code), done.stdout
    except ValidationError:
        lines = done.stderr.decode("utf-8", "replace").strip().splitlines()
        if any(line.startswith(_OUT_OF_MEMORY) for line in lines):
            said = f"needs more than {task.memory} MiB of memory; give it more with --memory"
            return unjudged(task, gate.NOT_LOOKED_AT, "error", said), b""
        if done.stdout:
            said = f"ended with {done.code} and wrote no readable report: {len(done.stdout)} bytes"
        else:
            said = f"ended with {done.code} and said nothing; out of memory? see --memory"
        said = lines[-1] if lines else said
        code = done.code if done.code in (gate.USAGE, gate.NOT_LOOKED_AT) else gate.BROKEN
        return unjudged(task, code, "error", said), b""


def unjudged(task: Task, code: int, status: str, said: str) -> Row:
    """The row of a repository that there is no report of, and why."""
    return Row(name=task.name, code=code, status=status, verdict=said)


def _row(task: Task, report: Report, code: int) -> Row:
    counts = verdict.severities(report.findings)
    return Row(
        name=task.name,
        code=code,
        status=report.status,
        verdict=verdict.sentence(report),
        critical=counts[Severity.CRITICAL],
        major=counts[Severity.MAJOR],
        minor=counts[Severity.MINOR],
        info=counts[Severity.INFO],
        score=report.score,
        unseen=len(report.outcomes(RuleOutcome.UNAVAILABLE, RuleOutcome.ERROR)),
        key=task.key,
    )
