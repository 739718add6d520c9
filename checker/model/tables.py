"""The migrated schema as tables: columns, keys, references and indexes of each, from a picture of the catalogue."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from checker.model.migration_run import MigrationRun, MigrationRuns, Picture
from checker.model.unavailable import NotApplicable, Unavailable


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` as PostgreSQL writes it."""

    name: str
    type: str
    not_null: bool
    default: str | None
    identity: bool


@dataclass(frozen=True, slots=True)
class Reference:
    """A foreign key: its columns, and the table and columns that they refer to."""

    name: str
    columns: tuple[str, ...]
    target: str
    target_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """An index over whole columns, in order."""

    name: str
    columns: tuple[str, ...]
    unique: bool
    partial: bool
    valid: bool


@dataclass(frozen=True)
class Table:
    """One table of the migrated schema."""

    run: MigrationRun
    name: str
    columns: Mapping[str, Column]
    key: tuple[str, ...]
    references: tuple[Reference, ...]
    indexes: tuple[Index, ...]
    checks: tuple[str, ...] = ()  # names

    @property
    def short(self) -> str:
        return self.name.removeprefix("public.")

    @property
    def is_join(self) -> bool:
        """Whether it only ties two tables together: its key, or all that it has, is made of references."""
        tied = {column for one in self.references for column in one.columns}
        return (len(self.key) > 1 and set(self.key) <= tied) or (len(self.columns) > 1 and set(self.columns) <= tied)


def tables(ran: MigrationRuns) -> Iterator[Table]:
    """Every table of every history that ended in a schema. Unavailable where one could not; NotApplicable: not PostgreSQL."""
    seen = False
    for run in ran.runs:
        if run.head is not None:
            seen = True
            yield from _tables(run, run.head)
    if seen:
        return
    for run in ran.runs:
        failed = next((one.text for one in run.failures if one.data == "empty"), "")
        if run.blocked or failed:
            raise Unavailable(
                f"{run.tree.scripts}: {run.blocked or 'the migrations do not reach their head: ' + failed[:200]}"
            )
    raise NotApplicable("no history was run on PostgreSQL, whose catalogue this reads")


def _tables(run: MigrationRun, picture: Picture) -> Iterator[Table]:
    for one in picture["table"] or ():
        if one["kind"] in ("r", "p") and not one["parent"]:
            name = one["name"]
            own = [part for part in picture["constraint"] or () if part["table"] == name]
            key = next((tuple(part["columns"]) for part in own if part["kind"] == "p"), ())
            references = tuple(_reference(part) for part in own if part["kind"] == "f")
            indexes = tuple(_index(part) for part in picture["index"] or () if part["table"] == name)
            checks = tuple(part["name"].rpartition(".")[2].strip('"') for part in own if part["kind"] == "c")
            yield Table(run, name, dict(_columns(picture, name)), key, references, indexes, checks)


def _columns(picture: Picture, table: str) -> Iterator[tuple[str, Column]]:
    for one in picture["column"] or ():
        owner, _, name = one["name"].rpartition(".")
        if owner == table:
            yield name, Column(name, one["type"], one["not_null"], one["default"], bool(one["identity"]))


def _reference(one: Mapping[str, Any]) -> Reference:
    found = re.search(r"REFERENCES [^(]*\(([^)]*)\)", one["definition"])
    to = tuple(part.strip().strip('"') for part in found[1].split(",")) if found else ()
    return Reference(one["name"].rpartition(".")[2], tuple(one["columns"]), one["target"], to)


def _index(one: Mapping[str, Any]) -> Index:
    return Index(one["name"], tuple(one["columns"] or ()), one["unique"], one["partial"], one["valid"])
