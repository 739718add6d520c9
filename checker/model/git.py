"""The values that git answers with: what is tracked, what a change touches, what a commit says."""

from __future__ import annotations

from dataclasses import dataclass

FOLDER = "040000"
GITLINK = "160000"
SYMLINK = "120000"


@dataclass(frozen=True, slots=True)
class TrackedEntry:
    """One path of an index or of a tree.

    `mode` is git's octal text (100644, 100755, 120000 a symbolic link, 160000 a submodule), `blob` the id of the
    content (of a submodule: its commit), `stage` 0, or 1 to 3 while a merge is unresolved. Names that are not UTF-8
    carry surrogate escapes, here as in every other path.
    """

    path: str
    mode: str
    blob: str
    stage: int = 0


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs between two trees.

    `status` is A, M, D, R (renamed, `old_path` says from where) or T (became another kind of file). `added` are the
    first and last lines, counted from 1, of every added or rewritten stretch of the new file; empty for binary content,
    links and submodules.
    """

    status: str
    path: str
    old_path: str | None = None
    added: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit. `committed` and `authored` are UTC in RFC 3339; `trailers` the trailer lines of the message as they stand.

    `paths` are those that differ from the parent; of a merge, those that differ from every parent.
    """

    id: str
    parents: tuple[str, ...]
    author_name: str
    author_email: str
    committed: str
    subject: str
    trailers: str
    paths: tuple[str, ...]
    authored: str = ""  # what a rebase keeps; empty where no calendar holds it
