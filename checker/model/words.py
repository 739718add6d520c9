"""Names as plain words: the one way in which names from contracts are compared, whatever their case and separators."""

from __future__ import annotations

import re
from functools import lru_cache


@lru_cache(maxsize=16_384)
def plain(name: str) -> str:
    """Letters and digits alone: `page_size`, `pageSize`, `$page-size` are one word."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


def vocabulary(text: str) -> frozenset[str]:
    """The words of a text, as a set to compare plain names with."""
    return frozenset(text.split())
