"""Facts about the audited tree as such: its files, what each is for, and how the text in them is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from checker.model.globs import covers
from checker.model.observation import Place
from checker.model.report import Suppression


class Role(StrEnum):
    """What a file is for; rules bind their severity to it."""

    RUNTIME = "runtime"
    MIGRATION = "migration"
    SCRIPT = "script"
    TEST = "test"
    GENERATED = "generated"
    VENDORED = "vendored"
    FIXTURE = "fixture"
    DOCS = "docs"


@dataclass(frozen=True, slots=True)
class File:
    """One file of the audited tree. `size` in bytes; `blob` is git's id of the indexed content, where git knows one."""

    path: str
    role: Role
    size: int
    symlink: bool = False
    tracked: bool = True
    blob: str | None = None


@dataclass(frozen=True)
class Inventory:
    """Every file that is part of the repository, sorted by path; ignored files are not in it."""

    files: tuple[File, ...]
    skipped: tuple[str, ...] = ()  # links out of the tree, special files, submodules: named, never followed

    @cached_property
    def by_path(self) -> dict[str, File]:
        return {file.path: file for file in self.files}

    def matching(self, *patterns: str, roles: frozenset[Role] = frozenset(Role)) -> Iterator[File]:
        """The files of some roles that at least one glob names."""
        for file in self.files:
            if file.role in roles and any(covers(pattern, file.path) for pattern in patterns):
                yield file


@dataclass(frozen=True, slots=True)
class Text:
    """A file's text, without a byte-order mark. `encoding` is what it was read as."""

    path: str
    text: str
    encoding: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What the head changes against the base: added line ranges by path, and what went or moved."""

    base: str
    files: tuple[ChangedFile, ...]

    @property
    def added(self) -> dict[str, tuple[tuple[int, int], ...]]:
        return {file.path: file.added for file in self.files}


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One path of the change. `status` is git's letter: A, M, D, R or T."""

    path: str
    status: str
    old_path: str | None = None
    added: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Suppressions:
    """The inline markers found in source that people write."""

    found: tuple[Suppression, ...]


@dataclass(frozen=True, slots=True)
class RouteTraces:
    """Places in runtime source that declare an HTTP route; a sample, enough to say that there is an API."""

    places: tuple[Place, ...]
