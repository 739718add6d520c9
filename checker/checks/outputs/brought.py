"""What an approval record says, held against the commits that brought it: who made them, when, and after what."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from checker.model.change.touched import ChangeCommits
from checker.model.decisions import Decision, Decisions
from checker.model.migrations import Revision
from checker.model.outputs.persons import is_machine
from checker.model.outputs.proposals import Proposal
from checker.model.outputs.runs import RunReport

_ZONES = timedelta(hours=14)  # a time without a zone may be of the clock that is furthest ahead
_DAY = timedelta(days=1)  # a yes is often written down later on the same day, and a date alone is of midnight


def brought(one: Proposal, made: ChangeCommits, migrations: Iterable[Revision]) -> str:
    """What is wrong with how a record came into the change; the empty string for nothing, and for one that nobody committed yet."""
    touching = made.touching(one.path)
    if not touching or one.path in made.uncommitted:
        return ""
    authors = sorted({made.commits[at].author_name for at in touching})
    if all(is_machine(name) for name in authors):
        return f"was committed by {', '.join(authors)} alone, so that its keys are an agent's word and no person's"
    last = _landed(made, touching[-1])
    late = next((key for key in one.agreed if key.time and last and key.time > last + _ZONES), None)
    if late:
        return f"is dated {late.time:%Y-%m-%dT%H:%MZ} by {late.name}, after the commit that it came with ({last:%Y-%m-%dT%H:%MZ})"
    return next((said for found in migrations if (said := _of_nothing_yet(one, touching[0], found, made))), "")


def _of_nothing_yet(one: Proposal, at: int, migration: Revision, made: ChangeCommits) -> str:
    """That a record which came after a migration says it was signed long before there was that migration."""
    first = next(iter(made.touching(migration.path)), None)
    if first is None or at <= first or not Decisions((Decision(one.path, one.text),)).about(migration):
        return ""
    begun = _authored(made, first)
    early = next((key for key in one.agreed if key.time and begun and key.time + _DAY < begun), None)
    if early is None:
        return ""
    return (
        f"is dated {early.time:%Y-%m-%dT%H:%MZ} by {early.name}, before {migration.name} existed "
        f"({begun:%Y-%m-%dT%H:%MZ}), and came only after it"
    )


def recorded_late(one: Proposal, report: RunReport, made: ChangeCommits) -> str:
    """That a record came with a later commit than the report of what it is to allow; the empty string otherwise."""
    record, told = made.touching(one.path), made.touching(report.path)
    if not record or not told or record[0] <= told[0]:
        return ""
    return f"came only after the report, with the commit {made.commits[record[0]].id[:12]}"


def _landed(made: ChangeCommits, at: int) -> datetime | None:
    """When a commit was last written: an amended one, or one that was joined with others, keeps the time of its first author."""
    said = made.commits[at].committed
    times = [one for one in (_authored(made, at), datetime.fromisoformat(said) if said else None) if one]
    return max(times, default=None)


def _authored(made: ChangeCommits, at: int) -> datetime | None:
    said = made.commits[at].authored
    return datetime.fromisoformat(said) if said else None
