"""The only place that starts the server on which the rehearsal's database lies, where it wants one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from checker.model.database_plan import DatabasePlan
from checker.model.unavailable import Unavailable
from checker.probe import postgres


@contextmanager
def ground(
    wanted: DatabasePlan, pg_bin: str | None, *, configured: bool, link: Path | None = None, templates: str = ""
) -> Iterator[DatabasePlan]:
    """The plan with the socket of a server of ours, gone again afterwards; unchanged for a file.

    With a `link` nobody waits for the server: the plan names the link, which leads to the server's folder once that
    answers, and is a file with the reason where it does not start.

    Raises Unavailable where PostgreSQL is wanted and none can be started; a project that shows SQLite too gets that,
    unless its configuration decides.
    """
    if wanted.engine != "postgresql":
        yield wanted
        return
    try:
        binaries = postgres.find(pg_bin)
    except Unavailable as none:
        if configured or not any(scheme.startswith("sqlite") for scheme in wanted.schemes):
            raise Unavailable(f"the app wants PostgreSQL ({wanted.why}): {none.reason}") from None
        why = f"PostgreSQL is wanted too, {wanted.why}, but {none.reason}"
        yield wanted.model_copy(update={"engine": "sqlite", "why": why})
        return
    if link is None:
        with postgres.running(binaries, templates) as server:
            yield wanted.model_copy(update={"socket": str(server.folder), "version": server.version})
        return
    with ExitStack() as stack, ThreadPoolExecutor(1) as pool:
        coming = pool.submit(stack.enter_context, postgres.running(binaries, templates))
        coming.add_done_callback(lambda done: _linked(link, done))
        yield wanted.model_copy(update={"socket": str(link), "version": binaries.version})


def _linked(link: Path, done: Future[postgres.Server]) -> None:
    with suppress(OSError):
        try:
            link.symlink_to(done.result().folder)
        except Unavailable as refused:
            link.write_text(refused.reason, "utf-8")
