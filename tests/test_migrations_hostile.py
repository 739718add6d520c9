"""Migrations that misbehave: a clear word about each, and nothing left behind."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from checker.audit import audit
from checker.probe import postgres
from checker.probe.inside.migration_steps.wire import Wire
from checker.render.json import render
from checker.workplace import Request
from tests.scratch import FIXTURES
from tests.shared_server import shared

SOURCE = FIXTURES / "rules" / "migration-locks" / "fail-d07-index-not-concurrent" / "repo"
ENV = (SOURCE / "migrations" / "env.py").read_text("utf-8")
AUDIT = [sys.executable, "-m", "checker", "audit", "--profile", "agent", "--only", "migrations", "--format", "json"]
REVISION = '''"""The change under test."""

from alembic import op

revision = "b1"
down_revision = {parent}
branch_labels = None
depends_on = None


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(SOURCE, folder)
    change(folder, "pass")
    return folder


def change(folder: Path, up: str, down: str = "pass", parent: str = '"a0"') -> None:
    text = REVISION.format(parent=parent, up=up.replace("\n", "\n    "), down=down.replace("\n", "\n    "))
    (folder / "migrations" / "versions" / "b1_change.py").write_text(text, "utf-8")


def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "scratch").mkdir(exist_ok=True)
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "HOME": "/nonexistent", "TMPDIR": str(tmp_path / "scratch")}


@pytest.fixture(scope="module", autouse=True)
def _one_server() -> Iterator[None]:
    """The driver of each history is a process of its own; the server need not be a fresh one each time."""
    with shared(forks=False):
        yield


def audited(project: Path, *options: str, standard: str = "backend-developer") -> dict[str, Any]:
    """The report of an audit, which must leave its temporary folder empty; with options it is a command, and has an `exit`."""
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    report = commanded(project, options, standard) if options else judged(project, standard)
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before
    assert list((project.parent / "scratch").iterdir()) == []
    return report


def commanded(project: Path, options: tuple[str, ...], standard: str) -> dict[str, Any]:
    command = [*AUDIT, "--standard", standard, *options, str(project)]
    env = environment(project.parent)
    done = subprocess.run(command, capture_output=True, text=True, env=env, check=False)
    assert "Traceback" not in done.stderr
    report: dict[str, Any] = json.loads(done.stdout)
    return {**report, "exit": done.returncode}


def judged(project: Path, standard: str) -> dict[str, Any]:
    environment(project.parent)
    request = Request(project, only=("migrations",), standards=(standard,), profile="agent", contain=False)
    with patch.object(tempfile, "tempdir", str(project.parent / "scratch")):
        report: dict[str, Any] = json.loads(render(audit(request).report))
    return report


def outcome(report: dict[str, Any], rule: str) -> tuple[str, str]:
    one = next(one for one in report["results"] if one["rule"] == rule)
    return one["outcome"], one["reason"]


def test_without_a_database_it_says_what_would_supply_one(project: Path) -> None:
    report = audited(project, "--pg-bin", str(project))
    assert outcome(report, "migration-roundtrip")[0] == "unavailable"
    assert "--pg-bin" in outcome(report, "migration-roundtrip")[1]
    assert outcome(report, "migration-graph")[0] == "passed"  # what is only read goes on
    assert (report["exit"], report["status"]) == (3, "blocked")


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ("raise RuntimeError('no settings today')\n", "no settings today"),
        ("import os\nprint(os.environ['PAYMENT_KEY'][5000])\n" + ENV, "IndexError"),
        ("import psycopg\npsycopg.connect('host=192.0.2.10 user=app connect_timeout=3')\n", "192.0.2.10"),
        (
            "from alembic import command, config as c\ncommand.upgrade(c.Config('alembic.ini'), 'head')\n",
            "without running the migrations",
        ),
        ("import sys\nsys.exit(0)\n", "SystemExit"),
        ("import os\nos.kill(os.getpid(), 9)\n", "ended early"),
        ("", "without running the migrations"),
    ],
    ids=["raises", "needs-a-setting", "raw-driver", "migrates-itself", "exits", "is-killed", "empty"],
)
def test_an_env_py_that_cannot_be_run_is_unavailable_with_its_reason(env: str, said: str, project: Path) -> None:
    (project / "migrations" / "env.py").write_text(env, "utf-8")
    state, reason = outcome(audited(project), "migration-applies")
    assert state == "unavailable"
    assert any(word in reason for word in said.split("|")), reason


@pytest.mark.parametrize("way", ["psycopg.connect(", "psycopg.Connection.connect("])
def test_a_server_of_this_machine_is_never_touched_through_its_socket(way: str, project: Path) -> None:
    """No network is needed to reach it, and libpq connects where Python does not see it."""
    with postgres.running(postgres.find()) as other:
        raw = f"import psycopg\n{way}'host={other.folder} user=postgres', autocommit=True).execute('create table mine ()')\n"
        (project / "migrations" / "env.py").write_text(raw + ENV, "utf-8")
        state, reason = outcome(audited(project), "migration-applies")
        with Wire(str(other.folder), "postgres") as wire:
            assert wire.ask("select count(*) from pg_class where relname = 'mine'") == [("0",)]
    assert state == "unavailable"
    assert "connects by psycopg on its own" in reason


@pytest.mark.parametrize("call", ["subprocess.run(['psql', '-h', '/tmp'])", "os.system('/usr/bin/mysql -e x')"])
def test_a_client_of_databases_is_not_started(call: str, project: Path) -> None:
    change(project, f"import os, subprocess\n{call}")
    state, reason = outcome(audited(project), "migration-applies")
    assert state == "unavailable"
    assert "starts a client of databases on its own" in reason


def test_one_that_prints_megabytes_is_judged_all_the_same(project: Path) -> None:
    noise = "import sys\nsys.stdout.write('x' * (16 << 20))\nsys.stderr.write('y' * (16 << 20))\n"
    (project / "migrations" / "env.py").write_text(noise + ENV, "utf-8")
    assert outcome(audited(project), "migration-applies") == ("passed", "")


def test_an_app_that_migrates_when_it_is_imported_reaches_the_throw_away_database_alone(project: Path) -> None:
    """As some do: importing the package brings the database up, and env.py imports the package."""
    (project / "app").mkdir()
    (project / "app" / "__init__.py").write_text(
        "from sqlalchemy import create_engine, text\n"
        "engine = create_engine('postgresql+psycopg://app:secret@db.example.com/app')\n"
        "with engine.begin() as connection:\n"
        "    connection.execute(text('CREATE TABLE IF NOT EXISTS users (id int)'))\n",
        "utf-8",
    )
    (project / "migrations" / "env.py").write_text("import app\n" + ENV, "utf-8")
    report = audited(project)
    found = [one for one in report["findings"] if one["rule"] == "migration-applies"]
    assert "fills an empty database by itself" in found[0]["title"]
    assert "app:secret" not in json.dumps(report)


def test_an_app_that_runs_alembic_when_it_is_imported_is_judged_without_that(project: Path) -> None:
    (project / "app").mkdir()
    (project / "app" / "__init__.py").write_text(
        "from alembic import command\nfrom alembic.config import Config\ncommand.upgrade(Config('alembic.ini'), 'head')\n",
        "utf-8",
    )
    (project / "migrations" / "env.py").write_text("import app\n" + ENV, "utf-8")
    assert outcome(audited(project), "migration-applies") == ("passed", "")


@pytest.mark.parametrize(
    ("parent", "said"),
    [('"zz"', "does not exist"), ('"b1"', "circle")],
    ids=["lost-parent", "circle"],
)
def test_a_broken_graph_is_a_finding_and_what_had_to_run_is_unavailable(parent: str, said: str, project: Path) -> None:
    change(project, "pass", parent=parent)
    report = audited(project)
    assert any(said in one["title"] for one in report["findings"] if one["rule"] == "migration-graph")
    assert outcome(report, "migration-applies")[0] == "unavailable"


def test_a_backfill_of_ten_thousand_rows_under_a_lock_is_named(project: Path) -> None:
    rows = "INSERT INTO team SELECT gen_random_uuid(), 'team ' || i FROM generate_series(1, 10000) i"
    up = (
        f'op.execute("{rows}")\n'
        'op.execute("ALTER TABLE team ADD COLUMN slug text")\n'
        'op.execute("UPDATE team SET slug = lower(name) WHERE id IN (SELECT id FROM team t, pg_sleep(0))")\n'
        'op.execute("ALTER TABLE team ALTER COLUMN slug SET NOT NULL")'
    )
    change(project, up, 'op.drop_column("team", "slug")\nop.execute("DELETE FROM team")')
    report = audited(project, standard="backend-engineer")
    found = {(one["rule"], one["where"]["lines"]): one for one in report["findings"]}
    assert "changes rows while it holds team" in found["migration-locks", "14"]["title"]
    assert "10006 rows" in found["migration-locks", "14"]["evidence"]
    assert "in one statement without a bound" in found["migration-batches", "14"]["title"]


def test_a_migration_that_never_ends_is_stopped(project: Path) -> None:
    """The server's own limit on one statement ends it; the time limit of the run is tried with the probe."""
    change(project, 'op.execute("SET LOCAL statement_timeout = \'1s\'")\nop.execute("SELECT pg_sleep(600)")')
    report = audited(project)
    found = next(one for one in report["findings"] if one["rule"] == "migration-applies")
    assert "statement timeout" in found["evidence"]


