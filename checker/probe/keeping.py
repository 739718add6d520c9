"""The only place that starts the keeper of a throw-away server, and ends it with all that the server wrote."""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from checker.model.unavailable import Unavailable

MEMORY = Path("/dev/shm")  # noqa: S108 - only folders of a random name are made in it
LEAST_FREE = 512 << 20  # bytes
START_SECONDS = 90.0
STOP_SECONDS = 15.0
_KEEPER = Path(__file__).parent / "inside" / "keeper.py"


@dataclass(frozen=True)
class Server:
    """A running server: `folder` holds its socket; asked for its `nonce` it says it, and no other server would."""

    folder: Path
    nonce: str
    version: str
    engine: str = "postgresql"


@contextmanager
def kept(asked: Mapping[str, object], name: str, how: str) -> Iterator[Path]:
    """The folder of a fresh server. Unavailable with the server's words when it fails, `how` being the way to mend it."""
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", str(_KEEPER), json.dumps({**asked, "base": str(base())})],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd="/",
    )
    try:
        yield Path(_await(keeper, name, how))
    finally:
        _dismiss(keeper)


def _await(keeper: subprocess.Popen[bytes], name: str, how: str) -> str:
    """The folder of the server. Unavailable with what the server said, or nothing within the time."""
    assert keeper.stdout is not None
    ready, _, _ = select.select([keeper.stdout], [], [], START_SECONDS)
    line = keeper.stdout.readline() if ready else b""
    said = json.loads(line) if line else {"failed": "it did not start"}
    if "ready" not in said:
        raise Unavailable(f"{name} cannot be started: {said['failed']}; {how}")
    return str(said["ready"])


def _dismiss(keeper: subprocess.Popen[bytes]) -> None:
    """End the keeper, which ends the server and removes its folder."""
    for pipe in (keeper.stdin, keeper.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    try:
        keeper.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        keeper.terminate()
        keeper.wait(STOP_SECONDS)


def base() -> Path:
    """Where the data goes: memory where there is enough of it, else the temporary folder."""
    with contextlib.suppress(OSError):
        if MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free >= LEAST_FREE:
            return MEMORY
    return Path(tempfile.gettempdir())
