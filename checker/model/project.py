"""Facts for who begins: what a project is made with, how it starts, and which commands of its own judge it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a file says, and where."""

    name: str
    path: str
    line: int | None = None

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else self.path

    def __str__(self) -> str:
        return f"{self.name} ({self.place})"


@dataclass(frozen=True, slots=True)
class Start:
    """How the app would be started: an argv with `{port}`, in a folder. `sure`: nothing else in the source looks like it."""

    argv: tuple[str, ...]
    workdir: str
    found: str
    sure: bool = True

    def __str__(self) -> str:
        inside = f" in {self.workdir}" if self.workdir != "." else ""
        return f"{' '.join(self.argv)}{inside} ({self.found})"


@dataclass(frozen=True, slots=True)
class Command:
    """What makes a proof, as an argv, and what it was found in."""

    argv: tuple[str, ...]
    found: str


@dataclass(frozen=True)
class Project:
    """`commands` by proof type; `database` and `start` are None where nothing of the kind shows."""

    frameworks: tuple[Told, ...] = ()
    managers: tuple[Told, ...] = ()
    start: Start | None = None
    database: str | None = None
    commands: Mapping[str, Command] | None = None
