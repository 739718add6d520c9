"""The database that the app gets: a file or a PostgreSQL of its own, migrated once and copied, whatever address is asked."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from checker.collect.app_database import app_database
from checker.collect.files import Root
from checker.collect.inventory import inventory
from checker.model.database_names import part_of
from checker.model.database_plan import DatabasePlan
from checker.model.settings import Database, Description
from checker.model.stage_plan import Plan
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe import postgres
from checker.probe.ground import ground
from checker.probe.stage import hand as stage_hand
from checker.probe.stage.app import NotStarted
from checker.probe.stage.hand import Stagehand
from checker.probe.stage.relay import Relay
from checker.probe.stage.settings import schemes
from checker.probe.stage.stores import Postgres, StoreRefused
from tests.test_stage import GOOD, SERVER, written

SCHEMA = "create table boxes (id serial primary key); insert into boxes default values;"
COUNT = """
    def do_GET(self):
        import psycopg
        with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
            if self.path == "/more":
                connection.execute("insert into boxes default values")
            found = connection.execute("select count(*) from boxes").fetchone()
        self.send(200, {"boxes": found[0]})
"""
FILL = (
    "python",
    "-c",
    f"import os, psycopg; psycopg.connect(os.environ['DATABASE_URL'], autocommit=True).execute({SCHEMA!r})",
)
ALEMBIC_ENV = """
from alembic import context
from sqlalchemy import create_engine
with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = "revision, down_revision = '1', None\nfrom alembic import op\ndef upgrade():\n    op.execute({sql!r})\n"


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    with postgres.running(postgres.find()) as running:
        yield running


def plan(folder: Path, server: postgres.Server | None, **more: Any) -> Plan:
    database = DatabasePlan(
        engine="postgresql" if server else "sqlite",
        socket=str(server.folder) if server else "",
        version=server.version if server else "",
    )
    return Plan(
        root=str(folder / "tree"),
        scratch=str(folder),
        profile="agent",
        interpreters=(sys.executable,),
        start=("python", "app.py", "{port}"),
        **{"database": database, **more},
    )


def hand(folder: Path, server: postgres.Server | None, files: dict[str, str], *, alone: bool, **more: Any) -> Stagehand:
    written(folder / "tree", files)
    one = plan(folder, server, **more)
    return Stagehand(one, sys.executable, one.start, alone=alone)


