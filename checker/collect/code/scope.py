"""The only place that says which lines a run is to judge where the caller asked for the change alone."""

from __future__ import annotations

from checker.collect.changes import Base
from checker.model.execution import ChangedOnly, Execution
from checker.model.repo import Changes
from checker.model.unavailable import NotApplicable, Unavailable


def changed_only(execution: Execution, base: Base, changes: Changes | NotApplicable | Unavailable) -> ChangedOnly:
    """Everything, unless `--changed` was given and something is committed. Unavailable where the change cannot be seen."""
    if not execution.changed or base.revision is None:
        return ChangedOnly()
    if not isinstance(changes, Changes):
        raise Unavailable(f"--changed: {changes.reason}")
    return ChangedOnly(changes.added)
