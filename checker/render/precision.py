"""The only place that says how often a rule's findings were right when a person read them on public repositories."""

from __future__ import annotations

import json
from functools import cache

from checker import resources

ENOUGH = 10  # findings read, before their share says anything


@cache
def _counts() -> dict[str, dict[str, int]]:
    read: dict[str, dict[str, int]] = json.loads(resources.text("rules", "precision.json"))
    return read


def sentence(rule: str) -> str:
    """What `rules/precision.json` says of a rule: findings that were right, wrong, and wrong but no longer found."""
    counts = _counts().get(rule)
    if counts is None:
        return "Nobody has read findings of it on public repositories yet."
    right, wrong, mended = counts["right"], counts["wrong"], counts["mended"]
    said = f"Read by eye on public repositories: {right} of {right + wrong} findings right"
    said += f", and {mended} wrong ones that are told apart since" if mended else ""
    return f"{said}." if right + wrong >= ENOUGH else f"{said}; fewer than {ENOUGH}, so the share says little yet."
