"""The only place that knows the peers: how each is started on a backend, and what it says of which place."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.scratch import ENVIRONMENT

SPEC = "specs/openapi.yaml"
RULES = "semgrep-rules.txt"  # in the scratch folder: where a clone of semgrep's rules is
SERVER = "server.txt"  # in the scratch folder: the address of a PostgreSQL, `{}` in place of the database
Spot = tuple[str, int]  # path, line; 0 is the whole file


@dataclass(frozen=True)
class Peer:
    """A program, the words that start it in a repository, and the places in its answer."""

    name: str
    program: str
    words: Callable[[Path, Path], list[str]]
    spots: Callable[[Path, str], Iterator[Spot]]
    good: tuple[int, ...] = (0, 1)
    server: bool = False  # whether it wants a PostgreSQL, whose address is then in `SERVER`


def app_environment(repo: Path) -> dict[str, str]:
    told: dict[str, str] = tomllib.loads((repo / "checker.toml").read_text("utf-8"))["app"]["env"]
    return told


def operations_of(repo: Path) -> dict[str, set[Spot]]:
    """The lines of each operation of the contract."""
    root: Any = yaml.compose((repo / SPEC).read_text("utf-8"))
    found: dict[str, set[Spot]] = {}
    paths = next(value for key, value in root.value if key.value == "paths")
    for path, item in paths.value:
        for method, operation in item.value:
            name = f"{method.value.upper()} {path.value}"
            found[name] = {(SPEC, line + 1) for line in range(method.start_mark.line, operation.end_mark.line)}
    return found


def _under(repo: Path, path: str) -> str:
    full = Path(path)
    return str(full.relative_to(repo)) if full.is_absolute() and full.is_relative_to(repo) else str(full)


def _of_redocly(repo: Path, text: str) -> Iterator[Spot]:
    operations = operations_of(repo)
    for one in json.loads(text[text.index("{") :])["problems"]:
        pointer = (one["location"] or [{}])[0].get("pointer", "")
        yield from _of_pointer(operations, [part.replace("~1", "/") for part in pointer.split("/")[1:]])


def _of_pointer(operations: dict[str, set[Spot]], parts: list[str]) -> Iterator[Spot]:
    """The first line of the operation that a pointer leads into, else the whole contract."""
    name = f"{parts[2].upper()} {parts[1]}" if len(parts) > 2 and parts[0] == "paths" else ""
    yield min(operations[name]) if name in operations else (SPEC, 0)


def _of_spectral(repo: Path, text: str) -> Iterator[Spot]:
    for one in json.loads(text or "[]"):
        yield SPEC, one["range"]["start"]["line"] + 1


def _spectral(_: Path, scratch: Path) -> list[str]:
    rules = scratch / "spectral.yaml"
    rules.write_text('extends: ["spectral:oas"]\n', "utf-8")
    return ["lint", "--ruleset", str(rules), "--format", "json", "--quiet", SPEC]


def _of_ruff(repo: Path, text: str) -> Iterator[Spot]:
    for one in json.loads(text):
        yield _under(repo, one["filename"]), one["location"]["row"]


def _of_bandit(repo: Path, text: str) -> Iterator[Spot]:
    for one in json.loads(text)["results"]:
        yield _under(repo, one["filename"].removeprefix("./")), one["line_number"]


def _of_detect_secrets(_: Path, text: str) -> Iterator[Spot]:
    for path, found in json.loads(text)["results"].items():
        yield from ((path, one["line_number"]) for one in found)


def _squawk(repo: Path, scratch: Path) -> list[str]:
    """Each migration as the SQL that Alembic writes for it: squawk reads SQL."""
    folder = scratch / f"sql-{repo.name}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    told = {"DATABASE_URL": "postgresql+psycopg://a@localhost/a", "PYTHONPATH": str(repo)}
    env = {**ENVIRONMENT, **app_environment(repo), **told}
    for revision, (_, before) in _revisions(repo).items():
        code = f"from alembic.config import main; main(['upgrade', {before + ':' + revision!r}, '--sql'])"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=repo, env=env, capture_output=True, text=True, check=False
        )
        if done.returncode == 0:  # one that reads rows cannot be written as SQL
            (folder / f"{revision}.sql").write_text(done.stdout, "utf-8")
    return ["--reporter", "json", *map(str, sorted(folder.glob("*.sql")))]


def _revisions(repo: Path) -> dict[str, tuple[str, str]]:
    """Each revision's file and the revision before it."""
    found = {}
    for file in sorted((repo / "alembic" / "versions").glob("*.py")):
        named = dict(re.findall(r"(?m)^(revision|down_revision)\b[^=]*= *[\"'](.+?)[\"']", file.read_text("utf-8")))
        found[named["revision"]] = (file.relative_to(repo).as_posix(), named.get("down_revision", "base"))
    return found


