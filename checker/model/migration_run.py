"""What happened when the migrations ran: steps, statements with their locks, differences of the catalogue, rows that were lost."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from checker.model.migrations import NewMigrations, Operation, Revision, Tree
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable, Unavailable

WEAK_LOCKS = frozenset({"AccessShareLock", "RowShareLock", "RowExclusiveLock", "ShareUpdateExclusiveLock"})
"""Locks beside which readers and writers of the table go on."""


FOLLOWED = "postgresql"
_NAMES = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL", "mariadb": "MariaDB"}


@dataclass(frozen=True, slots=True)
class RunStatement:
    """One statement of a step. `locks` are (table, mode) newly taken on tables that existed before the step.

    `held` are such tables that were under AccessExclusive already; `rewritten` and `scanned` such tables, too.
    `rows` is how many an INSERT, UPDATE or DELETE touched.
    """

    sql: str
    line: int | None
    done: bool
    rows: int | None = None
    locks: tuple[tuple[str, str], ...] = ()
    held: tuple[str, ...] = ()
    rewritten: tuple[str, ...] = ()
    scanned: tuple[str, ...] = ()
    lock_timeout: str = ""
    kept: tuple[tuple[str, str], ...] = ()  # other locks that others wait for, and that were held already
    wrote: tuple[tuple[str, int], ...] = ()  # such tables, and how many rows of each were changed or taken away
    transaction: str = ""  # its number, where it had one

    @property
    def strong(self) -> tuple[tuple[str, str], ...]:
        """Locks that keep readers or writers waiting."""
        return tuple(lock for lock in self.locks if lock[1] not in WEAK_LOCKS)


@dataclass(frozen=True, slots=True)
class RunStep:
    """One step that went through. `data` says over which rows: empty, benign or adversarial; `count` all statements."""

    revision: str
    direction: str
    data: str
    statements: tuple[RunStatement, ...]
    count: int


@dataclass(frozen=True, slots=True)
class RunFailure:
    """A step that raised, or the environment before any step (`revision` None)."""

    revision: str | None
    direction: str | None
    data: str
    kind: str
    text: str
    code: str | None
    line: int | None
    statement: str

    @property
    def environmental(self) -> bool:
        """Whether the machine lacks something, so that it says nothing about the migration: an extension, a module."""
        lacks = self.code in ("58P01", "0A000") and "xtension" in self.text
        return (
            lacks or self.outside or self.kind in ("ModuleNotFoundError", "ImportError", "Refused", "NoSuchModuleError")
        )

    @property
    def outside(self) -> bool:
        """Whether the server itself was to start a program or to write a file, which the throw-away one may not."""
        return self.text.startswith(
            ("could not execute command", "could not open file", "could not create server file")
        )


@dataclass(frozen=True, slots=True)
class Difference:
    """One object of the catalogue that is `left`, `missing` or `changed`; only what differs of it, before and after."""

    kind: str
    name: str
    change: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None

    @property
    def text(self) -> str:
        words = {"left": "is left", "missing": "is missing", "changed": "changed"}[self.change]
        detail = ""
        if self.change == "changed" and self.before and self.after:
            pairs = (f"{key} {self.before[key]!r} became {self.after[key]!r}" for key in self.before)
            detail = ": " + ", ".join(pairs)
        return f"{self.kind} {self.name.removeprefix('public.')} {words}{detail}"


@dataclass(frozen=True, slots=True)
class RowChange:
    """What became of seeded rows: `column` None means that rows are gone, `gone` that the column is.

    `before` and `after` are the first of the values, `rows` how many rows there were.
    """

    revision: str
    direction: str
    data: str
    table: str
    column: str | None
    gone: bool
    before: str | None
    after: str | None
    rows: int


@dataclass(frozen=True, slots=True)
class OldStatement:
    """A statement of the base's code that a migration made impossible, and what the server says."""

    revision: str
    table: str
    verb: str
    sql: str
    why: str


@dataclass(frozen=True, slots=True)
class Default:
    """A default that the models declare for a column (`schema.table.column`), and what the migrated database has for it.

    `sure` says that the server itself finds them to differ.
    """

    column: str
    declared: str
    migrated: str | None
    sure: bool


Picture = Mapping[str, Any]


