"""The only place that lays text out for a terminal: width, hanging indents, and colour that only repeats the words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from unicodedata import east_asian_width

WIDTH = 120
_COMMAND = re.compile(r"^(\s*)::(?=\w)")
_STYLES = {
    "BLOCKED": "1;31",
    "READY": "1;32",
    "critical": "1;31",
    "major": "31",
    "minor": "33",
    "info": "36",
    "unavailable": "35",
    "error": "1;35",
}


@dataclass(frozen=True)
class Paint:
    """Colours a word that names its own meaning, or leaves it as it is."""

    colour: bool

    def __call__(self, word: str) -> str:
        """The word in its colour; a word that has none stays plain."""
        style = _STYLES.get(word)
        return f"\x1b[{style}m{word}\x1b[0m" if self.colour and style else word


def cells(text: str) -> int:
    """Terminal columns that the text takes at most."""
    return len(text) if text.isascii() else len(text) + sum(east_asian_width(one) in "WF" for one in text)


def filled(text: str, first: str, rest: str, width: int = WIDTH) -> list[str]:
    """Lines of at most `width` columns, the first after `first`, the others after `rest`.

    No line starts with `::name`, which a GitHub log would take for a command.
    """
    lines, line = [], ""
    room = width - cells(first)
    for word in _words(text, width - max(cells(first), cells(rest))):
        joined = f"{line} {word}" if line else word
        if line and cells(joined) > room:
            lines.append(line)
            line, room = word, width - cells(rest)
        else:
            line = joined
    lines.append(line)
    return [f"{rest if position else first}{one}".rstrip() for position, one in enumerate(lines)]


def _words(text: str, longest: int) -> Iterator[str]:
    """The words of a text without a leading `::`; those that no line can hold are cut into pieces."""
    longest -= 3  # what the escape of a leading `::` adds
    for word in text.split(" "):
        piece = ""
        for character in word if cells(word) > longest else ():
            if cells(piece + character) > longest:
                yield _COMMAND.sub(r"\1:\\x3a", piece)
                piece = ""
            piece += character
        yield _COMMAND.sub(r"\1:\\x3a", piece or word)
