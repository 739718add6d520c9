"""The only place that brings up a throw-away PostgreSQL or MariaDB, and takes it down when whoever asked for it is gone."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

NOBODY = 65534
NAMESPACE = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
CLOSED = ["unshare", "--user", "--map-current-user", "--net"]  # what SQL starts in the server has no network either
# nor does it outlive the server, which is the first process there; its shared memory goes with it
ENDING = ["--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
SEALED = os.path.join(os.path.dirname(os.path.abspath(__file__)), "sealed.py")
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
MYSQL = (
    "--innodb-buffer-pool-size=48M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-data-file-path=ibdata1:1M:autoextend",
    "--skip-log-bin",
    "--skip-name-resolve",
    "--performance-schema=off",
    "--character-set-server=utf8mb4",
    "--lock-wait-timeout=20",
    "--loose-max-statement-time=55",
    "--loose-innodb-log-file-size=4M",
    "--loose-innodb-doublewrite=0",
    "--loose-mysqlx=off",
    "--local-infile=0",
)
START_SECONDS = 60.0
STOP_SECONDS = 10.0
PATIENCE = 4  # nice(2); more would starve it where the machine is busy with other things
SEGMENT = 1  # MiB, the least; the log of a server that is thrown away is never long
_HELD: list[int] = []  # the lock on a template that is to be made


def main() -> None:
    """Arguments: one JSON object of `kind`, `base` (where the folder goes), and what that kind of server needs.

    A process of its own, so that a checker that crashes, is interrupted or killed leaves nothing behind: the end of
    standard input means stop, whatever caused it. Writes one JSON line: `ready` (folder), or `failed` (why).
    """
    asked = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    folder = tempfile.mkdtemp(
        prefix="checker-pg-" if asked["kind"] == "postgresql" else "checker-my-", dir=asked["base"]
    )
    server = None
    try:
        prefix, user = _identity(folder)
        server = {"postgresql": _postgresql, "mysql": _mysql}[asked["kind"]](asked, folder, prefix, user)
        _say({"ready": folder})
        while os.read(0, 4096):
            pass
    except (OSError, RuntimeError, subprocess.SubprocessError) as refused:
        _say({"failed": str(refused)[-2000:]})
    finally:
        _stop(server)
        shutil.rmtree(folder, ignore_errors=True)


def _leave(*_: Any) -> None:
    raise SystemExit(0)


def _say(message: dict[str, str]) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(1, json.dumps(message).encode() + b"\n")


def _identity(folder: str) -> tuple[list[str], dict[str, Any]]:
    """How not to be root, which PostgreSQL refuses to be: a user namespace, else the user `nobody` for this folder."""
    if os.geteuid() != 0:
        return next((prefix for prefix in ([*CLOSED, *ENDING], CLOSED) if _works(prefix)), []), {}
    for prefix in ([*NAMESPACE, "--net", *ENDING], [*NAMESPACE, "--net"], NAMESPACE):
        if _works(prefix):
            return prefix, {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return [], {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _sealed(prefix: list[str], user: dict[str, Any], folder: str) -> list[str]:
    """The prefix with what keeps a server to its own program and folder; somebody else may not read our interpreter."""
    return prefix if user else [*prefix, sys.executable, "-I", "-S", SEALED, folder]


def _works(prefix: list[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, env=ENVIRONMENT, check=False).returncode == 0
    except OSError:
        return False


def _postgresql(asked: dict[str, Any], folder: str, prefix: list[str], user: dict[str, Any]) -> subprocess.Popen[bytes]:
    template = "" if user else asked.get("template", "")  # of whoever may not read it there is none
    is_copy = _copied(template, f"{folder}/data") if template else False
    if not is_copy:
        _initdb(asked["bin"], folder, prefix, user)
        _keep(f"{folder}/data", template)
    try:
        return _served(asked, folder, prefix, user)
    except RuntimeError:
        if not is_copy:
            raise
    shutil.rmtree(template, ignore_errors=True)  # whatever is wrong with it, it is made anew
    shutil.rmtree(f"{folder}/data", ignore_errors=True)
    _initdb(asked["bin"], folder, prefix, user)
    return _served(asked, folder, prefix, user)


def _initdb(binaries: str, folder: str, prefix: list[str], user: dict[str, Any]) -> None:
    words = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync", f"--wal-segsize={SEGMENT}"]
    made = subprocess.run(
        [*prefix, f"{binaries}/initdb", "-D", f"{folder}/data", *words],
        capture_output=True,
        stdin=subprocess.DEVNULL,
        env=ENVIRONMENT,
        cwd="/",
        check=False,
        timeout=START_SECONDS,
        **user,
    )
    if made.returncode:
        raise RuntimeError("initdb: " + made.stderr.decode("utf-8", "replace").strip())


def _copied(template: str, data: str) -> bool:
    """Whether the data was copied from a template. Who comes while it is made waits for it, and makes none beside."""
    with contextlib.suppress(OSError):
        os.makedirs(os.path.dirname(template), mode=0o700, exist_ok=True)
        with open(f"{template}.lock", "wb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.path.isdir(template):
                _copy(template, data)
                return True
            _HELD.append(os.dup(lock.fileno()))  # until it is there
    shutil.rmtree(data, ignore_errors=True)
    return False


def _copy(source: str, target: str) -> None:
    """A thousand small files: a program in C takes a third of the time that we would. Raises OSError."""
    done = subprocess.run(["cp", "-R", "-p", source, target], capture_output=True, env=ENVIRONMENT, check=False)
    if done.returncode:
        raise OSError(done.stderr.decode("utf-8", "replace")[-300:])


def _keep(data: str, template: str) -> None:
    """Let others copy what initdb wrote; where that cannot be, nothing is kept."""
    part = f"{template}.{os.getpid()}"
    try:
        if _HELD:
            _copy(data, part)
            os.rename(part, template)
    except OSError:
        shutil.rmtree(part, ignore_errors=True)
    finally:
        while _HELD:
            os.close(_HELD.pop())


def _served(asked: dict[str, Any], folder: str, prefix: list[str], user: dict[str, Any]) -> subprocess.Popen[bytes]:
    data = f"{folder}/data"
    options = [word for name, value in asked["settings"].items() for word in ("-c", f"{name}={value}")]
    words = [*_sealed(prefix, user, folder), f"{asked['bin']}/postgres", "-D", data, "-k", folder, *options]
    server = _launched(words, folder, user)
    if asked.get("patient"):
        _yield_to_others(server.pid)

    def ready() -> bool:
        with open(f"{data}/postmaster.pid", encoding="utf-8") as status:
            return status.read().rstrip().endswith("ready")  # as pg_ctl does it

    return _awaited(server, ready, f"{folder}/log")


def _yield_to_others(process: int) -> None:
    """Let the process have what the others leave: by itself, and where sessions share (sched(7)) by its session."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PGRP, process, PATIENCE)  # what put it into its namespace, and itself
    with contextlib.suppress(OSError), open(f"/proc/{process}/autogroup", "w", encoding="ascii") as share:
        share.write(str(PATIENCE))


