"""The only place that reads what is remembered of chains outside the tree: git notes, and the file that CI kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs.bundle import Head

NOTES = "refs/notes/checker"
_LARGEST = 1 << 20  # bytes of one note


class NotAnAnchor(ValueError):
    """The text is not what `checker verify --format json` prints."""


def parsed(text: str) -> dict[str, Head]:
    """Of `{"heads": {bundle: {"records": n, "sha256": "…"}}}`, as `checker verify --format json` prints it."""
    try:
        heads: Any = json.loads(text)["heads"]
        return {
            str(name).removeprefix("./"): Head(int(one["records"]), str(one["sha256"])) for name, one in heads.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotAnAnchor("not the JSON of checker verify --format json") from None


def in_notes(git: Git) -> tuple[Mapping[str, Head], ...]:
    """The anchors of every note below `refs/notes/checker`; one that is none counts for nothing."""
    try:
        commit = git.resolve(NOTES)
        places = git.whole_tree(commit) if commit else []
        texts = [
            data.decode("utf-8", "replace") for _, data in git.blobs((one.blob for one in places), _LARGEST) if data
        ]
    except Unavailable:
        return ()
    found = []
    for text in texts:
        try:
            found.append(parsed(text))
        except NotAnAnchor:
            continue
    return tuple(found)
