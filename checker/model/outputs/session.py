"""What an agent did and was told, step by step, and the commands that somebody recorded with what they returned."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checker.model.observation import Place

METHODS = ("next_tasks_overview", "start_task", "run_checks", "confirm_and_prepare_pr")


@dataclass(frozen=True, slots=True)
class Entry:
    """One step of a session log. `name` is the tool, method or event, empty for plain words; `person`: these are words of one.

    `answered` is the line of what a call returned, where that is a record of its own.
    """

    path: str
    line: int
    person: bool
    name: str
    words: str
    given: Any = None
    result: Any = None
    time: datetime | None = None
    command: str = ""
    code: int | None = None
    answered: int = 0

    @property
    def place(self) -> Place:
        return Place(self.path, lines=(self.line, self.line))


@dataclass(frozen=True, slots=True)
class Unread:
    """A session log of which some records could not be read: the first such line, how many of how many, and why.

    `grave`: nothing of it was understood, or what was not names a command that reaches outside.
    """

    path: str
    line: int
    missed: int
    total: int
    why: str
    grave: bool


@dataclass(frozen=True)
class Sessions:
    """Every entry of every session log, by file and in order, and the logs that could not be read, wholly or in part."""

    logs: dict[str, tuple[Entry, ...]]
    unread: tuple[Unread, ...] = ()

    def entries(self) -> Iterator[Entry]:
        for path in sorted(self.logs):
            yield from self.logs[path]

    def called(self, *names: str) -> Iterator[Entry]:
        """The entries of some tools or methods, however they are prefixed."""
        return (one for one in self.entries() if one.name.rpartition(".")[2].rpartition("__")[2] in names)


@dataclass(frozen=True, slots=True)
class Run:
    """A command that was recorded as run. `code` is None where nothing says how it ended; `run` the run whose pack holds it."""

    command: str
    code: int | None
    place: Place
    source: str
    run: str = ""


@dataclass(frozen=True)
class RecordedRuns:
    """Every recorded run: in logs of the tree and of packs, in session logs, in gate proofs."""

    found: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Act:
    """A command that changes something outside the working tree. `kind` is a word of `rules/commands.toml`."""

    kind: str
    command: str
    place: Place
    source: str
    order: int = 0  # its line, so that what was said before it can be told


@dataclass(frozen=True)
class Acts:
    """Every such command, and how many commands were looked at in all."""

    found: tuple[Act, ...]
    looked_at: int
    places: tuple[Place, ...]  # of what was looked through, one for each file
