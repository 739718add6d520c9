"""Run reports and attach packs: what a run says it did, and what it hands over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.model.outputs.artefact import Artefact, Section
from checker.model.outputs.headings import run_section

FIXED = re.compile(r"(?:^|/)docs/runs/(\d{4}-\d{2}-\d{2})/([A-Za-z]+[-_ ]?\d+)/(run-(.+))\.md$")
PACK = re.compile(r"(?:^|/)docs/orchestrator/from-agents/([A-Za-z]+[-_ ]?\d+)/(run-(.+?))-attach\.zip$")
TEST_LOG = re.compile(
    r"(test|pytest|vitest|jest|junit|coverage)[^/]*\.(log|txt|out|xml|tap|json|md)$|\.tap$|(^|/)logs?/", re.IGNORECASE
)
_ID = re.compile(r"\b(NT|TD|WBS)-(\d+(?:\.\d+)*)\b")
_RANGE = re.compile(r"\b(NT|TD|WBS)-(\d+)\s*(?:-|to|\.\.)\s*(?:\1-)?(\d+)\b(?!\.)")


@dataclass(frozen=True, slots=True)
class Cited:
    """A blueprint or task id in a text, with its line."""

    id: str
    line: int

    @property
    def family(self) -> str:
        return self.id.partition("-")[0]


@dataclass(frozen=True)
class RunReport:
    """One run report. `date`, `agent` and `run` come from the path where it has them, else from the name or the text."""

    artefact: Artefact
    date: str
    agent: str
    run: str
    at_fixed_path: bool

    @property
    def path(self) -> str:
        return self.artefact.path

    @property
    def sections(self) -> dict[str, Section]:
        """The first section of each known name, in the order of the text."""
        found: dict[str, Section] = {}
        for one in self.artefact.sections:
            name = run_section(one.title)
            if name and name not in found:
                found[name] = one
        return found

    @property
    def cited(self) -> tuple[Cited, ...]:
        return tuple(cited(self.artefact.text))


@dataclass(frozen=True)
class RunReports:
    """Every run report in the tree, oldest first, and those of the run under judgement.

    `current` are the reports that the change adds or edits; without a base, the newest one.
    """

    found: tuple[RunReport, ...]
    current: tuple[RunReport, ...]
    demanded: bool  # whether something was worked on, so that a report must be there


@dataclass(frozen=True, slots=True)
class Member:
    """One file in a pack; `text` is None for what is no text or was not opened, `sha256` empty for the same.

    `no_log` says, of what is named as a test log, why it is none; `hollow` that words stand in place of a run.
    """

    name: str
    size: int
    text: str | None = None
    sha256: str = ""
    not_read: str = ""
    no_log: str = ""
    hollow: bool = False


@dataclass(frozen=True, slots=True)
class Trap:
    """A reason not to open a pack, or a member of it; `grave` where it is more than something nobody looked into."""

    member: str
    reason: str
    grave: bool = True


@dataclass(frozen=True, slots=True)
class Pack:
    """One attach pack. `broken` says why nothing could be read of it."""

    path: str
    agent: str
    run: str
    members: tuple[Member, ...] = ()
    traps: tuple[Trap, ...] = ()
    broken: str = ""
    at_fixed_path: bool = True
    report_sha256: str = ""  # of the run report with the pack's name, as it stands in the tree


@dataclass(frozen=True)
class Packs:
    """Every attach pack in the tree."""

    found: tuple[Pack, ...]

    def of_run(self, run: str) -> Pack | None:
        return next((one for one in self.found if one.run == run), None)


def cited(text: str) -> Iterator[Cited]:
    """Every NT, TD and WBS id of a text; a range names its first and its last."""
    for number, line in enumerate(text.split("\n"), 1):
        if "-" not in line:
            continue
        seen = {f"{one.group(1)}-{one.group(2)}" for one in _ID.finditer(line)}
        seen |= {f"{one.group(1)}-{one.group(3)}" for one in _RANGE.finditer(line)}
        yield from (Cited(one, number) for one in sorted(seen))
