"""The only place that starts, once each, the throw-away servers that the histories of a repository ask for."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

from checker.model.unavailable import Unavailable
from checker.probe import mariadb, postgres
from checker.probe.keeping import Server

MYSQL = ("mysql", "mariadb")
STARTED = ("postgresql", "sqlite", *MYSQL)
NOT_STARTED = (
    "histories for {0} are not run: {1}, and no other server is touched; "
    'where the project runs on PostgreSQL, too, say so in checker.toml: [database] engine = "postgresql"'
)
NO_SERVER = "this version starts no {0} server of its own"


class Servers(AbstractContextManager["Servers"]):
    """Servers by engine; all are gone when this ends."""

    def __init__(self, pg_bin: str | None, mysql_bin: str | None, templates: str = "") -> None:
        self._stack = ExitStack()
        self._started: dict[str, Server | Unavailable] = {}
        self._starting: dict[str, Callable[[], AbstractContextManager[Server]]] = {
            "postgresql": lambda: postgres.running(postgres.find(pg_bin), templates, patient=True),
            "mysql": lambda: mariadb.running(mariadb.find(mysql_bin)),
        }

    def __exit__(
        self, kind: type[BaseException] | None, raised: BaseException | None, at: TracebackType | None
    ) -> None:
        self._stack.close()

    def of(self, engine: str) -> Server | None:
        """The server for an engine, None for SQLite, which needs none. Unavailable where it cannot be had."""
        name = "mysql" if engine in MYSQL else engine
        if name not in self._starting:
            return None
        last = self._started.get(name)
        if isinstance(last, Server) and name == "postgresql" and not postgres.answers(last):
            del self._started[name]  # a history has spoilt it, for itself alone
        if name not in self._started:
            try:
                self._started[name] = self._stack.enter_context(self._starting[name]())
            except Unavailable as refused:
                self._started[name] = refused
        found = self._started[name]
        if isinstance(found, Unavailable):
            if name == "postgresql":
                raise found
            raise Unavailable(NOT_STARTED.format(engine, str(found)))
        return found
