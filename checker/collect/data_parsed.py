"""What reading JSON and reading YAML have in common: the result, the limits, and where something is wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from checker.model.observation import Pointer

MAX_DEPTH = 200
MAX_DIGITS = 4300
TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
Repeats = list[tuple[dict[str, Any], list[str]]]
"""Mappings in which a key stands twice, with those keys."""


class Malformed(ValueError):
    """The text is no JSON or YAML that can be trusted. `line` (1-based) is where; None where no line tells."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Parsed:
    """The first document of a text as plain values.

    `value` is made of dict (keys always str), list, str, int, float, bool and None; YAML aliases share one object.
    `duplicates` are pointers into `value` whose key stands twice in its mapping (the last one won), in document order.
    """

    value: Any
    syntax: Literal["json", "yaml"]
    duplicates: tuple[Pointer, ...]
    documents: int


def repeated_keys(keys: Iterable[str]) -> list[str]:
    """The keys that stand more than once."""
    return [key for key, times in Counter(keys).items() if times > 1]


def pointers_of(root: Any, repeats: Repeats) -> tuple[Pointer, ...]:
    """Where the mappings with repeated keys are; those in a value that a later duplicate replaced are nowhere."""
    wanted = {id(mapping): keys for mapping, keys in repeats}
    found: list[Pointer] = []
    stack: list[tuple[Any, Pointer]] = [(root, ())]
    seen: set[int] = set()
    while stack and wanted:
        node, pointer = stack.pop()
        if not isinstance(node, dict | list) or id(node) in seen:
            continue
        seen.add(id(node))
        found.extend((*pointer, key) for key in wanted.pop(id(node), ()))
        members = node.items() if isinstance(node, dict) else enumerate(node)
        stack.extend(reversed([(child, (*pointer, str(key))) for key, child in members]))
    return tuple(found)


def line_at(text: str, index: int) -> int:
    """The line (1-based) of an offset; blank lines at the end of the text are none."""
    return text.count("\n", 0, min(index, len(text.rstrip()))) + 1
