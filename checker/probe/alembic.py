"""The only place that has a project's Alembic migrations driven in the project's own interpreter, and hears what happened."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe.command import CommandMissing, Completed, run
from checker.probe.keeping import Server
from checker.probe.network import closed_network

INSIDE = Path(__file__).parent / "inside"
MOST_OUTPUT = 1 << 20  # bytes of the project's own prints that are kept
GRACE = 20.0  # seconds beyond its own limit before the driver is stopped
RETRIES = 5
DUMMY = "for-migrations-only-0123456789abcdef0123456789abcdef"
_START = "import sys;sys.path.insert(0,{inside!r});from migration_steps.driver import main;sys.path.remove({inside!r});main()"
_DRIVERS = {
    "postgresql": ("psycopg", "psycopg2", "asyncpg", "pg8000"),
    "mysql": ("pymysql", "MySQLdb", "asyncmy", "aiomysql"),
}
_PACKAGES = ("alembic", "sqlalchemy", *(name for names in _DRIVERS.values() for name in names))
_LOOK = f"import importlib.util as u;print(*[n for n in {_PACKAGES!r} if u.find_spec(n)])"
_KNOWN: dict[tuple[Path, tuple[tuple[str, str], ...]], set[str]] = {}


@dataclass(frozen=True)
class Order:
    """What to drive. `root` is a copy of the project; `folder`, `ini` and `toml` are relative to it.

    `traced` are the revisions to look at closely, None for all; `seconds` the time that the driver may take.
    """

    root: Path
    folder: str
    python: Path
    engine: str
    url: str
    ini: str | None = None
    toml: str | None = None
    section: str = "alembic"
    environment: Mapping[str, str] = field(default_factory=dict)
    extensions: tuple[str, ...] = ()
    traced: tuple[str, ...] | None = None
    seconds: float = 60.0
    scripts: str | None = None  # the folder of scripts, where no configuration names it
    verify: Mapping[str, Sequence[str]] = field(default_factory=dict)  # revision -> queries that must hold after it
    database: str = "migrated"  # names of databases begin so
    old: Mapping[str, Sequence[str]] | None = (
        None  # what the base's models have; empty: all that is there; None: not asked
    )
    declare: bool = False  # only say what the models have


@dataclass(frozen=True)
class Heard:
    """The driver's events in order, what the project printed, and what had to be made up for it to start."""

    events: tuple[Mapping[str, Any], ...]
    stderr: str
    timed_out: bool
    invented: tuple[str, ...] = ()
    network_closed: bool = True
    database: str = ""  # how the names of its databases begin

    def of(self, event: str) -> list[Mapping[str, Any]]:
        return [one for one in self.events if one["event"] == event]


def interpreter(candidates: Iterable[Path], environment: Mapping[str, str]) -> Path:
    """The first interpreter that has Alembic and SQLAlchemy; ours where none of the project's has."""
    for candidate in candidates:
        if {"alembic", "sqlalchemy"} <= _installed(candidate, environment):
            return candidate
    return Path(sys.executable)


def drivers(python: Path, environment: Mapping[str, str], engine: str = "postgresql") -> tuple[str, ...]:
    """The drivers for an engine that an interpreter has, the usual one first."""
    known = _installed(python, environment)
    return tuple(name for name in _DRIVERS[engine] if name in known)


def _installed(python: Path, environment: Mapping[str, str]) -> set[str]:
    """Which of the packages that matter here an interpreter has; none of them is imported, which would take a second."""
    key = (python, tuple(sorted(environment.items())))
    if key not in _KNOWN:
        try:
            asked = run([str(python), "-c", _LOOK], cwd=Path("/"), env=environment, timeout=30, max_output=1 << 16)
        except (CommandMissing, OSError):
            return set()
        _KNOWN[key] = set(asked.stdout.decode("utf-8", "replace").split())
    return _KNOWN[key]


