"""The only place that starts the server on which the rehearsal's database lies, where it wants one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from checker.model.database_plan import DatabasePlan
from checker.model.unavailable import Unavailable
from checker.probe import postgres


@contextmanager
def ground(wanted: DatabasePlan, pg_bin: str | None, *, configured: bool) -> Iterator[DatabasePlan]:
    """The plan with the socket of a server of ours, gone again afterwards; unchanged for a file.

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
    with postgres.running(binaries) as server:
        yield wanted.model_copy(update={"socket": str(server.folder), "version": server.version})
