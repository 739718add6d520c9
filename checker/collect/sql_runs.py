"""The only place that has migrations written as SQL files run, and reads what happened."""

from __future__ import annotations

from checker.collect.run_events import run_of
from checker.model.migration_run import MigrationRun
from checker.model.migrations import BodyState, Tree
from checker.model.sql_text import statements
from checker.probe.alembic import Heard
from checker.probe.keeping import Server
from checker.probe.sql_steps import SqlStep, SqlSteps, lines_of


def sql_run(
    tree: Tree,
    server: Server,
    extensions: tuple[str, ...],
    database: str,
    traced: tuple[str, ...] | None,
    seconds: float,
    *,
    old_code: bool,
) -> MigrationRun:
    """Run one history of SQL files up, down and up, without and with rows."""
    steps = [
        SqlStep(
            name=one.id,
            up=lines_of(statements(one.sql, one.sql_line)),
            down=None if one.down.state is BodyState.MISSING else lines_of(statements(one.sql_down)),
            traced=traced is None or one.id in traced,
            verify=one.queries,
            apart=one.apart,
        )
        for one in tree.revisions
    ]
    heard = Heard(tuple(SqlSteps(server, database, steps, extensions, seconds, old_code).run()), "", timed_out=False)
    return run_of(tree, "postgresql", server.version, heard)
