"""The queue: whole records, statuses that follow their machine, and done only with what done needs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from checker.model.base import Frozen
from checker.model.globs import covers
from checker.model.observation import Observation, Place
from checker.model.outputs.fields import agent
from checker.model.outputs.work import NEXT, STATUSES, Queue, Task, WorkHistory, task_key
from checker.model.rule import Confidence

KNOWN = frozenset(STATUSES.values())


class Parts(Frozen):
    """What a finished task must come with: globs of tests, of documents, and of records that are no code."""

    tests: tuple[str, ...] = (
        "**/tests",
        "**/test",
        "**/__tests__",
        "**/test_*",
        "**/*_test.*",
        "**/*.spec.*",
        "**/*.test.*",
    )
    documents: tuple[str, ...] = ("**/docs", "**/*.md", "**/*.rst", "**/openapi.*")
    records: tuple[str, ...] = ("ops", ".checker", ".truth")


def queue_record(queue: Queue) -> Iterator[Observation]:
    """Every line of the queue is a record with an id of its own, an owner, a title and a known status."""
    for line, reason in queue.broken:
        yield Observation(
            subject="line",
            ok=False,
            place=Place(queue.path, lines=(line, line)),
            message=f"{queue.path} holds a line that is no record",
            evidence=reason,
        )
    times = Counter(task_key(task.id) for task in queue.tasks if task.id)
    for task in queue.tasks:
        lacks = [f"lacks {name}" for name in task.missing]
        lacks += [f"has the unknown status {task.status!r}"] if task.status and task.status not in KNOWN else []
        lacks += [f"stands {times[task_key(task.id)]} times"] if times[task_key(task.id)] > 1 else []
        lacks += [f"needs {one}, which is not in the queue" for one in task.needs if queue.task(one) is None]
        yield Observation(
            subject=task.id or f"the record {task.title!r}",
            ok=not lacks,
            place=_place(queue, task),
            message=f"{task.id or 'a record'} in {queue.path} {', '.join(lacks)}",
            evidence="; ".join((f"owner {task.owner!r}, status {task.status!r}", *task.assumed)),
        )


def queue_status(queue: Queue) -> Iterator[Observation]:
    """A task that is done, in review or being done has all that it depends on done."""
    for task in queue.tasks:
        if task.status not in ("done", "doing", "review"):
            continue
        open_ones = [one for one in (queue.task(name) for name in task.needs) if one and one.status != "done"]
        yield Observation(
            subject=task.id,
            ok=not open_ones,
            place=_place(queue, task),
            also=tuple(_place(queue, one) for one in open_ones),
            message=f"{task.id} is {task.status} while {', '.join(one.id for one in open_ones)} is not done",
            evidence=", ".join(f"{one.id}: {one.status}" for one in open_ones),
        )


class Worker(Frozen):
    """`agent`: who works here."""

    agent: str = "AGENT-2"


def queue_steps(history: WorkHistory, params: Worker) -> Iterator[Observation]:
    """Over the change each task moves only as the status machine lets it, no task vanishes, and none gets easier."""
    yield from _kept(history)
    yield from _terms(history)
    for label, before, after in _moves(history):
        mine = [one for one in after.tasks if one.owner == agent(params.agent)]
        waited = {task_key(need): one.id for one in mine for need in one.needs}
        for task in before.tasks:
            now = after.task(task.id)
            if now is None:
                yield _moved(
                    after, task, f"{task.id} is taken out of the queue", f"{label}; it was {task.status}", ok=False
                )
            elif now.status != task.status and {now.status, task.status} <= KNOWN:
                allowed = now.status in NEXT[task.status]
                said = f"{task.id} goes from {task.status} to {now.status}"
                yield _moved(
                    after, now, said, f"{label}; allowed from there: {', '.join(sorted(NEXT[task.status]))}", ok=allowed
                )
                yield from _of_another(task, now, after, label, waited, params)


def _of_another(
    task: Task, now: Task, after: Queue, label: str, waited: Mapping[str, str], params: Worker
) -> Iterator[Observation]:
    """A task of somebody else that moves; what the agent's own tasks wait for is not its to finish."""
    if not task.owner or task.owner == agent(params.agent):
        return
    waits = waited.get(task_key(task.id), "")
    yield Observation(
        subject=f"task of {task.owner} {task.id}",
        ok=False,
        place=_place(after, now),
        message=f"{task.id}, a task of {task.owner}, goes to {now.status} in a run of {params.agent}",
        evidence=f"{label}; {waits} waits for it" if waits else label,
        confidence=None if waits and now.status == "done" else Confidence.MEDIUM,
    )


