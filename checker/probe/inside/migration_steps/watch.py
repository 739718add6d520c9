"""The only place that watches a migration's statements: the line that sent each, the locks it took, what it rewrote."""

from __future__ import annotations

import os
import re
import sys
from types import FrameType
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from sqlalchemy import event
from sqlalchemy.engine import Engine

from .queries import ALONE, FILES, LOCKS, MILD, SCANS, SETTINGS, TABLES, written_rows

MOST_STATEMENTS = 400
WEAK = ("AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock")
_COMMENT = re.compile(r"\s*(?:--[^\n]*\n|/\*.*?\*/)", re.S)
UNHEARD = "statements on a cursor of the migration's own"
Ask = Callable[[Any, str], List[Tuple[Any, ...]]]


class Watch:
    """Follows one step at a time; `begin` and `end` frame it. `traced` says whether locks are asked for.

    Only what the migration itself sends is heard, by when it is sent: before and after it, Alembic keeps its place.
    """

    def __init__(self, ask: Ask, postgresql: bool) -> None:
        self._ask = ask
        self._postgresql = postgresql
        self._on = False
        self._path = self._file = ""
        self._traced = False
        self._before: Set[str] = set()
        self._state: Dict[str, Any] = {}
        self.statements: List[Dict[str, Any]] = []
        self.count = 0
        self._opened = False  # a transaction of ours, around a statement that has none
        self.timeouts: Tuple[str, str] = ("0", "0")
        event.listen(Engine, "before_cursor_execute", self._sent)
        event.listen(Engine, "after_cursor_execute", self._done)
        event.listen(Engine, "handle_error", self._refused)

    def begin(self, file: str, connection: Any, traced: bool) -> None:
        self._path, self._file = file, os.path.abspath(file)
        self._traced = traced and self._postgresql
        self._before = {row[0] for row in self._ask(connection, TABLES)} if self._traced else set()
        self.statements = []
        self.count = 0

    def around(self, step: Any, connection: Any) -> Any:
        """The step, with a look at what it holds when it has run and before it commits: a cursor of its own is not heard."""
        own = step.migration_fn

        def run(*words: Any, **named: Any) -> Any:
            before = self._look(connection) if self._traced else {}
            self._on = True
            try:
                found = own(*words, **named)
            finally:
                self._on = False
            if before:
                self._unheard(before, self._look(connection))
            return found

        step.migration_fn = run
        return step

    def _unheard(self, was: Dict[str, Any], now: Dict[str, Any]) -> None:
        heard = {tuple(lock) for one in self.statements for lock in one.get("locks") or ()}
        locks = sorted(
            [table, mode]
            for table, mode in now["locks"] - was["locks"] - heard
            if table in self._before and mode not in WEAK
        )
        if locks:
            self.statements.append({"sql": UNHEARD, "line": None, "done": True})
            self._compare(self.statements[-1], was, now)
            self.statements[-1]["locks"] = locks

    def end(self) -> List[Dict[str, Any]]:
        return self.statements

    def _sent(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        if not self._on:
            return
        self.count += 1
        if len(self.statements) >= MOST_STATEMENTS:
            self._state = {}
            return
        said = sql
        while _COMMENT.match(said):
            said = _COMMENT.sub("", said, count=1)
        self.statements.append({"sql": " ".join(said.split())[:600], "line": self._line(), "done": False})
        self._state = self._look(connection) if self._traced else {}
        if self._traced and getattr(connection.connection, "autocommit", False) is True and not ALONE.search(sql):
            cursor.execute("begin")  # else its locks are gone before anybody can look
            self._opened = True

    def _refused(self, context: Any) -> None:
        """A statement failed: what was opened around it ends, as it would have by itself."""
        if self._opened:
            self._opened = False
            self._ended(context.connection, "rollback")

    def _ended(self, connection: Any, how: str) -> None:
        cursor = connection.connection.cursor()
        try:
            cursor.execute(how)
        finally:
            cursor.close()

    def _done(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        if not self._on or not self.statements:
            return
        said = self.statements[-1]
        said["done"] = True
        if sql.lstrip()[:6].upper() in ("UPDATE", "DELETE", "INSERT"):
            said["rows"] = cursor.rowcount
        if not self._traced or not self._state or self.count > MOST_STATEMENTS:
            return
        self._compare(said, self._state, self._look(connection))
        if self._opened:
            self._opened = False
            self._ended(connection, "commit")

    def _compare(self, said: Dict[str, Any], was: Dict[str, Any], now: Dict[str, Any]) -> None:
        said["locks"] = sorted([table, mode] for table, mode in now["locks"] - was["locks"] if table in self._before)
        said["held"] = sorted(
            table for table, mode in was["locks"] if mode == "AccessExclusiveLock" and table in self._before
        )
        said["rewritten"] = sorted(
            table
            for table, node in now["files"].items()
            if table in self._before and was["files"].get(table, node) != node
        )
        said["scanned"] = sorted(
            table for table, read in now["scans"].items() if read > was["scans"].get(table, 0) and table in self._before
        )
        said["kept"] = sorted(
            [table, mode] for table, mode in was["locks"] if mode not in MILD and table in self._before
        )
        said["wrote"] = written_rows(was["writes"], now["writes"], self._before)
        said["timeouts"] = list(now["timeouts"])
        said["transaction"] = now["transaction"]

    def _look(self, connection: Any) -> Dict[str, Any]:
        scans, settings = self._ask(connection, SCANS), self._ask(connection, SETTINGS)[0]
        return {
            "locks": {(row[0], row[1]) for row in self._ask(connection, LOCKS)},
            "files": dict((row[0], row[1]) for row in self._ask(connection, FILES)),
            "scans": {row[0]: row[1] for row in scans},
            "writes": {row[0]: row[2] for row in scans},
            "timeouts": settings[:2],
            "transaction": settings[2],
        }

    def _line(self) -> Optional[int]:
        """The line of the migration that led here."""
        frame: Optional[FrameType] = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename in (self._file, self._path):
                return frame.f_lineno
            frame = frame.f_back
        return None
