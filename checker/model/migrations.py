"""Migrations as they are written: trees of revisions, what each does going up and down, and what it says about itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cached_property

from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import Unavailable

Span = tuple[int, int]


class BodyState(StrEnum):
    """What a direction of a revision amounts to."""

    WORKS = "works"
    EMPTY = "empty"
    RAISES = "raises"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a direction does, as far as its text tells.

    `name` is Alembic's (`add_column`, `drop_table`, `execute`), or for SQL the same word where one fits. `column` and
    `table` are None where they are not literal. `nullable` and `default` are about an added or altered column; `types`
    the old and the new type of an altered one; `renamed` its new name.
    """

    name: str
    lines: Span
    text: str
    table: str | None = None
    column: str | None = None
    nullable: bool | None = None
    default: bool = False
    types: tuple[str | None, str | None] = (None, None)
    renamed: str | None = None
    concurrently: bool = False
    literal: bool = True
    columns: Mapping[str, Span] = field(default_factory=dict)  # of a table that is made: the lines of each column

    @property
    def target(self) -> str:
        return ".".join(part for part in (self.table, self.column) if part) or self.text[:60]


@dataclass(frozen=True, slots=True)
class Body:
    """One direction. `lines` are those of the function, or of the whole file; `says` what a raising one raises."""

    state: BodyState
    lines: Span | None = None
    operations: tuple[Operation, ...] = ()
    says: str = ""


@dataclass(frozen=True, slots=True)
class Revision:
    """One step of a history. `digest` stays the same when only comments, docstrings and spacing change."""

    id: str
    path: str
    parents: tuple[str, ...]
    up: Body
    down: Body
    depends_on: tuple[str, ...] = ()
    line: int = 1
    notes: str = ""
    notes_line: int = 1
    comments: str = ""
    imports: tuple[tuple[str, int], ...] = ()
    digest: str = ""
    digest_down: str = ""  # of the way back, where that has a text of its own
    labels: tuple[str, ...] = ()  # of branches
    files: tuple[str, ...] = ()  # names of files that its code could read
    conditions: tuple[tuple[str, int], ...] = ()  # those that read its surroundings: text, line
    beside: tuple[str, ...] = ()  # files of rollback that stand beside it
    apart: tuple[bool | None, bool | None] = (None, None)  # whether its tool runs each way outside of a transaction
    sql: str = ""  # what a SQL migration runs going up, and going down
    sql_down: str = ""
    sql_line: int = 1

    @property
    def place(self) -> Place:
        return Place(self.path, (self.line, self.line))

    def at(self, lines: Span | None) -> Place:
        return Place(self.path, lines or (self.line, self.line))

    @property
    def name(self) -> str:
        """The file's own name, for people; the folder's where every file has the same."""
        name = self.path.rpartition("/")[2]
        return self.id if name == "migration.sql" else name

    def section(self, title: str) -> str | None:
        """The text under a heading of the notes (`VERIFY`, `## Operations`, `-- ROLLBACK:`); None without one."""
        other = rf"[ \t#*=-]*(?:{_TITLES})\b[ \t*]*(?::|=|-|$)"
        begins = rf"(?im)^[ \t#*=-]*{title}\b[ \t*:=-]*(?P<rest>[^\n]*)\n?"
        found = re.search(rf"{begins}(?P<body>(?:(?!{other}).*\n?)*)", self.written)
        if found is None:
            return None
        return f"{found['rest']}\n{found['body']}".strip()

    @property
    def queries(self) -> tuple[str, ...]:
        """The queries of its VERIFY section, as far as they begin with SELECT and end with a semicolon or the section."""
        text = self.section("VERIFY") or ""
        parts = re.split(r";[ \t]*(?:--[^\n]*)?\s*(?:\n|$)", text)
        found = (re.search(r"(?is)\b(?:select|with)\b.*", part) for part in parts)
        return tuple(
            " ".join(re.sub(r"(?m)^[^\S\n]*--", "", one[0]).split()) for one in found if one and "%(" not in one[0]
        )

    @property
    def written(self) -> str:
        return f"{self.notes}\n{self.comments}"

    @property
    def irreversible(self) -> str | None:
        """The reason that the revision gives for having no way back, None when it gives none, or denies that it has none."""
        found = next((one for one in _IRREVERSIBLE.finditer(self.written) if not _DENIED.search(one["before"])), None)
        if found is not None:
            return found["why"].strip()
        raised = (
            self.down.says if re.search(r"(?i)\b(?:irreversible|cannot be (?:undone|reversed))", self.down.says) else ""
        )
        return raised if raised and not _DENIED.search(raised.lower().partition("irreversible")[0]) else None


_IRREVERSIBLE = re.compile(
    r"(?im)^(?P<before>.*)\birreversible\b[ \t*]*(?::|-|—|–|,|\bbecause\b|\bas\b|\bsince\b)[ \t*]*(?:\n[ \t]*)?(?P<why>\S.*)"
)
_DENIED = re.compile(r"(?i)\b(?:not|nothing|none|no|never|neither|without)\b|n't\b")
_TITLES = "ROLLBACK|VERIFY|OPERATIONS?|IRREVERSIBLE|APPROVED|APPROVAL"


