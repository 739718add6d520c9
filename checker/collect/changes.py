"""The only place that says what the head changes against the base revision."""

from __future__ import annotations

from dataclasses import dataclass

from checker.model.repo import ChangedFile, Changes
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git


@dataclass(frozen=True)
class Base:
    """The revision that the head is judged against, and whose policy rules; None where there is none.

    `fork` is where the change left it, or why nobody knows: what came to the base after that is no change of the head's.
    """

    revision: str | None
    fork: str | NotApplicable | Unavailable


def changes(git: Git, base: Base) -> Changes:
    """The paths that differ, with their added lines. NotApplicable where nothing is there to compare with."""
    if not isinstance(base.fork, str):
        raise base.fork
    return Changes(
        base.fork,
        tuple(
            ChangedFile(one.path, one.status, one.old_path, one.added)
            for one in sorted(git.diff(base.fork), key=lambda change: change.path)
        ),
    )
