"""The only place that reads what a change adds, and by whom."""

from __future__ import annotations

import tomllib

from checker import resources
from checker.collect.change.demanded import demanded
from checker.collect.changes import Base
from checker.collect.files import Root, Unreadable
from checker.collect.roles import roles_of
from checker.model.change.touched import ChangeCommits, ChangeSet, Touched
from checker.model.execution import Execution
from checker.model.repo import ChangedFile, Changes
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

LARGEST = 2 << 20  # bytes of one file
MOST_COMMITS = 500


def change_set(
    root: Root, changed: Changes | NotApplicable, description: Description, execution: Execution
) -> ChangeSet:
    """Every changed path with its added lines. NotApplicable without a base, Unavailable where a gate asks."""
    changes = demanded(changed, execution)
    role = roles_of(description.layout)
    records = tomllib.loads(resources.text("rules", "gates.toml"))["records"]["paths"]
    files = []
    for one in changes.files:
        lines = _added(root, one)
        files.append(Touched(one.path, one.status, role(one.path), one.old_path, lines or (), lines is not None))
    return ChangeSet(changes.base, tuple(files), tuple(records))


def _added(root: Root, one: ChangedFile) -> tuple[tuple[int, str], ...] | None:
    """The added lines by number; None where the file is no text that could be read."""
    if not one.added:
        return ()
    try:
        lines = root.text(one.path, LARGEST).text.split("\n")
    except (Unreadable, Unavailable):
        return None
    return tuple(
        (number, lines[number - 1])
        for first, last in one.added
        for number in range(first, last + 1)
        if number <= len(lines)
    )


def change_commits(git: Git, base: Base, execution: Execution) -> ChangeCommits:
    """The commits from where the change left the base to HEAD. NotApplicable or Unavailable without a base."""
    if isinstance(base.fork, Unavailable):
        raise base.fork
    fork = demanded(base.fork, execution)
    found = git.log(f"{fork}..HEAD", MOST_COMMITS + 1) if git.head else []
    changed = frozenset((*git.changed_in_worktree(), *git.untracked()))
    return ChangeCommits(tuple(reversed(found[:MOST_COMMITS])), changed, len(found) > MOST_COMMITS)