@dataclass(frozen=True)
class MigrationRun:
    """One history, run. `blocked` says why it could not, or not to its end; `reached` are the revisions that went up."""

    tree: Tree
    engine: str
    version: str
    failures: tuple[RunFailure, ...] = ()
    steps: tuple[RunStep, ...] = ()
    compared: tuple[tuple[str, str, tuple[Difference, ...]], ...] = ()  # revision, down or again, differences
    row_changes: tuple[RowChange, ...] = ()
    seeded: tuple[tuple[str, str, tuple[str, ...]], ...] = ()  # revision, data, tables
    not_seeded: tuple[tuple[str, str, str], ...] = ()  # revision, table, why
    base_left: tuple[Difference, ...] | None = None
    before_first: tuple[str, ...] = ()  # what env.py made by itself before any step
    head: Picture | None = None
    models: Picture | None = None
    models_failed: str = ""
    filtered: bool = False  # a filter of env.py hides objects, and could not be asked which
    left_out: frozenset[tuple[str, str]] = frozenset()  # kind and name of what such a filter hides
    defaults: tuple[Default, ...] = ()  # those that differ
    declared: int = 0  # tables that the models declare
    blocked: str = ""
    notes: tuple[str, ...] = ()
    verified: tuple[tuple[str, str, bool, str], ...] = ()  # revision, query, held, what it said
    behind: tuple[tuple[str, str, int, int], ...] = ()  # table, column, highest value, where its counter stands
    refused: tuple[OldStatement, ...] = ()  # what the base's code says and the new schema refuses
    spoken: tuple[tuple[str, int], ...] = ()  # revision, how many such statements were tried after it
    old_models: bool = False  # they come from the base's models, else from its catalogue
    wanted: tuple[str, ...] = ()  # hosts that the project would have connected to

    @property
    def told(self) -> Iterator[str]:
        """The engine with its version, how far it went, and what had to be done for it to start."""
        name = {"postgresql": "PostgreSQL", "sqlite": "SQLite", "mysql": "MySQL", "mariadb": "MariaDB"}.get(
            self.engine, self.engine
        )
        version = f" {self.version} (major {self.version.split('.')[0]})" if self.version else ""
        went = len({one.revision for one in self.steps if (one.direction, one.data) == ("up", "empty")})
        if went:
            of = len(self.tree.revisions)
            yield f"{self.tree.scripts}: {went} of {of} migrations run on a throw-away {name}{version}"
        if went and self.engine != FOLLOWED:
            yield f"{self.tree.scripts}: {self.unfollowed}"
        for host in self.wanted:
            yield f"{self.tree.scripts}: env.py asked for the database on {host}, and was given the throw-away one"
        for note in self.notes:
            yield f"{self.tree.scripts}: {note}"

    @property
    def unfollowed(self) -> str:
        """What was not looked at, since the engine is not the one on which it is followed."""
        name = _NAMES.get(self.engine, self.engine)
        return f"ran on {name}: rows, locks, models and the old code are followed on PostgreSQL alone, so they were not looked at"

    def revision(self, identifier: str | None) -> Revision | None:
        return self.tree.by_id.get(identifier or "")

    def place(self, identifier: str | None, line: int | None = None, direction: str = "up") -> Place:
        """Where a revision did something: the line, else the function of that direction, else the file."""
        found = self.revision(identifier)
        if found is None:
            return self.tree.place
        body = found.down if direction == "down" else found.up
        return Place(found.path, (line, line) if line else body.lines)

    def maker(self, table: str, column: str | None = None, reference: bool = False) -> Place:
        """Where a migration makes a table, a column of it, or its reference: the last operation that speaks of it."""
        bare = table.rpartition(".")[2]
        for revision in self.tree.revisions if reference else ():
            for one in revision.up.operations:
                if (
                    one.name in ("create_foreign_key", "add_constraint")
                    and one.table == bare
                    and (column or "") in one.text
                ):
                    return Place(revision.path, one.lines)
        for revision in reversed(self.tree.revisions):
            for one in reversed(revision.up.operations):
                if one.table == bare and (one.name == "create_table" or (column is not None and one.column == column)):
                    return Place(revision.path, _line_of(one, column))
        return self.tree.place

    def went(self, identifier: str, direction: str, data: str = "empty") -> bool:
        return any((one.revision, one.direction, one.data) == (identifier, direction, data) for one in self.steps)

    def ups(self, identifier: str) -> Iterator[RunStep]:
        """The upgrade steps of a revision, the one over benign rows first."""
        order = ("benign", "adversarial", "empty")
        found = [one for one in self.steps if one.revision == identifier and one.direction == "up"]
        yield from sorted(found, key=lambda one: order.index(one.data))


def _line_of(one: Operation, column: str | None) -> tuple[int, int]:
    return one.columns.get(column or "", one.lines)


@dataclass(frozen=True)
class MigrationRuns:
    """Every history that was run."""

    runs: tuple[MigrationRun, ...] = field(default=())

    @property
    def told(self) -> tuple[str, ...]:
        """How each history was run, for the notes of the report."""
        return tuple(note for run in self.runs for note in run.told)

    def judged(self, new: NewMigrations) -> Iterator[tuple[MigrationRun, Revision]]:
        """Each revision of the change under judgement, with the run of its history."""
        known = {(tree.key, one.id) for tree, one in new.revisions}
        for run in self.runs:
            for revision in run.tree.revisions:
                if (run.tree.key, revision.id) in known:
                    yield run, revision


def settled(
    ran: MigrationRuns, seen: Iterable[Observation], over_rows: NewMigrations | None = None
) -> Iterator[Observation]:
    """The observations, unless nothing in them is grave while some history could not be run to its end.

    Then Unavailable says why it could not; so it does, where `over_rows` are the migrations that were to be seen over rows,
    when one of them speaks of a table into which none could be put. NotApplicable: there are none, and no history ran where
    such things are followed.
    """
    found = list(seen)
    elsewhere = [run for run in ran.runs if run.engine != FOLLOWED and not run.blocked]
    if not found and elsewhere and len(elsewhere) == len(ran.runs):
        raise NotApplicable(f"{elsewhere[0].tree.scripts} {elsewhere[0].unfollowed}")
    if all(one.ok or one.confidence is Confidence.LOW for one in found):
        stopped = next((run for run in ran.runs if run.blocked), None)
        if stopped is not None:
            raise Unavailable(f"{stopped.tree.scripts}: {stopped.blocked}")
        if over_rows is not None:
            _all_seeded(ran, over_rows)
    yield from found


def _all_seeded(ran: MigrationRuns, new: NewMigrations) -> None:
    for run, revision in ran.judged(new):
        filled = {table for name, _, tables in run.seeded if name == revision.id for table in tables}
        for name, table, why in run.not_seeded:
            bare = table.rpartition(".")[2]
            if name != revision.id or table in filled:
                continue
            if any(re.search(rf"\b{re.escape(bare)}\b", one.sql) for step in run.ups(name) for one in step.statements):
                raise Unavailable(
                    f"{revision.name} works on {bare}, into which no row could be put to see what becomes of it: {why[:160]}"
                )
