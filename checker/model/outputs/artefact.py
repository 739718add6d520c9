"""What an agent's output is: which kind, read from where, under which assumptions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from checker.model.observation import Place, Pointer


class Kind(StrEnum):
    """The kinds of outputs, by the names that `checker outputs --as` takes."""

    LOCK = "lock"
    QUEUE = "queue"
    RUN_REPORT = "run-report"
    PACK = "pack"
    HANDOFF = "handoff"
    SELF_HEALING = "self-healing-log"
    ESCALATION = "escalation"
    CHECKPOINT = "checkpoint"
    APPROVAL = "approval"
    REVIEW_FINDINGS = "review-findings"
    OUTPUT_DOCUMENT = "output-document"
    START_TASK = "start-task"
    RUN_CHECKS = "run-checks"
    PR_PAYLOAD = "pr-payload"
    TRUTH = "truth"
    BLUEPRINT_INDEX = "blueprint-index"
    TOOLS_MANIFEST = "tools-manifest"
    DELIVERY = "delivery"
    SESSION_LOG = "session-log"
    TASKS_OVERVIEW = "tasks-overview"


@dataclass(frozen=True, slots=True)
class Section:
    """One heading of a Markdown text with what stands under it, down to the next heading of its own or a higher level.

    `line` is the heading's line, `last` the last line of the body, both counted from 1.
    """

    title: str
    level: int
    line: int
    last: int
    body: str

    @property
    def lines(self) -> tuple[int, int]:
        return self.line, max(self.line, self.last)


@dataclass(frozen=True, slots=True)
class Artefact:
    """One output in one file.

    `value` holds plain values where the file is data (or a fenced block of it is: then `block` is its span of lines),
    `sections` the headings where it is Markdown. `assumed` says what the reader took for granted; `broken` why nothing
    could be read, at `broken_line` where a line tells.
    """

    path: str
    kind: Kind
    text: str = ""
    value: Any = None
    sections: tuple[Section, ...] = ()
    block: tuple[int, int] | None = None
    assumed: tuple[str, ...] = ()
    broken: str = ""
    broken_line: int | None = None
    doubled: str = ""  # a key that stands twice

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    def at(self, *pointer: str) -> Place:
        """The place of a value in it; a block inside Markdown, and what is not data, is shown as lines."""
        if self.broken or not isinstance(self.value, (dict, list)):
            line = self.broken_line or 1
            return Place(self.path, lines=(line, line))
        return Place(self.path, lines=self.block) if self.block else Place(self.path, pointer=tuple(pointer))

    def lines(self, first: int, last: int | None = None) -> Place:
        """A span of its lines."""
        return Place(self.path, lines=(first, last or first))

    def said(self, evidence: str) -> str:
        """Evidence with what was assumed in reading it."""
        return "; ".join(part for part in (evidence, *self.assumed) if part)


@dataclass(frozen=True)
class Artefacts:
    """Every output found, sorted by path."""

    found: tuple[Artefact, ...]

    def of(self, *kinds: Kind) -> Iterator[Artefact]:
        """The outputs of some kinds."""
        return (one for one in self.found if one.kind in kinds)


@dataclass(frozen=True, slots=True)
class TreePaths:
    """Every path and folder of the tree that an output speaks of; what lies outside a repository has none."""

    files: frozenset[str]
    folders: frozenset[str]
    lines: dict[str, int]  # number of lines, of the files that some output points into

    def has(self, path: str) -> bool:
        """Whether a path that an output names is there, however it is anchored (`/src/a.py`, `./src/a.py`)."""
        bare = path.strip().removeprefix("./").lstrip("/").rstrip("/")
        return bare in self.files or bare in self.folders


def beside(path: str, target: str) -> str:
    """Where a relative link in a file leads."""
    parts = path.split("/")[:-1]
    for part in target.split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


Pointed = tuple[str, Pointer]
