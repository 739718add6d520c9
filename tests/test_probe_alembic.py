"""Every shape of env.py ends on the throw-away database, or is stopped with the reason; nothing else is ever reached."""

from __future__ import annotations

import os
import socket
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.collect.run_events import run_of
from checker.model.migration_run import MigrationRun
from checker.model.migrations import Tree
from checker.probe import alembic, postgres
from checker.probe.alembic import Heard, Order
from checker.probe.keeping import Server
from checker.probe.network import closed_network, plain_environment

HEAD = """
from alembic import context
config = context.config

def run(connection):
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = """
from alembic import op
revision, down_revision = "{name}", {parent}

def upgrade():
    op.execute("CREATE TABLE t_{name} (id uuid PRIMARY KEY)")

def downgrade():
    op.execute("DROP TABLE t_{name}")
"""
REDIRECTED = {
    "hard-coded": """
from sqlalchemy import create_engine
with create_engine("postgresql+psycopg://app:secret@prod.db.example.com:5432/prod?sslmode=require").connect() as c:
    run(c)
""",
    "section-of-the-ini": """
from sqlalchemy import engine_from_config
with engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.").connect() as c:
    run(c)
""",
    "environment-variable": """
import os
from sqlalchemy import create_engine
with create_engine(os.environ["DATABASE_URL"]).connect() as c:
    run(c)
""",
    "async-engine": """
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine

async def go():
    engine = create_async_engine("postgresql+psycopg://app@prod.db.example.com/prod")
    async with engine.connect() as c:
        await c.run_sync(run)

asyncio.run(go())
""",
    "own-creator": """
import psycopg
from sqlalchemy import create_engine
engine = create_engine("postgresql+psycopg://", creator=lambda: psycopg.connect("host=192.0.2.10 connect_timeout=3"))
with engine.connect() as c:
    run(c)
""",
    "token-listener": """
from sqlalchemy import create_engine, event
engine = create_engine("postgresql+psycopg://app@prod.db.example.com/prod")

@event.listens_for(engine, "do_connect")
def token(dialect, record, words, named):
    named["password"] = "token"
    named["host"] = "prod.db.example.com"

with engine.connect() as c:
    run(c)
""",
    "outer-transaction": """
from sqlalchemy import create_engine
with create_engine("postgresql+psycopg://app@prod.db.example.com/prod").begin() as c:
    run(c)
""",
    "missing-setting": """
import os
from sqlalchemy import create_engine
key = os.environ["SECRET_KEY"]
with create_engine("postgresql+psycopg://app@prod.db.example.com/prod").connect() as c:
    run(c)
""",
}
STOPPED = {
    "raises": ("raise RuntimeError('no settings today')", "no settings today"),
    "another-engine": (
        "from sqlalchemy import create_engine\nwith create_engine('sqlite:///./app.db').connect() as c:\n    run(c)",
        "wants a sqlite database",
    ),
    "raw-driver": (
        "import psycopg\npsycopg.connect('host=192.0.2.10 user=app connect_timeout=3')",
        "192.0.2.10|unreachable",
    ),
    "runs-nothing": ("pass", "without running the migrations"),
    "only-imports": (
        "import warnings",
        "without running",
    ),
    "exits": ("import os\nos._exit(3)", "ended early"),
    "is-not-python": ("def (", "SyntaxError"),
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with postgres.running(postgres.find()) as found:
        yield found


def project(root: Path, env: str, revisions: int = 2) -> Path:
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    ini = (
        "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql+psycopg://app@prod.db.example.com/prod\n"
    )
    (root / "alembic.ini").write_text(ini)
    (root / "migrations" / "env.py").write_text(HEAD + env)
    for number in range(revisions):
        parent = f'"r{number - 1}"' if number else "None"
        (versions / f"r{number}.py").write_text(REVISION.format(name=f"r{number}", parent=parent))
    return root


def drive(root: Path, server: Server, **words: object) -> Heard:
    url = "postgresql+psycopg://checker@localhost/checker"
    order = Order(
        root=root,
        folder=".",
        python=Path(sys.executable),
        engine="postgresql",
        url=url,
        ini="alembic.ini",
        environment=plain_environment({"DATABASE_URL": url}),
        database="db_" + os.urandom(6).hex(),
        **words,  # type: ignore[arg-type]
    )
    return alembic.drive(order, server)


def facts(heard: Heard) -> MigrationRun:
    return run_of(Tree("alembic", "migrations", ("migrations/versions",), ()), "postgresql", "15", heard)


@pytest.mark.parametrize("name", sorted(REDIRECTED))
def test_every_shape_ends_on_our_server(name: str, server: Server, tmp_path: Path) -> None:
    run = facts(drive(project(tmp_path, REDIRECTED[name]), server))
    assert run.blocked == ""
    assert [(one.revision, one.direction) for one in run.steps if one.data == "empty"] == [
        (revision, direction) for revision in ("r0", "r1") for direction in ("up", "down", "again")
    ]
    assert run.base_left == ()


@pytest.mark.parametrize("name", sorted(STOPPED))
def test_what_cannot_be_run_says_why(name: str, server: Server, tmp_path: Path) -> None:
    env, said = STOPPED[name]
    run = facts(drive(project(tmp_path, env), server))
    if said:
        assert any(word in run.blocked for word in said.split("|")), run.blocked
    assert "secret" not in run.blocked
    assert not (tmp_path / "app.db").exists()


def test_a_server_that_is_not_ours_is_refused_before_any_statement(server: Server, tmp_path: Path) -> None:
    """Another database of the user's, on a socket of its own: the nonce is asked for, and nothing else."""
    wrong = Server(server.folder, "0" * 32, server.version)
    run = facts(drive(project(tmp_path, REDIRECTED["hard-coded"]), wrong))
    assert "not the throw-away one" in run.blocked
    assert run.steps == ()


