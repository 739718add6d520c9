"""The only place that launches MariaDB or MySQL: local binaries alone, throw-away, on a private socket, always removed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checker.model.unavailable import Unavailable
from checker.probe.keeping import Server, kept

HOW = "install the binaries (Debian: apt-get install mariadb-server-core), or name them: --mysql-bin DIR"
_PROGRAMS = ("mariadbd", "mysqld")
_FOLDERS = ("/usr/sbin", "/usr/libexec", "/usr/local/sbin", "/usr/local/mysql/bin", "/opt/homebrew/bin")
_VERSION = re.compile(r"Ver (\d+(?:\.\d+)+)(-MariaDB)?")
_SHARED = ("../share/mysql", "../share/mariadb", "../share")
_TABLES = ("mysql_system_tables.sql", "mysql_system_tables_data.sql")


@dataclass(frozen=True)
class Binaries:
    """A server program, the version that it says it is, and for MariaDB the folder with the SQL of its own tables."""

    program: Path
    version: str
    shared: Path | None

    @property
    def engine(self) -> str:
        return "mariadb" if self.shared else "mysql"


def find(folder: str | None = None) -> Binaries:
    """The binaries that were named, else those on the path or where systems keep them. Unavailable: none work."""
    places = [folder] if folder is not None else [*os.environ.get("PATH", "").split(os.pathsep), *_FOLDERS]
    for name in _PROGRAMS:
        program = shutil.which(name, path=os.pathsep.join(places))
        found = _binaries(Path(program)) if program else None
        if found is not None:
            return found
    if folder is not None:
        raise Unavailable(f"--mysql-bin {folder}: no working mariadbd or mysqld in it; {HOW}")
    raise Unavailable(f"no mariadbd or mysqld on this machine; {HOW}")


@contextmanager
def running(binaries: Binaries) -> Iterator[Server]:
    """A fresh server, gone again afterwards with all that it wrote. Unavailable with its words when it fails."""
    nonce = secrets.token_hex(16)
    tables = [str(binaries.shared / name) for name in _TABLES] if binaries.shared else []
    asked = {"kind": "mysql", "program": str(binaries.program), "nonce": nonce, "tables": tables}
    with kept(asked, "MariaDB" if binaries.shared else "MySQL", HOW) as folder:
        yield Server(folder, nonce, binaries.version, binaries.engine)


def _binaries(program: Path) -> Binaries | None:
    try:
        asked = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.SubprocessError):
        return None
    said = _VERSION.search(asked.stdout)
    if said is None:
        return None
    real = program.resolve()
    shared = [real.parent / one for one in _SHARED if (real.parent / one / _TABLES[0]).is_file()]
    if not said[2]:
        return Binaries(real, said[1], None)
    return Binaries(real, said[1], shared[0].resolve()) if shared else None
