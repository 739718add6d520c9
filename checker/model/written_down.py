"""What a repository writes down for people: its documents, and the sections in them that speak of something."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from checker.model.observation import Place

_PARTED = re.compile(r"(?m)^(?=#{1,6}[ \t])|^(?=.+\n[=~-]{4,}\s*$)")


@dataclass(frozen=True, slots=True)
class Section:
    """A heading of a document with what stands under it, or what stands before the first; `line` is where it begins."""

    path: str
    line: int
    text: str

    @property
    def place(self) -> Place:
        return Place(self.path, (self.line, self.line))


@dataclass(frozen=True)
class WrittenDown:
    """Every section of every document."""

    sections: tuple[Section, ...]

    def about(self, topic: re.Pattern[str]) -> tuple[Section, ...]:
        """The sections that speak of a topic."""
        return tuple(one for one in self.sections if topic.search(one.text))


def sections(path: str, text: str) -> Iterator[Section]:
    """A document's sections, by Markdown's and reStructuredText's headings."""
    starts = [0, *(found.start() for found in _PARTED.finditer(text) if found.start())]
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if text[start:end].strip():
            yield Section(path, text.count("\n", 0, start) + 1, text[start:end])
