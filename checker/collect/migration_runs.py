"""The only place that turns a history and a throw-away database into what happened."""

from __future__ import annotations

import posixpath
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from checker.collect.base_models import base_models
from checker.collect.files import Root, Unreadable
from checker.collect.interpreter_fit import misfit
from checker.collect.migration_servers import MYSQL, NO_SERVER, NOT_STARTED, STARTED, Servers
from checker.collect.run_events import TO_INSTALL, run_of
from checker.collect.run_proof import unproved
from checker.collect.sql_runs import sql_run
from checker.model.execution import Execution
from checker.model.installed import Installed
from checker.model.migration_run import MigrationRun, MigrationRuns
from checker.model.migrations import Migrations, NewMigrations, Tree
from checker.model.repo import Changes, Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe import alembic
from checker.probe.git import Git
from checker.probe.keeping import Server
from checker.probe.network import plain_environment
from checker.probe.scratch_copy import scratch_copy

MOST_TRACED = 40  # revisions that are looked at with rows and locks, where there is no base to say which are new
_URL_NAMES = (
    "DATABASE_URL",
    "SQLALCHEMY_DATABASE_URL",
    "SQLALCHEMY_DATABASE_URI",
    "DB_URL",
    "POSTGRES_URL",
    "DATABASE_URI",
)
_ASSIGNED = re.compile(
    r"""(?m)^[ \t]*(?:export[ \t]+)?(?P<name>[A-Za-z_]\w*)[ \t]*=[ \t]*"""
    r"""(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|(?P<bare>[^\n]*?))[ \t]*(?:[ \t]#.*)?$"""
)
_SCHEME = re.compile(r"\b((?:postgres(?:ql)?|sqlite|mysql|mariadb|oracle|mssql)(?:\+\w+)?)://")
_EXAMPLES = (".env.example", ".env.sample", ".env.template", ".env.dist", "example.env")


def migration_runs(
    root: Root,
    inventory: Inventory,
    migrations: Migrations,
    new: NewMigrations | Unavailable | NotApplicable,
    git: Git | Unavailable | NotApplicable,
    changes: Changes | Unavailable | NotApplicable,
    description: Description,
    execution: Execution,
    installed: Installed | Unavailable | NotApplicable,
) -> MigrationRuns:
    """Run every history up, down and up. Unavailable where nothing may be executed, or no database can be had."""
    traced = partial(_traced, new=new)
    runs: list[MigrationRun] = []
    files = [one.path for one in inventory.files if one.role is not Role.VENDORED]
    with (
        scratch_copy(root.path, files) as copy,
        Servers(execution.pg_bin, execution.mysql_bin, execution.templates) as servers,
    ):
        for number, tree in enumerate(migrations.trees):
            engine = _engine(tree, description, root)
            pythons = tuple(_interpreters(root, description, execution, installed))
            if _is_a_guess(tree, description, root) and not _speaks_postgresql(pythons):
                engine = "sqlite"
            try:
                server = _server(tree, engine, servers)
            except Unavailable as refused:
                runs.append(MigrationRun(tree, engine, "", blocked=str(refused)))
                continue
            if tree.tool != "alembic" and server is not None:
                extensions, name = description.database.extensions, f"sql_{number}"
                old = _brings(tree, new)
                try:
                    runs.append(sql_run(tree, server, extensions, name, traced(tree), execution.seconds, old_code=old))
                except Unavailable as refused:
                    runs.append(MigrationRun(tree, engine, server.version, blocked=str(refused)))
            else:
                order = _order(tree, copy, engine, description, execution, traced(tree), number, root, pythons)
                if engine == "postgresql" and server is not None:
                    order = _with_base(order, server, tree, new, git, changes)
                runs.append(_after_install(_driven(order, server, tree, root), installed))
    return MigrationRuns(tuple(runs))


def _is_a_guess(tree: Tree, description: Description, root: Root) -> bool:
    """Whether nothing says which database a history of Alembic is for."""
    return tree.tool == "alembic" and not description.database.engine and not _scheme(tree, root)


def _speaks_postgresql(pythons: Iterable[Path]) -> bool:
    """Whether the project's own interpreter has a driver for PostgreSQL; it is believed to, where there is no such interpreter."""
    environment = plain_environment()
    python = alembic.interpreter(pythons, environment)
    return python == Path(sys.executable) or bool(alembic.drivers(python, environment))


