"""The only place that shows the tree, and what is staged, to the secret detectors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checker.collect.code.cache import Cache, outside
from checker.collect.code.unedited import unedited
from checker.collect.detectors import ARCHIVES, Detectors, detectors, identity, is_configuration, unpacked
from checker.collect.env_files import env_file, is_env_file
from checker.collect.files import Root, Unreadable
from checker.model.execution import CacheFolder
from checker.model.repo import File, Inventory
from checker.model.secrets import EnvFile, Secrets, Token
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git

LARGEST = 20 << 20  # bytes of one file or member
_HEAD = 8192
_TEXT, _BINARY = "text", "binary"


def secrets(root: Root, inventory: Inventory, git: Git | NotApplicable | Unavailable, folder: CacheFolder) -> Secrets:
    """Tokens of every file and archive member, and of staged contents that are not on disk any more."""
    with Cache(outside(folder, root), identity() if folder.path else "", "clean") as kept:
        blobs = unedited(inventory.files, git) if folder.path else {}
        scan = _Scan(detectors(), {path: _clean_id(path, blob) for path, blob in blobs.items()}, kept)
        found = _found(scan, root, inventory, git)
        scan.keep()
    return found


def _found(scan: _Scan, root: Root, inventory: Inventory, git: Git | NotApplicable | Unavailable) -> Secrets:
    staged = _staged(git) if isinstance(git, Git) else {}
    tokens: list[Token] = []
    env_files: list[EnvFile] = []
    for file in inventory.files:
        if file.symlink or scan.is_known_clean(file.path):
            continue
        data = scan.read(root, file)
        if data is None:
            continue
        tokens.extend(found := list(scan.contents(file, data)))
        if is_env_file(file.path):
            tracked = file.tracked if isinstance(git, Git) else None
            env_files.append(env_file(file, tracked, data, detectors().judging.is_documented))
        if file.path in staged:
            known = {(token.kind, token.mark) for token in found}
            tokens.extend(
                one for one in scan.staged(file, staged[file.path], data) if (one.kind, one.mark) not in known
            )
    return Secrets(tuple(tokens), tuple(scan.scanned), tuple(env_files), tuple(scan.unread))


def is_binary(data: bytes) -> bool:
    """Whether content is no text that a person wrote: a zero byte near its start, and no byte-order mark."""
    return b"\0" in data[:_HEAD] and not data.startswith((b"\xff\xfe", b"\xfe\xff"))


def _clean_id(path: str, blob: str) -> str:
    """What a content is called that holds nothing: what is looked for depends on the kind of its file as well."""
    return f"{blob} {'configuration' if is_configuration(path) else ''}"


class _Scan:
    """One pass, and what it could not look into. `ids`: what the cache calls the content of each file.

    Kept is only that a content holds nothing, never what one holds.
    """

    def __init__(self, found_by: Detectors, ids: Mapping[str, str], kept: Cache) -> None:
        self._detectors = found_by
        self._ids = {path: one for path, one in ids.items() if not _always_read(path)}
        self._kept = kept
        self._known = kept.get(self._ids.values())
        self._clean: dict[str, str] = {}
        self.scanned: list[str] = []
        self.unread: list[tuple[str, str]] = []

    def is_known_clean(self, path: str) -> bool:
        """Whether an earlier run found nothing in the same content; `scanned` says so where it was text."""
        known = self._known.get(self._ids.get(path, ""))
        if known == _TEXT:
            self.scanned.append(path)
        return known in (_TEXT, _BINARY)

    def keep(self) -> None:
        """Remember which contents hold nothing."""
        self._kept.put(self._clean)

    def read(self, root: Root, file: File) -> bytes | None:
        try:
            return root.read(file.path, LARGEST)
        except (Unreadable, Unavailable) as refused:
            self.unread.append((file.path, str(refused)))
            return None

    def contents(self, file: File, data: bytes) -> Iterator[Token]:
        """Tokens of a file, or of the members of an archive; a binary file of another kind holds none that we could show."""
        if file.path.lower().endswith(ARCHIVES):
            try:
                for path, member in unpacked(file.path, data):
                    yield from self._content(File(path, file.role, len(member)), member)
            except Unavailable as damaged:
                self.unread.append((file.path, damaged.reason))
            return
        yield from self._content(file, data)

    def staged(self, file: File, blob: bytes, on_disk: bytes) -> Iterator[Token]:
        if blob != on_disk and not is_binary(blob):
            yield from self._detectors.tokens(file.path, file.role, blob, "in what is staged")

    def _content(self, file: File, data: bytes) -> Iterator[Token]:
        if is_binary(data):
            self._remember(file.path, _BINARY)
            return
        try:
            found = list(self._detectors.tokens(file.path, file.role, data))
        except Unavailable as slow:
            self.unread.append((file.path, slow.reason))
            return
        self.scanned.append(file.path)
        if not found:
            self._remember(file.path, _TEXT)
        yield from found

    def _remember(self, path: str, kind: str) -> None:
        if path in self._ids:
            self._clean[self._ids[path]] = kind


def _always_read(path: str) -> bool:
    """Whether more is asked of a file than its tokens."""
    return is_env_file(path) or path.lower().endswith(ARCHIVES)


def _staged(git: Git) -> dict[str, bytes]:
    """The indexed content of every path that is not the same on disk."""
    differing = set(git.changed_in_worktree())
    ids = {
        entry.path: entry.blob for entry in git.tracked() if entry.path in differing and entry.mode.startswith("100")
    }
    contents = dict(git.blobs(ids.values(), LARGEST))
    return {path: data for path, blob in ids.items() if (data := contents.get(blob)) is not None}