@dataclass(frozen=True, slots=True)
class Environment:
    """What an `env.py` says: the table in which Alembic keeps its place (and the line that says so), and SQL of its own."""

    keeps: str = "alembic_version"
    line: int = 1
    sends: tuple[Operation, ...] = ()


@dataclass(frozen=True)
class Tree:
    """One history: the tool that runs it, where its scripts lie, and its revisions in the order of their files.

    `folder` is where the tool is started, `config` the file that names the scripts, both relative to the root.
    """

    tool: str
    scripts: str
    versions: tuple[str, ...]
    revisions: tuple[Revision, ...]
    folder: str = "."
    config: str | None = None
    section: str = "alembic"
    environment: str = ""  # the text of env.py
    url: str | None = None
    recursive: bool = False  # whether folders below those of the revisions count
    says: Environment = Environment()

    @property
    def place(self) -> Place:
        return Place(self.config or self.environment_path or self.scripts)

    @property
    def environment_path(self) -> str:
        return f"{self.scripts}/env.py" if self.tool == "alembic" else ""

    @cached_property
    def by_id(self) -> dict[str, Revision]:
        return {one.id: one for one in self.revisions}

    @property
    def key(self) -> tuple[str, tuple[str, ...]]:
        """What tells a history from the others: two may have one folder of scripts, and ids of one name."""
        return self.tool, self.versions

    @cached_property
    def labels(self) -> frozenset[str]:
        return frozenset(label for one in self.revisions for label in one.labels)

    @cached_property
    def heads(self) -> tuple[str, ...]:
        """What nothing follows; to depend on a revision (`depends_on`) is not to follow it, for Alembic either."""
        followed = {parent for one in self.revisions for parent in one.parents}
        return tuple(one.id for one in self.revisions if one.id not in followed)

    @cached_property
    def bases(self) -> tuple[str, ...]:
        return tuple(one.id for one in self.revisions if not one.parents)


@dataclass(frozen=True)
class Unparsed:
    """A file among the migrations that cannot be read as one."""

    path: str
    line: int
    why: str


@dataclass(frozen=True)
class Migrations:
    """Every history of the repository. `unknown` are files and folders of SQL among migrations in no layout that is known."""

    trees: tuple[Tree, ...]
    unparsed: tuple[Unparsed, ...] = ()
    unknown: tuple[str, ...] = ()

    @property
    def told(self) -> tuple[str, ...]:
        """What was not looked at, for the notes of the report."""
        return tuple(f"{one}: SQL in a layout of migrations that is not known, not looked at" for one in self.unknown)

    @property
    def revisions(self) -> Iterator[tuple[Tree, Revision]]:
        for tree in self.trees:
            for revision in tree.revisions:
                yield tree, revision


@dataclass(frozen=True)
class LandedMigrations:
    """The histories as the base revision has them, and where their files are now."""

    base: str
    trees: tuple[Tree, ...]
    moved: dict[str, str] = field(default_factory=dict)  # old path to new
    deleted: frozenset[str] = frozenset()

    def of(self, tree: Tree) -> Tree | None:
        """The history at the base that this one goes on: the same folders, else one whose files have moved to them."""
        alike = [old for old in self.trees if old.tool == tree.tool]
        now = {one.path for one in tree.revisions}
        same = (old for old in alike if set(old.versions) & set(tree.versions))
        return next(same, None) or next((old for old in alike if self._gone_to(old) & now), None)

    def _gone_to(self, tree: Tree) -> set[str]:
        return {self.moved[one.path] for one in tree.revisions if one.path in self.moved}

    def holds(self, tree: Tree, revision: Revision) -> bool:
        old = self.of(tree)
        return old is not None and revision.id in old.by_id


@dataclass(frozen=True)
class NewMigrations:
    """The revisions that the change under judgement brings; all of them where there is no base to compare with."""

    revisions: tuple[tuple[Tree, Revision], ...]
    anchored: bool  # there was a base

    @cached_property
    def paths(self) -> frozenset[str]:
        return frozenset(one.path for _, one in self.revisions)


@dataclass(frozen=True)
class LooseMigrations:
    """Files outside every known layout that read as migrations, each with what the change adds to it.

    Not `anchored`: there was no base to compare with, and nobody knows which of them are new.
    """

    revisions: tuple[Revision, ...]
    anchored: bool


@dataclass(frozen=True, slots=True)
class EarlyUse:
    """Where a commit before a migration's own already uses what it makes; `line` as the file stands now."""

    revision: str
    name: str
    path: str
    line: int
    commit: str
    subject: str


@dataclass(frozen=True)
class DependentCode:
    """Uses of what new migrations make, in commits of the change that come before them."""

    early: tuple[EarlyUse, ...]


def as_debt(
    seen: Iterable[Observation], migrations: Migrations, new: NewMigrations | Unavailable
) -> Iterator[Observation]:
    """The observations; what is wrong with a migration that had landed before this change becomes a note.

    A landed migration is never edited (backend-coder 3.24), so that nobody could mend it in this change. Without a base
    nothing has landed.
    """
    landed = set()
    if isinstance(new, NewMigrations) and new.anchored:
        landed = {one.path for _, one in migrations.revisions} - new.paths
    for one in seen:
        yield replace(one, confidence=Confidence.LOW) if not one.ok and one.place.path in landed else one
