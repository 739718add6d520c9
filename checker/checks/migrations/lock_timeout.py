"""A new migration gives up waiting for an exclusive lock before everybody queues behind it."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, RunStatement, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation, Place

EXCLUSIVE = "AccessExclusiveLock"
_UNLIMITED = ("0", "0ms", "")


def migration_lock_timeout(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each new migration that took an AccessExclusive lock on a table which existed before.

    Good when `lock_timeout` was set when it asked for the first one. Where no such migration of a history sets it,
    that is one defect, at `env.py`, which could set it for all. Sources: backend-engineer's OPERATIONS note (impact);
    PostgreSQL's lock_timeout; squawk's require-lock-timeout, Eugene's E9.
    """
    seen = [
        (run, revision, step)
        for run, revision in ran.judged(new)
        if run.engine == "postgresql" and (step := _first(run, revision))
    ]
    bare = {run.tree.scripts for run, _, _ in seen}
    bare -= {run.tree.scripts for run, _, step in seen if step.lock_timeout not in _UNLIMITED}
    alone = {scripts for scripts in bare if sum(run.tree.scripts == scripts for run, _, _ in seen) == 1}
    yield from settled(ran, (_observed(*one, whole=one[0].tree.scripts in bare - alone) for one in seen))


def _first(run: MigrationRun, revision: Revision) -> RunStatement | None:
    for step in run.ups(revision.id):
        for one in step.statements:
            if any(mode == EXCLUSIVE for _, mode in one.locks):
                return one
    return None


def _observed(run: MigrationRun, revision: Revision, one: RunStatement, *, whole: bool) -> Observation:
    table = next(table for table, mode in one.locks if mode == EXCLUSIVE).removeprefix("public.")
    message = f"migration {revision.name} waits for {table} as long as it takes, and everybody queues behind it"
    evidence = f"{one.sql[:140]} takes {EXCLUSIVE} on {table}; lock_timeout is {one.lock_timeout or 'not known'}"
    place = run.place(revision.id, one.line)
    if whole:
        place, message = _environment(run), "no migration sets lock_timeout before it takes an exclusive lock"
    ok = one.lock_timeout not in _UNLIMITED
    return Observation(revision.id, ok, place, message, evidence, cause="no lock_timeout anywhere" if whole else "")


def _environment(run: MigrationRun) -> Place:
    return Place(run.tree.environment_path) if run.tree.environment_path else run.tree.place
