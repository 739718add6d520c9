"""Safe mode, and the outline with its boxes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SafeMode:
    """The safe-mode flag. One that cannot be read counts as on."""

    path: str
    on: bool
    said: str
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Box:
    """One `[ ] WBS-x.y title` of the outline."""

    task: str
    ticked: bool
    line: int


@dataclass(frozen=True, slots=True)
class Outline:
    """The outline's boxes that name a task."""

    path: str
    boxes: tuple[Box, ...]
