"""The only place that says which lines a run is to judge where the caller asked for the change alone."""

from __future__ import annotations

from checker.model.execution import ChangedOnly, Execution
from checker.model.repo import Changes
from checker.model.unavailable import NotApplicable, Unavailable


def changed_only(execution: Execution, changes: Changes | NotApplicable | Unavailable) -> ChangedOnly:
    """Everything, unless `--changed` was given. Unavailable where the change cannot be seen."""
    if not execution.changed:
        return ChangedOnly()
    if not isinstance(changes, Changes):
        raise Unavailable(f"--changed: {changes.reason}")
    return ChangedOnly(changes.added)
