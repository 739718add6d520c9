"""The only place that says what the head changes against the base revision."""

from __future__ import annotations

from dataclasses import dataclass

from checker.model.repo import ChangedFile, Changes
from checker.model.unavailable import NotApplicable
from checker.probe.git import Git


@dataclass(frozen=True)
class Base:
    """The revision that the head is judged against; None where there is none, with the reason."""

    revision: str | None
    reason: str = ""


def changes(git: Git, base: Base) -> Changes:
    """The paths that differ, with their added lines. NotApplicable where nothing is there to compare with."""
    if base.revision is None:
        raise NotApplicable(base.reason or "no base revision; name one with --base")
    return Changes(
        base.revision,
        tuple(
            ChangedFile(one.path, one.status, one.old_path, one.added)
            for one in sorted(git.diff(base.revision), key=lambda change: change.path)
        ),
    )
