"""The schema that a project writes down beside its code (`database-schema.json`), as far as it can be told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from checker.model.observation import Place, Pointer


@dataclass(frozen=True, slots=True)
class DeclaredColumn:
    """One column; None where the file does not say. `references` is (table, column), the column empty for the key."""

    name: str
    type: str | None
    nullable: bool | None
    references: tuple[str, str] | None
    pointer: Pointer


@dataclass(frozen=True)
class DeclaredTable:
    """One table; `key`, `unique`, `indexes` and `checks` are None where the file does not speak of them."""

    name: str
    columns: Mapping[str, DeclaredColumn]
    key: tuple[str, ...] | None
    unique: tuple[tuple[str, ...], ...] | None
    indexes: tuple[tuple[str, ...], ...] | None
    checks: tuple[str, ...] | None
    pointer: Pointer


@dataclass(frozen=True)
class DeclaredSchema:
    """One file's tables. `broken` says why the file is no JSON; `unknown` why it cannot be compared with a database."""

    path: str
    tables: Mapping[str, DeclaredTable]
    broken: str = ""
    line: int | None = None
    unknown: str = ""

    def at(self, pointer: Pointer) -> Place:
        return Place(self.path, pointer=pointer)

    @property
    def ties(self) -> bool:
        """Whether it speaks of references at all."""
        return any(one.references for table in self.tables.values() for one in table.columns.values())


@dataclass(frozen=True)
class DeclaredSchemas:
    """Every such file of the repository."""

    files: tuple[DeclaredSchema, ...]
