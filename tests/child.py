"""The only place where tests run the command line as a user does, with nothing of ours around it."""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from checker.cli import main

ROOT = Path(__file__).resolve().parent.parent
AS_OF = "2026-11-21T12:00:00Z"
ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "LANG": "C.UTF-8",
    "PYTHONPATH": str(ROOT),
    "PYTHONWARNINGS": "error",
}


@dataclass(frozen=True)
class Done:
    """What a command said and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def command(*words: str | Path, python: tuple[str, ...] = ()) -> list[str]:
    """The words that start `checker`; `python` are options of the interpreter."""
    return [sys.executable, *python, "-m", "checker", *map(str, words)]


def checker(*words: str | Path, env: Mapping[str, str] | None = None, cwd: Path | None = None) -> Done:
    """Run `checker` with a scrubbed environment, and see that it never ends in a traceback."""
    environment, place = {**ENVIRONMENT, **(env or {})}, cwd or "/"
    done = subprocess.run(command(*words), env=environment, cwd=place, capture_output=True, timeout=300, check=False)
    return _checked(done.returncode, done.stdout, done.stderr)


def inside(*words: str | Path, env: Mapping[str, str] | None = None) -> Done:
    """The same in this process, for all that does not hang on the process."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True) for _ in range(2))
    argv = mock.patch.object(sys, "argv", ["checker", *map(str, words)])
    environment = mock.patch.dict(os.environ, {**ENVIRONMENT, **(env or {})}, clear=True)
    code: object = 0
    with argv, environment, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        finally:
            gc.enable()  # a command turns it off for its short life; the suite's is long
    assert isinstance(code, int)
    return _checked(code, *(stream.buffer.getvalue() for stream in (out, err)))


def _checked(code: int, out: bytes, err: bytes) -> Done:
    assert b"Traceback" not in err, err.decode()
    return Done(code, out.decode("utf-8"), err.decode("utf-8"))


def audit(path: str | Path, *words: str | Path, **rest: Any) -> Done:
    """`checker audit PATH --as-of …`; the time is always the same."""
    return inside("audit", path, "--as-of", AS_OF, *words, **rest)


def report(path: str | Path, *words: str | Path, **rest: Any) -> Any:
    """The report of an audit, whatever it says."""
    done = audit(path, "--format", "json", *words, **rest)
    assert done.code in (0, 1, 3, 4), done.err
    return done.json


def refused(done: Done, code: int = 2) -> str:
    """The one line with which a command was refused."""
    assert done.code == code, done
    assert done.out == ""
    (line,) = done.err.splitlines()
    assert line.startswith("Error: ")
    return line.removeprefix("Error: ")
