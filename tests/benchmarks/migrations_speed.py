"""A long history up, down and up: ours with snapshots of the catalogue, and `pytest-alembic`'s tests, side by side.

usage: python -m tests.benchmarks.migrations_speed --pytest-alembic PYTHON [--revisions N] [--runs N] [--setup NAME …]

PYTHON is an interpreter with pytest-alembic and psycopg, made by hand:
    python -m venv peer && peer/bin/pip install pytest-alembic "psycopg[binary]"
Both run over the same generated history on throw-away servers of the same binaries. The peer's set-ups:
    default    its four default tests, on our server, with an env.py that takes the connection which the peer hands over
    template   the same, with the env.py of Alembic's own template, which makes an engine for each command
    durable    as template, on a server with the delivered settings for writing: fsync on, on disk
    comparing  as default, with `downgrade_leaves_no_trace`: the only one of its tests that compares after a downgrade
Thirty times is what we want of each; on two cores it was 3, 5, 6 and 20. Exits 2 when the peer is missing, 1 when ours takes
longer than 6 s for 200 revisions (scaled with N), or when the comparing peer, where it was run, is not at least 15 times slower.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest.mock import patch

from checker.collect.run_events import run_of
from checker.model.migrations import Tree
from checker.probe import alembic, keeping, postgres
from checker.probe.network import plain_environment

COMPARING = "from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace\n"
MOST_SECONDS = 6.0  # for 200 revisions
LEAST_RATIO = 15.0  # of what was seen, so that a step back is noticed
SETUPS = ("default", "template", "durable", "comparing")
ENV = """
import os
from alembic import context
from sqlalchemy import Column, Index, Integer, MetaData, String, Table, Text, Uuid, create_engine, pool

config = context.config
metadata = MetaData()
for first in range(0, {revisions}, 5):
    name = f"t{{first // 5:03}}"
    columns = [Column("id", Uuid, primary_key=True), Column("name", String(50), nullable=False), Column("age", Integer)]
    table = Table(name, metadata, *columns, *([Column("note", Text)] if first + 1 < {revisions} else []))
    if first + 2 < {revisions}:
        Index(f"ix_{{name}}_name", table.c.name)
connectable = {given}create_engine(os.environ["DATABASE_URL"], poolclass=pool.NullPool)
with connectable.connect() as connection:
    context.configure(connection=connection, target_metadata=metadata)
    with context.begin_transaction():
        context.run_migrations()
"""
GIVEN = 'config.attributes.get("connection", None) or '
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "wal_level": "replica"}
REVISION = '''"""Step {number}."""

import sqlalchemy as sa
from alembic import op

revision = "r{number:04}"
down_revision = {parent}


def upgrade() -> None:
    {up}


def downgrade() -> None:
    {down}
'''
CONFTEST = """
import os
import pytest
from sqlalchemy import create_engine

@pytest.fixture
def alembic_config():
    return {"file": "alembic.ini"}

@pytest.fixture
def alembic_engine():
    return create_engine(os.environ["DATABASE_URL"])
