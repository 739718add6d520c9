"""Facts about environment variables: which the source reads, and which somebody documents."""

from __future__ import annotations

from dataclasses import dataclass

from checker.model.observation import Place


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable that the source reads, at the first place where it does; `also` are the others."""

    name: str
    place: Place
    also: tuple[Place, ...] = ()
    optional: bool = False  # wherever it is read, the source says what holds without it
    setting: bool = False  # a field of a settings class, whose name is that of the variable by convention


@dataclass(frozen=True)
class Environment:
    """Every variable that runtime source reads by a literal name; `unread` are files that could not be parsed."""

    variables: tuple[Variable, ...]
    documented: frozenset[str]  # whole words in capitals of the documents and examples
    examples: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
