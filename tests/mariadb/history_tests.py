"""Histories for MySQL and MariaDB, run on a server that is started for them; `make test-mariadb` fails without the binaries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from checker.probe import mariadb

ENV = """
from alembic import context
from sqlalchemy import {made}, pool

config = context.config


def run(connection):
    context.configure(connection=connection, target_metadata=None)
    with context.begin_transaction():
        context.run_migrations()


"""
PLAIN = (
    ENV.format(made="engine_from_config")
    + """
with engine_from_config(config.get_section(config.config_ini_section), prefix="sqlalchemy.").connect() as connection:
    run(connection)
"""
)
ASYNCHRONOUS = (
    ENV.format(made="text")
    + """
import asyncio
from sqlalchemy.ext.asyncio import create_async_engine


async def go():
    async with create_async_engine("mysql+asyncmy://app:secret@db.example.com/app").connect() as connection:
        await connection.run_sync(run)


asyncio.run(go())
"""
)
HARD_CODED = (
    ENV.format(made="create_engine")
    + """
with create_engine("mysql+pymysql://app:secret@/app?unix_socket={socket}").connect() as connection:
    run(connection)
"""
)
REVISION = '''"""A step."""

import sqlalchemy as sa
from alembic import op

revision = "{name}"
down_revision = {parent}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''
BASE = (
    (
        'op.create_table("team", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40), '
        'nullable=False, server_default="none", comment="what it is called"))\n'
        'op.create_table("person", sa.Column("id", sa.Integer, primary_key=True), sa.Column("age", sa.Integer), '
        'sa.Column("mood", sa.Enum("calm", "loud")), sa.CheckConstraint("age > 0", name="ck_age"), '
        'sa.Column("team_id", sa.Integer, sa.ForeignKey("team.id", name="fk_team", ondelete="CASCADE")))\n'
        'op.create_index("ix_mood", "person", ["mood"])'
    ),
    'op.drop_table("person")\nop.drop_table("team")',
)
GOOD = (
    (
        'op.add_column("team", sa.Column("note", sa.Text))\n'
        "op.execute(\"CREATE TRIGGER named BEFORE INSERT ON team FOR EACH ROW SET NEW.note = 'n'\")\n"
        'op.execute("CREATE VIEW teams AS SELECT id FROM team")\n'
        'op.create_unique_constraint("uq_name", "team", ["name"])'
    ),
    (
        'op.drop_constraint("uq_name", "team", type_="unique")\n'
        'op.execute("DROP VIEW teams")\nop.execute("DROP TRIGGER named")\nop.drop_column("team", "note")'
    ),
)
STANDARDS = ("--standard", "backend-engineer", "--standard", "backend-developer")
BAD = {
    "a trigger is left": (GOOD[0], GOOD[1].replace('op.execute("DROP TRIGGER named")\n', ""), "trigger named is left"),
    "an enumeration stays wide": (
        "op.execute(\"ALTER TABLE person MODIFY mood ENUM('calm', 'loud', 'sad')\")",
        "op.get_bind()",
        "type \"enum('calm','loud')\" became",
    ),
    "a default is lost": (
        'op.execute("ALTER TABLE team ALTER name DROP DEFAULT")',
        "op.get_bind()",
        "default \"'none'\" became None",
    ),
    "a reference is loosened": (
        (
            'op.drop_constraint("fk_team", "person", type_="foreignkey")\n'
            'op.create_foreign_key("fk_team", "person", "team", ["team_id"], ["id"])'
        ),
        "op.get_bind()",
        "constraint person.fk_team changed",
    ),
    "a check is lost": (
        'op.execute("ALTER TABLE person DROP CONSTRAINT ck_age")',
        "op.get_bind()",
        "constraint person.ck_age is missing",
    ),
    "a comment is lost": (
        "op.execute(\"ALTER TABLE team MODIFY name varchar(40) NOT NULL DEFAULT 'none'\")",
        "op.get_bind()",
        "comment 'what it is called' became ''",
    ),
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "migrations" / "versions").mkdir(parents=True)
    lines = (
        "[alembic]",
        "script_location = migrations",
        "sqlalchemy.url = mysql+pymysql://app:secret@db.example.com/app",
    )
    (folder / "alembic.ini").write_text("\n".join(lines) + "\n", "utf-8")
    (folder / "migrations" / "env.py").write_text(PLAIN, "utf-8")
    step(folder, "a0", None, *BASE)
    return folder


def step(folder: Path, name: str, parent: str | None, up: str, down: str) -> None:
    bodies = {"up": up.replace("\n", "\n    "), "down": down.replace("\n", "\n    ")}
    text = REVISION.format(name=name, parent=repr(parent), **bodies)
    (folder / "migrations" / "versions" / f"{name}.py").write_text(text, "utf-8")


def audited(project: Path) -> dict[str, Any]:
    """The report of an audit, which must leave neither its temporary folder nor a server's folder."""
    (project.parent / "scratch").mkdir()
    before = set(Path("/dev/shm").glob("checker-my-*"))
    command = [
        sys.executable,
        "-m",
        "checker",
        "audit",
        "--profile",
        "agent",
        "--only",
        "migrations",
        "--format",
        "json",
    ]
    env = {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": "/nonexistent",
        "TMPDIR": str(project.parent / "scratch"),
    }
    done = subprocess.run([*command, *STANDARDS, str(project)], capture_output=True, text=True, env=env, check=False)
    assert "Traceback" not in done.stderr
    assert list((project.parent / "scratch").iterdir()) == []
    assert set(Path("/dev/shm").glob("checker-my-*")) <= before
    report: dict[str, Any] = json.loads(done.stdout)
    return report