def _of_squawk(repo: Path, text: str) -> Iterator[Spot]:
    files = {revision: path for revision, (path, _) in _revisions(repo).items()}
    for one in json.loads(text or "[]"):
        yield files[Path(one["file"]).stem], 0


def _of_semgrep(repo: Path, text: str) -> Iterator[Spot]:
    for one in json.loads(text)["results"]:
        yield from ((_under(repo, one["path"]), line) for line in {one["start"]["line"], one["end"]["line"]})


def _semgrep(_: Path, scratch: Path) -> list[str]:
    """With the rules of its makers for Python and secrets, which have to be cloned: its package holds none."""
    rules = _rules_of_semgrep(scratch)
    return [
        *("scan", "--metrics", "off", "--disable-version-check", "-j", "2", "--json", "--quiet"),
        *("--config", str(rules / "python"), "--config", str(rules / "generic" / "secrets"), "."),
    ]


def _rules_of_semgrep(scratch: Path) -> Path:
    rules = Path((scratch / RULES).read_text("utf-8"))
    if not (rules / "python").is_dir():
        raise RuntimeError("no clone of github.com/semgrep/semgrep-rules beside the peers")
    return rules


_PEER_CONFTEST = """
import os, sys, uuid
import pytest, sqlalchemy
sys.path.insert(0, {repo!r})
server, name = {server!r}, "peer" + uuid.uuid4().hex
made = sqlalchemy.create_engine(server.format("postgres"), isolation_level="AUTOCOMMIT")
with made.connect() as connection:
    connection.execute(sqlalchemy.text("CREATE DATABASE " + name))
os.environ.update({told!r}, DATABASE_URL=server.format(name))

@pytest.fixture
def alembic_config():
    return {{"file": "alembic.ini"}}

@pytest.fixture
def alembic_engine():
    return sqlalchemy.create_engine(server.format(name))
"""
_PEER_TESTS = """
from pytest_alembic.tests import (
    test_model_definitions_match_ddl, test_single_head_revision, test_up_down_consistency, test_upgrade
)
from pytest_alembic.tests.experimental import test_downgrade_leaves_no_trace
"""


def _pytest_alembic(repo: Path, scratch: Path) -> list[str]:
    folder = scratch / f"pytest-alembic-{repo.name}"
    folder.mkdir(exist_ok=True)
    server = (scratch / SERVER).read_text("utf-8")
    told = _PEER_CONFTEST.format(repo=str(repo), server=server, told=app_environment(repo))
    (folder / "conftest.py").write_text(told, "utf-8")
    (folder / "test_migrations.py").write_text(_PEER_TESTS, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", "utf-8")
    return ["-q", "-p", "no:cacheprovider", "--rootdir", str(folder), "-c", str(folder / "pytest.ini"), str(folder)]


def _of_pytest_alembic(repo: Path, text: str) -> Iterator[Spot]:
    """The migrations that the failures name, and every one where a failure names none."""
    if "pytest_alembic" not in text and " passed" not in text:
        raise RuntimeError(" ".join(text[-200:].split()))
    files = {revision: path for revision, (path, _) in _revisions(repo).items()}
    for failure in re.split(r"(?m)^_{3,} .* _{3,}$", text.partition("short test summary")[0])[1:]:
        yield from ((files[one], 0) for one in files if re.search(rf"\b{re.escape(one)}\b", failure))


PEERS = (
    Peer("Redocly CLI (recommended)", "redocly", lambda _, __: ["lint", SPEC, "--format=json"], _of_redocly),
    Peer("Spectral (spectral:oas)", "spectral", _spectral, _of_spectral),
    Peer("squawk", "squawk", _squawk, _of_squawk),
    Peer(
        "ruff (S, B, ASYNC, BLE, DTZ, E, F)",
        "ruff",
        lambda _, __: [
            "check",
            "--isolated",
            "--no-cache",
            "--select",
            "S,B,ASYNC,BLE,DTZ,E,F",
            "--output-format",
            "json",
            ".",
        ],
        _of_ruff,
    ),
    Peer("semgrep (its makers' rules for Python and secrets)", "semgrep", _semgrep, _of_semgrep, (0, 1, 2)),
    Peer("pytest-alembic (its tests and leaves_no_trace)", "pytest", _pytest_alembic, _of_pytest_alembic, server=True),
    Peer("bandit", "bandit", lambda _, __: ["-q", "-r", ".", "-f", "json"], _of_bandit),
    Peer("detect-secrets", "detect-secrets", lambda _, __: ["scan", "--all-files"], _of_detect_secrets),
)


def find(folder: Path, program: str) -> Path | None:
    places = [*folder.rglob(f"bin/{program}"), *folder.rglob(f".bin/{program}")]
    return next((one.absolute() for one in places if os.access(one, os.X_OK)), None)


def environment_of(program: Path) -> dict[str, str]:
    return {
        **ENVIRONMENT,
        "PATH": f"{program.parent}:{ENVIRONMENT['PATH']}",
        "HOME": tempfile.gettempdir(),
        "PYTHONPATH": "",
    }
