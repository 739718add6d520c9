"""Facts about modules joined across files: routes with what guards them, and models with their columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from checker.model.code import Function, Language, Span
from checker.model.observation import Place


class Guard(StrEnum):
    """What stands between a caller and a route."""

    GUARDED = "guarded"  # a dependency, a decorator, a middleware or the handler itself asks who calls
    OPEN = "open"
    UNKNOWN = "unknown"  # a step of the chain could not be followed


@dataclass(frozen=True, slots=True)
class Route:
    """One operation as the code declares it. `path` begins with the prefixes that could be followed."""

    method: str
    path: str
    language: Language
    file: str
    lines: Span
    handler: Function
    guard: Guard
    by: str = ""  # what guards it, or what could not be followed

    @property
    def operation(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def place(self) -> Place:
        return Place(self.file, self.lines)


@dataclass(frozen=True, slots=True)
class Model:
    """A class or a schema's model that stands for a table, with the columns of the classes it inherits from."""

    name: str
    file: str
    lines: Span
    columns: frozenset[str]
    table: str = ""


@dataclass(frozen=True)
class CodeStructure:
    """What all modules declare together. `texts` holds the source of no file; only what was declared."""

    routes: tuple[Route, ...]
    models: tuple[Model, ...]
    imported: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # modules that each file imports

    @cached_property
    def by_name(self) -> dict[str, Model]:
        return {one.name: one for one in self.models}
