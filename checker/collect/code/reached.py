"""The only place that finds source which serves though it lies among tests, fixtures or tools: what the app's modules import."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from checker.collect.code.program import Program
from checker.collect.code.sources import LARGEST, Candidate, language_of, serves
from checker.collect.files import Root, Unreadable
from checker.model.repo import File, Inventory, Role
from checker.model.unavailable import Unavailable

_ASIDE = (Role.TEST, Role.FIXTURE, Role.DOCS, Role.SCRIPT, Role.GENERATED, Role.VENDORED, Role.MIGRATION)
_FOREIGN = ("node_modules/", "site-packages/")  # what a package manager put there
Read = tuple[Candidate, Mapping[str, Any]]


def reached(root: Root, inventory: Inventory, files: Sequence[Read], known: frozenset[str]) -> list[Candidate]:
    """Files that are no runtime source by their path, are imported by a module of the app, and serve or query themselves."""
    aside = {one.path: one for one in inventory.files if _may_serve(one) and one.path not in known}
    if not aside:
        return []
    program = Program({path: {} for path in aside})
    found = sorted({path for one in files for path in _imported(program, one)})
    return [
        Candidate(path, language, aside[path].blob)
        for path in found
        if (language := language_of(path)) is not None and _serves(root, path)
    ]


def _may_serve(file: File) -> bool:
    foreign = any(folder in f"/{file.path}" for folder in _FOREIGN)
    return file.role in _ASIDE and language_of(file.path) is not None and not file.symlink and not foreign


def _imported(program: Program, one: Read) -> Iterator[str]:
    file, record = one
    module = record["module"]
    if record["web"] and module is not None:
        for found in module["names"].values():
            if found[0] == "import":
                yield from program.imports(file.path, str(found[1]), str(found[2]))


def _serves(root: Root, path: str) -> bool:
    try:
        return serves(root.read(path, LARGEST))
    except (Unreadable, Unavailable):
        return False
