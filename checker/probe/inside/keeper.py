"""The only place that brings up a throw-away PostgreSQL, and takes it down when whoever asked for it is gone."""

from __future__ import annotations

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from typing import Any

NOBODY = 65534
NAMESPACE = ["unshare", "--user", f"--map-user={NOBODY}", f"--map-group={NOBODY}"]
CLOSED = ["unshare", "--user", "--map-current-user", "--net"]  # what SQL starts in the server has no network either
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
START_SECONDS = 60.0
STOP_SECONDS = 10.0


def main() -> None:
    """Arguments: one JSON object of `bin`, `base` (where the folder goes) and `settings`.

    A process of its own, so that a checker that crashes, is interrupted or killed leaves nothing behind: the end of
    standard input means stop, whatever caused it. Writes one JSON line: `ready` (folder), or `failed` (why).
    """
    asked = json.loads(sys.argv[1])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave)
    folder = tempfile.mkdtemp(prefix="checker-pg-", dir=asked["base"])
    server = None
    try:
        prefix, user = _identity(folder)
        server = _start(asked, folder, prefix, user)
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
        return (CLOSED if _works(CLOSED) else []), {}
    for prefix in ([*NAMESPACE, "--net"], NAMESPACE):
        if _works(prefix):
            return prefix, {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return [], {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _works(prefix: list[str]) -> bool:
    try:
        return subprocess.run([*prefix, "true"], capture_output=True, env=ENVIRONMENT, check=False).returncode == 0
    except OSError:
        return False


def _start(asked: dict[str, Any], folder: str, prefix: list[str], user: dict[str, Any]) -> subprocess.Popen[bytes]:
    data, binaries = f"{folder}/data", asked["bin"]
    words = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--no-locale", "--no-sync"]
    made = subprocess.run(
        [*prefix, f"{binaries}/initdb", "-D", data, *words],
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
    options = [word for name, value in asked["settings"].items() for word in ("-c", f"{name}={value}")]
    with open(f"{folder}/log", "wb") as log:
        if user:
            os.chown(f"{folder}/log", user["user"], user["group"])
        server = subprocess.Popen(
            [*prefix, f"{binaries}/postgres", "-D", data, "-k", folder, *options],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=ENVIRONMENT,
            cwd="/",
            start_new_session=True,
            **user,
        )
    try:
        _await_ready(server, data, f"{folder}/log")
    except BaseException:
        _stop(server)
        raise
    return server


def _await_ready(server: subprocess.Popen[bytes], data: str, log: str) -> None:
    """Until the server's own status file says that it takes connections, as pg_ctl does."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            with open(f"{data}/postmaster.pid", encoding="utf-8") as status:
                if status.read().rstrip().endswith("ready"):
                    return
        if server.poll() is not None:
            break
        time.sleep(0.005)
    with open(log, encoding="utf-8", errors="replace") as written:
        raise RuntimeError("postgres: " + (written.read().strip() or "did not become ready"))


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
