"""The only place that tells from the text of a file by what a service can be operated."""

from __future__ import annotations

import re
import tomllib
from functools import cache

from checker import resources


def table() -> str:
    """The table of traits as it is written, for the key of a cache."""
    return resources.text("rules", "patterns", "traits.toml")


@cache
def _patterns() -> dict[str, dict[str, tuple[re.Pattern[bytes], ...]]]:
    return {
        language: {name: tuple(_compiled(one) for one in ways) for name, ways in named.items()}
        for language, named in tomllib.loads(table()).items()
    }


def _compiled(pattern: str) -> re.Pattern[bytes]:
    ignored = re.IGNORECASE if pattern.startswith("(?i)") else re.NOFLAG
    return re.compile(pattern.removeprefix("(?i)").encode(), re.MULTILINE | ignored)


def traits(path: str, data: bytes) -> list[str]:
    """The traits that a file's source shows, in the order of the table."""
    named = _patterns()["python" if path.endswith(".py") else "typescript"]
    return [name for name, ways in named.items() if any(one.search(data) for one in ways)]
