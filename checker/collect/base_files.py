"""The only place that reads files of a revision in bulk: one question to git for all that are likely to be asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from checker.collect.files import Unreadable, decoded
from checker.model.git import TrackedEntry
from checker.model.unavailable import Unavailable
from checker.probe.git import Git

Read = Callable[[str], str | None]


def reader(git: Git, revision: str, likely: Iterable[TrackedEntry], limit: int) -> Read:
    """How the text of a file of a revision is read; None for what is not there, or cannot be read as text.

    A question to git costs three processes: the likely files are read with the first of them, the others one by one.
    """
    ids = {entry.path: entry.blob for entry in likely if entry.mode.startswith("100")}
    contents: dict[str, bytes | None] = {}
    asked = False

    def content(path: str) -> bytes | None:
        nonlocal asked
        if path in ids and not asked:
            asked = True
            try:
                contents.update(git.blobs(ids.values(), limit))
            except Unavailable:  # one of them is not in this clone: each is asked for by itself
                contents.clear()
        found = contents.get(ids.get(path, ""))
        return git.show(revision, path, limit) if found is None else found

    def read(path: str) -> str | None:
        try:
            data = content(path)
            return None if data is None else decoded(path, data).text
        except (Unreadable, Unavailable):
            return None

    return read
