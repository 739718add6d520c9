"""What a person switched or agreed to: safe mode while it is on, and the outline against the queue."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.globs import covers
from checker.model.observation import Observation, Place
from checker.model.outputs.flags import Outline, SafeMode
from checker.model.outputs.work import Queue, task_key
from checker.model.repo import Changes

DOCUMENTS = ("**/docs", "**/*.md", "ops", ".checker", ".truth")


class Quiet(Frozen):
    """`documents`: the paths that may be written while safe mode is on."""

    documents: tuple[str, ...] = DOCUMENTS


def safe_mode(flag: SafeMode, changes: Changes, params: Quiet) -> Iterator[Observation]:
    """While safe mode is on a change writes documents and records alone, and does not lift it by itself."""
    if flag.broken:
        yield Observation(
            "safe mode", False, Place(flag.path), f"{flag.path} cannot be read: {flag.broken}", "so it counts as on"
        )
    if flag.lifted:
        message = f"{flag.path} {flag.lifted} by the change that it binds"
        evidence = f"the base says {flag.said}"
        yield Observation("safe mode lifted", False, Place(flag.path), message, evidence)
    if not flag.on:
        yield Observation("safe mode", True, Place(flag.path))
        return
    for one in changes.files:
        if flag.lifted and one.path == flag.path:
            continue
        allowed = any(covers(pattern, one.path) for pattern in params.documents)
        yield Observation(
            subject=f"safe mode {one.path}",
            ok=allowed,
            place=Place(one.path, lines=(1, 1)) if one.status != "D" else Place(flag.path),
            also=(Place(flag.path),),
            message=f"{one.path} is written while safe mode is on",
            evidence=f"{flag.path} says {flag.said}" + (" in the base" if flag.lifted else ""),
        )


def outline_agrees(outline: Outline, queue: Queue) -> Iterator[Observation]:
    """The outline and the progress page call done what the queue calls done, and every task of theirs is in the queue."""
    for box in (*outline.boxes, *outline.progress):
        task = queue.task(box.task)
        problem = "which is not in the queue" if task is None else ""
        if task is not None and box.ticked != (task.status == "done"):
            problem = f"which the queue calls {task.status}"
        said = "ticks" if box.ticked else "leaves open"
        said = {"ticks": "calls done", "leaves open": "calls unfinished"}[said] if box in outline.progress else said
        yield Observation(
            subject=f"outline {box.task}",
            ok=not problem,
            place=Place(box.path, lines=(box.line, box.line)),
            also=(Place(queue.path, lines=(task.line, task.line)),) if task else (),
            message=f"{box.path} {said} {box.task}, {problem}",
            evidence=f"{len(outline.boxes)} boxes, {len(queue.tasks)} tasks",
        )
    known = {task_key(box.task) for box in outline.boxes}
    for task in queue.tasks if outline.boxes else ():
        if task.id and task.status == "done" and task_key(task.id) not in known:
            place = Place(queue.path, lines=(task.line, task.line))
            message = f"{task.id} is done in {queue.path} and not in {outline.path}"
            yield Observation(f"outline {task.id}", False, place, message, f"{len(outline.boxes)} boxes in the outline")
