"""What a run report must show of its run: smoke tests, runbooks for manual steps, and a queue that moved with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.observation import Observation, Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import TreePaths, beside
from checker.model.outputs.results import RESULT, ended, stands_in
from checker.model.outputs.runs import Packs, RunReport, RunReports
from checker.model.outputs.work import Task, WorkHistory, task_key
from checker.model.rule import Confidence

_SMOKE = (
    ("write test", r"\bwrite\b"),
    ("container build", r"container|docker|devcontainer|image"),
    ("database read-only", r"database|\bdb\b|postgres|read.?only"),
    ("CI tests", r"\bci\b|workflow|pipeline|github actions"),
)
_MANUAL = re.compile(
    r"(?i)\bmanual(?:ly)?\b"
    r"|\bby hand\b|\b(?:in|via|through) the (?:\w+ )?console\b|\bask (?:the )?(?:human|operator|owner) to\b"
)
_NO_MANUAL = re.compile(
    r"(?i)\bno manual\b"
    r"|\bmanual(?:ly)? (?:test|qa|review|tested|checked|verified)|\bwithout manual\b|\bnothing (?:is )?manual"
)
RUNBOOK = re.compile(r"[\w./-]*(?:runbooks?|docs|ops|scripts)/[\w./-]+\.(?:md|sh|py|sql|txt)")


def smoke_tests(reports: RunReports, packs: Packs) -> Iterator[Observation]:
    """The report, or a log in its pack, names the four access smoke tests with their results."""
    for report in reports.current:
        section = report.sections.get(headings.SMOKE)
        place = Place(report.path, lines=section.lines if section else (1, 1))
        for name, there in smoke_lines(report, packs).items():
            made_up = bool(there) and all(stands_in(line) for line in there)
            lack = "has words in place of a run" if made_up else "names no result"
            message = f"{report.path} {lack} of the access smoke test {name!r}"
            yield Observation(
                name,
                bool(there) and not made_up,
                place,
                message,
                there[0].strip()[:120] if there else "no such line with a result",
            )


def smoke_lines(report: RunReport, packs: Packs) -> dict[str, list[str]]:
    """The lines with a result of each access smoke test, in the report or in smoke logs of its pack."""
    pack = packs.of_run(report.run)
    logs = [one.text or "" for one in pack.members if re.search(r"(?i)smoke|access", one.name)] if pack else []
    section = report.sections.get(headings.SMOKE)
    text = section.body if section else report.artefact.text
    said = [line for part in (text, *logs) for line in part.split("\n") if RESULT.search(line)]
    return {name: [line for line in said if re.search(rf"(?i){pattern}", line)] for name, pattern in _SMOKE}


def failed_smoke(report: RunReport, packs: Packs) -> list[str]:
    """The access smoke tests that the report says failed, by its section on them."""
    if headings.SMOKE not in report.sections:
        return []
    return [name for name, said in smoke_lines(report, packs).items() if any(ended(line) == "red" for line in said)]


def manual_step_runbook(reports: RunReports, tree: TreePaths) -> Iterator[Observation]:
    """Each step that a person must do by hand links to a runbook that exists."""
    for report in reports.current:
        lines = report.artefact.text.split("\n")
        for number, line in enumerate(lines, 1):
            if not _MANUAL.search(line) or _NO_MANUAL.search(line):
                continue
            near = " ".join(lines[max(0, number - 2) : number + 1])
            named = RUNBOOK.findall(near)
            gone = [path for path in named if not (tree.has(path) or tree.has(beside(report.path, path)))]
            problem = f"with {', '.join(gone)}, which is not in the tree" if named else "without a runbook"
            yield Observation(
                subject=f"manual {line.strip()[:60]}",
                ok=bool(named) and not gone,
                place=report.artefact.lines(number),
                message=f"{report.path} leaves a manual step {problem}",
                evidence=line.strip()[:160],
                confidence=None if gone else Confidence.MEDIUM,
            )


def queue_updated(reports: RunReports, history: WorkHistory) -> Iterator[Observation]:
    """Each task that the report works on has its status or its notes changed in the queue by the same change."""
    last = next((step.queue for step in reversed(history.steps) if step.queue is not None), None)
    for report in reports.current:
        for name, line in tasks_of(report).items():
            before = history.queue.task(name) if history.queue else None
            after = last.task(name) if last else None
            moved = last is not None and after is not None and (before is None or _state(before) != _state(after))
            yield Observation(
                subject=f"queue {name}",
                ok=moved,
                place=report.artefact.lines(line),
                message=f"{report.path} works on {name}, and the queue says the same of it as before",
                evidence=f"status {before.status!r} before" if before else "the change leaves the queue alone",
            )


def _state(task: Task) -> tuple[str, str]:
    return task.status, task.notes


def tasks_of(report: RunReport) -> dict[str, int]:
    """The tasks of the context snapshot, each with its first line; without one, those of the whole report."""
    section = report.sections.get(headings.SNAPSHOT)
    first, last = section.lines if section else (1, len(report.artefact.text))
    found: dict[str, tuple[str, int]] = {}
    for one in report.cited:
        if one.family == "WBS" and first <= one.line <= last:
            found.setdefault(task_key(one.id), (one.id, one.line))
    return dict(found.values())
