"""The only place that keeps what was read of source between runs: by content, in the user's cache folder, never trusted."""

from __future__ import annotations

import contextlib
import hashlib
import json
import sqlite3
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from checker import __version__
from checker.collect.files import Root
from checker.model.execution import CacheFolder
from checker.model.quoted import holds_secret

LARGEST = 512 << 20  # bytes; a cache that has grown larger is begun anew
# each statement asks for the key again: a checker of another version may have taken the file over since it was opened
_KNOWN = """\
SELECT id, body FROM looked
WHERE id IN (SELECT value FROM json_each(?)) AND EXISTS (SELECT 1 FROM made_by WHERE key = ?)"""
_KEEP = "INSERT OR REPLACE INTO looked SELECT ?, ? WHERE EXISTS (SELECT 1 FROM made_by WHERE key = ?)"
_SECONDS = 5.0  # that another run may hold it


class Cache:
    """Records by the id of a content, for one key (engine, rules and reader; our version and Python's are added).

    Whatever is wrong with it, it is empty.

    A context manager. A record is whatever JSON holds; who reads one checks its shape.
    """

    def __init__(self, folder: Path | None, key: str, file: str = "code") -> None:
        self._key = f"{__version__} {sys.version} {key}"
        self._database = _opened(folder, self._key, f"{file}.sqlite") if folder else None

    def __enter__(self) -> Cache:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None
    ) -> None:
        if self._database is not None:
            self._database.close()

    def get(self, ids: Iterable[str]) -> dict[str, Any]:
        """The records that there are. One question for all: a thousand small ones cost more than reading everything."""
        if self._database is None:
            return {}
        wanted = json.dumps(list(dict.fromkeys(ids)))
        found: dict[str, Any] = {}
        with contextlib.suppress(sqlite3.Error, ValueError, TypeError, AttributeError, RecursionError):
            for name, body in self._database.execute(_KNOWN, (wanted, self._key)):
                digest, _, text = body.partition(" ")
                if digest == _digest(name, text):
                    found[name] = json.loads(text)
        return found

    def put(self, records: Mapping[str, Any], *, as_quoted: bool = False) -> None:
        """Keep some records; a full disk or a lock that another run holds is no reason to fail.

        A record that may hold a secret is not kept; `as_quoted` says that it holds no more than a report, and no content.
        """
        if self._database is None or not records:
            return
        bodies = ((name, json.dumps(record, separators=(",", ":"))) for name, record in records.items())
        kept = (
            (name, body) for name, body in bodies if as_quoted or not holds_secret(body)
        )  # no secret is kept anywhere
        rows = [(name, f"{_digest(name, body)} {body}", self._key) for name, body in kept]
        with contextlib.suppress(sqlite3.Error), self._database:
            self._database.executemany(_KEEP, rows)


def _digest(name: str, body: str) -> str:
    """What tells a record that a disk has changed: a database notices a torn page, and not a bit in the middle of one."""
    return hashlib.blake2b(f"{name} {body}".encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def outside(folder: CacheFolder, root: Root) -> Path | None:
    """The cache's folder, unless it lies in the audited tree, where anybody may have filled it."""
    if not folder.path:
        return None
    path = Path(folder.path).absolute()
    return None if path.resolve().is_relative_to(root.path.resolve()) else path


def _opened(folder: Path, key: str, name: str) -> sqlite3.Connection | None:
    file = folder / name
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if file.is_symlink():
            return None
        if file.exists() and file.stat().st_size > LARGEST:
            file.unlink()
        return _of_key(file, key)
    except (OSError, sqlite3.Error):
        with contextlib.suppress(OSError):
            file.unlink()
    try:
        return _of_key(file, key)
    except (OSError, sqlite3.Error):
        return None


def _of_key(file: Path, key: str) -> sqlite3.Connection:
    """The database, emptied when it was filled under another key."""
    database = sqlite3.connect(file, timeout=_SECONDS)
    try:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("PRAGMA synchronous=OFF")
        with database:
            database.execute("CREATE TABLE IF NOT EXISTS made_by (key TEXT)")
            database.execute("CREATE TABLE IF NOT EXISTS looked (id TEXT PRIMARY KEY, body TEXT) WITHOUT ROWID")
            if [row[0] for row in database.execute("SELECT key FROM made_by")] != [key]:
                database.execute("DELETE FROM looked")
                database.execute("DELETE FROM made_by")
                database.execute("INSERT INTO made_by VALUES (?)", (key,))
    except BaseException:
        database.close()
        raise
    return database