def _kept(history: WorkHistory) -> Iterator[Observation]:
    """The queue that stood before the change stands after it, wherever it was moved."""
    touched = [step for step in history.steps if step.queue is not None or step.gone]
    if history.queue is None or not touched:
        return
    last = touched[-1]
    yield Observation(
        subject="queue",
        ok=last.queue is not None,
        place=Place(last.queue.path if last.queue else "."),
        message=f"{last.gone}, the queue, is taken out of the tree",
        evidence=f"{last.label}; it held {len(history.queue.tasks)} tasks",
    )


def _terms(history: WorkHistory) -> Iterator[Observation]:
    """What a task asks for is what it asked for before the change: its criteria, what it waits for, whose it is."""
    last = next((step.queue for step in reversed(history.steps) if step.queue is not None), None)
    for task in history.queue.tasks if history.queue and last else ():
        now = last.task(task.id) if last else None
        if now is None or last is None:
            continue
        lost = _lost(task.criteria, now.criteria)
        problem = f"loses the exit criterion {lost[0][:80]!r}" if lost else ""
        dropped = [one for one in task.needs if task_key(one) not in {task_key(other) for other in now.needs}]
        problem = problem or (f"no longer waits for {dropped[0]}" if dropped else "")
        problem = problem or (
            f"goes from {task.owner} to {now.owner}" if task.owner and now.owner != task.owner else ""
        )
        renamed = bool(task.title) and _words(now.title) != _words(task.title) and not problem
        problem = problem or (f"is called {now.title[:60]!r}, which was {task.title[:60]!r}," if renamed else "")
        grown = bool(lost) and all(any(_words(one) < _words(other) for other in now.criteria) for one in lost)
        yield Observation(
            subject=f"terms {task.id}",
            ok=not problem,
            place=_place(last, now),
            message=f"{task.id} {problem} in the change that works on it",
            evidence=f"now: {'; '.join(now.criteria)[:160] or 'no exit criteria'}",
            confidence=Confidence.MEDIUM
            if renamed or grown or (problem and task.status == now.status == "todo")
            else None,
        )


def _lost(before: tuple[str, ...], after: tuple[str, ...]) -> list[str]:
    kept = {" ".join(re.findall(r"\w+", one.casefold())) for one in after}
    return [one for one in before if " ".join(re.findall(r"\w+", one.casefold())) not in kept]


def _words(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", text.casefold()))


def queue_done(history: WorkHistory, params: Parts) -> Iterator[Observation]:
    """A change that calls a task done also carries code, tests and documents."""
    if not history.steps:
        return
    last = next((step.queue for step in reversed(history.steps) if step.queue), None)
    first = history.queue
    if last is None:
        return
    paths = {path for step in history.steps for path in step.paths}
    for task in last.tasks:
        was = first.task(task.id) if first else None
        if task.status != "done" or (was and was.status == "done"):
            continue
        lacks = [name for name, there in _parts(paths, params).items() if not there]
        yield Observation(
            subject=f"done {task.id}",
            ok=not lacks,
            place=_place(last, task),
            message=f"{task.id} is called done in a change without {' and without '.join(lacks)}",
            evidence=f"{len(paths)} paths in the change, from {min(paths)} to {max(paths)}",
        )


def _parts(paths: set[str], params: Parts) -> dict[str, bool]:
    tests = {path for path in paths if _any(params.tests, path)}
    documents = {path for path in paths if _any(params.documents, path)}
    code = paths - tests - documents - {path for path in paths if _any(params.records, path)}
    return {"code": bool(code), "tests": bool(tests), "documents": bool(documents)}


def _any(patterns: tuple[str, ...], path: str) -> bool:
    return any(covers(pattern, path) for pattern in patterns)


def _moves(history: WorkHistory) -> Iterator[tuple[str, Queue, Queue]]:
    before = history.queue
    for step in history.steps:
        if step.queue is not None:
            if before is not None:
                yield step.label, before, step.queue
            before = step.queue


def _moved(queue: Queue, task: Task, message: str, evidence: str, *, ok: bool) -> Observation:
    place = _place(queue, task) if queue.task(task.id) else Place(queue.path)
    return Observation(subject=f"step {task.id}", ok=ok, place=place, message=message, evidence=evidence)


def _place(queue: Queue, task: Task) -> Place:
    return Place(queue.path, lines=(task.line, task.line))
