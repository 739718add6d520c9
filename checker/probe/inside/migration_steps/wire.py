"""The only place that speaks PostgreSQL's own protocol, so that asking a throw-away server needs no driver."""

from __future__ import annotations

import os
import socket
import struct
import time
from types import TracebackType
from typing import Dict, List, Optional, Tuple, Type

Row = Tuple[Optional[str], ...]
_CODES = {"S": "severity", "C": "code", "M": "message", "D": "detail", "P": "position"}


class ServerError(Exception):
    """The server refused a statement. `fields` as it named them: severity, code (SQLSTATE), message, detail, position."""

    def __init__(self, fields: Dict[str, str]) -> None:
        super().__init__(fields.get("message", "no message"))
        self.fields = fields

    @property
    def fatal(self) -> bool:
        """Whether the connection has ended with it."""
        return self.fields.get("severity") in ("FATAL", "PANIC")


class Wire:
    """A connection to a server of ours through its socket: trust authentication, simple queries, everything text."""

    def __init__(self, folder: str, database: str, port: int = 5432) -> None:
        self.touched: Optional[int] = None  # rows that the last INSERT, UPDATE or DELETE touched
        self.deadline: Optional[float] = None  # by time.monotonic(): no answer is waited for beyond it
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(os.path.join(folder, ".s.PGSQL.%d" % port))
        self._stream = self._socket.makefile("rb", 1 << 16)
        words = ("user", "postgres", "database", database, "client_encoding", "UTF8")
        body = struct.pack("!i", 196608) + b"".join(word.encode() + b"\0" for word in words) + b"\0"
        try:
            self._socket.sendall(struct.pack("!i", len(body) + 4) + body)
            self._read()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: Optional[Type[BaseException]], raised: Optional[BaseException], at: Optional[TracebackType]
    ) -> None:
        self.close()

    def close(self) -> None:
        self._stream.close()
        self._socket.close()

    def ask(self, sql: str) -> List[Row]:
        """Run one or more statements in one implicit transaction; the rows of the last that had any.

        ServerError when the server refuses; TimeoutError at the deadline, after which nothing can be asked any more.
        """
        if self.deadline is not None:
            self._socket.settimeout(max(self.deadline - time.monotonic(), 0.001))
        body = sql.encode() + b"\0"
        self._socket.sendall(b"Q" + struct.pack("!i", len(body) + 4) + body)
        return self._read()

    def _read(self) -> List[Row]:
        rows: List[Row] = []
        error = None
        while True:
            kind, body = self._message()
            if kind == b"T":
                rows = []
            elif kind == b"D":
                rows.append(_row(body))
            elif kind == b"C":
                words = body.rstrip(b"\0").decode("ascii", "replace").split()
                self.touched = int(words[-1]) if words[0] in ("INSERT", "UPDATE", "DELETE") else None
            elif kind == b"E":
                error = ServerError(_fields(body))
            elif kind == b"G":
                self._socket.sendall(b"f" + struct.pack("!i", 5) + b"\0")
            if kind == b"Z" or (error is not None and error.fatal):
                if error is not None:
                    raise error
                return rows

    def _message(self) -> Tuple[bytes, bytes]:
        head = self._exactly(5)
        return head[:1], self._exactly(struct.unpack("!i", head[1:])[0] - 4)

    def _exactly(self, count: int) -> bytes:
        data: bytes = self._stream.read(count)
        if len(data) < count:
            raise ServerError({"severity": "FATAL", "message": "the server closed the connection"})
        return data


def _row(body: bytes) -> Row:
    (count,) = struct.unpack_from("!h", body)
    at = 2
    cells: List[Optional[str]] = []
    for _ in range(count):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        cells.append(None if length < 0 else body[at : at + length].decode("utf-8", "replace"))
        at += max(length, 0)
    return tuple(cells)


def _fields(body: bytes) -> Dict[str, str]:
    parts = body.split(b"\0")
    return {_CODES.get(chr(part[0]), chr(part[0])): part[1:].decode("utf-8", "replace") for part in parts if part}
