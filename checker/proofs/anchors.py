"""The only place that reads what is remembered of chains outside the tree: git notes, and the file that CI kept."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs.bundle import FOLDER, Head

NOTES = "refs/notes/checker"
_LARGEST = 1 << 20  # bytes of one note


class NotAnAnchor(ValueError):
    """The text is not what `checker verify --format json` prints."""


def parsed(text: str) -> dict[str, Head]:
    """Of `{"heads": {bundle: {"records": n, "sha256": "…"}}}`, as `checker verify --format json` prints it.

    A bundle that was verified under a whole path is the one below the root.
    """
    try:
        heads: Any = json.loads(text)["heads"]
        told = sorted(((_placed(str(name)), _head(one)) for name, one in heads.items()), key=lambda one: one[1].records)
        return dict(told)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotAnAnchor("not the JSON of checker verify --format json") from None


def _head(told: Any) -> Head:
    records, sha256 = told["records"], told["sha256"]
    if type(records) is not int or records < 0 or not isinstance(sha256, str):
        raise ValueError("records is a count, and sha256 a digest")
    return Head(records, sha256)


def _placed(name: str) -> str:
    """The name below the root, which is what the tree calls it wherever it was verified from."""
    _, folder, inner = f"/{name}".rpartition(f"/{FOLDER}/")
    return f"{FOLDER}/{inner}" if folder else name.removeprefix("./")


def in_notes(git: Git) -> tuple[tuple[Mapping[str, Head], ...], tuple[str, ...]]:
    """The anchors of every note below `refs/notes/checker`; one that is none counts for nothing, which is told."""
    try:
        commit = git.resolve(NOTES)
        places = git.whole_tree(commit) if commit else []
        texts = [
            (one, data.decode("utf-8", "replace"))
            for one, data in git.blobs((one.blob for one in places), _LARGEST)
            if data
        ]
    except Unavailable:
        return (), ()
    found, told = [], []
    for blob, text in texts:
        try:
            found.append(parsed(text))
        except NotAnAnchor as wrong:
            told.append(f"{NOTES}: note {blob[:12]} is passed over: {wrong}")
    return tuple(found), tuple(told)
