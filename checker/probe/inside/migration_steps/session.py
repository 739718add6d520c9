"""The only place that runs the project's own `env.py`: once for a whole list of steps, each in its own transaction."""

from __future__ import annotations

import asyncio
import os
import re
import traceback
from argparse import Namespace
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from alembic import command
from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationStep
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

from . import mysql
from .guard import Guard
from .speak import Speaker

Work = Callable[["Step"], Iterator[Any]]


class Unsupported(RuntimeError):
    """The project's environment does what this driver cannot follow."""


class Failed(Exception):
    """A step, or the environment before any step, raised. `step` is (revision, direction), or None before any."""

    def __init__(self, step: Optional[Tuple[str, str]], raised: BaseException) -> None:
        super().__init__(str(raised))
        self.step = step
        self.raised = raised


class Step:
    """What a list of steps works with: the migration context, and how to ask its connection."""

    def __init__(self, context: Any, session: "Session") -> None:
        self.context = context
        self.connection = context.connection
        self._session = session

    def ask(self, sql: str) -> List[Tuple[Any, ...]]:
        return ask(self.connection, sql)

    def execute(self, sql: str) -> None:
        """A statement that answers with no rows."""
        cursor = self.connection.connection.cursor()
        try:
            cursor.execute(sql)
        finally:
            cursor.close()

    def settle(self) -> None:
        """End the transaction that looking has begun; where env.py holds one around all steps, the step's own with it."""
        if self.context._in_external_transaction:
            self.connection.connection.commit()
        else:
            self.connection.connection.rollback()

    def commit(self) -> None:
        self.connection.connection.commit()

    def attempt(self, sql: str) -> Optional[str]:
        """The same as `do`, and undone."""
        return self.do(sql, keep=False)

    def do(self, sql: str, keep: bool = True) -> Optional[str]:
        """One statement in a savepoint: None, or what the server said against it."""
        cursor = self.connection.connection.cursor()
        try:
            cursor.execute("savepoint checker_seed")
            try:
                cursor.execute(sql)
            except Exception as refused:
                cursor.execute("rollback to savepoint checker_seed")
                return str(refused).split("\n")[0][:200]
            cursor.execute(("release" if keep else "rollback to") + " savepoint checker_seed")
            return None
        finally:
            cursor.close()

    def up(self, script: Any) -> Any:
        self._ready((script.revision, "up"))
        return MigrationStep.upgrade_from_script(self._session.scripts.revision_map, script)

    def down(self, script: Any) -> Any:
        self._ready((script.revision, "down"))
        return MigrationStep.downgrade_from_script(self._session.scripts.revision_map, script)

    def again(self, script: Any) -> Any:
        step = self.up(script)
        self._session.current = (script.revision, "again")
        return step

    def _ready(self, step: Tuple[str, str]) -> None:
        self.settle()
        getattr(self.context.impl, "memo", {}).clear()  # else a type that was left behind is not made again
        self._session.current = step