@pytest.mark.parametrize("alone", [True, False], ids=["relay", "socket"])
def test_each_fresh_app_has_a_copy_of_what_was_prepared(
    tmp_path: Path, server: postgres.Server, alone: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = hand(tmp_path, server, {"app.py": SERVER % COUNT}, alone=alone, reset=FILL)
    with one.app() as first:
        assert first.client.ask("GET", "/more").answer == '{"boxes": 2}'
    monkeypatch.setattr(stage_hand, "run_once", None)  # prepared is prepared
    with one.app() as second:
        assert second.client.ask("GET", "/").answer == '{"boxes": 1}'
    assert "PostgreSQL 1" in one.told
    assert "DATABASE_URL" in one.told


def test_the_relay_leads_every_address_to_the_one_database(
    server: postgres.Server, request: pytest.FixtureRequest
) -> None:
    relay = Relay(str(server.folder))
    request.addfinalizer(relay.close)
    for url in ("postgresql://somebody:secret@127.0.0.1:%d/orders", "postgresql://127.0.0.1:%d/?sslmode=prefer"):
        with psycopg.connect(url % relay.port) as connection:
            assert connection.execute("select current_user, current_database()").fetchone() == ("postgres", "postgres")
            long = connection.execute("select repeat('x', 3000000)").fetchone()
            assert long is not None
            assert len(long[0]) == 3_000_000


def test_an_address_written_into_alembic_ini_is_replaced_in_the_copy(tmp_path: Path, server: postgres.Server) -> None:
    ini = "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql+psycopg://prod.example/orders\n"
    files = {"app.py": SERVER % COUNT, "alembic.ini": ini, "migrations/env.py": ALEMBIC_ENV}
    files["migrations/versions/1.py"] = REVISION.format(sql=SCHEMA)
    more = {"alembic": "."}
    one = hand(tmp_path, server, files, alone=True, **more)
    one.plan = one.plan.model_copy(
        update={"database": one.plan.database.model_copy(update={"schemes": ("postgresql+psycopg",)})}
    )
    with pytest.raises(AssertionError, match="boxes"), one.app() as running:
        raise AssertionError(running.client.ask("GET", "/").answer)
    assert one.notes == []
    assert "prod.example" not in (tmp_path / "tree" / "alembic.ini").read_text()


def test_an_app_without_tables_is_not_judged(tmp_path: Path, server: postgres.Server) -> None:
    ini = "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql+psycopg://x/y\n"
    files = {"app.py": SERVER % GOOD, "alembic.ini": ini, "migrations/env.py": ALEMBIC_ENV}
    files["migrations/versions/1.py"] = REVISION.format(sql="alter table nothing add column x int")
    database = DatabasePlan(engine="postgresql", socket=str(server.folder), schemes=("postgresql+psycopg",))
    one = hand(tmp_path, server, files, alone=True, alembic=".", database=database)
    with pytest.raises(NotStarted, match=r"database is empty, because .*alembic upgrade head. failed.*\[app\] reset"):
        one.app().__enter__()


def test_an_extension_that_is_not_there_is_named(tmp_path: Path, server: postgres.Server) -> None:
    database = DatabasePlan(engine="postgresql", socket=str(server.folder), extensions=("nowhere",))
    with pytest.raises(StoreRefused, match=r"no extension nowhere here.*--pg-bin"):
        Postgres(plan(tmp_path, None, database=database), alone=False).create()


def test_a_file_is_copied_too(tmp_path: Path) -> None:
    source = COUNT.replace("import psycopg", "import sqlite3").replace(
        'psycopg.connect(os.environ["DATABASE_URL"])', 'sqlite3.connect(os.environ["DATABASE_URL"][10:])'
    )
    table = "create table boxes (id integer primary key)"
    script = f"c.execute({table!r}); c.execute('insert into boxes default values'); c.commit()"
    make = f"import os, sqlite3; c = sqlite3.connect(os.environ['DATABASE_URL'][10:]); {script}"
    one = hand(tmp_path, None, {"app.py": SERVER % source}, alone=False, reset=("python", "-c", make))
    with one.app() as first:
        assert first.client.ask("GET", "/more").answer == '{"boxes": 2}'
    with one.app() as second:
        assert second.client.ask("GET", "/").answer == '{"boxes": 1}'


def test_files_that_the_app_leaves_do_not_reach_the_next_one(tmp_path: Path) -> None:
    source = "open('left.txt', 'a').write('x'); open('data.txt', 'a').write('x')\n" + SERVER % (
        "    def do_GET(self):\n        self.send(200, [open('left.txt').read(), open('data.txt').read()])"
    )
    origin = written(tmp_path / "origin", {"data.txt": "d"})
    one = hand(tmp_path, None, {"app.py": source, "data.txt": "d"}, alone=False, origin=str(origin))
    for _ in range(2):
        with one.app() as running:
            assert running.client.ask("GET", "/").answer == '["x", "dx"]'


@pytest.mark.parametrize(
    ("name", "part"),
    [
        ("DATABASE_URL", "url"),
        ("SQLALCHEMY_DATABASE_URI", "url"),
        ("POSTGRES_SERVER", "host"),
        ("DATABASE__HOSTNAME", "host"),
        ("DATABASE__DB", "database"),
        ("POSTGRES_DB", "database"),
        ("DB_USERNAME", "user"),
        ("POLAR_POSTGRES_PWD", "password"),
        ("PGHOST", "host"),
        ("WRITER_DB_URL", "url"),
        ("REDIS_DB_URL", None),
        ("MYSQL_DB_HOST", None),
        ("DB_POOL_SIZE", None),
        ("HOST", None),
        ("APP_PORT", None),
    ],
)
def test_the_parts_of_an_address(name: str, part: str | None) -> None:
    assert part_of(name) == part


@pytest.mark.parametrize(
    ("files", "engine", "why"),
    [
        ({"requirements.txt": "fastapi\nasyncpg==0.29\n"}, "postgresql", "asyncpg in requirements.txt"),
        ({"pyproject.toml": 'dependencies = ["psycopg[binary]>=3"]'}, "postgresql", "psycopg in pyproject.toml"),
        ({"package.json": '{"dependencies": {"pg": "8"}}'}, "postgresql", "pg in package.json"),
        ({"app/db.py": 'URL = "postgresql+asyncpg://a/b"'}, "postgresql", "postgresql+asyncpg:// in app/db.py"),
        ({"app/db.py": 'URL = "sqlite:///x.db"', "requirements.txt": "psycopg2\n"}, "sqlite", "sqlite:// in app/db.py"),
        ({"tests/db.py": 'URL = "postgresql://a/b"'}, "sqlite", ""),
        ({"requirements-dev.txt": "asyncpg\n"}, "sqlite", ""),
        ({"README.md": "asyncpg"}, "sqlite", ""),
    ],
)  # fmt: skip
def test_which_engine(tmp_path: Path, files: dict[str, str], engine: str, why: str) -> None:
    found = wanted(written(tmp_path, files))
    assert (found.engine, found.why) == (engine, why)


def wanted(folder: Path, description: Description | None = None) -> DatabasePlan:
    root = Root(folder)
    described = description or Description()
    return app_database(root, inventory(root, NotApplicable("no git"), described), described)


def test_what_the_project_shows(tmp_path: Path) -> None:
    settings = "class Settings(BaseSettings):\n    db_host: str\n    log_level: str\n"
    example = "APP_DB_URL=postgresql+asyncpg://u:p@db/x\nPOSTGRES_USER=u\n"
    found = wanted(written(tmp_path, {"app/settings.py": settings, ".env.example": example}))
    assert found.names == ("APP_DB_URL", "DB_HOST", "POSTGRES_USER")
    assert found.shown == {"APP_DB_URL": "postgresql+asyncpg://u:p@db/x"}
    assert found.schemes == ("postgresql+asyncpg",)


def test_an_engine_that_we_have_none_of(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match=r"wants mysql .*\[database\] engine"):
        wanted(written(tmp_path, {"app/db.py": 'URL = "mysql+aiomysql://a/b"'}))
    assert wanted(tmp_path, Description(database=Database(engine="sqlite"))).engine == "sqlite"


def test_no_binaries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_of_the_system", list)
    monkeypatch.setattr(postgres, "_of_the_wheel", list)
    asked = DatabasePlan(engine="postgresql", why="asyncpg in requirements.txt")
    with (
        pytest.raises(Unavailable, match=r"wants PostgreSQL \(asyncpg in .*pip install"),
        ground(asked, None, configured=False),
    ):
        pass
    both = asked.model_copy(update={"schemes": ("postgresql", "sqlite")})
    with ground(both, None, configured=False) as given:
        assert given.engine == "sqlite"
    with pytest.raises(Unavailable), ground(both, None, configured=True):
        pass


def test_schemes_without_a_driver_are_not_tried() -> None:
    assert schemes("postgresql", ["postgresql+asyncpg", "sqlite"], ["psycopg", "asyncpg"]) == [
        "postgresql+asyncpg",
        "postgresql",
        "postgresql+psycopg",
    ]
    assert schemes("sqlite", [], [])[0] == "sqlite"
