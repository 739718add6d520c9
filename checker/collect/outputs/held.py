"""The only place that holds what claims are compared with: operations, migrations, tests, runs, the queue, the tree."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from checker.collect.files import Root, Unreadable
from checker.model.contract import Api
from checker.model.migrations import Migrations
from checker.model.observation import Place
from checker.model.outputs.artefact import TreePaths
from checker.model.outputs.evidence import Figures
from checker.model.outputs.session import RecordedRuns, Run
from checker.model.outputs.work import Queue
from checker.model.repo import Changes, Inventory, Role
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

_LARGEST_TEST = 1 << 20  # bytes


@dataclass(frozen=True)
class Evidence:
    """All that claims are held against; what is not there decides nothing."""

    root: Root
    inventory: Inventory
    tree: TreePaths | None
    api: Api | None
    queue: Queue | None
    migrations: Migrations | None
    git: Git | None
    figures: Figures
    runs: RecordedRuns
    changed: frozenset[str]  # paths of the change, those that it removes too; empty where nobody knows it

    @cached_property
    def operations(self) -> list[tuple[str, list[str], Place]]:
        found = self.api.operations() if self.api else ()
        return [(one.method.upper(), segments(one.path), one.place) for _, one in found]

    @cached_property
    def revisions(self) -> dict[str, Place]:
        known: dict[str, Place] = {}
        for _, one in self.migrations.revisions if self.migrations else ():
            folder, _, name = one.path.rpartition("/")
            for mark in (one.id, name, name.partition(".")[0], folder.rpartition("/")[2]):
                known.setdefault(mark, one.place)
        return known

    @cached_property
    def test_files(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.inventory.files if file.role is Role.TEST)

    @cached_property
    def tests(self) -> dict[str, Place]:
        """The names of test functions, and of test files, with where they stand."""
        found: dict[str, Place] = {}
        for file in self.inventory.files:
            if file.role is Role.TEST and file.path.endswith(".py") and file.size < _LARGEST_TEST:
                found.setdefault(file.path.rpartition("/")[2].removesuffix(".py"), Place(file.path))
                for name, line in self.tests_of(file.path).items():
                    found.setdefault(name, Place(file.path, (line, line)))
        return found

    def tests_of(self, path: str) -> dict[str, int]:
        try:
            text = self.root.text(path, _LARGEST_TEST).text
        except (Unreadable, Unavailable):
            return {}
        return {
            one.group(1): text.count("\n", 0, one.start()) + 1
            for one in re.finditer(r"(?m)^[^\S\n]*(?:async )?def (test_\w+)", text)
        }

    @cached_property
    def last_runs(self) -> dict[tuple[str, str], Run]:
        """The last recorded run of each command, by the run whose pack holds it."""
        return {(one.run, plain(one.command)): one for one in self.runs.found if one.code is not None}


def evidence_of(
    root: Root,
    inventory: Inventory,
    tree: TreePaths | Unavailable | NotApplicable,
    api: Api | Unavailable | NotApplicable,
    queue: Queue | Unavailable | NotApplicable,
    migrations: Migrations | Unavailable | NotApplicable,
    git: Git | Unavailable | NotApplicable,
    figures: Figures,
    runs: RecordedRuns,
    changes: Changes | Unavailable | NotApplicable,
) -> Evidence:
    """The facts that are there, as evidence."""
    return Evidence(
        root,
        inventory,
        tree if isinstance(tree, TreePaths) else None,
        api if isinstance(api, Api) else None,
        queue if isinstance(queue, Queue) else None,
        migrations if isinstance(migrations, Migrations) else None,
        git if isinstance(git, Git) else None,
        figures,
        runs,
        frozenset(one.path for one in changes.files) if isinstance(changes, Changes) else frozenset(),
    )


def plain(command: str) -> str:
    """A command as it is compared: without a prompt, a runner in front of it, and doubled spaces."""
    return " ".join(re.sub(r"^(?:\$ |poetry run |uv run |python3? -m )+", "", command.strip()).split())


def segments(path: str) -> list[str]:
    """The segments of a path, each parameter as `{}`; without a query and closing punctuation."""
    bare = path.partition("?")[0].rstrip(".,;:)`*").strip("/")
    return ["{}" if re.match(r"[{<:]", part) else part for part in bare.split("/")] if bare else []
