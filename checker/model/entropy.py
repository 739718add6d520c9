"""How much chance there is in a text."""

from __future__ import annotations

import math
from collections import Counter


def entropy(value: str) -> float:
    """Shannon entropy in bits per character."""
    return -sum(n / len(value) * math.log2(n / len(value)) for n in Counter(value).values()) if value else 0.0