def _server(tree: Tree, engine: str, servers: Servers) -> Server | None:
    """The server that a history runs on, None for a file of SQLite. Unavailable where it cannot be run at all."""
    if engine not in STARTED:
        raise Unavailable(NOT_STARTED.format(engine, NO_SERVER.format(engine)))
    if tree.tool != "alembic" and engine != "postgresql":
        raise Unavailable(f"SQL files for {engine} are not run, those for PostgreSQL are")
    return servers.of(engine)


def _driven(order: alembic.Order, server: Server | None, tree: Tree, root: Root) -> MigrationRun:
    heard = alembic.drive(order, server)
    engine, version = (server.engine, server.version) if server else (order.engine, "")
    run = replace(run_of(tree, engine, version, heard), old_models=bool(order.old))
    if server is not None and server.engine == "postgresql" and order.traced != ():
        run = replace(run, blocked=run.blocked or unproved(run, heard, server))
    hello = next(iter(heard.of("hello")), None)
    if run.blocked and hello:
        return replace(run, blocked=run.blocked + misfit(root, tree.folder, str(hello["versions"]["python"])))
    return run


def _with_base(
    order: alembic.Order,
    server: Server,
    tree: Tree,
    new: NewMigrations | Unavailable | NotApplicable,
    git: Git | Unavailable | NotApplicable,
    changes: Changes | Unavailable | NotApplicable,
) -> alembic.Order:
    """The order, where a change brings migrations with what the code of its base says to the database."""
    if _brings(tree, new) and isinstance(git, Git) and isinstance(changes, Changes):
        return replace(order, old=base_models(git, changes.base, order, server))
    return order


def _brings(tree: Tree, new: NewMigrations | Unavailable | NotApplicable) -> bool:
    """Whether the change adds steps to a history that was there."""
    if not isinstance(new, NewMigrations) or not new.anchored:
        return False
    count = sum(of.key == tree.key for of, _ in new.revisions)
    return 0 < count < len(tree.revisions)


def _traced(tree: Tree, new: NewMigrations | Unavailable | NotApplicable) -> tuple[str, ...] | None:
    """The revisions to look at closely: those of the change, else the last ones by their files."""
    if isinstance(new, NewMigrations) and new.anchored:
        return tuple(one.id for of, one in new.revisions if of.key == tree.key)
    if len(tree.revisions) <= MOST_TRACED:
        return None
    return tuple(one.id for one in tree.revisions[-MOST_TRACED:])


def _engine(tree: Tree, description: Description, root: Root) -> str:
    if description.database.engine:
        return description.database.engine
    if tree.tool == "prisma":
        lock = _text(root, posixpath.join(tree.scripts, "migration_lock.toml")) or ""
        found = re.search(r'provider\s*=\s*"(\w+)"', lock)
        return {"postgres": "postgresql"}.get(found[1], found[1]) if found else "postgresql"
    if tree.tool != "alembic":
        return _dialect(tree)
    scheme = _scheme(tree, root)
    return {"postgres": "postgresql"}.get(scheme.split("+")[0], scheme.split("+")[0]) if scheme else "postgresql"


def _dialect(tree: Tree) -> str:
    """Whose SQL the files are written in, by what no other engine would take."""
    text = "\n".join(one.sql for one in tree.revisions)
    marks = {
        "clickhouse": r"(?i)\bon\s+cluster\b|\bengine\s*=?\s*\w*mergetree",
        "mysql": r"(?i)`|\bauto_increment\b|\bengine\s*=\s*innodb",
        "sqlite": r"(?i)\bautoincrement\b|\bpragma\s",
        "mssql": r"(?im)^[^\S\n]*go\s*$|\bnvarchar\b|\[dbo\]",
    }
    named = next((name for name in marks if name in tree.scripts.lower()), None)
    return named or next((name for name, mark in marks.items() if re.search(mark, text)), "postgresql")


def _scheme(tree: Tree, root: Root) -> str:
    """The scheme of the database URL that the project shows: in its configuration, its examples, its env.py."""
    texts = [tree.url or "", *(_text(root, name) or "" for name in _EXAMPLES), tree.environment]
    for text in texts:
        found = [str(one) for one in _SCHEME.findall(text)]
        if found:
            return next((one for one in found if one.startswith("postgres")), found[0])
    return ""


