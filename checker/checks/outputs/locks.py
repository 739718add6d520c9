"""Locks as they stand: whole, not over each other, and not left behind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta
from itertools import product

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.fields import agent
from checker.model.outputs.overlap import literal, overlap
from checker.model.outputs.work import AsOf, Lock, Locks, Queue, WorkHistory, task_key
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable


class Timeout(Frozen):
    """`timeout_minutes`: the age at which a lock counts as forgotten."""

    timeout_minutes: int = 60


def lock_record(locks: Locks) -> Iterator[Observation]:
    """Every lock says who holds it, for which task, over which paths, and since when."""
    for lock in locks.found:
        lacks = ", ".join(lock.missing)
        problem = f"cannot be read: {lock.broken}" if lock.broken else f"lacks {lacks}"
        prose = [scope for scope in lock.scopes if " " in scope.strip()]
        if not lock.broken and not lacks and prose:
            problem, lacks = f"names a scope in prose: {prose[0]!r}", "scope"
        yield Observation(
            subject="record",
            ok=not (lock.broken or lacks),
            place=_place(lock),
            message=f"{lock.path} {problem}",
            evidence=_said(lock, f"owner {lock.owner!r}, task {lock.task!r}, {len(lock.scopes)} scopes"),
            confidence=None if lock.broken or lock.missing else Confidence.MEDIUM,
        )


def lock_overlap(locks: Locks, history: WorkHistory | Unavailable | NotApplicable) -> Iterator[Observation]:
    """No two live locks of different owners name the same files, as they stand and at any step of the change."""
    alive = _alive(locks.found)
    met = {(one.path, other.path): pair for one, other, pair in _meetings(alive)}
    by_path = {lock.path: lock for lock in alive}
    seen: set[tuple[Lock, ...]] = {tuple(alive)}
    for step in history.steps if isinstance(history, WorkHistory) else ():
        then = tuple(_alive(step.locks))
        for one, other, pair in _meetings(list(then)) if then not in seen else ():
            if met.setdefault((one.path, other.path), pair) is pair:
                by_path.update({one.path: one, other.path: other})
        if len(then) > 1:
            by_path = {**{one.path: one for one in then}, **by_path}
        seen.add(then)
    clashing = {path for pair in met for path in pair}
    for (first, second), (mine, theirs) in sorted(met.items()):
        one, other = by_path[first], by_path[second]
        yield Observation(
            subject=f"{one.path} and {other.path}",
            ok=False,
            place=_place(one),
            also=(_place(other),),
            message=f"{one.path} and {other.path} lock the same files",
            evidence=f"{mine} of {one.owner} and {theirs} of {other.owner}",
        )
    if len(by_path) > 1:
        yield from (Observation(path, True, _place(lock)) for path, lock in by_path.items() if path not in clashing)


def _alive(found: tuple[Lock, ...]) -> list[Lock]:
    return sorted((lock for lock in found if not lock.broken and not lock.is_released), key=lambda lock: lock.path)


def _meetings(alive: list[Lock]) -> Iterator[tuple[Lock, Lock, tuple[str, str]]]:
    """Pairs of locks of different owners with two scopes that share a file, each pair in the order of its paths.

    Two globs can only meet where the literal beginning of one is the beginning of the other's, so each looks upwards.
    """
    by_beginning: dict[str, list[tuple[Lock, str]]] = defaultdict(list)
    for lock in alive:
        for scope in lock.scopes:
            by_beginning[literal(scope)].append((lock, scope))
    for beginning, mine in by_beginning.items():
        above = [other for folder in _upwards(beginning) for other in by_beginning.get(folder, ())]
        for (one, scope), (other, theirs) in product(mine, above):
            if one.owner != other.owner and overlap(scope, theirs):
                yield (one, other, (scope, theirs)) if one.path < other.path else (other, one, (theirs, scope))


def _upwards(folder: str) -> Iterator[str]:
    yield folder
    while folder:
        folder = folder.rpartition("/")[0]
        yield folder


def lock_orphan(
    locks: Locks, queue: Queue | Unavailable | NotApplicable, as_of: AsOf, params: Timeout
) -> Iterator[Observation]:
    """No lock is left whose task is done or unknown, that is older than the time-out, or that calls itself released."""
    for lock in locks.found:
        if lock.broken:
            continue
        reason, sure = _orphaned(lock, queue, as_of, params)
        yield Observation(
            subject="orphan",
            ok=not reason,
            place=_place(lock),
            message=f"{lock.path} is left behind: {reason}",
            evidence=_said(lock, f"task {lock.task!r}, started {lock.started:%Y-%m-%dT%H:%MZ}" if lock.started else ""),
            confidence=None if sure else Confidence.MEDIUM,
        )


def _orphaned(lock: Lock, queue: Queue | Unavailable | NotApplicable, as_of: AsOf, params: Timeout) -> tuple[str, bool]:
    if lock.is_released:
        return f"its status is {lock.status}, and released means removed", False
    tasks = [part for part in lock.task.replace(";", ",").split(",") if part.strip()]
    if isinstance(queue, Queue):
        known = [queue.by_id.get(task_key(task)) for task in tasks]
        if known and not any(known):
            return f"its task {lock.task} is not in the queue", True
        if known and all(task is not None and task.status == "done" for task in known if task is not None):
            return f"its task {lock.task} is done", True
        if known and all(task is not None and task.status == "review" for task in known if task is not None):
            return f"its task {lock.task} is in review, so nobody works on it", True
    age = as_of.moment - lock.started if lock.started else None
    if age is not None and age > timedelta(minutes=params.timeout_minutes):
        return f"it is {int(age.total_seconds() // 60)} minutes old, the time-out is {params.timeout_minutes}", True
    return "", True


class Mandate(Frozen):
    """`agent`: whose locks are meant; `parts`: the globs that its mandate names; `beside`: what a lock may name besides."""

    agent: str = "AGENT-2"
    parts: tuple[str, ...] = ("**/apps/backend/**", "**/schemas/**", "**/tests/**")
    beside: tuple[str, ...] = ("docs/**", "ops/**", "scripts/**", ".github/**")


def lock_mandate(
    locks: Locks, history: WorkHistory | Unavailable | NotApplicable, params: Mandate
) -> Iterator[Observation]:
    """The agent's lock names the parts of its mandate, or something narrower inside them, and nothing wider."""
    past = [lock for step in history.steps for lock in step.locks] if isinstance(history, WorkHistory) else []
    for lock in {one.path: one for one in (*locks.found, *past)}.values():
        if lock.broken or not lock.scopes or lock.owner != agent(params.agent):
            continue
        wide = [
            one for one in lock.scopes if any(_inside(part, one) and not _inside(one, part) for part in params.parts)
        ]
        mine = [one for one in lock.scopes if any(_inside(one, part) for part in params.parts)]
        astray = [
            one for one in lock.scopes if one not in mine and not any(_inside(one, also) for also in params.beside)
        ]
        problem = f"locks {wide[0]}, which is wider than its mandate" if wide else ""
        problem = problem or ("names no part of its mandate" if not mine else "")
        problem = problem or (f"locks {astray[0]}, which is outside its mandate" if astray else "")
        yield Observation(
            subject="mandate",
            ok=not problem,
            place=_place(lock),
            message=f"{lock.path} {problem}",
            evidence=_said(lock, f"scopes: {', '.join(lock.scopes[:6])}; mandate: {', '.join(params.parts)}"),
            confidence=None if wide or not mine else Confidence.MEDIUM,
        )


def _inside(glob: str, part: str) -> bool:
    """Whether what a glob names lies in a part: the part's own folders begin it, wherever it is anchored."""
    narrow, wide = ([one for one in text.strip("/").split("/") if one not in ("**", "*", "")] for text in (glob, part))
    if part.strip("/").startswith("**/") and wide:
        return any(narrow[at : at + len(wide)] == wide for at in range(len(narrow)))
    return narrow[: len(wide)] == wide


def _place(lock: Lock) -> Place:
    return Place(lock.path, lines=(1, 1))


def _said(lock: Lock, evidence: str) -> str:
    return "; ".join(part for part in (evidence, *lock.assumed) if part)
