"""The only place that gives the app a database of its own, and a copy of the prepared one for every fresh start."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from checker.model.database_names import SCHEME, Part, is_postgres, part_of
from checker.model.stage_plan import Plan
from checker.probe.inside.migration_steps.wire import ServerError, Wire
from checker.probe.stage.app import NotStarted
from checker.probe.stage.client import HOST
from checker.probe.stage.relay import Relay

_TABLES = (
    "select count(*) from information_schema.tables"
    " where table_schema not in ('pg_catalog', 'information_schema') and table_type = 'BASE TABLE'"
)
_TEMPLATE = "checker_template"
_OTHERS_LEAVE = (
    "select pg_terminate_backend(pid) from pg_stat_activity"
    " where datname = current_database() and pid <> pg_backend_pid()"
)
_ASIDE = "routes"
_OF_LIBPQ = ("PGHOST", "PGPORT", "PGUSER", "PGPASSWORD", "PGDATABASE")
_WAIT = 30.0  # seconds for a server that was said to be ready


class StoreRefused(NotStarted):
    """The database could not be made; the message says why and what would mend it."""


class Store(Protocol):
    """A database that is made empty, kept once it is filled, and copied from then on."""

    shown: str
    kept: bool

    def create(self) -> None: ...
    def keep(self) -> None: ...
    def clone(self, *, beside: bool = False) -> None: ...
    def apart(self) -> bool: ...
    def tables(self) -> int: ...
    def url(self, scheme: str, *, aside: bool = False) -> str: ...
    def settings(self, scheme: str, names: Mapping[str, str], *, aside: bool) -> dict[str, str]: ...
    def counter(self) -> Callable[[], int] | None: ...
    def tally(self) -> Path | None: ...


class Sqlite:
    """A file; another one for each start, so that nothing of the one before can be seen."""

    def __init__(self, plan: Plan) -> None:
        self.shown = "a SQLite file"
        self.kept = False
        self._scratch = Path(plan.scratch)
        self._count = 0

    @property
    def file(self) -> Path:
        return self._scratch / f"app-{self._count}.db"

    def create(self) -> None:
        self._count += 1

    def keep(self) -> None:
        if self.tables():
            shutil.copyfile(self.file, self._scratch / "template.db")
            self.kept = True

    def apart(self) -> bool:
        """Whether an app that runs keeps its database when another one is copied; a file always does."""
        return self.kept

    def clone(self, *, beside: bool = False) -> None:  # noqa: ARG002 - a file is always beside the others
        self._count += 1
        shutil.copyfile(self._scratch / "template.db", self.file)

    def tables(self) -> int:
        """How many tables there are; a write-ahead log is folded into the file on the way."""
        if not self.file.exists():
            return 0
        with contextlib.closing(sqlite3.connect(self.file)) as connection, contextlib.suppress(sqlite3.Error):
            connection.execute("pragma wal_checkpoint(truncate)")
            row = connection.execute("select count(*) from sqlite_master where type = 'table'").fetchone()
            return int(row[0])
        return 0

    def url(self, scheme: str, *, aside: bool = False) -> str:
        return f"{scheme}:///{self._scratch / f'{_ASIDE}.db' if aside else self.file}"

    def settings(self, scheme: str, names: Mapping[str, str], *, aside: bool) -> dict[str, str]:
        """The settings that are about a database and hold a URL; a file has no host and no user."""
        return {
            name: self.url(_scheme(shown, scheme, "sqlite"), aside=aside)
            for name, shown in names.items()
            if shown.startswith("sqlite") or part_of(name) == "url"
        }

    def tally(self) -> Path | None:
        """Where an app that can says how many statements it has sent to this file: a byte each."""
        return self._scratch / f"statements-{self._count}"

    def counter(self) -> Callable[[], int] | None:
        """How many statements the file of now was sent, whichever comes after it: as many as the app has told of."""
        tally = self._scratch / f"statements-{self._count}"
        return lambda: tally.stat().st_size if tally.exists() else 0


class Postgres:
    """A database of a server of ours; the app reaches it through a relay, or by the server's socket file."""

    def __init__(self, plan: Plan, *, alone: bool) -> None:
        self.shown = f"a throw-away PostgreSQL {plan.database.version}"
        self.kept = False
        self._socket = plan.database.socket
        self._extensions = plan.database.extensions
        self._relay = Relay(self._socket) if alone else None
        self._count = 0
        self._has_beside = False

    @property
    def name(self) -> str:
        return f"app_{self._count}"

    def create(self) -> None:
        self._next("create database {}")
        with self._wire(self.name) as wire:
            for extension in self._extensions:
                try:
                    wire.ask(f'create extension if not exists "{extension}" cascade')
                except ServerError as refused:
                    raise StoreRefused(
                        f"PostgreSQL has no extension {extension} here ({refused});"
                        " name binaries that have it with --pg-bin DIR"
                    ) from None

    def keep(self) -> None:
        if self.tables():
            with self._wire(self.name) as wire:
                wire.ask(_OTHERS_LEAVE)
            self._ask(f"create database {_TEMPLATE} template {self.name}")
            self.kept = True

    def apart(self) -> bool:
        """Whether an app that runs keeps its database when another one is copied: not where it names one of its own."""
        return self.kept and not (self._relay and self._relay.strangers)

    def clone(self, *, beside: bool = False) -> None:
        self._next(f"create database {{}} template {_TEMPLATE}", beside=beside)

    def tables(self) -> int:
        with self._wire(self.name) as wire:
            return int(wire.ask(_TABLES)[0][0] or 0)

    def url(self, scheme: str, *, aside: bool = False) -> str:
        name = self._beside() if aside else self.name
        if self._relay is not None:
            return f"{scheme}://checker:checker@{HOST}:{self._relay.port}/{name}"
        if scheme.endswith("pg8000"):
            return f"{scheme}://postgres:checker@/{name}?unix_sock={self._socket}/.s.PGSQL.5432"
        return f"{scheme}://postgres:checker@/{name}?host={self._socket}"

    def settings(self, scheme: str, names: Mapping[str, str], *, aside: bool) -> dict[str, str]:
        """Every setting that is about a database: URLs in the scheme that the project shows, and the parts of one."""
        parts: dict[Part, str] = {
            "host": HOST if self._relay else self._socket,
            "port": str(self._relay.port if self._relay else 5432),
            "user": "checker" if self._relay else "postgres",
            "password": "checker",
            "database": self._beside() if aside else self.name,
        }
        given = {}
        for name, shown in {**dict.fromkeys(_OF_LIBPQ, ""), **names}.items():
            written = SCHEME.match(shown)
            part = part_of(name)
            if part == "url" or (written and is_postgres(written[1])):
                given[name] = self.url(_scheme(shown, scheme, "postgres"), aside=aside)
            elif part is not None:
                given[name] = parts[part]
        return given

    def tally(self) -> Path | None:
        """None: statements are counted on their way."""
        return None

    def counter(self) -> Callable[[], int] | None:
        """How many statements the database of now was sent, whichever comes after it; None without a relay."""
        relay, name = self._relay, self.name
        return (lambda: relay.statements(name)) if relay is not None else None

    def _beside(self) -> str:
        """Another database, for who looks at the app without running it."""
        if not self._has_beside:
            self._has_beside = True
            self._ask(f"create database {_ASIDE}")
            if self._relay is not None:
                self._relay.known.add(_ASIDE)
        return _ASIDE

    def _next(self, sql: str, *, beside: bool = False) -> None:
        before = self.name if self._count else ""
        self._count += 1
        self._ask(sql.format(self.name))
        if before and not beside:
            with contextlib.suppress(ServerError):
                self._ask(f"drop database if exists {before} with (force)")
        if self._relay is not None:
            self._relay.known |= {before, self.name} if beside else set()
            self._relay.database = self.name

    def _ask(self, sql: str) -> None:
        with self._wire("postgres") as wire:
            wire.ask(sql)

    def _wire(self, database: str) -> Wire:
        until = time.monotonic() + _WAIT
        while True:
            try:
                return Wire(self._socket, database)
            except NotADirectoryError:
                raise StoreRefused(Path(self._socket).read_text("utf-8")) from None
            except OSError as refused:
                if time.monotonic() > until:
                    raise StoreRefused(f"the throw-away PostgreSQL does not answer: {refused}") from None
                time.sleep(0.01)


def _scheme(shown: str, scheme: str, family: str) -> str:
    """The scheme in which the project itself writes this setting; else the one that is tried now."""
    found = SCHEME.match(shown)
    return found[1].lower() if found and found[1].lower().startswith(family) else scheme


def store(plan: Plan, *, alone: bool) -> Store:
    """The kind of database that the plan asks for. `alone`: this is a network of our own."""
    return Postgres(plan, alone=alone) if plan.database.engine == "postgresql" else Sqlite(plan)


def names_of(plan: Plan) -> dict[str, str]:
    """The settings that name a database in this project, with the URL that it shows for them where it does."""
    return {plan.database_env: "", **dict.fromkeys(plan.database.names, ""), **plan.database.shown}
