"""The only place that reads what is remembered of chains outside the tree: git notes, and the file that CI kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe.git import Git
from checker.proofs import bundle
from checker.proofs.bundle import FOLDER
from checker.proofs.chain import Head

NOTES = "refs/notes/checker"
_LARGEST = 1 << 20  # bytes of one note
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


class NotAnAnchor(ValueError):
    """The text is not what `checker verify --format json` prints."""


def parsed(text: str) -> dict[str, Head]:
    """Of `{"heads": {bundle: {"records": n, "sha256": "…", "also": […]}}}`, as `checker verify --format json` prints it.

    A bundle that was verified under a whole path is the one below the root.
    """
    try:
        whole: Any = json.loads(text)
        heads, base = whole["heads"], whole.get("base")
        if base is not None and not (isinstance(base, str) and _COMMIT.fullmatch(base)):
            raise ValueError("base is the id of a commit, or null")
        told = sorted(((_placed(str(name)), _head(one)) for name, one in heads.items()), key=lambda one: one[1].records)
        return dict(told)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise NotAnAnchor("not the JSON of checker verify --format json") from None


def base_of(text: str) -> str | None:
    """The base that an anchor remembers, None where it names none; of a text that `parsed` accepts."""
    base: str | None = json.loads(text).get("base")
    return base


def _head(told: Any) -> Head:
    records, sha256, also = told["records"], told["sha256"], told.get("also", [])
    if type(records) is not int or records < 0 or not all(isinstance(one, str) for one in (sha256, *also)):
        raise ValueError("records is a count, and sha256 a digest")
    return Head(records, sha256, tuple(also))


def _placed(name: str) -> str:
    """The name below the root, which is what the tree calls it wherever it was verified from."""
    _, folder, inner = f"/{name}".rpartition(f"/{FOLDER}/")
    return f"{FOLDER}/{inner}" if folder else name.removeprefix("./")


@dataclass(frozen=True)
class Note:
    """What one git note remembers, and of which commit."""

    commit: str
    heads: Mapping[str, Head]


def in_notes(git: Git) -> tuple[tuple[Note, ...], tuple[str, ...]]:
    """The anchors of every note below `refs/notes/checker`; one that is none counts for nothing, which is told."""
    try:
        commit = git.resolve(NOTES)
        places = git.whole_tree(commit) if commit else []
        texts = {
            one: data.decode("utf-8", "replace")
            for one, data in git.blobs((one.blob for one in places), _LARGEST)
            if data
        }
    except Unavailable:
        return (), ()
    found, told = [], []
    for place in places:
        try:
            if place.blob in texts:
                found.append(Note(place.path.replace("/", ""), parsed(texts[place.blob])))
        except NotAnAnchor as wrong:
            told.append(f"{NOTES}: note {place.blob[:12]} is passed over: {wrong}")
    return tuple(found), tuple(dict.fromkeys(told))


def standing(
    git: Git, notes: Sequence[Note], bundles: Mapping[str, bytes]
) -> tuple[tuple[Mapping[str, Head], ...], tuple[str, ...]]:
    """The anchors of notes that bind these bundles, and what is told of the others.

    A note on a commit that another branch has and this one has not is about work beside this one, whose records are not
    to be here. On a commit that no branch has any more it binds: history was rewritten.
    """
    binding, told = [], []
    for one in notes:
        broken = any(name not in bundles or bundle.cut(bundles[name], head) for name, head in one.heads.items())
        if broken and _beside(git, one.commit):
            told.append(
                f"{NOTES}: the note of {one.commit[:12]} is about another branch, whose records are not to be here"
            )
        else:
            binding.append(one.heads)
    return tuple(binding), tuple(told)


def _beside(git: Git, commit: str) -> bool:
    known = git.resolve(commit) if _COMMIT.fullmatch(commit) else None
    return bool(known and git.head and git.merge_base(known, git.head) != known and git.on_a_branch(known))
