"""The only place that tells what a file is for, from its path and the configured layout."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fnmatch import translate
from functools import cache

import tomli

from checker import resources
from checker.model.globs import covers
from checker.model.repo import Role
from checker.model.settings import Layout


@dataclass(frozen=True)
class _Marks:
    role: Role
    folders: frozenset[str]
    names: re.Pattern[str]


def roles_of(layout: Layout) -> Callable[[str], Role]:
    """A function from path to role. What the layout says of a path wins over what the path looks like."""
    told = _told(layout)

    def role(path: str) -> Role:
        for pattern, kind in told.items():
            if covers(pattern, path):
                return kind
        return _by_path(path)

    return role


def _told(layout: Layout) -> Mapping[str, Role]:
    migrations = dict.fromkeys(layout.migrations, Role.MIGRATION)
    contracts = dict.fromkeys((*layout.openapi, *layout.graphql, *layout.database_schema), Role.RUNTIME)
    return {**contracts, **migrations, **dict.fromkeys(layout.tests, Role.TEST)}


def _by_path(path: str) -> Role:
    *folders, name = path.lower().split("/")
    for marks in _marks():
        if not marks.folders.isdisjoint(folders) or marks.names.match(name):
            return marks.role
    return Role.RUNTIME


@cache
def _marks() -> tuple[_Marks, ...]:
    table = tomli.loads(resources.text("rules", "roles.toml"))
    return tuple(
        _Marks(Role(role), frozenset(marks["folders"]), _any_of([name.lower() for name in marks["names"]]))
        for role, marks in table.items()
    )


def _any_of(globs: list[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(glob) for glob in globs) or r"(?!)")
