"""The only place that decides where a connection of the project goes: to the throw-away database, or nowhere."""

from __future__ import annotations

import functools
import json
import os
import re
import socket
import sys
from typing import Any, Dict, List, Optional, Set

from sqlalchemy.engine.default import DefaultDialect

from . import mysql, raw
from .speak import Speaker

KEPT = ("async_fallback", "statement_cache_size", "prepared_statement_cache_size", "prepare_threshold", "timeout")
ENGINES = {"mariadb": "mysql"}  # dialects of one name for SQLAlchemy and another for us
STARTS = ("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "pty.spawn")
CLIENTS = re.compile(
    r"(?:^|[\s/;&|(\"'`])(?:psql|pg_restore|pg_dump|createdb|dropdb|mysql|mariadb|mysqladmin|mysqldump|sqlplus|sqlcmd|mongosh|redis-cli)(?=$|[\s;&|)\"'`])"
)
SPARED = ("/dev/log",)
CREATORS = ("creator", "async_creator", "async_creator_fn")


class Refused(RuntimeError):
    """A connection that the guard does not let through."""


class Guard:
    """Sends every connection that SQLAlchemy opens to one database of a server that proves to be ours.

    Attributes: `database`, the one to reach next; `seen`, the dialects that asked.
    """

    def __init__(self, asked: Dict[str, Any], say: Speaker) -> None:
        self.engine = str(asked["engine"])
        self.folder = str(asked.get("folder") or "")
        self.nonce = str(asked.get("nonce") or "")
        self.database = str(asked["database"])
        self.refusal: Optional[str] = None
        self._say = say
        self._letting = False  # while a connection that the guard has turned is being made
        self._told: Set[str] = set()

    def install(self) -> None:
        """Take hold of every way in which this process could connect."""
        sys.addaudithook(self._on_audit)
        raw.hold(self._on_raw)
        waiting = [DefaultDialect]
        while waiting:
            dialect = waiting.pop()
            self._wrap(dialect)
            waiting += dialect.__subclasses__()
        self._wrap_engines()

    def _on_audit(self, event: str, details: Any) -> None:
        if event in STARTS:
            found = CLIENTS.search(" ".join(_words(details)))
            if found:
                self._refuse("client", "starts a client of databases on its own: %s" % found[0].strip())
        if event in ("socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"):
            if event == "socket.connect" and getattr(details[0], "family", None) == getattr(socket, "AF_UNIX", -1):
                if not self._is_ours(details[1]):
                    self._refuse("socket", "opens a connection of its own, to the socket %r" % (details[1],))
                return
            where = details[1] if event == "socket.connect" else details[0]
            self._refuse("network", "opens a network connection of its own: %r" % (where,))

    def _is_ours(self, address: Any) -> bool:
        """Whether a socket in a file is the throw-away server's, or one that no database listens on."""
        path = os.fsdecode(address) if isinstance(address, (str, bytes)) else ""
        return path in SPARED or bool(self.folder) and path.startswith(self.folder + "/")

    def _on_raw(self, driver: str, words: Any, named: Any) -> None:
        """A driver that connects without SQLAlchemy: nobody can say where to, so that it is let through by the guard alone."""
        if not self._letting:
            host = named.get("host") or named.get("unix_socket") or (str(words[0]) if words else "its default")
            self._refuse("raw", "connects by %s on its own: %s" % (driver, host))

    def _refuse(self, kind: str, why: str) -> None:
        if self.refusal is None:
            self.refusal = why
        if kind + why not in self._told:
            self._told.add(kind + why)
            self._say("blocked", kind=kind, why=why)
        raise Refused(why)

    def _wrap(self, dialect: Any) -> None:
        own = dialect.__dict__.get("connect")
        if own is None or getattr(own, "_guarded", False):
            return

        @functools.wraps(own)
        def connect(this: Any, *words: Any, **named: Any) -> Any:
            return self._proved(this, own, named, words)

        # a mark of ours on a function, by which the second call sees that the dialect is guarded already
        connect._guarded = True  # type: ignore[attr-defined]
        dialect.connect = connect

    def _proved(self, dialect: Any, connect: Any, named: Dict[str, Any], words: Any) -> Any:
        """A connection to the throw-away database, after the server has shown that it is the one we started."""
        if getattr(dialect, "_checker_inside", False):
            return connect(dialect, *words, **named)
        self._tell(dialect, named, words)
        if ENGINES.get(dialect.name, dialect.name) != self.engine:
            words = 'wants a %s database, and a throw-away %s was started; say [database] engine = "%s" in checker.toml'
            self._refuse("dialect", words % (dialect.name, self.engine, dialect.name))
        dialect._checker_inside = True
        self._letting = True
        try:
            if self.engine == "sqlite":
                return connect(dialect, self.database, check_same_thread=False)
            connection = connect(dialect, **self._parameters(dialect, named))
        finally:
            dialect._checker_inside = False
            self._letting = False
        self._prove(connection)
        return connection

    def _tell(self, dialect: Any, named: Dict[str, Any], words: Any) -> None:
        wanted = {key: str(named[key]) for key in ("host", "port", "dbname", "database") if named.get(key)}
        if words:
            wanted["database"] = str(words[0])
        key = json.dumps([dialect.driver, wanted])
        if key not in self._told:
            self._told.add(key)
            self._say("redirect", dialect=dialect.name, driver=dialect.driver, wanted=wanted)

    def _parameters(self, dialect: Any, named: Dict[str, Any]) -> Dict[str, Any]:
        kept = {key: named[key] for key in KEPT if key in named}
        driver = dialect.driver
        if self.engine == "mysql":
            return mysql.parameters(driver, self.folder, self.database)
        kept["user"] = "postgres"
        kept["database" if driver in ("asyncpg", "pg8000") else "dbname"] = self.database
        if driver == "pg8000":
            kept["unix_sock"] = self.folder + "/.s.PGSQL.5432"
            kept.pop("timeout", None)
        else:
            kept["host"] = self.folder
        return kept

    def _prove(self, connection: Any) -> None:
        cursor = connection.cursor()
        cursor.execute(mysql.PROOF if self.engine == "mysql" else "select current_setting('checker.nonce', true)")
        said = cursor.fetchone()
        cursor.close()
        connection.rollback()
        if not self.nonce or said is None or said[0] != self.nonce:
            connection.close()
            self._refuse("server", "reached a server that is not the throw-away one")

    def _wrap_engines(self) -> None:
        """An engine's own `creator` would connect without the dialect: it is left out."""
        import sqlalchemy
        import sqlalchemy.engine
        import sqlalchemy.engine.create as made

        original = made.create_engine

        @functools.wraps(original)
        def create_engine(url: Any, **named: Any) -> Any:
            for name in CREATORS:
                if named.pop(name, None) is not None:
                    self._say("note", text="the engine's own %s was left out" % name)
            if self.engine == "sqlite":
                named = {key: value for key, value in named.items() if not key.startswith(("pool_", "max_overflow"))}
            return original(url, **named)

        for module in (made, sqlalchemy.engine, sqlalchemy):
            # the name is the library's, and replacing it is the guard: no type can allow that
            module.create_engine = create_engine  # type: ignore[attr-defined]
        with _ignoring_absence():
            import sqlalchemy.ext.asyncio.engine as asynchronous

            # private to SQLAlchemy and therefore not in its types; where it is absent, nothing asynchronous needs guarding
            asynchronous._create_engine = create_engine  # type: ignore[attr-defined]


def _words(value: Any) -> List[str]:
    """The words of a command, however it was given."""
    if isinstance(value, (str, bytes)):
        return [os.fsdecode(value)]
    if isinstance(value, (list, tuple)):
        return [word for one in value for word in _words(one)]
    return []


class _ignoring_absence:  # noqa: N801 - reads as a statement
    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, raised: Any, at: Any) -> bool:
        return kind is not None and issubclass(kind, (ImportError, AttributeError))
