"""The only place that lists the files of the audited tree: from git's index, or by a walk that honours `.gitignore`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Set
from pathlib import Path

from checker.collect.files import Root
from checker.collect.ignored import Rule, is_ignored, rules
from checker.collect.roles import roles_of
from checker.model.repo import File, Inventory
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

MOST_FILES = 500_000
_GITLINK = "160000"


def inventory(root: Root, git: Git | NotApplicable | Unavailable, description: Description) -> Inventory:
    """Every file that git tracks or would track. Unavailable when there is none, or more than can be looked at."""
    listed = _listed(git) if isinstance(git, Git) else ((path, False, None) for path in _walked(root.path))
    role = roles_of(description.layout)
    files: list[File] = []
    skipped: list[str] = []
    listing = sorted(listed)
    known = {path for path, _, _ in listing}
    for path, tracked, blob in listing:
        if len(files) >= MOST_FILES:
            raise Unavailable(f"more than {MOST_FILES} files; audit a folder of it: checker audit PATH")
        found = _stat(root, path, known) if blob != _GITLINK else f"{path} is a submodule and was not entered"
        if isinstance(found, str):
            skipped.append(found)
        elif found is not None:
            size, symlink = found
            files.append(File(path, role(path), size, symlink, tracked, blob))
    if not files:
        raise Unavailable("; ".join(["the folder holds no files that could be audited", *skipped[:1]]))
    return Inventory(tuple(files), tuple(skipped))


def _listed(git: Git) -> Iterator[tuple[str, bool, str | None]]:
    seen = set()
    for entry in git.tracked():
        if entry.path not in seen:
            seen.add(entry.path)
            yield entry.path, True, _GITLINK if entry.mode == _GITLINK else entry.blob
    yield from ((path, False, None) for path in git.untracked() if path not in seen and not path.endswith("/"))


def _stat(root: Root, path: str, known: Set[str]) -> tuple[int, bool] | str | None:
    """Size and link-ness of one file; a sentence for what is not followed; None for what is gone."""
    try:
        found = os.lstat(root.path / path)
    except OSError:
        return None
    if stat.S_ISREG(found.st_mode):
        return found.st_size, False
    if not stat.S_ISLNK(found.st_mode):
        return f"{path} is not a regular file and was not opened"
    if not _leads_to_known(root, path, known):
        return f"{path} links out of the tree, to nothing, or to an ignored file, and was not followed"
    return found.st_size, True


def _leads_to_known(root: Root, path: str, known: Set[str]) -> bool:
    """Whether a link ends at a listed file: what is ignored, or git's own, is not bound to the audited tree."""
    try:
        target = (root.path / path).resolve(strict=True).relative_to(root.path.resolve())
    except (OSError, RuntimeError, ValueError):
        return False
    return target.as_posix() in known


def _walked(top: Path) -> Iterator[str]:
    """Paths below `top`, `.git` and whatever a `.gitignore` on the way names left out; links are not entered."""
    waiting: list[tuple[str, tuple[tuple[str, tuple[Rule, ...]], ...]]] = [("", ())]
    while waiting:
        folder, above = waiting.pop()
        entries = sorted(_scan(top / folder), key=lambda entry: entry.name)
        lines = above
        if any(entry.name == ".gitignore" and entry.is_file(follow_symlinks=False) for entry in entries):
            lines = (*above, (folder, rules(_bytes(top / folder / ".gitignore"))))
        for entry in entries:
            path = f"{folder}{entry.name}"
            is_folder = entry.is_dir(follow_symlinks=False)
            if entry.name == ".git" or is_ignored(path, is_folder, lines):
                continue
            if is_folder:
                waiting.append((path + "/", lines))
            else:
                yield path


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as refused:
        raise Unavailable(f"{folder.name or '.'}: {refused.strerror}; make it readable and run again") from None


def _bytes(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
