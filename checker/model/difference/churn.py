"""How much of a change is words alone: descriptions, examples, tags and extensions, which break nobody."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_WORDS = frozenset("description summary title example examples tags externalDocs info x-codeSamples".split())


def words_changed(base: Any, head: Any) -> int:
    """The places where two documents differ in words alone; equal subtrees are not entered."""
    count = 0
    waiting = [(base, head)]
    while waiting:
        one, other = waiting.pop()
        if one == other:
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            for key in one.keys() | other.keys():
                if _is_words(key, one.get(key), other.get(key)):
                    count += one.get(key) != other.get(key)
                elif key in one and key in other:
                    waiting.append((one[key], other[key]))
        elif isinstance(one, list) and isinstance(other, list):
            waiting.extend(zip(one, other, strict=False))
    return count


def _is_words(key: str, one: Any, other: Any) -> bool:
    """A property may be called `description`; then a schema stands there, and no text."""
    if key.startswith("x-"):
        return True
    return key in _WORDS and not any(
        isinstance(value, Mapping) and ("type" in value or "$ref" in value) for value in (one, other)
    )
