"""The only place that leads the app's connections to the throw-away PostgreSQL, whatever address they name."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from collections.abc import Callable

from checker.probe.stage.client import HOST

_PROTOCOL = 196608  # version 3.0 in a startup message (PostgreSQL, "Message Formats")
_LONGEST_START = 65_536  # bytes
_CHUNK = 262_144  # bytes
_USUAL_PORT = 5432
_HEAD = 5  # bytes: a letter and a length


class Statements:
    """How many statements a client has sent (PostgreSQL, "Message Formats": Query and Execute), read off its bytes."""

    def __init__(self) -> None:
        self.count = 0
        self._head = b""
        self._skip = 0

    def read(self, data: bytes) -> None:
        """Take in what comes next, wherever it was cut."""
        at = 0
        while at < len(data):
            if self._skip:
                step = min(self._skip, len(data) - at)
                self._skip -= step
                at += step
                continue
            step = min(_HEAD - len(self._head), len(data) - at)
            self._head += data[at : at + step]
            at += step
            if len(self._head) == _HEAD:
                self.count += self._head[:1] in (b"Q", b"E")
                self._skip = max(int.from_bytes(self._head[1:], "big") - 4, 0)
                self._head = b""


class Relay:
    """Listens on the loopback of the stage's own network, where nobody but the app is, and passes on to a socket file.

    `database` is where a connection ends up, as the superuser, unless it names a `known` one: names and passwords of the
    app's own are not looked at.
    """

    def __init__(self, folder: str) -> None:
        self.database = "postgres"
        self.known: set[str] = set()
        self._read: list[tuple[str, Statements]] = []  # by the database of each connection
        self.strangers = False  # whether some connection named a database that nobody told it of
        self._target = os.path.join(folder, f".s.PGSQL.{_USUAL_PORT}")
        self._listener = _listener()
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def statements(self, database: str) -> int:
        """How many statements a database was sent so far."""
        return sum(one.count for name, one in list(self._read) if name == database)

    def close(self) -> None:
        """Take no more connections; those that there are end with their two ends."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                theirs, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(theirs,), daemon=True).start()

    def _serve(self, theirs: socket.socket) -> None:
        with theirs, socket.socket(socket.AF_UNIX) as ours, contextlib.suppress(OSError, ValueError):
            theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            ours.connect(self._target)
            opening, database = self._opening(theirs)
            ours.sendall(opening)
            back = threading.Thread(target=_pass, args=(ours, theirs), daemon=True)
            back.start()
            read = Statements()
            self._read.append((database, read))
            _pass(theirs, ours, read.read)
            back.join()

    def _opening(self, theirs: socket.socket) -> tuple[bytes, str]:
        """The first message as the server shall see it, and the database; a wish for encryption is declined before."""
        while True:
            length, code = struct.unpack("!ii", _exactly(theirs, 8))
            if not 8 <= length <= _LONGEST_START:
                raise ValueError("no startup message")
            rest = _exactly(theirs, length - 8)
            if code == _PROTOCOL:
                return self._renamed(rest)
            if length > 8:  # a request to cancel
                return struct.pack("!ii", length, code) + rest, ""
            theirs.sendall(b"N")

    def _renamed(self, parameters: bytes) -> tuple[bytes, str]:
        words = parameters.rstrip(b"\0").split(b"\0")
        given = dict(zip(words[::2], words[1::2], strict=False))
        wanted = given.get(b"database", b"").decode("utf-8", "replace")
        database = wanted if wanted in self.known else self.database
        self.strangers |= wanted != database
        given.update({b"user": b"postgres", b"database": database.encode()})
        body = b"".join(name + b"\0" + value + b"\0" for name, value in given.items()) + b"\0"
        return struct.pack("!ii", len(body) + 8, _PROTOCOL) + body, database


def _listener() -> socket.socket:
    """On the usual port where it is free, for an app that names it in its source."""
    for port in (_USUAL_PORT, 0):
        listener = socket.socket()
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((HOST, port))
            listener.listen(64)
        except OSError:
            listener.close()
            if not port:
                raise
            continue
        return listener
    raise AssertionError


def _exactly(sender: socket.socket, count: int) -> bytes:
    data = bytearray()
    while len(data) < count:
        part = sender.recv(count - len(data))
        if not part:
            raise ValueError("it ended too early")
        data += part
    return bytes(data)


def _pass(sender: socket.socket, receiver: socket.socket, read: Callable[[bytes], None] = lambda _: None) -> None:
    with contextlib.suppress(OSError):
        while data := sender.recv(_CHUNK):
            read(data)
            receiver.sendall(data)
    with contextlib.suppress(OSError):
        receiver.shutdown(socket.SHUT_WR)
