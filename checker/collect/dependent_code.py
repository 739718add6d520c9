"""The only place that looks through the commits of a change for code that uses what a later migration makes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.git import Commit
from checker.model.migrations import DependentCode, EarlyUse, NewMigrations, Revision
from checker.model.repo import Changes, Inventory, Role
from checker.model.unavailable import NotApplicable
from checker.probe.git import Git

MOST_COMMITS = 200
LARGEST = 1 << 20  # bytes
SHORTEST = 5  # a shorter name may mean anything


def dependent_code(git: Git, changes: Changes, new: NewMigrations, inventory: Inventory) -> DependentCode:
    """The first use of each new migration's names in a commit before its own. NotApplicable: the change is one commit."""
    commits = [one for one in git.log(f"{changes.base}..HEAD", MOST_COMMITS) if len(one.parents) == 1]
    commits.reverse()
    if len(commits) < 2:
        raise NotApplicable("the change is no series of commits, so migrations and code come together")
    return DependentCode(
        tuple(use for _, one in new.revisions for use in _early(git, changes, one, commits, inventory))
    )


def _early(
    git: Git, changes: Changes, one: Revision, commits: list[Commit], inventory: Inventory
) -> Iterator[EarlyUse]:
    at = next((place for place, commit in enumerate(commits) if one.path in commit.paths), 0)
    names = {step.column or step.table for step in one.up.operations if step.name in ("add_column", "create_table")}
    long = sorted(name for name in names if name and len(name) >= SHORTEST)
    if not long:
        return
    words = re.compile(r"\b(?:" + "|".join(map(re.escape, long)) + r")\b")
    for commit in commits[:at]:
        for path in commit.paths:
            file = inventory.by_path.get(path)
            if file is None or file.role is not Role.RUNTIME:
                continue
            text = _text(git, commit.id, path)
            found = words.search(text)
            if found and found[0] not in _text(git, changes.base, path):
                yield EarlyUse(one.id, found[0], path, _line(git, path, found[0]), commit.id, commit.subject)
                return


def _text(git: Git, revision: str, path: str) -> str:
    return (git.show(revision, path, LARGEST) or b"").decode("utf-8", "replace")


def _line(git: Git, path: str, name: str) -> int:
    """The line of the use as the file stands at the end of the change."""
    lines = _text(git, "HEAD", path).splitlines()
    return next((number for number, line in enumerate(lines, 1) if re.search(rf"\b{re.escape(name)}\b", line)), 1)