def outcome(report: dict[str, Any], rule: str) -> tuple[str, str]:
    one = next(one for one in report["results"] if one["rule"] == rule)
    return one["outcome"], one["reason"]


@pytest.mark.parametrize("env", [PLAIN, ASYNCHRONOUS], ids=["pymysql", "asyncmy"])
def test_a_good_history_goes_up_down_and_up(env: str, project: Path) -> None:
    (project / "migrations" / "env.py").write_text(env, "utf-8")
    step(project, "b1", "a0", *GOOD)
    report = audited(project)
    assert outcome(report, "migration-applies") == ("passed", "")
    assert outcome(report, "migration-roundtrip") == ("passed", "")
    binaries = mariadb.find()
    name = {"mariadb": "MariaDB", "mysql": "MySQL"}[binaries.engine]
    major = binaries.version.split(".")[0]
    told = f"migrations: 2 of 2 migrations run on a throw-away {name} {binaries.version} (major {major})"
    assert told in report["notes"]


@pytest.mark.parametrize("planted", BAD)
def test_what_a_downgrade_forgets_is_found_in_the_catalogue(planted: str, project: Path) -> None:
    up, down, said = BAD[planted]
    step(project, "b1", "a0", up, down)
    report = audited(project)
    (found,) = [one for one in report["findings"] if one["rule"] == "migration-roundtrip"]
    assert said in found["evidence"]
    assert found["where"]["path"] == "migrations/versions/b1.py"


def test_a_server_that_we_did_not_start_is_never_touched(project: Path) -> None:
    """One that runs on this very machine, named by its socket in env.py, as a developer's own would be."""
    with mariadb.running(mariadb.find()) as other:
        env = HARD_CODED.replace("{socket}", str(other.folder / "mysql.sock"))
        (project / "migrations" / "env.py").write_text(env, "utf-8")
        report = audited(project)
        assert outcome(report, "migration-applies") == ("passed", "")
        written = {path.name for path in (other.folder / "data").iterdir() if path.is_dir()}
    assert written == {"mysql"}


@pytest.mark.parametrize("to", ["host='192.0.2.10'", "unix_socket='{socket}'"], ids=["network", "socket"])
def test_a_raw_driver_that_goes_elsewhere_is_stopped(to: str, project: Path) -> None:
    with mariadb.running(mariadb.find()) as other:
        to = to.replace("{socket}", str(other.folder / "mysql.sock"))
        env = f"import pymysql\npymysql.connect({to}, user='root', connect_timeout=3)\n" + PLAIN
        (project / "migrations" / "env.py").write_text(env, "utf-8")
        state, reason = outcome(audited(project), "migration-applies")
    assert state == "unavailable"
    assert to.partition("=")[2].strip("'") in reason
