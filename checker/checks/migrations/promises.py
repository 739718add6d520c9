"""What a migration says about itself is what happened when it ran."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.migration_run import MigrationRun, MigrationRuns, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation

_NO_LOCK = re.compile(
    r"(?i)\b(?:no|without(?: any)?|zero|takes no|needs no)\s+(?:\w+\s+)?(?:lock(?:s|ing)?|blocking|downtime|impact)\b"
    r"|\bnon-?blocking\b|\bonline\b"
)


def migration_verify_holds(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each query of a VERIFY section, run over benign rows after its migration, read only.

    It holds when it answers true, or no rows. Source: backend-engineer "VERIFY section: post-migration checks".
    """
    judged = {one.id for _, one in new.revisions}
    seen = ((run, one) for run in ran.runs for one in run.verified if one[0] in judged)
    yield from settled(ran, (_verified(run, *one) for run, one in seen))


def _verified(run: MigrationRun, identifier: str, query: str, held: bool, said: str) -> Observation:
    found = run.revision(identifier)
    name = found.name if found else identifier
    message = f"the VERIFY query of migration {name} does not hold after it"
    place = found.place if found else run.tree.place
    answer = " ".join(said.split())
    return Observation(f"{identifier} {query[:60]}", held, place, message, f"{query[:160]} answered {answer[:120]}")


def migration_operations_true(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each new migration whose OPERATIONS note promises that nobody waits.

    Bad when one of its statements took a lock that others wait for, on a table that existed before. Source:
    backend-engineer "OPERATIONS note: duration, impact, throttling".
    """
    yield from settled(ran, (one for run, revision in ran.judged(new) for one in _promised(run, revision)))


def _promised(run: MigrationRun, revision: Revision) -> Iterator[Observation]:
    promise = _NO_LOCK.search(revision.section("OPERATIONS?") or "")
    step = next(run.ups(revision.id), None)
    if promise is None or step is None:
        return
    taken = next(((one, lock) for one in step.statements for lock in one.strong), None)
    place = run.place(revision.id, taken[0].line if taken else None)
    message = f"the OPERATIONS note of migration {revision.name} promises {promise[0]!r}, and it locks"
    evidence = f"{taken[0].sql[:140]} takes {taken[1][1]} on {taken[1][0].removeprefix('public.')}" if taken else ""
    yield Observation(revision.id, taken is None, place, message, evidence)