def test_an_engine_that_is_not_started_here_is_named_with_the_line_that_mends_it(project: Path) -> None:
    ini = project / "alembic.ini"
    ini.write_text(ini.read_text("utf-8").replace("postgresql+psycopg", "mysql+pymysql"), "utf-8")
    report = audited(project, "--mysql-bin", str(project))
    assert outcome(report, "migration-applies")[0] == "unavailable"
    assert "histories for mysql are not run" in outcome(report, "migration-applies")[1]
    assert "no working mariadbd or mysqld in it; install the binaries" in outcome(report, "migration-applies")[1]
    assert '[database] engine = "postgresql"' in outcome(report, "migration-applies")[1]
    assert report["exit"] in (1, 3)


def test_what_is_followed_on_postgresql_alone_is_said_to_be_not_looked_at(project: Path) -> None:
    """On SQLite it neither passes nor stands in the way."""
    ini = project / "alembic.ini"
    ini.write_text(re.sub("sqlalchemy.url = .*", "sqlalchemy.url = sqlite:///app.db", ini.read_text("utf-8")), "utf-8")
    shutil.rmtree(project / "migrations" / "versions")
    (project / "migrations" / "versions").mkdir()
    change(project, 'op.execute("CREATE TABLE note (id int)")', 'op.drop_table("note")', parent="None")
    report = audited(project, standard="backend-engineer")
    assert outcome(report, "migration-roundtrip") == ("passed", "")
    for rule in ("migration-rows", "migration-locks", "migration-batches", "schema-drift"):
        state, reason = outcome(report, rule)
        assert (state, "not looked at" in reason) == ("not_applicable", True), (rule, reason)
    assert any("ran on SQLite: rows, locks" in note for note in report["notes"])


