"""A new migration goes up where the tables have rows."""

from __future__ import annotations

from collections.abc import Iterator

from checker.checks.migrations.applies import evidence
from checker.model.migration_run import MigrationRun, MigrationRuns, RunFailure, settled
from checker.model.migrations import NewMigrations, Revision
from checker.model.observation import Observation
from checker.model.rule import Confidence

_OF_ROWS = ("22", "23", "21")  # classes of SQLSTATE: data, integrity, cardinality
_OF_A_CHECK = "23514"  # made-up values agree with lists, not with every condition
_TIMES = ("57014", "55P03")  # a limit on time was reached


def migration_meets_rows(ran: MigrationRuns, new: NewMigrations) -> Iterator[Observation]:
    """One observation for each new migration that ran over rows, or failed to.

    Rows that agree with the coming schema failing is sure; rows that are merely legal today (duplicates, empty cells,
    orphans, longest texts) failing is a question to the real data. Source: backend-developer "Migration affects existing data".
    """
    yield from settled(ran, (one for run, revision in ran.judged(new) for one in _of(run, revision)), new)


def _of(run: MigrationRun, revision: Revision) -> Iterator[Observation]:
    failed = [one for one in run.failures if one.revision == revision.id and _over_rows(run, one)]
    sure = next((one for one in failed if one.data == "benign" and one.code != _OF_A_CHECK), None)
    one = sure or next(iter(failed), None)
    if one is not None:
        rows = "with rows in its tables" if sure else "over rows that are legal today"
        message = f"migration {revision.name} fails {rows}"
        place = run.place(revision.id, one.line)
        yield Observation(
            revision.id, False, place, message, evidence(one), confidence=None if sure else Confidence.MEDIUM
        )
    elif run.went(revision.id, "up", "benign") and any(name == revision.id and found for name, _, found in run.seeded):
        yield Observation(revision.id, True, revision.place)


def _over_rows(run: MigrationRun, one: RunFailure) -> bool:
    """Whether it fails with rows alone: by the server's word about rows, or, over rows that agree, in whatever way."""
    if one.direction != "up" or one.environmental or one.data not in ("benign", "adversarial"):
        return False
    told = (one.code or "").startswith(_OF_ROWS)
    return told or (one.data == "benign" and one.code not in _TIMES and run.went(str(one.revision), "up"))
