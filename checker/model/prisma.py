"""Prisma's schemas as far as they decide whether they stand: who needs one, which blocks it has, what each field is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PrismaField:
    """A field of a model: `type` without list and optional marks, `unique` where it alone names a row."""

    name: str
    type: str
    line: int
    unique: bool


@dataclass(frozen=True, slots=True)
class PrismaBlock:
    """A block: `kind` (model, enum, type, view, datasource, generator), and for models whether some line names a row."""

    kind: str
    name: str
    path: str
    line: int
    fields: tuple[PrismaField, ...] = ()
    keyed: bool = False
    values: tuple[tuple[str, str], ...] = ()  # of a datasource or generator


@dataclass(frozen=True)
class PrismaProject:
    """A package that depends on Prisma, the files of its schema, their blocks, and a file that breaks off with its line."""

    package: str
    line: int
    files: tuple[str, ...]
    blocks: tuple[PrismaBlock, ...] = ()
    broken: tuple[tuple[str, int, str], ...] = ()


@dataclass(frozen=True)
class PrismaProjects:
    """Every such package."""

    projects: tuple[PrismaProject, ...]
