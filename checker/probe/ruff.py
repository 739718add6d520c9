"""The only place that runs ruff as a source of matches: isolated, with our selection, and deaf to the code's own comments."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from checker.probe import command
from checker.probe.ast_grep import Hit
from checker.probe.network import plain_environment

SECONDS = 120.0
_MOST_OUTPUT = 256 << 20  # bytes
# Where ruff is more exact than a pattern: it resolves names through imports. The target is the newest syntax it reads.
_TARGET = "py314"
_SELECTED = {
    "ASYNC210": "blocking-http",
    "ASYNC212": "blocking-http",
    "ASYNC220": "blocking-process",
    "ASYNC221": "blocking-process",
    "ASYNC222": "blocking-process",
    "ASYNC230": "blocking-open",
    "ASYNC251": "blocking-sleep",
    "S324": "weak-hash",
    "S501": "unverified-tls",
}


def program() -> Path | None:
    """Our ruff, beside our interpreter; None where it is not installed."""
    beside = Path(sys.executable).parent / "ruff"
    return beside if beside.is_file() else None


@cache
def identity() -> str:
    """What the key of a cache says of ruff: where it is, and of when."""
    found = program()
    if found is None:
        return "no ruff"
    stat = found.stat()
    return f"{found} {stat.st_size} {stat.st_mtime_ns} {sorted(_SELECTED)}"


def scan(files: Sequence[str], folder: Path) -> tuple[list[Hit], list[str]]:
    """What ruff says of some files, as hits of rules called `python-…`, and the files on which it breaks.

    A batch on which it breaks is halved until the file that breaks it stands alone. Nothing where ruff is not there.
    """
    hits: list[Hit] = []
    failed: list[str] = []
    waiting = [list(files)] if files and program() else []
    while waiting:
        batch = waiting.pop()
        found = _run(batch, folder)
        if found is not None:
            hits += found
        elif len(batch) == 1:
            failed += batch
        else:
            waiting += [batch[: len(batch) // 2], batch[len(batch) // 2 :]]
    return hits, failed


def _run(files: Sequence[str], folder: Path) -> list[Hit] | None:
    listed = folder / "files.txt"
    listed.write_text("\n".join(files), "utf-8")
    argv = [
        *(str(program()), "check", "--isolated", "--no-cache", "--ignore-noqa", "--exit-zero", "--no-fix", "--quiet"),
        *("--no-force-exclude", "--target-version", _TARGET, "--output-format=json-lines"),
        *("--select", ",".join(_SELECTED), f"@{listed}"),
    ]
    try:
        done = command.run(argv, cwd=folder, env=plain_environment(), timeout=SECONDS, max_output=_MOST_OUTPUT)
    except command.CommandMissing:
        return []
    if done.code != 0 or done.truncated or done.timed_out:
        return None
    return [hit for line in done.stdout.splitlines() if (hit := _hit(line)) is not None]


def _hit(line: bytes) -> Hit | None:
    found = json.loads(line)
    name = _SELECTED.get(found.get("code") or "")
    if name is None:
        return None
    start, end = found["location"]["row"], found["end_location"]["row"]
    return Hit(f"python-{name}", found["filename"], (start, end), _offsets(found), found["message"], {})


@cache
def _line_starts(file: str) -> tuple[bytes, tuple[int, ...]]:
    data = Path(file).read_bytes()
    starts = [0]
    for line in data.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    return data, tuple(starts)


def _offsets(found: dict[str, dict[str, int] | str]) -> tuple[int, int]:
    """Byte offsets of a place that is given by row and column (in characters, 1-based)."""
    data, starts = _line_starts(str(found["filename"]))
    place = found["location"]
    row, column = (place["row"], place["column"]) if isinstance(place, dict) else (1, 1)
    start = starts[min(row - 1, len(starts) - 1)]
    line = data[start : starts[row] if row < len(starts) else None].decode("utf-8", "replace")
    offset = start + len(line[: column - 1].encode())
    return offset, offset + 1