HONEST = {
    "another schema with a table of the same name": (
        (
            'op.execute("CREATE SCHEMA billing")\n'
            'op.execute("CREATE TABLE billing.users (id uuid PRIMARY KEY, owner uuid REFERENCES users (id))")'
        ),
        'op.execute("DROP TABLE billing.users")\nop.execute("DROP SCHEMA billing")',
    ),
    "batches outside of a transaction": (
        (
            'op.execute("ALTER TABLE users ADD COLUMN slug text")\n'
            "with op.get_context().autocommit_block():\n"
            "    some = \"UPDATE users SET slug = 's' WHERE id IN (SELECT id FROM users WHERE slug IS NULL LIMIT 1000)\"\n"
            "    while op.get_bind().exec_driver_sql(some).rowcount:\n"
            "        pass"
        ),
        'op.drop_column("users", "slug")',
    ),
    "an error outside of a transaction that is passed over": (
        (
            "with op.get_context().autocommit_block():\n"
            "    try:\n"
            '        op.execute("ALTER TABLE nowhere ADD COLUMN x int")\n'
            "    except Exception:\n"
            "        pass\n"
            '    op.execute("ALTER TABLE users ADD COLUMN y int")'
        ),
        'op.drop_column("users", "y")',
    ),
}


@pytest.mark.parametrize("change_of", HONEST)
def test_what_is_done_outside_of_a_transaction_or_schema_is_followed_without_harm(
    change_of: str, project: Path
) -> None:
    change(project, *HONEST[change_of])
    report = audited(project, standard="backend-engineer")
    graver = [one["title"] for one in report["findings"] if one["severity"] in ("critical", "major")]
    assert (graver, [one for one in report["results"] if one["outcome"] == "unavailable"]) == ([], [])
    assert outcome(report, "migration-rows")[0] == "passed"


