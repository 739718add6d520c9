"""What a failed access smoke test asks for: a plan, a way out written down, a task for it, and no feature work."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.outputs.run_evidence import RUNBOOK, failed_smoke
from checker.model.base import Frozen
from checker.model.globs import covers
from checker.model.observation import Observation, Place
from checker.model.outputs import headings
from checker.model.outputs.artefact import TreePaths
from checker.model.outputs.fields import is_blank
from checker.model.outputs.runs import Packs, RunReport, RunReports, cited
from checker.model.outputs.work import Queue
from checker.model.repo import Changes
from checker.model.unavailable import NotApplicable, Unavailable


class Meanwhile(Frozen):
    """`allowed`: the paths that a run may still write after a smoke test failed."""

    allowed: tuple[str, ...] = (
        "**/docs",
        "**/*.md",
        "ops",
        "scripts",
        "runbooks",
        ".checker",
        ".truth",
        ".devcontainer",
    )


def access_enablement(
    reports: RunReports,
    packs: Packs,
    tree: TreePaths,
    queue: Queue | Unavailable | NotApplicable,
    changes: Changes | Unavailable | NotApplicable,
    params: Meanwhile,
) -> Iterator[Observation]:
    """After a failed smoke test there is an Access Enablement Plan with a runbook that exists and a task, and no feature diff."""
    for report in reports.current:
        failed = failed_smoke(report, packs)
        if not failed:
            continue
        plan = report.sections.get(headings.ACCESS)
        body = plan.body if plan else ""
        place = Place(report.path, lines=(plan or report.sections[headings.SMOKE]).lines)
        named = [path for path in RUNBOOK.findall(report.artefact.text) if tree.has(path)]
        lacks = {
            "plan": "no Access Enablement Plan" if plan is None or is_blank(body) else "",
            "runbook": "" if named else "no runbook or script that exists",
            "queue": "" if _queued(body, queue) else "no task in the queue for it",
        }
        for subject, problem in lacks.items():
            message = f"{report.path} reports a failed smoke test ({', '.join(failed)}) and names {problem}"
            yield Observation(
                f"access {subject}", not problem, place, message, " ".join(body.split())[:160] or "no such section"
            )
        yield from _feature_work(report, changes, failed, params)


def _queued(body: str, queue: Queue | Unavailable | NotApplicable) -> bool:
    """A task that the plan names, or one of the queue that speaks of access."""
    if not isinstance(queue, Queue):
        return False
    if any(queue.task(one.id) for one in cited(body) if one.family == "WBS"):
        return True
    words = re.compile(r"(?i)\baccess\b|enablement|smoke|permission|unblock|credential")
    return any(words.search(f"{task.title} {task.notes}") for task in queue.tasks if task.status != "done")


def _feature_work(
    report: RunReport, changes: Changes | Unavailable | NotApplicable, failed: list[str], params: Meanwhile
) -> Iterator[Observation]:
    if not isinstance(changes, Changes):
        return
    worked = [one.path for one in changes.files if not any(covers(pattern, one.path) for pattern in params.allowed)]
    first = worked[0] if worked else ""
    yield Observation(
        subject="access feature work",
        ok=not worked,
        place=Place(report.path, lines=report.sections[headings.SMOKE].lines),
        also=tuple(Place(path) for path in worked[:10]),
        message=f"{first} is changed in a run whose smoke test failed ({', '.join(failed)}); feature work stops there",
        evidence=f"{len(worked)} paths beside documents and records",
    )
