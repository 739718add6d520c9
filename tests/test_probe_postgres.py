"""The throw-away PostgreSQL: found, started as whoever we are, and gone again whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest

from checker.model.unavailable import Unavailable
from checker.probe import keeping, postgres
from checker.probe.postgres import Binaries, Server

BINARIES = [postgres.find(), *(found for one in postgres._of_the_wheel() if (found := postgres._binaries(one)))]


def ask(server: Server, sql: str) -> object:
    with psycopg.connect(f"host={server.folder} user=postgres dbname=postgres", autocommit=True) as connection:
        answer = connection.execute(sql)
        row = answer.fetchone() if answer.description else None
    return row[0] if row else None


@pytest.mark.parametrize("binaries", BINARIES, ids=lambda one: f"{one.folder.parent.name}-{one.version}")
def test_a_server_proves_itself_starts_nothing_and_goes(binaries: Binaries, tmp_path: Path) -> None:
    with postgres.running(binaries) as server:
        assert ask(server, f"select current_setting('{postgres.NONCE}')") == server.nonce
        assert str(ask(server, "show server_version")).startswith(server.version)
        assert ask(server, "show listen_addresses") == ""
        assert ask(server, "show dynamic_shared_memory_type") == "mmap"  # nothing of it lies beside its folder
        assert ask(server, "show data_directory") == f"{server.folder}/data"
        for words in ("to program 'id >> {0}'", "to '{0}'"):
            with pytest.raises(psycopg.Error, match="could not"):
                ask(
                    server,
                    "do $$ begin execute 'co' || $s$py (select 1) " + words.format(tmp_path / "leak") + "$s$; end $$",
                )
    assert not (tmp_path / "leak").exists()
    assert not server.folder.exists()


def test_an_exception_inside_leaves_nothing() -> None:
    with pytest.raises(ZeroDivisionError), postgres.running(BINARIES[0]) as server:
        raise ZeroDivisionError
    assert not server.folder.exists()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_a_checker_that_dies_leaves_nothing(number: signal.Signals) -> None:
    script = (
        "import sys, time\nfrom checker.probe import postgres\n"
        "with postgres.running(postgres.find()) as server:\n    print(server.folder, flush=True)\n    time.sleep(600)\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert child.stdout is not None
    folder = Path(child.stdout.readline().strip())
    pid = next(int(one.parent.name) for one in Path("/proc").glob("[0-9]*/cmdline") if f"{folder}/data" in words(one))
    child.send_signal(number)
    child.wait()
    child.stdout.close()
    for _ in range(1000):
        if not folder.exists() and not alive(pid):
            break
        time.sleep(0.01)
    assert not folder.exists()
    assert not alive(pid)


def words(cmdline: Path) -> str:
    """The words of a process of this machine; of the server itself, whose own file says its number among its own."""
    try:
        found = cmdline.read_text("utf-8", "replace")
    except OSError:
        return ""
    return found if found.split("\0")[0].endswith("/postgres") else ""


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_named_binaries_that_do_not_work_are_refused(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="--pg-bin"):
        postgres.find(str(tmp_path))


def test_a_server_that_cannot_start_says_why(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 15.1'\necho 'no room left' >&2\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    before = set(keeping.base().glob("checker-pg-*"))
    with pytest.raises(Unavailable, match="no room left"), postgres.running(postgres.find(str(tmp_path))):
        pass
    assert set(keeping.base().glob("checker-pg-*")) <= before


def test_no_binaries_at_all_is_unavailable_with_the_line_that_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "_of_the_system", list)
    monkeypatch.setattr(postgres, "_of_the_wheel", list)
    with pytest.raises(Unavailable, match="pip install"):
        postgres.find()


def test_the_namespace_is_not_needed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As root where namespaces are denied, as in a plain container: the server runs as nobody."""
    script = (keeping._KEEPER).read_text().replace('"unshare"', '"no-such-program"')
    (tmp_path / "keeper.py").write_text(script)
    monkeypatch.setattr(keeping, "_KEEPER", tmp_path / "keeper.py")
    with postgres.running(BINARIES[0]) as server:
        assert ask(server, "select 1") == 1
    assert not server.folder.exists()
