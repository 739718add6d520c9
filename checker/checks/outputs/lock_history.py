"""Locks over the change: held before the first edit, wide enough for every edit, and nobody else's touched."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from checker.model.base import Frozen
from checker.model.globs import covers
from checker.model.observation import Observation, Place
from checker.model.outputs.fields import agent
from checker.model.outputs.overlap import inside
from checker.model.outputs.work import AsOf, Lock, Queue, Step, WorkHistory
from checker.model.rule import Confidence

_OTHER_CLOCKS = timedelta(hours=14)  # a time without a zone is read as UTC
RECORDS = ("docs/runs", "docs/orchestrator", "docs/runbooks", "docs/PROGRESS.md", "ops", ".checker", ".truth")


class Holder(Frozen):
    """`agent`: whose lock must be held; `free`: paths that anybody may write without one, as globs."""

    agent: str = "AGENT-2"
    free: tuple[str, ...] = RECORDS


class Watch(Frozen):
    """`agent`: who works here; `recovery`: agents that may clear the locks of others."""

    agent: str = "AGENT-2"
    recovery: tuple[str, ...] = ("AGENT-4",)


def lock_held(history: WorkHistory, as_of: AsOf, params: Holder) -> Iterator[Observation]:
    """At each step that edits something, the agent's lock is there before the step or comes with it, for a task of its own."""
    yield from _of_own_tasks(history, as_of, params)
    first = ""
    for step, held in _edits(history, params):
        edited = [path for path in step.paths if not _free(path, params)]
        first = first or ("" if held else edited[0])
        squashed = len(history.steps) == 1 and not held
        yield Observation(
            subject=f"edit {edited[0]}",
            ok=bool(held),
            place=Place(edited[0] if held else first, lines=(1, 1)),
            also=tuple(Place(path) for path in edited[:20]),
            message=f"{edited[0]} is edited without a lock of {params.agent}",
            evidence=f"{len(edited)} paths edited; no lock file of {params.agent} stands before {step.label} or comes with it"
            + ("; the change is one commit, so a lock taken and removed inside it cannot be seen" if squashed else ""),
            cause="no lock",
            confidence=Confidence.MEDIUM if squashed else None,
        )


def _of_own_tasks(history: WorkHistory, as_of: AsOf, params: Holder) -> Iterator[Observation]:
    """Each lock under which something was edited is for a task that the queue gives to the agent, and was taken by now."""
    queue, judged = history.queue, set()
    for step in history.steps:
        before, queue = queue, step.queue or queue
        edits = any(not _free(path, params) for path in step.paths)
        for lock in step.locks if edits else ():
            if lock.owner != agent(params.agent) or lock.is_released or lock in judged:
                continue
            judged.add(lock)
            problem = _misused(lock, before, queue, params)
            if lock.started and lock.started > as_of.moment + _OTHER_CLOCKS:
                problem = f"was taken in the future, {lock.started:%Y-%m-%dT%H:%MZ}"
            yield Observation(
                subject=f"task of {lock.path}",
                ok=not problem,
                place=Place(lock.path, lines=(1, 1)),
                message=f"{lock.path} {problem}",
                evidence=f"task {lock.task!r}, at {step.label}",
            )


def _misused(lock: Lock, before: Queue | None, queue: Queue | None, params: Holder) -> str:
    tasks = [part.strip() for part in lock.task.replace(";", ",").split(",") if part.strip()]
    for name in tasks if queue else ():
        task = queue.task(name) if queue else None
        if task is None:
            return f"is for {name}, which is not in the queue"
        if task.owner and task.owner != agent(params.agent):
            return f"is for {name}, a task of {task.owner}"
        was = before.task(name) if before else None
        if task.status == "done" and was and was.status == "done":
            return f"is for {name}, which is done"
    return ""


def lock_scope(history: WorkHistory, params: Holder) -> Iterator[Observation]:
    """Every edited path lies inside the scope of the agent's lock; runs without a lock are the other rule's."""
    for step, held in _edits(history, params):
        scopes = tuple(scope for lock in held for scope in lock.scopes)
        if not held:
            continue
        if not scopes:
            edited = next(path for path in step.paths if not _free(path, params))
            message = f"{held[0].path} names no scope, so {edited} is edited outside it"
            yield Observation(
                "no scope", False, Place(held[0].path, lines=(1, 1)), message, step.label, cause="no scope"
            )
            continue
        for path in step.paths:
            if not _free(path, params):
                yield Observation(
                    subject=f"scope {path}",
                    ok=inside(path, scopes),
                    place=Place(path, lines=(1, 1)),
                    message=f"{path} is edited outside the scope of {held[0].path}",
                    evidence=f"{step.label}; scope: {', '.join(scopes[:6])}",
                )


def lock_foreign(history: WorkHistory, params: Watch) -> Iterator[Observation]:
    """No step changes or removes a lock that belongs to somebody else."""
    if agent(params.agent) in {agent(one) for one in params.recovery}:
        return
    before = {lock.path: lock for lock in history.locks}
    for step in history.steps:
        after = {lock.path: lock for lock in step.locks}
        for path in sorted({*before, *after}):
            old, new = before.get(path), after.get(path)
            if old == new:
                continue
            held = old or new
            owner = held.owner if held else ""
            mine = owner == agent(params.agent) or not owner
            yield Observation(
                subject=f"lock {path}",
                ok=mine,
                place=Place(path, lines=(1, 1)) if new else Place("."),
                message=f"{path}, the lock of {owner}, is {'changed' if old and new else 'removed' if old else 'made'}",
                evidence=f"by {step.label}, in a run of {params.agent}",
            )
        before = after


def _edits(history: WorkHistory, params: Holder) -> Iterator[tuple[Step, list[Lock]]]:
    """The steps that edit more than records, with the agent's locks that stand before or after them."""
    before = history.locks
    for step in history.steps:
        if any(not _free(path, params) for path in step.paths):
            both = {lock.path: lock for lock in (*before, *step.locks)}
            yield step, [one for one in both.values() if one.owner == agent(params.agent) and not one.is_released]
        before = step.locks


def _free(path: str, params: Holder) -> bool:
    return any(covers(pattern, path) for pattern in params.free)
