"""The only place that copies files of the repository aside, so that what is run cannot write into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from checker.model.git import GITLINK, SYMLINK
from checker.model.unavailable import Unavailable
from checker.probe.git import Git

MOST = 2 << 30  # bytes


@contextmanager
def scratch_copy(root: Path, paths: Iterable[str]) -> Iterator[Path]:
    """A folder with copies of these files, removed afterwards. Links are followed as the inventory has judged them."""
    left = MOST
    with tempfile.TemporaryDirectory(prefix="checker-copy-") as name:
        top = Path(name).resolve()
        made = {top}
        for path in paths:
            target = top / path
            if target.parent not in made:
                target.parent.mkdir(parents=True, exist_ok=True)
                made.add(target.parent)
            try:
                left -= os.stat(root / path).st_size
                if left < 0:
                    raise Unavailable(f"the repository is larger than {MOST >> 30} GiB; audit a folder of it")
                shutil.copyfile(root / path, target)
            except OSError:
                continue
        yield top


LARGEST = 4 << 20  # bytes of one file of a base; code and settings are smaller


@contextmanager
def base_copy(git: Git, revision: str, largest: int = LARGEST) -> Iterator[Path]:
    """A folder with the plain files of a revision, removed afterwards; links, submodules and what is larger are left out."""
    entries: dict[str, list[str]] = {}
    for entry in git.ls_tree(revision):
        parts = entry.path.split("/")
        safe = not any(part in ("", ".", "..") or part.lower() == ".git" for part in parts)
        if entry.mode not in (SYMLINK, GITLINK) and safe:
            entries.setdefault(entry.blob, []).append(entry.path)
    with tempfile.TemporaryDirectory(prefix="checker-base-") as name:
        top = Path(name).resolve()
        for blob, content in git.blobs(entries, largest):
            for path in entries[blob] if content is not None else ():
                (top / path).parent.mkdir(parents=True, exist_ok=True)
                (top / path).write_bytes(content or b"")
        yield top