def _order(
    tree: Tree,
    copy: Path,
    engine: str,
    description: Description,
    execution: Execution,
    traced: tuple[str, ...] | None,
    number: int,
    root: Root,
    pythons: Iterable[Path],
) -> alembic.Order:
    environment = plain_environment()
    python = alembic.interpreter(pythons, environment)
    url = _url(tree, engine, python, environment, root)
    settings = {**_examples(root), **description.app.env}
    names = {*_URL_NAMES, *([description.database.url_env] if description.database.url_env else [])}
    names |= {name for name, value in settings.items() if _SCHEME.match(value)}
    is_toml = bool(tree.config and tree.config.endswith(".toml"))
    return alembic.Order(
        root=copy,
        folder=tree.folder,
        python=python,
        engine="mysql" if engine in MYSQL else engine,
        url=url,
        ini=None if is_toml else tree.config,
        toml=tree.config if is_toml else None,
        section=tree.section,
        scripts=None if tree.config else tree.scripts,
        environment={**environment, **settings, **_postgres_names(), **dict.fromkeys(names, url)},
        extensions=description.database.extensions if engine == "postgresql" else (),
        traced=traced,
        seconds=execution.seconds,
        verify={one.id: one.queries for one in tree.revisions if one.queries},
        database=f"alembic_{number}",
    )


def _after_install(run: MigrationRun, installed: Installed | Unavailable | NotApplicable) -> MigrationRun:
    """The run, its way to mend not one that was gone already."""
    if isinstance(installed, NotApplicable) or TO_INSTALL not in run.blocked:
        return run
    why = f"; {installed.told} holds none" if isinstance(installed, Installed) else f"; {installed}"
    return replace(run, blocked=run.blocked.replace(TO_INSTALL, "") + why)


def _interpreters(
    root: Root, description: Description, execution: Execution, installed: Installed | Unavailable | NotApplicable
) -> Iterator[Path]:
    """Where the project's interpreter may be: as configured, what --install built, its virtual environment, the caller's."""
    if description.app.python:
        yield root.path / description.app.python
    if isinstance(installed, Installed):
        yield Path(installed.python)
    yield root.path / ".venv" / "bin" / "python"
    if execution.environment.get("VIRTUAL_ENV"):
        yield Path(execution.environment["VIRTUAL_ENV"]) / "bin" / "python"


def _url(tree: Tree, engine: str, python: Path, environment: Mapping[str, str], root: Root) -> str:
    if engine == "sqlite":
        asynchronous = "async_engine_from_config" in tree.environment or "create_async_engine" in tree.environment
        return "sqlite+aiosqlite:///checker.db" if asynchronous else "sqlite:///checker.db"
    scheme = _scheme(tree, root)
    driver = scheme.partition("+")[2]
    if engine in MYSQL:
        return _url_of_mysql(driver, alembic.drivers(python, environment, "mysql"), "async" in tree.environment)
    known = alembic.drivers(python, environment)
    if driver in known:
        return f"postgresql+{driver}://checker@localhost/checker"
    wanted = ("asyncpg", "psycopg") if "async" in tree.environment else ("psycopg", "psycopg2", "pg8000")
    chosen = next((one for one in wanted if one in known), None)
    return f"postgresql+{chosen}://checker@localhost/checker" if chosen else "postgresql://checker@localhost/checker"


def _url_of_mysql(driver: str, known: tuple[str, ...], asynchronous: bool) -> str:
    """Through the project's own driver, where its interpreter has it; else through one that it has."""
    wanted = ("asyncmy", "aiomysql") if asynchronous else ("pymysql", "MySQLdb")
    chosen = driver.replace("mysqldb", "MySQLdb") if driver else "pymysql"
    if chosen not in known:
        chosen = next((one for one in wanted if one in known), chosen)
    return f"mysql+{chosen.lower()}://checker@localhost/checker"


def _postgres_names() -> dict[str, str]:
    place = {"HOST": "localhost", "PORT": "5432", "USER": "checker", "PASSWORD": "checker", "DB": "checker"}
    return {f"{of}_{name}": value for of in ("POSTGRES", "MYSQL") for name, value in place.items()} | {
        f"DB_{name}": value for name, value in {**place, "NAME": "checker"}.items()
    }


def _examples(root: Root) -> dict[str, str]:
    """The settings that the repository shows by example, as it shows them."""
    for name in _EXAMPLES:
        text = _text(root, name)
        if text is not None:
            return {
                found["name"]: found["double"] or found["single"] or found["bare"] or ""
                for found in _ASSIGNED.finditer(text)
            }
    return {}


def _text(root: Root, path: str) -> str | None:
    if not root.exists(path):
        return None
    try:
        return root.text(path, 1 << 20).text
    except (Unreadable, Unavailable):
        return None
