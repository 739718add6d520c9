"""The only place that says how a child is started apart from us, without our network or our processes, where the kernel lets us."""

from __future__ import annotations

import os
import subprocess
from functools import cache
from pathlib import Path

# What is in such a namespace sees and signals nobody outside it, ends with it, and finds no other process's environment,
# in which a key may be, below /proc (pid_namespaces(7)). The shell is its first process, which no signal from inside ends.
_APART = ("--pid", "--fork", "--kill-child", "--mount-proc", "/bin/sh", "-c", '"$@"; exit $?', "sh")
_MAPPED = (("--user", "--map-current-user"), ("--user", "--map-root-user"), ())
_CLOSED = (
    *(("unshare", *mapped, "--net", *_APART) for mapped in _MAPPED),
    *(("unshare", *mapped, "--net") for mapped in _MAPPED),
)
# Without users of its own first: a command that root runs may have to become somebody else, as PostgreSQL must.
_OWN = tuple(("unshare", *mapped, *_APART) for mapped in reversed(_MAPPED))


@cache
def closed_network() -> tuple[str, ...]:
    """Words to put before a command so that it sees no network but sockets in files, and no process but its own where
    that can be had; empty where a network of its own is denied.
    """
    return _first_that_works(_CLOSED)


@cache
def own_processes() -> tuple[str, ...]:
    """Words to put before a command so that it sees no process but its own; empty where that is denied."""
    return _first_that_works(_OWN)


def _first_that_works(ways: tuple[tuple[str, ...], ...]) -> tuple[str, ...]:
    for way in ways:
        try:
            tried = subprocess.run([*way, "true"], capture_output=True, cwd="/", check=False, timeout=20)
        except (OSError, subprocess.SubprocessError):
            return ()
        if tried.returncode == 0:
            program = next(
                (one for folder in ("/usr/bin", "/bin", "/usr/local/bin") if (one := Path(folder, way[0])).exists()),
                None,
            )
            return (str(program or way[0]), *way[1:])
    return ()


def plain_environment(extra: dict[str, str] | None = None) -> dict[str, str]:
    """What a child may know of ours: where programs are and how text is written, nothing else."""
    kept = {
        name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "SYSTEMROOT") if name in os.environ
    }
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **kept, "PYTHONDONTWRITEBYTECODE": "1", **(extra or {})}
