"""The only place that asks git anything, without obeying a single setting of the repository that is asked about."""

from __future__ import annotations

import os
import posixpath
import re
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from threading import Thread
from types import TracebackType

from checker.model.git import FOLDER, GITLINK, Change, Commit, TrackedEntry
from checker.probe.git_base import upstream_base
from checker.probe.git_dir import GitUnusable, Location, build, locate, remove
from checker.probe.git_objects import Objects
from checker.probe.git_output import LOG_FORMAT, changes, commits, moment
from checker.probe.git_run import Runner, folder_outside
from checker.probe.git_snapshot import Snapshot
from checker.probe.worktree import Worktree

__all__ = ["Git", "GitUnusable"]

_MOST_BLOB = 32 << 20  # bytes
_DIFF = ("-r", "-z", "--raw", "--no-abbrev", "-p", "-U0", "--irreversible-delete", "--no-color")
_NOTHING_RUNS = ("--no-ext-diff", "--no-textconv")
_RENAMES = ("-M50%", "-l1000", "--no-rename-empty")


class Git:
    """What git knows about the tree below one folder; a context manager, because it keeps a private git directory.

    Every answer is about the audited root alone, paths are relative to it, and nothing is written into the repository.
    Answers about the working tree are those of the first time asked: open another one after it may have changed.
    Any method may raise GitUnusable.
    """

    head: str | None  #: commit id; None before the first commit
    branch: str | None  #: None when HEAD is detached
    shallow: bool  #: history is cut off
    top: Path  #: of the working tree
    prefix: str  #: of the audited root below `top`: "" or "path/"

    @classmethod
    def open(cls, root: Path, *, timeout: float = 120.0, path: str | None = None) -> Git | None:
        """Git for an existing folder, or None when no repository is around it.

        `timeout` in seconds for each question, `path` the PATH that git is looked for on (default: the process's).
        GitUnusable: bare, damaged, in a format that we do not read, or git is not installed.
        """
        path = os.environ.get("PATH", os.defpath) if path is None else path
        try:
            where = locate(root := root.resolve())
            if where is None:
                return None
            private = folder_outside(where.top)
            try:
                return cls(root, where, private, timeout, path)
            except BaseException:
                remove(private)
                raise
        except (OSError, ValueError, RuntimeError) as broken:
            raise GitUnusable(f"the repository around {root} cannot be read: {broken}") from None

    def __init__(self, root: Path, where: Location, private: Path, timeout: float, path: str) -> None:
        self._close = weakref.finalize(self, remove, private)
        directory = build(where, private)
        self.top = where.top
        self.prefix = "" if root == where.top else root.relative_to(where.top).as_posix() + "/"
        self.shallow = directory.shallow
        ref = directory.head_ref
        self.branch = ref.removeprefix("refs/heads/") if ref and ref.startswith("refs/heads/") else None
        self._runner = Runner(directory, where.top, timeout, path)
        self._objects = Objects(self._runner)
        self._known: dict[str, str | None] = {}
        commit, tree = self._objects.look_up(["HEAD^{commit}", "HEAD^{tree}"])
        if (commit is None or tree is None) and (commit or ref is None or directory.has_ref(ref)):
            raise GitUnusable(f"HEAD names {ref or 'a commit'}, which is not in this clone; fetch it, or run git fsck")
        self.head = commit.id if commit else None
        head_tree = tree.id if tree else self._objects.empty_tree
        files = Worktree(root, directory.algorithm, filemode=directory.filemode, timeout=timeout)
        self._now = Snapshot(self._runner, self._objects, files, root, self.prefix, self._below(head_tree))

    def __enter__(self) -> Git:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Remove the private git directory; nothing can be asked after that."""
        self._close()

    def tracked(self) -> list[TrackedEntry]:
        """The index, in git's order; `blob` is the indexed content, not always what is on disk."""
        return list(self._now.tracked)

    def untracked(self) -> list[str]:
        """Files neither tracked nor ignored (`.gitignore`, `info/exclude`), sorted. GitUnusable: an unreadable folder.

        The files of a repository inside this one that is not a submodule are files like others; submodules stay closed.
        """
        return list(self._now.untracked)

    def changed_in_worktree(self) -> list[str]:
        """Paths of the index or HEAD that are not the same in HEAD, in the index and on disk, sorted; deleted ones too.

        Files are compared by content, whatever assume-unchanged, skip-worktree or a time stamp say. Not a change: line
        endings converted as `.gitattributes` asks, the content that a Git LFS pointer names, an expanded `$Id$`.
        """
        return list(self._now.changed)

    def look_ahead(self) -> None:
        """Begin to compare the working tree with the index, while its caller waits for other answers."""

        def looked() -> None:
            with suppress(Exception):  # whoever asks for it is told
                _ = self._now.unlike

        Thread(target=looked).start()

    def unlike_index(self) -> list[str]:
        """Paths whose bytes on disk are not those of the index, for whatever reason, sorted; deleted ones too."""
        return self._now.unlike

    def names(self) -> str:
        """A digest of what every name of the repository means: HEAD, refs, where history is cut off."""
        return self._runner.private.digest()

    @property
    def dirty(self) -> bool:
        """Whether anything is changed or untracked: whether `tree()` or the index may differ from HEAD."""
        return self._now.dirty

    @property
    def weight(self) -> int:
        """Bytes of the files that are not ignored, as they are on disk."""
        return self._now.weight

    def tree(self, keep: Callable[[str], bool] | None = None) -> str:
        """The id of the tree that `git add -A` and a commit would make of the working tree; HEAD's when it is clean.

        With `keep`, of only those files whose path it accepts. Submodules count as the commit that the index names.
        """
        return self._now.tree(keep)

    def content(self) -> list[TrackedEntry]:
        """The files of `tree()`; `blobs` reads each of them, the changed and untracked ones too."""
        return list(self._now.content)

    def resolve(self, rev: str) -> str | None:
        """The commit that a revision means, None for none. GitUnusable for a name that could be an option."""
        if rev not in self._known:
            found = self._objects.look_up([_sound(rev) + "^{commit}"])[0]
            self._known[rev] = found.id if found else None
        return self._known[rev]

    def merge_base(self, a: str, b: str) -> str | None:
        """The best common ancestor; None when there is none, which in a shallow clone proves nothing."""
        found = self._runner.call("merge-base", self._commit(a), self._commit(b), missing=1)
        return found.decode("ascii").strip() or None

    def on_a_branch(self, rev: str) -> bool:
        """Whether a branch, of this clone or of a remote as it was fetched, reaches a commit."""
        words = ("--count=1", f"--contains={self._commit(rev)}", "refs/heads", "refs/remotes")
        return bool(self._runner.call("for-each-ref", *words))

    def show(self, rev: str, path: str, limit: int = _MOST_BLOB) -> bytes | None:
        """A file's content at a revision (of a link: its target), None when it was not there.

        GitUnusable: larger than `limit` bytes, or left out of this clone.
        """
        commit, path = self._commit(rev), posixpath.normpath(path)
        if path.startswith(("/", "../")) or path in (".", "..") or "\0" in path:
            return None
        entry = self._objects.entry(commit, self.prefix + path)
        if entry is None or not entry.mode.startswith("1") or entry.mode == GITLINK:
            return None
        content = dict(self.blobs([entry.blob], limit))[entry.blob]
        if content is None:
            raise GitUnusable(f"{path} at {rev} is larger than {limit} bytes, the most that is read of it")
        return content

    def ls_tree(self, rev: str) -> list[TrackedEntry]:
        """Every file, link and submodule at a revision."""
        return self._objects.tree(self._subtree(rev))

    def whole_tree(self, rev: str) -> list[TrackedEntry]:
        """Every file at a revision that is no revision of the audited tree, such as one of notes."""
        tree = self._objects.look_up([self._commit(rev) + "^{tree}"])[0]
        return self._objects.tree(tree.id) if tree else []

    def diff(self, base: str, head: str | None = None) -> list[Change]:
        """What changed from one revision to another, or to the working tree with its untracked files; renames found."""
        old, new = self._subtree(base), self.tree() if head is None else self._subtree(head)
        return changes(self._runner.call("diff-tree", *_DIFF, *_NOTHING_RUNS, *_RENAMES, old, new))

    def log(self, rev_range: str, limit: int) -> list[Commit]:
        """The newest `limit` commits of a range that touch the audited root, newest first, all sides of merges."""
        words = ("-z", "-c", "--raw", "--no-abbrev", "--no-renames", "--no-color", "--encoding=UTF-8", "--no-notes")
        below = ("--full-history", "--", self.prefix[:-1]) if self.prefix else ("--",)
        asked = (f"--max-count={limit}", f"--format={LOG_FORMAT}", *_NOTHING_RUNS, _sound(rev_range))
        return commits(self._runner.call("log", *words, *asked, *below), self.prefix)

    def committed(self, rev: str) -> datetime:
        """When a revision was committed, by the clock of who committed it."""
        told = self._runner.call("log", "--max-count=1", "--format=%ct", *_NOTHING_RUNS, self._commit(rev), "--")
        return moment(rev, told.decode("ascii", "replace"))

    def history(self) -> dict[str, str]:
        """The id of every content below the audited root that a branch, a tag or HEAD reaches, and one path it had."""
        words = ("rev-list", "--objects", "--filter=object:type=blob", "--filter-provided-objects", "--all")
        below = ("--", self.prefix[:-1]) if self.prefix else ("--",)
        lines = self._runner.call(*words, *(["HEAD"] if self.head else []), *below).split(b"\n")
        named = (os.fsdecode(line).partition(" ") for line in lines if b" " in line)
        return {blob: path.removeprefix(self.prefix) for blob, _, path in named}

    def blobs(self, ids: Iterable[str], limit: int = _MOST_BLOB) -> Iterator[tuple[str, bytes | None]]:
        """Contents by id, each id once, checked against it; None for one larger than `limit` bytes.

        GitUnusable: one is not in this clone, or is not what its id says.
        """
        kept = self._now.files.kept
        if not kept:
            return self._objects.blobs(ids, limit)
        wanted = list(dict.fromkeys(ids))
        others = self._objects.blobs([one for one in wanted if one not in kept], limit)
        return ((one, _within(kept[one], limit)) if one in kept else next(others) for one in wanted)

    def keep_contents(self, room: int) -> None:
        """Let contents that are read to compare the working tree, up to so many bytes, be what `blobs` answers with."""
        self._now.files.room = room

    def blob_ids(self, places: Sequence[tuple[str, str]]) -> list[str | None]:
        """The content's id at each pair of a commit's id and a path, in one question; None where there is no file."""
        asked = [f"{commit}:{self.prefix}{path}" if "\n" not in path else "" for commit, path in places]
        found = iter(self._objects.look_up([one for one in asked if one]))
        answers = [next(found) if one else None for one in asked]
        return [one.id if one and one.kind == "blob" else None for one in answers]

    def upstream_base(self, env: Mapping[str, str]) -> str | None:
        """The commit that a change is judged against when the command line names none: see `git_base`.

        For a CI's target branch this is its tip; what a change adds is its difference from the merge base with HEAD.
        """
        return upstream_base(env, self.resolve, self.merge_base, self.head)

    def _commit(self, rev: str) -> str:
        found = self.resolve(rev)
        if found is None:
            raise GitUnusable(f"{rev!r} is not a commit of this clone; fetch it, or name another revision")
        return found

    def _subtree(self, rev: str) -> str:
        tree = self._objects.look_up([self._commit(rev) + "^{tree}"])[0]
        if tree is None:
            raise GitUnusable(f"the tree of {rev!r} is not in this clone; fetch it, or run git fsck")
        return self._below(tree.id)

    def _below(self, tree: str) -> str:
        """The audited root's tree inside a whole one; the empty tree where the root was not there."""
        if not self.prefix or tree == self._objects.empty_tree:
            return tree
        entry = self._objects.entry(tree, self.prefix[:-1])
        return entry.blob if entry and entry.mode == FOLDER else self._objects.empty_tree


def _within(content: bytes, limit: int) -> bytes | None:
    return content if len(content) <= limit else None


def _sound(rev: str) -> str:
    if not rev or rev.startswith("-") or re.search(r"[\x00-\x1f\x7f]", rev):
        raise GitUnusable(f"{rev!r} cannot be a revision: it is empty, starts with '-' or holds a control character")
    return rev