def _mysql(asked: dict[str, Any], folder: str, prefix: list[str], user: dict[str, Any]) -> subprocess.Popen[bytes]:
    """`tables`: files with the SQL of MariaDB's own tables, as mariadb-install-db feeds them; none for MySQL, which has them."""
    data, aside, place = f"{folder}/data", f"{folder}/aside", f"{folder}/mysql.sock"
    for one in (data, aside):
        os.mkdir(one)
        if user:
            os.chown(one, user["user"], user["group"])
    words = [asked["program"], "--no-defaults", f"--datadir={data}", f"--tmpdir={aside}", *MYSQL]
    fed = "create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
    for one in asked["tables"]:
        with open(one, encoding="utf-8") as file:
            fed += file.read()
    made = subprocess.run(
        [*prefix, *words, *(["--bootstrap"] if asked["tables"] else ["--initialize-insecure"])],
        input=fed.encode() if asked["tables"] else b"",
        capture_output=True,
        env=ENVIRONMENT,
        cwd="/",
        check=False,
        timeout=START_SECONDS,
        **user,
    )
    if made.returncode:
        raise RuntimeError("its own tables: " + made.stderr.decode("utf-8", "replace").strip()[-600:])
    own = [f"--socket={place}", f"--pid-file={folder}/data/pid", f"--report-host={asked['nonce']}"]
    sealed = _sealed(prefix, user, folder)
    server = _launched([*sealed, *words, *own, "--skip-networking", f"--secure-file-priv={aside}"], folder, user)
    return _awaited(server, lambda: os.path.exists(f"{folder}/data/pid") and _answers(place), f"{folder}/log")


def _answers(path: str) -> bool:
    with socket.socket(socket.AF_UNIX) as asked:
        asked.connect(path)
        return bool(asked.recv(1))


def _launched(words: list[str], folder: str, user: dict[str, Any]) -> subprocess.Popen[bytes]:
    with open(f"{folder}/log", "wb") as log:
        if user:
            os.chown(f"{folder}/log", user["user"], user["group"])
        return subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            **user,
        )


def _awaited(server: subprocess.Popen[bytes], ready: Callable[[], bool], log: str) -> subprocess.Popen[bytes]:
    """The server, once it takes connections; it is stopped when it does not."""
    try:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and server.poll() is None:
            with contextlib.suppress(OSError):
                if ready():
                    return server
            time.sleep(0.005)
        with open(log, encoding="utf-8", errors="replace") as written:
            raise RuntimeError("it ended: " + (written.read().strip()[-600:] or "did not become ready"))
    except BaseException:
        _stop(server)
        raise


def _stop(server: subprocess.Popen[bytes] | None) -> None:
    if server is None:
        return
    for number in (signal.SIGQUIT, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            server.wait(STOP_SECONDS)
            return


if __name__ == "__main__":
    main()
