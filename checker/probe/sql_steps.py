"""The only place that takes migrations written as SQL up, down and up, through a connection of our own."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from checker.model.unavailable import Unavailable
from checker.probe.inside.migration_steps import old_code, rows, snapshot
from checker.probe.inside.migration_steps.cluster import ENDED, ROLES, put_back
from checker.probe.inside.migration_steps.queries import ALONE, NUMBER, TABLES, is_number
from checker.probe.inside.migration_steps.wire import ServerError, Wire
from checker.probe.keeping import Server
from checker.probe.sql_watch import traced

FRAME = re.compile(r"(?i)\s*(?:begin|start\s+transaction|commit|end|rollback|set|reset)\b")
OUTSIDE = re.compile(
    r"(?i)^\s*(?:begin|start\s+transaction)\b|\bconcurrently\b|\bvacuum\b|\balter\s+system\b|\bcreate\s+database\b|no\s+transaction|transaction:\s*false"
)
STATEMENT_TIMEOUT = "55s"
COPYING_SINCE = 15  # the major that can be told to copy the files of a small database, which is fastest
COPIED = " strategy file_copy"
Event = dict[str, Any]
Sql = tuple[str, int]  # a statement, and the line of its file on which it begins


@dataclass(frozen=True)
class SqlStep:
    """One migration: its name, its statements up and down (None: no way back), whether it runs in one transaction."""

    name: str
    up: Sequence[Sql]
    down: Sequence[Sql] | None
    traced: bool
    verify: Sequence[str] = ()
    apart: tuple[bool | None, bool | None] = (None, None)  # whether its tool runs each way outside of a transaction


@dataclass
class _Run:
    """A connection to one database, and what is said about it."""

    wire: Wire
    events: list[Event]
    data: str
    name: str
    _lens: tuple[Wire, snapshot.Lens] | None = None

    def picture(self) -> str:
        if self._lens is None or self._lens[0] is not self.wire:
            self._lens = self.wire, snapshot.Lens(self.wire.ask, "schema_migrations")
        return self._lens[1].picture()

    def ask(self, sql: str) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in self.wire.ask(sql)]

    def attempt(self, sql: str) -> str | None:
        """The same as `do`, and undone."""
        self.wire.ask("begin")
        try:
            return self.do(sql)
        finally:
            self.wire.ask("rollback")

    def do(self, sql: str) -> str | None:
        try:
            self.wire.ask(sql)
        except ServerError as refused:
            if refused.fatal:
                raise
            return str(refused)
        return None


@dataclass
class SqlSteps:
    """The migrations of one history on one server; `events` are those of the Alembic driver."""

    server: Server
    database: str
    steps: Sequence[SqlStep]
    extensions: Sequence[str]
    seconds: float
    old_code: bool = False  # whether to try what code that knows the schema of before says
    events: list[Event] = field(default_factory=list)
    _wires: list[Wire] = field(default_factory=list)

    def run(self) -> list[Event]:
        """Everything that can be run, as events. Unavailable: an extension that the configuration names is not there."""
        self._deadline = time.monotonic() + self.seconds
        before: dict[str, str] = {}
        after: dict[str, str] = {}
        self._lost_ways: set[str] = set()
        self._makes_roles = False
        try:
            with Wire(str(self.server.folder), "postgres") as self._control:
                self._run(before, after)
        except TimeoutError:
            self.events.append({"event": "out_of_time"})
        except (OSError, ServerError) as lost:
            self.events.append({"event": "broke", "error": {"type": "the server", "text": self._last_words(lost)}})
        self.events.append({"event": "bye"})
        return self.events

    def _run(self, before: dict[str, str], after: dict[str, str]) -> None:
        """The passes; whatever stops them, no statement of theirs is left running."""
        try:
            if self._chain(before, after):
                for data in ("benign", "adversarial"):
                    self._with_rows(data, before, after)
        finally:
            for wire in self._wires:
                wire.close()
            with contextlib.suppress(OSError, ServerError):
                self._control.ask(ENDED % f"{self.database}_")

    def _last_words(self, lost: Exception) -> str:
        at = next(
            (f"at {one['revision']} {one['direction']}: " for one in reversed(self.events) if "direction" in one), ""
        )
        return f"{at}{lost or 'the connection was closed'}"

    def _wire(self, name: str) -> Wire:
        wire = Wire(str(self.server.folder), name)
        wire.deadline = self._deadline
        self._wires.append(wire)
        return wire

    def _open(self, data: str) -> _Run:
        name = f"{self.database}_{len(self._wires)}"
        put_back(self._control.ask)
        self._control.ask(f"create database {name} template template0")
        self._control.ask(f"alter database {name} set statement_timeout = '{STATEMENT_TIMEOUT}'")
        run = _Run(self._wire(name), self.events, data, name)
        if run.ask("select current_setting('checker.nonce', true)")[0][0] != self.server.nonce:
            raise Unavailable("reached a server that is not the throw-away one")
        for extension in self.extensions:
            wrong = run.do(f'create extension if not exists "{extension}"')
            if wrong:
                raise Unavailable(f"extension {extension}: {wrong}")
        return run

    def _copy(self, plain: _Run) -> _Run:
        """A database of its own with what is in the other one now; a copy can only be made while nobody is in it."""
        plain.wire.close()
        name, of = f"{self.database}_{len(self._wires)}", plain.name
        copied = COPIED if int(self.server.version.split(".")[0]) >= COPYING_SINCE else ""
        self._control.ask(f"create database {name} template {of}{copied}")
        copy = self._wire(name)
        plain.wire = self._wire(of)
        return _Run(copy, self.events, plain.data, name)

    def _chain(self, before: dict[str, str], after: dict[str, str]) -> bool:
        run = self._open("empty")
        picture = run.picture()
        self.events.append({"event": "start", "tables": [], "heads": []})
        for at, step in enumerate(self.steps):
            before[step.name] = picture
            if not self._take(run, step, "up"):
                return False
            after[step.name] = picture = run.picture()
            self._makes_roles = self._makes_roles or bool(run.ask(ROLES))
            if step.down is None:
                self._lost_ways.add(step.name)
                continue
            whole = self._take(run, step, "down") and self._compare(run, step, "down", before[step.name])
            whole = whole and self._take(run, step, "again") and self._compare(run, step, "again", picture)
            if not whole:
                self._lost_ways.add(step.name)
                run.wire.close()
                run = self._straight_to(at, "empty")
        self.events.append({"event": "head", "picture": json.loads(run.picture()), "models": 0})
        run.wire.close()
        return True

    def _compare(self, run: _Run, step: SqlStep, what: str, wanted: str) -> bool:
        found = snapshot.differences(wanted, run.picture())
        self.events.append({"event": "compared", "revision": step.name, "what": what, "differences": found})
        return True

    def _straight_to(self, last: int, data: str) -> _Run:
        run = self._open(data)
        for step in self.steps[: last + 1]:
            for sql, _ in step.up:
                run.do(sql)
        return run

    def _with_rows(self, data: str, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        # Goes along without rows, and each step that is looked at gets a copy of it; where migrations make roles, which all
        # databases of a server share, each step has one that is alone.
        plain = None if self._makes_roles else self._open(data)
        for at, step in enumerate(self.steps):
            if time.monotonic() > self._deadline:
                self.events.append({"event": "out_of_time"})
                break
            if step.name not in after:
                break
            if plain is None and step.traced:
                run = self._straight_to(at - 1, data)
            elif plain is not None:
                run = self._copy(plain) if step.traced else plain
                for sql, _ in step.up:
                    plain.do(sql)
            if not step.traced:
                continue
            now, then = rows.Schema(before[step.name]), rows.Schema(after[step.name])
            filled, refused = rows.seed(run.ask, run.do, now, then, data)
            self.events.append({"event": "seeded", "revision": step.name, "data": data, "tables": filled})
            if refused:
                self.events.append({"event": "not_seeded", "revision": step.name, "tables": refused})
            was = rows.digests(run.ask, now)
            said = old_code.spoken(run.attempt, now, then, {}) if self.old_code and data == "benign" else []
            if self._take(run, step, "up"):
                broken = old_code.refused(run.attempt, said)
                self.events.append({"event": "old_code", "revision": step.name, "refused": broken, "said": len(said)})
                self._lost(run, step, "up", was, then, filled)
                self._verify(run, step)
                if step.name not in self._lost_ways and self._take(run, step, "down"):
                    self._lost(run, step, "down", was, rows.Schema(run.picture()), filled)
            run.wire.close()

    def _lost(self, run: _Run, step: SqlStep, way: str, was: Any, schema: rows.Schema, filled: list[str]) -> None:
        found = rows.changes(was, rows.digests(run.ask, schema), filled)
        self.events.append(
            {"event": "rows", "revision": step.name, "direction": way, "data": run.data, "changes": found}
        )

    def _verify(self, run: _Run, step: SqlStep) -> None:
        for query in step.verify if run.data == "benign" else ():
            try:
                said = run.ask(f"set transaction read only; {query}")
                if is_number(said):
                    self.events.append({"event": "note", "text": NUMBER % step.name})
                    continue
                held = not said or (len(said) == 1 and said[0] == ("t",))
            except ServerError as refused:
                said, held = [(str(refused),)], False
            self.events.append(
                {"event": "verified", "revision": step.name, "query": query, "held": held, "said": str(said[:2])}
            )

    def _take(self, run: _Run, step: SqlStep, direction: str) -> bool:
        """Run one direction; False, with the failure said, when a statement of it is refused."""
        if time.monotonic() > self._deadline:
            self.events.append({"event": "out_of_time"})
            return False
        self.events.append({"event": "begin", "revision": step.name, "direction": direction, "data": run.data})
        statements = (step.down or ()) if direction == "down" else step.up
        told = step.apart[direction == "down"]
        apart = any(OUTSIDE.search(sql) for sql, _ in statements) if told is None else told
        said: list[Event] = []
        last: dict[str, Any] | None = None
        try:
            if not apart:
                run.wire.ask("begin")
            old = {str(row[0]) for row in run.wire.ask(TABLES)}
            for sql, line in statements:
                said.append({"sql": " ".join(sql.split())[:600], "line": line, "done": False})
                if step.traced and direction == "up" and not FRAME.match(sql):
                    found, last = traced(run.wire, sql, old, last, alone=apart and not ALONE.search(sql))
                    said[-1].update(found)
                else:
                    run.wire.ask(sql)
                    last = None
                said[-1]["done"] = True
            if not apart:
                run.wire.ask("commit")
        except ServerError as refused:
            if refused.fatal:
                raise
            run.do("rollback")
            self.events.append(_failed(step, direction, run.data, refused, said))
            return False
        event = {"event": "step", "revision": step.name, "direction": direction, "data": run.data}
        self.events.append({**event, "statements": said, "count": len(said)})
        return True


def _failed(step: SqlStep, direction: str, data: str, refused: ServerError, said: list[Event]) -> Event:
    detail = refused.fields.get("detail")
    text = f"{refused} {detail}" if detail else str(refused)
    line = said[-1]["line"] if said else None
    error = {"type": "ServerError", "text": text, "code": refused.fields.get("code"), "line": line}
    return {
        "event": "failed",
        "revision": step.name,
        "direction": direction,
        "data": data,
        "error": error,
        "statements": said,
    }


def lines_of(found: Iterator[Any]) -> list[Sql]:
    """Statements with the line on which each begins."""
    return [(one.text, one.lines[0]) for one in found]
