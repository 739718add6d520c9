"""The only place that watches a migration's statements: the line that sent each, the locks it took, what it rewrote."""

from __future__ import annotations

import os
import sys
from types import FrameType
from typing import Any, Callable, Dict, List, Optional, Set, Tuple

from sqlalchemy import event
from sqlalchemy.engine import Engine

from .queries import FILES, LOCKS, SCANS, SETTINGS, TABLES

MOST_STATEMENTS = 400
Ask = Callable[[Any, str], List[Tuple[Any, ...]]]


class Watch:
    """Follows one step at a time; `begin` and `end` frame it. `traced` says whether locks are asked for."""

    def __init__(self, ask: Ask, version_table: str, postgresql: bool) -> None:
        self._ask = ask
        self._version_table = version_table
        self._postgresql = postgresql
        self._on = False
        self._path = self._file = ""
        self._traced = False
        self._before: Set[str] = set()
        self._state: Dict[str, Any] = {}
        self.statements: List[Dict[str, Any]] = []
        self.count = 0
        self.timeouts: Tuple[str, str] = ("0", "0")
        event.listen(Engine, "before_cursor_execute", self._sent)
        event.listen(Engine, "after_cursor_execute", self._done)

    def begin(self, file: str, connection: Any, traced: bool) -> None:
        self._path, self._file = file, os.path.abspath(file)
        self._traced = traced and self._postgresql
        self._before = {row[0] for row in self._ask(connection, TABLES)} if self._traced else set()
        self.statements = []
        self.count = 0
        self._on = True

    def end(self) -> List[Dict[str, Any]]:
        self._on = False
        return self.statements

    def _is_ours(self, sql: str) -> bool:
        return not self._on or self._version_table in sql

    def _sent(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        if self._is_ours(sql):
            return
        self.count += 1
        if len(self.statements) >= MOST_STATEMENTS:
            self._state = {}
            return
        self.statements.append({"sql": " ".join(sql.split())[:600], "line": self._line(), "done": False})
        self._state = self._look(connection) if self._traced else {}

    def _done(self, connection: Any, cursor: Any, sql: str, parameters: Any, context: Any, many: bool) -> None:
        if self._is_ours(sql) or not self.statements:
            return
        said = self.statements[-1]
        said["done"] = True
        if sql.lstrip()[:6].upper() in ("UPDATE", "DELETE", "INSERT"):
            said["rows"] = cursor.rowcount
        if not self._traced or not self._state or self.count > MOST_STATEMENTS:
            return
        was, now = self._state, self._look(connection)
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
        said["timeouts"] = list(now["timeouts"])

    def _look(self, connection: Any) -> Dict[str, Any]:
        return {
            "locks": {(row[0], row[1]) for row in self._ask(connection, LOCKS)},
            "files": dict((row[0], row[1]) for row in self._ask(connection, FILES)),
            "scans": {row[0]: row[1] for row in self._ask(connection, SCANS)},
            "timeouts": self._ask(connection, SETTINGS)[0],
        }

    def _line(self) -> Optional[int]:
        """The line of the migration that led here."""
        frame: Optional[FrameType] = sys._getframe(2)
        while frame is not None:
            if frame.f_code.co_filename in (self._file, self._path):
                return frame.f_lineno
            frame = frame.f_back
        return None
