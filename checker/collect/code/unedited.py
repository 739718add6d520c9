"""The only place that says of which files git already names the content that is on disk."""

from __future__ import annotations

from collections.abc import Iterable

from checker.model.repo import File
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git


def unedited(files: Iterable[File], git: Git | NotApplicable | Unavailable) -> dict[str, str]:
    """The id of the content of each of some files whose bytes on disk are those of the index; none where git cannot tell."""
    if not isinstance(git, Git):
        return {}
    try:
        edited = set(git.changed_in_worktree())
    except Unavailable:
        return {}
    return {one.path: one.blob for one in files if one.blob is not None and one.path not in edited and not one.symlink}