"""


TESTS = """
from pytest_alembic.tests import (
    test_model_definitions_match_ddl,
    test_single_head_revision,
    test_up_down_consistency,
    test_upgrade,
)
"""


def main() -> int:
    options = _options()
    if subprocess.run([options.peer, "-c", "import pytest_alembic, psycopg"], check=False).returncode:
        print(f"{options.peer} has no pytest-alembic with psycopg: see the usage", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="migrations-speed-") as scratch:
        root = history(Path(scratch), options.revisions)
        ours = [_ours(root, options.revisions) for _ in range(options.runs)]
        mine = statistics.median(ours)
        print(
            f"ours: {options.revisions} revisions with snapshots {mine:8.2f} s (median of {options.runs})", flush=True
        )
        slower = {name: _setup(name, root, options) / mine for name in options.setup}
    for name, ratio in slower.items():
        print(f"pytest-alembic, {name:10} ratio {ratio:6.1f}")
    enough = slower.get("comparing", LEAST_RATIO) >= LEAST_RATIO
    return 0 if mine <= MOST_SECONDS * options.revisions / 200 and enough else 1


def _setup(name: str, root: Path, options: argparse.Namespace) -> float:
    given = "" if name in ("template", "durable") else GIVEN
    (root / "migrations" / "env.py").write_text(ENV.format(revisions=options.revisions, given=given), "utf-8")
    took = _theirs(root, options.peer, TESTS + (COMPARING if name == "comparing" else ""), durable=name == "durable")
    print(f"pytest-alembic, {name:10} {took:8.2f} s", flush=True)
    return took


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pytest-alembic", dest="peer", required=True)
    parser.add_argument("--revisions", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--setup", nargs="*", choices=SETUPS, default=SETUPS)
    return parser.parse_args()


def history(root: Path, revisions: int) -> Path:
    """A project of that many revisions: every fifth makes a table, the others give it a column, an index, a check, a default."""
    versions = root / "migrations" / "versions"
    versions.mkdir(parents=True)
    (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n", "utf-8")
    (root / "migrations" / "env.py").write_text(ENV.format(revisions=revisions, given=GIVEN), "utf-8")
    (root / "migrations" / "script.py.mako").write_text("", "utf-8")
    (root / "conftest.py").write_text(CONFTEST, "utf-8")
    for number in range(revisions):
        up, down = _steps(number)
        parent = f'"r{number - 1:04}"' if number else "None"
        (versions / f"r{number:04}.py").write_text(
            REVISION.format(number=number, parent=parent, up=up, down=down), "utf-8"
        )
    return root


def _steps(number: int) -> tuple[str, str]:
    table = f"t{number // 5:03}"
    key = 'sa.Column("id", sa.Uuid, primary_key=True), sa.Column("name", sa.String(50), nullable=False)'
    return (
        (f'op.create_table("{table}", {key}, sa.Column("age", sa.Integer))', f'op.drop_table("{table}")'),
        (f'op.add_column("{table}", sa.Column("note", sa.Text))', f'op.drop_column("{table}", "note")'),
        (f'op.create_index("ix_{table}_name", "{table}", ["name"])', f'op.drop_index("ix_{table}_name")'),
        (
            f'op.create_check_constraint("ck_{table}_age", "{table}", "age >= 0")',
            f'op.drop_constraint("ck_{table}_age", "{table}")',
        ),
        (
            f'op.alter_column("{table}", "note", server_default="none")',
            f'op.alter_column("{table}", "note", server_default=None)',
        ),
    )[number % 5]


def _ours(root: Path, revisions: int) -> float:
    """Seconds for the server, the interpreter, the whole chain with four pictures a revision, and down to base."""
    began = time.monotonic()
    with postgres.running(postgres.find()) as server:
        order = alembic.Order(
            root=root,
            folder=".",
            python=Path(sys.executable),
            engine="postgresql",
            url="postgresql+psycopg://checker@localhost/checker",
            ini="alembic.ini",
            environment=plain_environment({"DATABASE_URL": "postgresql+psycopg://checker@localhost/checker"}),
            traced=(),
        )
        heard = alembic.drive(order, server)
    took = time.monotonic() - began
    run = run_of(Tree("alembic", "migrations", ("migrations/versions",), ()), "postgresql", server.version, heard)
    whole = sum(one.data == "empty" for one in run.steps) == 3 * revisions and run.base_left == ()
    if run.blocked or not whole:
        raise RuntimeError(f"the history did not run to its end: {run.blocked or len(run.steps)}")
    return took


def _theirs(root: Path, python: str, tests: str, *, durable: bool) -> float:
    """Seconds of a run of the peer's tests, which must pass."""
    (root / "test_migrations.py").write_text(tests, "utf-8")
    with _server(durable=durable) as url:
        began = time.monotonic()
        done = subprocess.run(
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
            cwd=root,
            env={**os.environ, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )
        took = time.monotonic() - began
    if done.returncode:
        raise RuntimeError(f"pytest-alembic did not pass: {done.stdout[-2000:]}")
    return took


@contextmanager
def _server(*, durable: bool) -> Iterator[str]:
    """The URL of a server of ours, or of one with the delivered settings, whose data is on disk."""
    with ExitStack() as stack:
        if durable:
            stack.enter_context(patch.dict(postgres.SETTINGS, DURABLE))
            stack.enter_context(patch.object(keeping, "MEMORY", Path("/nonexistent")))
        server = stack.enter_context(postgres.running(postgres.find()))
        yield f"postgresql+psycopg://postgres@/postgres?host={server.folder}"


if __name__ == "__main__":
    raise SystemExit(main())
