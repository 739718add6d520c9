"""Runs in the audited project's interpreter: counts the statements that SQLite gets, and is the command that was meant."""

import os
import runpy
import sys
from typing import Any


def main() -> None:
    """`counted.py FILE COMMAND…`: a byte is added to FILE for each statement; COMMAND is what would follow `python`."""
    count(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600))
    command = sys.argv[2:]
    if command[0] == "-m":
        sys.argv, sys.path[0] = command[1:], os.getcwd()
        runpy.run_module(command[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, sys.path[0] = command, os.path.dirname(os.path.abspath(command[0]))
        runpy.run_path(os.path.abspath(command[0]), run_name="__main__")


def count(tally: int) -> None:
    """Have each connection that is opened from now on tell of its statements; many processes may add at a time."""
    try:
        import sqlite3
    except ImportError:
        return
    plain = sqlite3.connect

    def connect(*words: Any, **named: Any) -> Any:
        connection = plain(*words, **named)
        connection.set_trace_callback(lambda _: os.write(tally, b"."))
        return connection

    for module in (sqlite3, sqlite3.dbapi2):
        setattr(module, "connect", connect)


if __name__ == "__main__":
    main()
