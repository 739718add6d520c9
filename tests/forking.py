"""The interpreter that has Alembic imported once, and forks for each history that `tests.shared_server` has driven."""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
import traceback
from typing import Any

LONGEST = 1 << 18  # bytes of one request
NEEDED = (
    "alembic.command",
    "psycopg",
    "sqlalchemy.dialects.postgresql.psycopg",
    "sqlalchemy.ext.asyncio",
    "migration_steps.driver",
    "migration_steps.passes",
    "migration_steps.declare",
)


def main() -> None:
    """Arguments: the descriptor of a socket, and the folder of the driver. Each message is one JSON object and three
    descriptors; the answer is the exit code."""
    asking = socket.socket(fileno=int(sys.argv[1]))
    _import()
    while True:
        message, descriptors, _, _ = socket.recv_fds(asking, LONGEST, 3)
        if not message:
            return
        child = os.fork()
        if not child:
            asking.close()
            _become(json.loads(message), descriptors)
        for one in descriptors:
            os.close(one)
        asking.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _import() -> None:
    """What every history needs, before the first asks for it."""
    sys.path.insert(0, sys.argv[2])
    for name in NEEDED:
        importlib.import_module(name)
    sys.path.remove(sys.argv[2])


def _become(asked: dict[str, Any], descriptors: list[int]) -> None:
    """Be the process that `python -c CODE WORD` would have been; never returns."""
    code = 1
    try:
        os.setsid()
        said, out, err = descriptors
        for number, one in ((0, os.open(os.devnull, os.O_RDONLY)), (1, out), (2, err)):
            os.dup2(one, number)
        os.chdir(asked["cwd"])
        os.environ.clear()
        os.environ.update(asked["env"])
        sys.path[0] = ""
        sys.argv = ["-c", json.dumps({**json.loads(asked["word"]), "descriptor": said})]
        exec(asked["code"], {"__name__": "__main__"})
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    finally:
        raised = sys.exc_info()[1]
        if raised is not None:
            traceback.print_exception(raised)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