def drive(order: Order, server: Server | None) -> Heard:
    """Run the migrations up, down and up, with and without rows. Unavailable when the interpreter cannot be started.

    Settings that the project misses are made up, by name, and named in the answer. Events heard before a crash or the
    end of the time are kept.
    """
    invented: dict[str, str] = {}
    known: set[str] = set()
    for attempt in range(RETRIES):
        database = f"{order.database}_{attempt}"
        heard = _once(replace(order, database=database), server, invented)
        wanted = [name for name in _missing_settings(heard) if name not in known]
        if not wanted:
            break
        known |= set(wanted)
        for name in wanted:
            _invent(invented, name)
    return replace(heard, invented=tuple(sorted(invented)), database=database)


def _once(order: Order, server: Server | None, invented: Mapping[str, str]) -> Heard:
    with tempfile.TemporaryFile() as said, tempfile.TemporaryDirectory(prefix="checker-migrate-") as scratch:
        asked = _asked(order, server, said.fileno(), scratch)
        prefix = closed_network()
        code = _START.format(inside=str(INSIDE))
        try:
            done: Completed = run(
                [*prefix, str(order.python), "-c", code, json.dumps(asked)],
                cwd=order.root / order.folder,
                env={**order.environment, **invented, "HOME": scratch, "TMPDIR": scratch},
                timeout=order.seconds + GRACE,
                max_output=MOST_OUTPUT,
                inherit=[said.fileno()],
            )
        except (CommandMissing, OSError) as refused:
            raise Unavailable(f"the project's interpreter cannot be started: {refused}") from None
        said.seek(0)
        events = tuple(_events(said.read().splitlines()))
    return Heard(events, done.stderr.decode("utf-8", "replace"), done.timed_out, network_closed=bool(prefix))


def _asked(order: Order, server: Server | None, descriptor: int, scratch: str) -> dict[str, Any]:
    place = order.root / order.folder
    return {
        "descriptor": descriptor,
        "engine": order.engine,
        "folder": str(server.folder) if server else "",
        "nonce": server.nonce if server else "",
        "database": order.database,
        "scripts": os.path.relpath(order.root / order.scripts, place) if order.scripts else None,
        "scratch": scratch,
        "root": str(order.root),
        "beside": [str(one) for one in _beside(order.root, place)],
        "ini": os.path.relpath(order.root / order.ini, place) if order.ini else None,
        "toml": os.path.relpath(order.root / order.toml, place) if order.toml else None,
        "section": order.section,
        "url": order.url,
        "extensions": list(order.extensions),
        "traced": None if order.traced is None else list(order.traced),
        "verify": {name: list(queries) for name, queries in order.verify.items()},
        "seconds": order.seconds,
        "old": None if order.old is None else {table: list(columns) for table, columns in order.old.items()},
        "declare": order.declare,
    }


def _beside(root: Path, place: Path) -> Iterator[Path]:
    """Where a project's own packages are that it would have installed itself: each `src` between its root and the history."""
    for folder in (place, *place.parents):
        if not folder.is_relative_to(root):
            return
        yield from (one for one in (folder / "src", folder) if one.name == "src" and one.is_dir())


def _events(lines: Sequence[bytes]) -> Iterable[Mapping[str, Any]]:
    """The events that are whole; a driver that was stopped may leave half a line."""
    for line in lines:
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if isinstance(found, dict) and "event" in found:
            yield found


def _invent(invented: dict[str, str], name: str) -> None:
    """Make a setting up. `a.b` is part of a structure, which an environment holds as JSON; `a.` is an empty one."""
    top, dot, below = name.partition(".")
    value = DUMMY
    if dot:
        known = invented.get(top, "")
        whole: dict[str, Any] = json.loads(known) if known.startswith("{") else {}
        part = whole
        *above, last = below.split(".")
        for one in above:
            part = part.setdefault(one, {})
        if last:
            part[last] = DUMMY
        value = json.dumps(whole)
    invented.update(dict.fromkeys((top, top.upper()), value))


def _missing_settings(heard: Heard) -> list[str]:
    for one in (*heard.of("broke"), *heard.of("failed")):
        kind, names = one.get("missing") or ("", None)
        if kind == "settings" and isinstance(names, list):
            return [str(name) for name in names]
    return []
