"""What an engineer hands over in one text: a checklist, a plan, files in blocks of their own, and what is said of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.model.outputs.artefact import Artefact, Section
from checker.model.outputs.headings import DELIVERY_ORDER, delivery_section

_BY_PATH = (
    ("Tests", r"(^|/)(tests?|__tests__|spec)/|(^|/)test_|[._](test|spec)\.|_test\."),
    ("Migrations", r"(^|/)(migrations?|alembic|versions)/|\.(up|down)\.sql$|(^|/)db/.*\.sql$"),
    ("Docs", r"(^|/)docs?/|\.(md|rst|adoc)$|openapi|(^|/)runbooks?/"),
    ("Observability", r"metric|observab|telemetry|tracing|logging|health"),
    ("Jobs/Workers", r"(^|/)(jobs?|workers?|tasks|consumers?)/|worker|_job\."),
    ("Validation & Auth", r"validat|auth|(^|/)dtos?/|middleware|policy|guard"),
    ("Controllers/Resolvers", r"controller|resolver|router?s?[./]|(^|/)(api|handlers?|http|endpoints)/|handler"),
    ("Services/Use-Cases", r"service|use_?-?case|(^|/)domain/"),
    ("Ports/Adapters", r"(^|/)(ports?|adapters?)/|repositor|adapter|[._]port\."),
    ("Schema/Models", r"(^|/)(models?|entities|schemas?)/|models?\.|entity|schema"),
)
_COMPILED = tuple((name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _BY_PATH)


def part_of_path(path: str) -> str:
    """The part of the output order that a file belongs to by its path; the empty string where that does not tell."""
    return next((name for name, pattern in _COMPILED if pattern.search(path)), "")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One fenced block. `files` are the paths that it, or the line above it, names; `section` the part it stands under.

    `after` is the text from its end to the next block or heading.
    """

    lines: tuple[int, int]
    language: str
    files: tuple[str, ...]
    section: str
    after: str

    @property
    def part(self) -> str:
        """Its part of the output order: what its heading says, else what its first file says."""
        by_path = next((part for path in self.files if (part := part_of_path(path))), "")
        return self.section if self.section in DELIVERY_ORDER else by_path


@dataclass(frozen=True)
class Delivery:
    """One delivery."""

    artefact: Artefact
    blocks: tuple[CodeBlock, ...]

    @property
    def path(self) -> str:
        return self.artefact.path

    def section(self, name: str) -> Section | None:
        return next(self.named(name), None)

    def named(self, name: str) -> Iterator[Section]:
        """The sections that open a part, however they are titled."""
        return (one for one in self.artefact.sections if delivery_section(one.title) == name)

    @property
    def code(self) -> tuple[CodeBlock, ...]:
        """The blocks that hand over files, and those that stand in a part of the output order."""
        shell = ("bash", "sh", "shell", "console", "json", "text", "")
        return tuple(
            one for one in self.blocks if one.files or (one.section in DELIVERY_ORDER and one.language not in shell)
        )


@dataclass(frozen=True)
class Deliveries:
    """Every delivery, sorted by path."""

    found: tuple[Delivery, ...]