def test_no_connection_leaves_the_machine_or_reaches_a_local_port(server: Server, tmp_path: Path) -> None:
    reached: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        port = listener.getsockname()[1]

        def accept() -> None:
            try:
                reached.append(listener.accept())
            except OSError:
                return

        waiting = threading.Thread(target=accept)
        waiting.start()
        env = f"import psycopg\npsycopg.connect('host=127.0.0.1 port={port} user=app connect_timeout=2')"
        run = facts(drive(project(tmp_path, env), server))
        waiting.join()
    assert run.blocked
    assert reached == [] or not closed_network()


def test_one_that_never_ends_is_stopped(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alembic, "GRACE", 1.0)
    run = facts(drive(project(tmp_path, "while True:\n    pass"), server, seconds=1.0))
    assert "not finished within the time" in run.blocked


def test_one_that_prints_megabytes_is_heard_all_the_same(server: Server, tmp_path: Path) -> None:
    env = "import sys\nsys.stdout.write('x' * (8 << 20))\nsys.stderr.write('{\"event\": \"hello\"}\\n' * 1000)\n"
    run = facts(drive(project(tmp_path, env + REDIRECTED["hard-coded"]), server))
    assert run.blocked == ""
    assert run.went("r1", "again")


def test_made_up_settings_are_named(server: Server, tmp_path: Path) -> None:
    heard = drive(project(tmp_path, REDIRECTED["missing-setting"]), server)
    assert heard.invented == ("SECRET_KEY",)
    assert any("SECRET_KEY" in note for note in facts(heard).notes)


def test_a_structure_of_settings_is_made_up_part_by_part(server: Server, tmp_path: Path) -> None:
    """What pydantic-settings says about nested models: first the whole is missing, then it is no JSON, then its parts."""
    env = (
        "import json, os\n"
        "class ValidationError(Exception):\n"
        "    def __init__(self, *place):\n        self.place = place\n"
        "    def errors(self):\n        return [{'type': 'missing', 'loc': self.place}]\n"
        "class SettingsError(Exception): ...\n"
        "told = os.environ.get('SECURITY')\n"
        "if told is None:\n    raise ValidationError('security')\n"
        "if not told.startswith('{'):\n    raise SettingsError('error parsing value for field \"security\" from source')\n"
        "if 'jwt' not in json.loads(told):\n    raise ValidationError('security', 'jwt')\n"
    )
    heard = drive(project(tmp_path, env + REDIRECTED["hard-coded"]), server)
    assert facts(heard).blocked == ""
    assert heard.invented == ("SECURITY", "security")


def test_passwords_are_never_said(server: Server, tmp_path: Path) -> None:
    heard = drive(project(tmp_path, "raise RuntimeError('cannot reach postgresql://app:hunter22@prod/db')"), server)
    assert "hunter22" not in str(heard.events)


def test_two_heads_and_two_bases_are_all_run(server: Server, tmp_path: Path) -> None:
    root = project(tmp_path, REDIRECTED["hard-coded"])
    (root / "migrations" / "versions" / "x0.py").write_text(REVISION.format(name="x0", parent="None"))
    heard = drive(root, server)
    run = facts(heard)
    assert run.blocked == ""
    assert {one.revision for one in run.steps} == {"r0", "r1", "x0"}


def test_an_error_that_env_py_swallows_is_found_all_the_same(server: Server, tmp_path: Path) -> None:
    env = (
        "from sqlalchemy import create_engine\n"
        "with create_engine('postgresql+psycopg://x').connect() as c:\n"
        "    try:\n        run(c)\n    except Exception:\n        pass\n"
    )
    root = project(tmp_path, env)
    (root / "migrations" / "versions" / "r2.py").write_text(
        REVISION.format(name="r2", parent='"r1"').replace("CREATE TABLE", "CREATE NONSENSE")
    )
    run = facts(drive(root, server))
    assert [(one.revision, one.direction) for one in run.failures][:1] == [("r2", "up")]
