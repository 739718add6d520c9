"""The only place that reads the pipelines of continuous integration, at the head and at the base."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.collect.files import Root, Unreadable, decoded
from checker.model.pipelines import BasePipelines, Pipelines, Step, steps_of
from checker.model.repo import Changes, Inventory, Role
from checker.model.unavailable import Unavailable
from checker.probe.git import Git

LARGEST = 2 << 20  # bytes
_FILE = re.compile(
    r"\.github/(?:workflows/[^/]+|actions/.+/action)\.ya?ml|\.gitlab-ci\.ya?ml|(?:.*/)?[\w.-]+\.gitlab-ci\.ya?ml"
    r"|\.circleci/config\.ya?ml|(?:.*/)?package\.json"
)
_NOT_OURS = frozenset({Role.VENDORED, Role.FIXTURE, Role.GENERATED})


def pipelines(root: Root, inventory: Inventory) -> Pipelines:
    """The steps of every pipeline file of the tree."""
    steps: list[Step] = []
    unread: list[tuple[str, str]] = []
    for file in inventory.files:
        if _FILE.fullmatch(file.path) and file.role not in _NOT_OURS and not file.symlink:
            try:
                steps.extend(_steps(file.path, root.text(file.path, LARGEST).text))
            except (Malformed, Unreadable, Unavailable) as wrong:
                unread.append((file.path, str(wrong)))
    return Pipelines(tuple(steps), tuple(unread))


def base_pipelines(git: Git, changes: Changes) -> BasePipelines:
    """The steps of the pipeline files that the change touches, as the base has them."""
    steps: list[Step] = []
    for one in changes.files:
        path = one.old_path or one.path
        if one.status != "A" and _FILE.fullmatch(path):
            try:
                data = git.show(changes.base, path, LARGEST)
                steps.extend(_steps(path, decoded(path, data).text) if data is not None else ())
            except (Malformed, Unreadable, Unavailable):
                continue
    return BasePipelines(tuple(steps))


def _steps(path: str, text: str) -> Iterator[Step]:
    return steps_of(path, parse(text).value)
