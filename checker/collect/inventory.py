"""The only place that lists the files of the audited tree: from git's index, or by a walk that honours `.gitignore`."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from pathspec import GitIgnoreSpec

from checker.collect.files import Root
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
    for path, tracked, blob in sorted(listed):
        if len(files) >= MOST_FILES:
            raise Unavailable(f"more than {MOST_FILES} files; audit a folder of it: checker audit PATH")
        found = _stat(root, path)
        if isinstance(found, str):
            skipped.append(found)
        elif found is not None:
            size, symlink = found
            files.append(File(path, role(path), size, symlink, tracked, blob))
    if not files:
        raise Unavailable("the folder holds no files that could be audited")
    return Inventory(tuple(files), tuple(skipped))


def _listed(git: Git) -> Iterator[tuple[str, bool, str | None]]:
    seen = set()
    for entry in git.tracked():
        if entry.path not in seen and entry.mode != _GITLINK:
            seen.add(entry.path)
            yield entry.path, True, entry.blob
    yield from ((path, False, None) for path in git.untracked() if path not in seen and not path.endswith("/"))


def _stat(root: Root, path: str) -> tuple[int, bool] | str | None:
    """Size and link-ness of one file; a sentence for what is not followed; None for what is gone."""
    try:
        found = os.lstat(root.path / path)
    except OSError:
        return None
    if stat.S_ISREG(found.st_mode):
        return found.st_size, False
    if not stat.S_ISLNK(found.st_mode):
        return f"{path} is not a regular file and was not opened"
    if not _leads_inside(root, path):
        return f"{path} links out of the tree, or to nothing, and was not followed"
    return found.st_size, True


def _leads_inside(root: Root, path: str) -> bool:
    try:
        return (root.path / path).resolve(strict=True).is_relative_to(root.path.resolve())
    except (OSError, RuntimeError):
        return False


def _walked(top: Path) -> Iterator[str]:
    """Paths below `top`, `.git` and whatever a `.gitignore` on the way names left out; links are not entered."""
    waiting: list[tuple[str, tuple[tuple[str, GitIgnoreSpec], ...]]] = [("", ())]
    while waiting:
        folder, above = waiting.pop()
        entries = sorted(_scan(top / folder), key=lambda entry: entry.name)
        specs = above
        if any(entry.name == ".gitignore" for entry in entries):
            specs = (*above, (folder, GitIgnoreSpec.from_lines(_lines(top / folder / ".gitignore"))))
        for entry in entries:
            path = f"{folder}{entry.name}"
            is_folder = entry.is_dir(follow_symlinks=False)
            if entry.name == ".git" or _ignored(path + "/" * is_folder, specs):
                continue
            if is_folder:
                waiting.append((path + "/", specs))
            else:
                yield path


def _scan(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as refused:
        raise Unavailable(f"{folder.name or '.'}: {refused.strerror}; make it readable and run again") from None


def _lines(file: Path) -> Iterable[str]:
    try:
        return file.read_text("utf-8", "replace").splitlines()[:10_000] if file.is_file() else ()
    except OSError:
        return ()


def _ignored(path: str, specs: tuple[tuple[str, GitIgnoreSpec], ...]) -> bool:
    """The innermost `.gitignore` with an opinion decides, as git does."""
    for folder, spec in reversed(specs):
        opinion = spec.check_file(path[len(folder) :])
        if opinion.include is not None:
            return bool(opinion.include)
    return False
