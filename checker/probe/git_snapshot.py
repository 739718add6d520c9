"""The only place that says what the working tree holds in git's terms: what changed, and the id of all of it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from checker.model.git import FOLDER, SYMLINK, TrackedEntry
from checker.probe.git_dir import GitUnusable
from checker.probe.git_objects import Objects
from checker.probe.git_output import index_entries, index_lines, names, raw
from checker.probe.git_run import Runner
from checker.probe.git_store import Store
from checker.probe.worktree import LONGEST_POINTER, Comparison, Worktree

_MOST_UNTRACKED = 200_000
_MOST_BYTES = 4 << 30  # of changed and untracked files together
_LONGEST_TEXT = 16 << 20  # bytes; line endings of a longer indexed file are not looked at


@dataclass(frozen=True)
class Snapshot:
    """The working tree below `prefix`, as it was when first asked. Paths are relative to the audited root."""

    runner: Runner
    objects: Objects
    files: Worktree
    root: Path
    prefix: str
    head_tree: str

    @cached_property
    def tracked(self) -> list[TrackedEntry]:
        """The repo's own index. Its flags and time stamps stay unread: anybody can set them."""
        return index_entries(self._list("--stage"))

    @cached_property
    def untracked(self) -> list[str]:
        """Files that are neither tracked nor ignored; those of a repository inside this one are files like others."""
        found = names(self._list("--others", "--exclude-standard"))
        nested = (self.files.files_below(path[:-1], _MOST_UNTRACKED) for path in found if path.endswith("/"))
        paths = {path for path in found if not path.endswith("/")}.union(*nested)
        if len(paths) > _MOST_UNTRACKED:
            raise GitUnusable(f"more than {_MOST_UNTRACKED} untracked files; ignore them in .gitignore, or commit them")
        return sorted(paths)

    @cached_property
    def changed(self) -> list[str]:
        """Paths of the index or HEAD whose content on disk, in the index and in HEAD is not one and the same."""
        staged = {entry.path for entry in set(self.tracked) ^ set(self._head)}
        return sorted(staged.union(entry.path for entry in self._comparison))

    @cached_property
    def weight(self) -> int:
        """Bytes of everything that the working tree holds."""
        _ = self._comparison
        return self.files.weight + sum(map(self.files.size, self.untracked))

    @property
    def dirty(self) -> bool:
        """Whether anything is changed or untracked."""
        return bool(self.changed or self.untracked)

    @cached_property
    def content(self) -> list[TrackedEntry]:
        """Everything that the working tree holds, each with the id of its content, which can then be read."""
        if not self.dirty:
            return self._head
        on_disk = self._comparison
        if on_disk.unreadable:
            raise GitUnusable(f"cannot read {on_disk.unreadable[0].path}; make it readable and run again")
        gone = {entry.path for entry in on_disk.absent}
        kept = {entry.path: entry for entry in self.tracked if not entry.stage and entry.path not in gone}
        unmerged = {entry.path for entry in self.tracked if entry.stage} - gone
        renewed = {entry.path for entry in (*on_disk.retyped, *on_disk.edited)}
        added = self._added(sorted(renewed.union(unmerged, self.untracked)), kept)
        return sorted((kept | {entry.path: entry for entry in added}).values(), key=lambda entry: raw(entry.path))

    def tree(self, keep: Callable[[str], bool] | None = None) -> str:
        """The id of what the working tree holds, or of the part of it whose paths `keep` accepts."""
        if keep is None:
            return self._tree
        return self._store.write_tree((entry for entry in self.content if keep(entry.path)), self._head_with_folders)

    @cached_property
    def _tree(self) -> str:
        return self._store.write_tree(self.content, self._head_with_folders) if self.dirty else self.head_tree

    @cached_property
    def _store(self) -> Store:
        return Store(self.runner.private.store, self.runner.private.algorithm)

    @cached_property
    def _head(self) -> list[TrackedEntry]:
        return [entry for entry in self._head_with_folders if entry.mode != FOLDER]

    @cached_property
    def _head_with_folders(self) -> list[TrackedEntry]:
        return self.objects.tree(self.head_tree, folders=True)

    def _added(self, paths: list[str], tracked: dict[str, TrackedEntry]) -> list[TrackedEntry]:
        """What `git add` makes of these files, in an index that holds nothing else; their contents go to our store."""
        if not paths:
            return []
        if sum(map(self.files.size, paths)) > _MOST_BYTES:
            raise GitUnusable(
                f"changed and untracked files hold more than {_MOST_BYTES >> 30} GiB; ignore or commit them"
            )
        index = self._index_of(tracked[path] for path in paths if path in tracked)
        lines = b"".join(raw(self.prefix + path) + b"\0" for path in paths)
        self.runner.call("update-index", "--add", "--replace", "-z", "--stdin", stdin=lines, index=index, makes=True)
        return index_entries(self.runner.call("ls-files", "--stage", "-z", cwd=self.root, index=index))

    @property
    def unlike(self) -> list[str]:
        """Paths that are not byte for byte on disk as the index has them."""
        return sorted({entry.path for entry in self._unlike})

    @cached_property
    def _unlike(self) -> Comparison:
        return self.files.compare(self.tracked)

    @cached_property
    def _comparison(self) -> Comparison:
        """What differs on disk, without what differs only as every checkout does: line endings, Git LFS, `$Id$`."""
        found = self._unlike
        pointers = self._pointers_among([*found.edited, *found.retyped])
        edited = [
            entry
            for entry in self._edited_as_text([entry for entry in found.edited if not entry.stage])
            if not self.files.is_checkout_of(entry, pointers.get(entry.blob, b""))
        ]
        return replace(found, edited=edited)

    def _edited_as_text(self, edited: list[TrackedEntry]) -> list[TrackedEntry]:
        present = {found.id for found in self.objects.look_up([entry.blob for entry in edited]) if found}
        known = [entry for entry in edited if entry.blob in present]
        if not known:
            return edited
        words = ("diff", "--name-only", "-z", "--no-ext-diff", "--no-textconv", "--no-renames")
        still = set(names(self.runner.call(*words, index=self._index_of(known))))
        return [entry for entry in edited if entry.blob not in present or self.prefix + entry.path in still]

    def _pointers_among(self, entries: list[TrackedEntry]) -> dict[str, bytes]:
        """Contents short enough for a Git LFS pointer; on the way, those with CRLF go where `update-index` sees them.

        Under `text=auto`, git leaves the line endings of a file alone when its indexed content has CRLF.
        """
        asked = [entry.blob for entry in entries if entry.mode != SYMLINK]
        present = [found.id for found in self.objects.look_up(asked) if found]
        short = {}
        for blob, content in self.objects.blobs(present, _LONGEST_TEXT):
            if content is not None and len(content) <= LONGEST_POINTER:
                short[blob] = content
            if content is not None and b"\r\n" in content:
                self._store.write("blob", content)
        return short

    def _list(self, *words: str) -> bytes:
        return self.runner.call("ls-files", "-z", *words, cwd=self.root, index=self.runner.private.index)

    def _index_of(self, entries: Iterable[TrackedEntry]) -> Path:
        index = Path(tempfile.mkdtemp(prefix="index-", dir=self.runner.private.path)) / "index"
        whole = (replace(entry, path=self.prefix + entry.path) for entry in entries)
        self.runner.call("update-index", "-z", "--index-info", stdin=index_lines(whole), index=index, makes=True)
        return index
