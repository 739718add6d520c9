"""The only place that opens a file of the audited tree, and never one outside it."""

from __future__ import annotations

import codecs
import errno
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from checker.model.repo import Text
from checker.model.unavailable import Unavailable

LARGEST_TEXT = 50 * 1024 * 1024  # bytes; above this a text file is refused, not read
_OPEN = os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


class Unreadable(ValueError):
    """The file is there and is not what it should be: too large, or not text. One clear line; `line` is where, if any."""

    def __init__(self, message: str, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True)
class Root:
    """The folder that is audited."""

    path: Path
    _folders: dict[str, str] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )  # by path: where it is

    def read(self, path: str, limit: int = LARGEST_TEXT) -> bytes:
        """The bytes of one file. Unreadable when it is larger than `limit`, Unavailable when it cannot be opened."""
        try:
            with os.fdopen(self._open(path), "rb") as file:
                data = file.read(limit + 1)
        except OSError as refused:
            raise Unavailable(f"{path}: {refused.strerror or refused}; make it readable and run again") from None
        if len(data) > limit:
            raise Unreadable(f"{path} is larger than {limit // 1024 // 1024} MiB, the most that is read of one file")
        return data

    def head(self, path: str, size: int) -> bytes:
        """The first bytes of one file; Unavailable when it cannot be opened."""
        try:
            with os.fdopen(self._open(path), "rb") as file:
                return file.read(size)
        except OSError as refused:
            raise Unavailable(f"{path}: {refused.strerror or refused}; make it readable and run again") from None

    def opened(self, path: str) -> BinaryIO:
        """One file, open for reading from any place in it; Unavailable when it cannot be opened."""
        try:
            return os.fdopen(self._open(path), "rb")
        except OSError as refused:
            raise Unavailable(f"{path}: {refused.strerror or refused}; make it readable and run again") from None

    def text(self, path: str, limit: int = LARGEST_TEXT) -> Text:
        """The text of one file; UTF-8, or what its byte-order mark says. Unreadable for anything else."""
        return decoded(path, self.read(path, limit))

    def exists(self, path: str) -> bool:
        """Whether a regular file of that name can be opened without leaving the tree."""
        try:
            os.close(self._open(path))
        except (OSError, Unavailable):
            return False
        return True

    def names(self, folder: str) -> list[str]:
        """The names of the regular files right below a folder, sorted; of a folder that is a link, or behind one, none."""
        place = self.path.resolve() / folder
        if not place.is_dir() or place.resolve() != place:
            return []
        with os.scandir(place) as entries:
            return sorted(one.name for one in entries if one.is_file(follow_symlinks=False))

    def _open(self, path: str) -> int:
        """Open a regular file below the root, step by step, following no link (a link inside the tree is resolved)."""
        try:
            descriptor = os.open(self._beside(path), _OPEN)
        except OSError as refused:
            if refused.errno not in (errno.ELOOP, errno.EMLINK):
                raise
            descriptor = os.open(self._inside(path), _OPEN)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise Unavailable(f"{path} is not a regular file")
        return descriptor

    def _beside(self, path: str) -> str:
        """The file in its resolved folder, itself not followed. Folders are resolved once: most files share theirs."""
        folder, _, name = path.rpartition("/")
        if name in ("", ".", "..") or "\0" in path:
            return str(self._inside(path))
        known = self._folders.get(folder)
        if known is None:
            self._folders[folder] = known = str(self._inside(folder))
        return f"{known}/{name}"

    def _inside(self, path: str) -> Path:
        root = self.path.resolve()
        try:
            target = (root / path).resolve()
        except (RuntimeError, ValueError):
            raise Unavailable(f"{path} links in a circle, or cannot be a path, and is not followed") from None
        if not target.is_relative_to(root):
            raise Unavailable(f"{path} leads out of the audited tree and is not followed")
        return target


def decoded(path: str, data: bytes) -> Text:
    """Bytes as text: UTF-8, or what the byte-order mark says. Unreadable, with the line, for anything else."""
    encoding = next((name for mark, name in _MARKS if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as wrong:
        line = data.count(_line_end(data), 0, wrong.start) + 1
        raise Unreadable(f"{path}:{line}: not {encoding} text (byte 0x{data[wrong.start]:02x})", line) from None
    return Text(path, text if "\n" in text else text.replace("\r", "\n"), encoding)


def _line_end(data: bytes) -> bytes:
    """Lines of old end in a bare carriage return, which YAML takes for an end of line too (1.2.2, section 5.4)."""
    return b"\n" if b"\n" in data else b"\r"