def ask(connection: Any, sql: str) -> List[Tuple[Any, ...]]:
    """Rows of a query on the driver's own connection, unseen by whoever listens to SQLAlchemy."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(sql)
        return list(cursor.fetchall())
    finally:
        cursor.close()


class Session:
    """The project's configuration and scripts, and its `env.py` on demand."""

    def __init__(self, asked: Dict[str, Any], guard: Guard, say: Speaker) -> None:
        self._say = say
        self._guard = guard
        self.current: Optional[Tuple[str, str]] = None
        self.metadata: Any = None
        self.one_transaction = False  # whether env.py has all migrations of an upgrade in one
        self.as_project = False  # whether it has its way in that
        self.filters: Tuple[Any, Any] = (None, None)
        self.version_table = "alembic_version"
        self._url = str(asked["url"])
        self.config = _config(asked)
        if asked.get("scripts"):
            self.config.set_main_option("script_location", str(asked["scripts"]))
            self.config.set_main_option("prepend_sys_path", ".")
        self.config.set_main_option("sqlalchemy.url", str(asked["url"]).replace("%", "%%"))
        self.scripts = ScriptDirectory.from_config(self.config)
        self._hold_configure()
        self._hold_commands()

    def _hold_commands(self) -> None:
        """A project that migrates when it is imported would do so inside of this: its own commands are left out."""

        def left_out(*_: Any, **__: Any) -> None:
            self._say(
                "note", text="the project runs alembic's commands by itself when it is imported: they were left out"
            )

        for name in ("upgrade", "downgrade", "stamp"):
            setattr(command, name, left_out)

    def _hold_configure(self) -> None:
        own = EnvironmentContext.configure
        session = self

        def configure(this: Any, *words: Any, **named: Any) -> Any:
            session.one_transaction = not named.get("transaction_per_migration")
            if not session.as_project:
                named["transaction_per_migration"] = True
            session.metadata = named.get("target_metadata")
            session.filters = (named.get("include_object"), named.get("include_name"))
            session.version_table = str(named.get("version_table") or "alembic_version")
            return own(this, *words, **named)

        setattr(EnvironmentContext, "configure", configure)

    @property
    def database(self) -> str:
        """The one that connections are sent to now."""
        return self._guard.database

    def outside(self, sql: str) -> None:
        """One statement in the server's own database, through the project's driver, before the project's code runs."""
        self._guard.database = mysql.SYSTEM
        engine = create_engine(self._url, poolclass=NullPool)
        if engine.dialect.is_async:
            asyncio.run(_said(self._url, sql))
            return
        with engine.connect() as connection:
            connection.exec_driver_sql(sql)

    def upgrade(self, database: str) -> Optional[BaseException]:
        """What `alembic upgrade heads` raises on that database, with the transactions that env.py asks for; None: nothing."""
        self._guard.database = database
        self.as_project = True
        try:
            with EnvironmentContext(
                self.config,
                self.scripts,
                fn=lambda revision, _: self.scripts._upgrade_revs("heads", revision),
                destination_rev="heads",
                tag=None,
            ):
                self.scripts.run_env()
        except BaseException as raised:
            return raised
        finally:
            self.as_project = False
        return None

    def run(self, database: str, work: Work, destination: str = "head") -> bool:
        """Run `env.py` with these steps on this database. Whether it ran them at all. Failed when one raised."""
        self._guard.database = database
        self.current = None
        state = {"calls": 0, "finished": False}

        def steps(revision: Any, context: Any) -> Iterator[Any]:
            state["calls"] += 1
            if state["calls"] > 1:
                raise Unsupported("env.py runs the migrations more than once, for several databases or schemas")
            if getattr(context.connection, "_trans_context_manager", None) is None:
                commit = getattr(context.connection, "commit", None)
                if commit is not None:
                    commit()
                context._in_external_transaction = False
            yield from work(Step(context, self))
            self.current = None
            state["finished"] = True

        try:
            with EnvironmentContext(self.config, self.scripts, fn=steps, destination_rev=destination, tag=None):
                self.scripts.run_env()
        except BaseException as raised:
            if state["finished"] and not isinstance(raised, Unsupported):
                self._say("note", text="env.py raised after its migrations: %s" % str(raised)[:200])
                return True
            raise Failed(self.current, raised) from raised
        if self.current is not None:
            raise Failed(self.current, Unsupported("env.py swallowed the error of a migration"))
        return bool(state["calls"])


async def _said(url: str, sql: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine

    async with create_async_engine(url, poolclass=NullPool).connect() as connection:
        await connection.exec_driver_sql(sql)


def _config(asked: Dict[str, Any]) -> Config:
    section = str(asked.get("section") or "alembic")
    toml = asked.get("toml")
    options = Namespace(x=None, name=section, raiseerr=True, config=asked.get("ini"))
    if toml:
        return Config(file_=asked.get("ini"), toml_file=toml, ini_section=section, cmd_opts=options)
    return Config(file_=asked.get("ini"), ini_section=section, cmd_opts=options)


def error(raised: BaseException, file: Optional[str]) -> Dict[str, Any]:
    """What a raised error says: class, text, the server's code, and the line of the migration that it came from."""
    origin = getattr(raised, "orig", None) or raised
    code = getattr(origin, "sqlstate", None) or getattr(origin, "pgcode", None)
    text = str(origin).split("\n[SQL")[0].split("\nLINE ")[0].strip()
    frames = traceback.extract_tb(raised.__traceback__)
    line = next((one.lineno for one in reversed(frames) if file and same(one.filename, file)), None)
    last = frames[-1].filename if frames else ""
    return {"type": type(origin).__name__, "text": text[:600], "code": code, "line": line, "raised_in": last}


def same(one: str, other: str) -> bool:
    return one == other or os.path.abspath(one) == os.path.abspath(other)


def missing(raised: BaseException) -> Tuple[str, Any]:
    """What the environment lacks, where the error says so: a module, or settings by name."""
    if isinstance(raised, ModuleNotFoundError):
        return "module", raised.name
    if isinstance(raised, KeyError) and raised.args and isinstance(raised.args[0], str) and raised.args[0].isupper():
        return "settings", [raised.args[0]]
    listed = getattr(raised, "errors", None)
    if callable(listed) and type(raised).__name__ == "ValidationError":
        lacking = [one["loc"] for one in listed() if one.get("type") in ("missing", "value_error.missing")]
        if lacking:
            return "settings", [".".join(str(part) for part in place) for place in lacking]
    if type(raised).__name__ == "SettingsError":
        found = re.search(r'field "(\w+)"', str(raised))
        if found:
            return "settings", [found[1] + "."]  # a structure, and what it was given is none
    return "", None
