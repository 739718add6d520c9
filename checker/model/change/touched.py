"""What a change touches, told apart by what each file is for."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from checker.model.git import Commit
from checker.model.globs import covers
from checker.model.observation import Place
from checker.model.repo import Role

CODE = frozenset(
    "py pyi ts tsx js jsx mjs cjs mts cts go rs java kt kts cs rb php scala ex exs swift sql prisma".split()
)
LOCKS = frozenset(
    "package-lock.json npm-shrinkwrap.json pnpm-lock.yaml yarn.lock bun.lock bun.lockb poetry.lock uv.lock pdm.lock pipfile.lock"
    " cargo.lock composer.lock go.sum gemfile.lock mix.lock .terraform.lock.hcl".split()
)
NOT_WRITTEN = frozenset({Role.GENERATED, Role.VENDORED})
_FRONTEND = re.compile(
    r"(?:^|/)(?:frontend|webapp|web-app|client|ui|src-ui|mobile|static)/|^apps/(?:web|mobile)/|\.(?:tsx|jsx)$|\.(?:config|setup)\.[cm]?[jt]s$"
)
_COMMENT = re.compile(r"\s*(?:#|//|/\*|\*|--|<!--|\"\"\"|''')")
_VERSION = re.compile(r"\s*(?:__version__|version|VERSION)\s*[:=]")


@dataclass(frozen=True, slots=True)
class Touched:
    """One path of a change. `status` is git's letter, `added` the new lines with their numbers, of text alone."""

    path: str
    status: str
    role: Role
    old_path: str | None = None
    added: tuple[tuple[int, str], ...] = ()
    known: bool = True  # whether the added lines could be read

    @property
    def ending(self) -> str:
        return self.path.rpartition("/")[2].rpartition(".")[2].lower()

    @property
    def moved_only(self) -> bool:
        """Whether the content is what it was, under another name."""
        return self.status == "R" and not self.added and self.known

    @property
    def written(self) -> bool:
        """Whether a person or an agent writes such files, and no tool does."""
        return self.role not in NOT_WRITTEN and self.path.rpartition("/")[2].lower() not in LOCKS

    @property
    def is_code(self) -> bool:
        """Whether it is source of the backend itself: no test, script, document, record, or frontend."""
        runs = self.role in (Role.RUNTIME, Role.MIGRATION) and self.ending in CODE and self.written
        return runs and _FRONTEND.search(self.path) is None

    @property
    def statements(self) -> tuple[tuple[int, str], ...]:
        """The added lines that do something: neither blank, nor a comment, nor the number of a release."""
        return tuple(
            (number, line)
            for number, line in self.added
            if line.strip() and not _COMMENT.match(line) and not _VERSION.match(line)
        )

    @property
    def place(self) -> Place:
        lines = [number for number, _ in self.statements or self.added]
        return Place(self.path, (lines[0], lines[0]) if lines else None)


@dataclass(frozen=True)
class ChangeSet:
    """The whole change against the base, sorted by path; `records` are globs of what only records work."""

    base: str
    files: tuple[Touched, ...]
    records: tuple[str, ...] = ()

    @cached_property
    def work(self) -> tuple[Touched, ...]:
        """What counts as the change itself: written by somebody, no record of the work, not merely moved."""
        return tuple(one for one in self.files if one.written and not one.moved_only and not self.is_record(one.path))

    @cached_property
    def code(self) -> tuple[Touched, ...]:
        """Source of the backend in which something is done that was not done before, or is done no more."""
        return tuple(one for one in self.work if one.is_code and (one.statements or one.status == "D" or not one.known))

    def of(self, *roles: Role) -> Iterator[Touched]:
        return (one for one in self.work if one.role in roles)

    def is_record(self, path: str) -> bool:
        return any(covers(glob, path) for glob in self.records)


@dataclass(frozen=True)
class ChangeCommits:
    """The commits of a change, oldest first; `uncommitted` are paths that only the working tree has."""

    commits: tuple[Commit, ...]
    uncommitted: frozenset[str] = frozenset()
    cut: bool = False  # there are more than were read

    @cached_property
    def _by_path(self) -> Mapping[str, tuple[int, ...]]:
        found: dict[str, list[int]] = {}
        for at, commit in enumerate(self.commits):
            for path in commit.paths:
                found.setdefault(path, []).append(at)
        return {path: tuple(held) for path, held in found.items()}

    def touching(self, path: str) -> tuple[int, ...]:
        """The positions of the commits that touch a path; none where the first of them may not have been read."""
        return () if self.cut else self._by_path.get(path, ())
