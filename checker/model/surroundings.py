"""What a page for people shows beside a report: the lines around findings, histories of migrations, earlier reports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from checker.model.finding import Where
from checker.model.report import Report


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of a file as it stands, secrets taken out. `marked` are the first and last line that the finding means."""

    first: int
    lines: tuple[str, ...]
    marked: tuple[int, int]
    left: int = 0  # lines of the finding that are not shown


@dataclass(frozen=True, slots=True)
class Step:
    """One revision of a history: its file, what it follows, and what each direction amounts to."""

    id: str
    name: str
    path: str
    parents: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """One tool's revisions in the order of their files."""

    tool: str
    scripts: str
    steps: tuple[Step, ...]


@dataclass(frozen=True)
class Surroundings:
    """Nothing of it enters the verdict. `withheld` says of a place why it has no excerpt, `earlier` is oldest first."""

    excerpts: Mapping[Where, Excerpt] = field(default_factory=dict)
    withheld: Mapping[Where, str] = field(default_factory=dict)
    histories: tuple[History, ...] = ()
    earlier: tuple[Report, ...] = ()
    read: bool = False  # whether the tree was at hand
    unread: str = ""  # why not


NONE = Surroundings()