def test_settings_are_those_of_the_example_with_their_quotes_and_lists(project: Path) -> None:
    lines = ('export ORIGINS=["http://localhost:3000", "*"]  # who may ask', "NAME='a b'", 'KEY = "x#y"', "EMPTY=")
    (project / ".env.example").write_text("\n".join(lines) + "\n", "utf-8")
    seen = "[os.environ[name] for name in ('ORIGINS', 'NAME', 'KEY', 'EMPTY')]"
    wanted = ['["http://localhost:3000", "*"]', "a b", "x#y", ""]
    (project / "migrations" / "env.py").write_text(f"import os\nassert {seen} == {wanted!r}\n" + ENV, "utf-8")
    assert outcome(audited(project), "migration-applies") == ("passed", "")


def test_a_project_for_a_newer_python_is_told_so(project: Path) -> None:
    (project / "pyproject.toml").write_text('[project]\nname = "app"\nrequires-python = ">=3.99"\n', "utf-8")
    (project / "migrations" / "env.py").write_text("raise NameError('Item is not defined')\n", "utf-8")
    assert "asks for Python >=3.99" in outcome(audited(project), "migration-applies")[1]


def test_the_report_says_what_the_migrations_ran_on(project: Path) -> None:
    told = 'create_engine("postgresql+psycopg://app@db.example.com/app", poolclass=pool.NullPool)'
    env = ENV.replace("import engine_from_config", "import create_engine")
    (project / "migrations" / "env.py").write_text(re.sub(r"engine_from_config\(.*\)", told, env), "utf-8")
    report = audited(project)
    (ran,) = [note for note in report["notes"] if "throw-away" in note and "migrations run on" in note]
    assert re.fullmatch(r"migrations: 2 of 2 migrations run on a throw-away PostgreSQL \d+(\.\d+)* \(major \d+\)", ran)
    assert (
        "migrations: env.py asked for the database on db.example.com, and was given the throw-away one"
        in report["notes"]
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_audit_that_is_stopped_leaves_nothing_running(number: signal.Signals, project: Path) -> None:
    (project / "migrations" / "env.py").write_text("import time\ntime.sleep(600)\n", "utf-8")
    command = [*AUDIT, "--standard", "backend-developer", str(project)]
    child = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(project.parent)
    )
    started = _await(lambda: _driven(child.pid))
    folder = _folder(started)
    assert folder.is_dir()
    child.send_signal(number)
    child.wait(60)
    _await(lambda: (not folder.exists() and not [pid for pid in started if _alive(pid)]) or None)
    if number is not signal.SIGKILL:  # who is killed cannot tidy its own folder up
        assert list((project.parent / "scratch").iterdir()) == []


def _await(seen: Any) -> Any:
    for _ in range(3000):
        found = seen()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError("did not happen within 30 s")


def _driven(pid: int) -> dict[int, list[str]] | None:
    """The processes below this one, once the driver of the migrations is among them."""
    found = _below(pid)
    return found if any("migration_steps" in " ".join(words) for words in found.values()) else None


def _below(pid: int) -> dict[int, list[str]]:
    parents: dict[int, int] = {}
    words: dict[int, list[str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words[int(entry.name)] = (entry / "cmdline").read_text("utf-8", "replace").split("\0")
            except (OSError, ValueError):
                continue
    below, more = {pid}, True
    while more:
        fresh = {one for one, parent in parents.items() if parent in below} - below
        below, more = below | fresh, bool(fresh)
    return {one: words[one] for one in below if one in words}


def _folder(started: dict[int, list[str]]) -> Path:
    server = next(words for words in started.values() if "-D" in words)
    return Path(server[server.index("-D") + 1]).parent


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
