"""The run over a list: what an earlier run knows is taken over, the rest is judged on this machine or on a cluster."""

from __future__ import annotations

import fcntl
import hashlib
import json
import multiprocessing
import os
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from pydantic import ValidationError

from checker import __version__, catalog, gate
from checker.fleet.judging import Row, Task, judge, unjudged
from checker.model.unavailable import Unavailable
from checker.probe import git_base
from checker.probe.snapshot import snapshot
from checker.toml_source import ConfigurationError

INDEX = "fleet.jsonl"
REPORTS = "reports"
_LOCK = ".lock"
_RETRIES = 3  # a worker that goes takes its audit with it; another one starts it anew
Told = Callable[[Row, int, int], None]
P = ParamSpec("P")
T = TypeVar("T")


def run(tasks: Sequence[Task], out: Path, workers: Executor, told: Told) -> list[Row]:
    """Judge the tasks; each row and report is on disk before the next is waited for, so a stopped run is taken up again."""
    known = _known(out)
    rows = [known[task.name] for task in tasks if _is_known(task, known, out)]
    for position, row in enumerate(rows, 1):
        told(row, position, len(tasks))
    for row, report in _judged([task for task in tasks if not _is_known(task, known, out)], workers):
        _keep(out, row, report)
        rows.append(row)
        told(row, len(rows), len(tasks))
    _write_index(out, rows)
    return sorted(rows, key=lambda row: row.name)


def _judged(tasks: Sequence[Task], workers: Executor) -> Iterator[tuple[Row, bytes]]:
    """Each task's answer as it comes; tasks whose worker was killed are handed out anew, `_RETRIES` times at most."""
    left = list(tasks)
    for _ in range(1 + _RETRIES):
        lost: list[Task] = []
        yield from _answers(left, workers, lost)
        left = lost
    for task in left:
        said = f"its worker was killed, {1 + _RETRIES} times; out of memory? fewer --jobs, or see --memory"
        yield unjudged(task, gate.BROKEN, "error", said), b""


def _answers(tasks: Sequence[Task], workers: Executor, lost: list[Task]) -> Iterator[tuple[Row, bytes]]:
    waiting: dict[Future[tuple[Row, bytes]], Task] = {}
    gone = False
    try:
        for task in tasks:
            waiting[workers.submit(judge, task)] = task
        for done in as_completed(waiting):
            try:
                answer = done.result()
            except BrokenExecutor:
                lost.append(waiting[done])
            except _killed() as killed:  # Dask has tried it on several workers, and each of them died
                said = f"it killed the workers that judged it: {killed}"
                yield unjudged(waiting[done], gate.BROKEN, "error", said), b""
            except CancelledError:
                gone = True
            else:
                yield answer
        if gone:
            raise Unavailable("the scheduler went away; what was judged is kept, run the same again to go on")
    except BaseException:
        for future in waiting:
            future.cancel()
        raise


def _killed() -> tuple[type[BaseException], ...]:
    """What Dask says of a task that costs one worker after another, where Dask is in use at all."""
    dask = sys.modules.get("distributed")
    return (dask.KilledWorker,) if dask else ()


@contextmanager
def on_this_machine(jobs: int) -> Iterator[Executor]:
    """Processes, not threads: an interrupt reaches each of them, and each stops the audit that it waits for."""
    with _Processes(jobs) as pool:
        try:
            yield pool
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class _Processes(Executor):
    """A pool of processes that is made anew when one of them was killed: a broken pool takes nothing more."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._pool = self._made()

    def _made(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self._jobs, mp_context=multiprocessing.get_context("spawn"))

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        try:
            return self._pool.submit(work, *args, **kwargs)
        except BrokenExecutor:
            self._pool.shutdown()
            self._pool = self._made()
            return self._pool.submit(work, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@contextmanager
def on_a_cluster(address: str) -> Iterator[Executor]:
    """A Dask cluster behind the same interface; its workers see the same folders and have the checker installed."""
    try:
        import distributed
    except ModuleNotFoundError:
        raise ConfigurationError(
            "--scheduler", None, "needs Dask, which is the extra `fleet`: pip install 'distributed>=2026.1'"
        ) from None
    try:
        client: Any = distributed.Client(address, timeout=10)  # type: ignore[no-untyped-call]  # Dask has no types
    except (OSError, TimeoutError, ValueError) as refused:
        raise ConfigurationError("--scheduler", None, f"{address} does not answer: {refused}") from None
    with client:
        yield client.get_executor(pure=False, retries=_RETRIES)


def tasks(
    names: Iterable[str], folder: Path, options: tuple[str, ...], timeout: float, memory: int, *, executes: bool
) -> list[Task]:
    """A task for each repository; what executes is never taken over from an earlier run."""
    day = datetime.now(UTC).date().isoformat()
    bases = {name: os.environ.get(name) for name in git_base.VARIABLES}
    made = []
    for name in names:
        place = (folder / name).resolve()
        seen = None if executes else snapshot(place)
        marks = [__version__, catalog.load().sha256, day, str(place), seen, bases, *options]
        key = hashlib.sha256(json.dumps(marks).encode()).hexdigest() if seen else None
        made.append(Task(name, os.fspath(place), options, timeout, memory, key))
    return made


def report_of(name: str) -> str:
    """Where a repository's report stands below the output folder; names may hold anything, digests do not."""
    return f"{REPORTS}/{hashlib.sha256(name.encode('utf-8', 'surrogateescape')).hexdigest()[:16]}.json"


def rows_of(out: Path) -> list[Row]:
    """All that the index of an output folder holds, that of other shards too, by name."""
    return sorted(_known(out).values(), key=lambda row: row.name)


def _known(out: Path) -> dict[str, Row]:
    """The rows of an earlier run, the last of each name; a line that was cut off is none."""
    found: dict[str, Row] = {}
    try:
        lines = (out / INDEX).read_text("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {}
    for line in lines:
        try:
            row = Row.model_validate_json(line)
        except ValidationError:
            continue
        found[row.name] = row
    return found


def _is_known(task: Task, known: dict[str, Row], out: Path) -> bool:
    row = known.get(task.name)
    return row is not None and row.key is not None and row.key == task.key and (out / report_of(task.name)).is_file()


def _keep(out: Path, row: Row, report: bytes) -> None:
    if report:
        _replace(out / report_of(row.name), report)
    with alone_in(out), open(out / INDEX, "a", encoding="utf-8") as index:
        index.write(row.model_dump_json() + "\n")


def _write_index(out: Path, rows: Sequence[Row]) -> None:
    with alone_in(out):
        told = {**_known(out), **{row.name: row for row in rows}}
        _replace(out / INDEX, "".join(told[name].model_dump_json() + "\n" for name in sorted(told)).encode())


@contextmanager
def alone_in(out: Path) -> Iterator[None]:
    """Nobody else writes the index of an output folder meanwhile: shards of one list may run at once."""
    with open(out / _LOCK, "w", encoding="ascii") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _replace(target: Path, data: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as file:
        file.write(data)
    os.replace(file.name, target)
