"""The only place that tells from the text of a file by what a service can be operated."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache, lru_cache

from checker import resources


def table() -> str:
    """The table of traits as it is written, for the key of a cache."""
    return resources.text("rules", "patterns", "traits.toml")


@dataclass(frozen=True, slots=True)
class _Trait:
    """How one trait shows: in a line that imports, or anywhere in a file that holds one of its words (all, where none)."""

    name: str
    imported: tuple[re.Pattern[bytes], ...]
    anywhere: tuple[re.Pattern[bytes], ...]
    words: tuple[bytes, ...]


@cache
def _traits(language: str) -> tuple[_Trait, ...]:
    read = tomllib.loads(table())
    words = read["words"][language]
    return tuple(
        _Trait(
            name,
            tuple(_compiled(one) for one in ways if _names_a_library(one)),
            tuple(_compiled(one) for one in ways if not _names_a_library(one)),
            tuple(word.encode() for word in words.get(name, ())),
        )
        for name, ways in read[language].items()
    )


def _names_a_library(pattern: str) -> bool:
    return pattern.removeprefix("(?i)").startswith((r"^\s*(?:from|import)", "[\"'](?:", "[\\\"'](?:"))


def _compiled(pattern: str) -> re.Pattern[bytes]:
    ignored = re.IGNORECASE if pattern.startswith("(?i)") else re.NOFLAG
    return re.compile(pattern.removeprefix("(?i)").encode(), re.MULTILINE | ignored)


def traits(path: str, data: bytes) -> list[str]:
    """The traits that a file's source shows, in the order of the table."""
    language = "python" if path.endswith(".py") else "typescript"
    imports, lowered = import_lines(data), data.lower()
    return [one.name for one in _traits(language) if _shows(one, imports, data, lowered)]


@lru_cache(maxsize=1)  # asked several times of one content after the other
def import_lines(data: bytes) -> bytes:
    """The lines of a source that may import something, in either language."""
    return b"\n".join(line for line in data.split(b"\n") if b"import" in line or b"from" in line or b"require" in line)


def _shows(trait: _Trait, imports: bytes, data: bytes, lowered: bytes) -> bool:
    if any(one.search(imports) for one in trait.imported):
        return True
    if trait.words and not any(word in lowered for word in trait.words):
        return False
    return any(one.search(data) for one in trait.anywhere)
