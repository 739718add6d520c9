"""Safe mode, and the outline with its boxes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SafeMode:
    """The safe-mode flag. One that cannot be read counts as on.

    `lifted`: what the change did to a flag that its base has on; empty where it left it alone.
    """

    path: str
    on: bool
    said: str
    broken: str = ""
    lifted: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """One `[ ] WBS-x.y title` of the outline, or one line of the progress page that says how far a task is."""

    task: str
    ticked: bool
    line: int
    path: str


@dataclass(frozen=True, slots=True)
class Outline:
    """The boxes that name a task. `progress` are those of the progress page, which need not hold every task."""

    path: str
    boxes: tuple[Box, ...]
    progress: tuple[Box, ...] = ()
