"""Migrations stand where the project's schemas stand, and there is data to develop with."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.migrations import Migrations
from checker.model.observation import Observation, Place
from checker.model.repo import Inventory, Role
from checker.model.settings import Description

_SEED = re.compile(
    r"(?i)(?:^|/)(?:seeds?|seeders?|seeding|seed[-_]data)(?:/|[._-][^/]*$)|(?:^|/)[^/]*[._-]seeds?\.\w+$"
)
_NO_SEED = frozenset({Role.VENDORED, Role.DOCS, Role.GENERATED})


class Params(Frozen):
    """`folders`: names of which one must be among the folders above the migrations."""

    folders: tuple[str, ...] = ("schemas",)


def migration_place(migrations: Migrations, description: Description, params: Params) -> Iterator[Observation]:
    """One observation for each history: below such a folder, or where `[layout] migrations` says that this project has them.

    Source: agent-2 "Schemas and migrations under /schemas/".
    """
    told = tuple(one.rstrip("/") for one in description.layout.migrations)
    for tree in migrations.trees:
        above = tree.scripts.split("/")
        ok = any(one in above for one in params.folders) or any(
            tree.scripts == one or tree.scripts.startswith(one + "/") for one in told
        )
        message = f"the migrations in {tree.scripts} stand under no folder {' or '.join(params.folders)}"
        yield Observation(
            tree.scripts, ok, tree.place, message, f"scripts: {tree.scripts}; [layout] migrations names none"
        )


def seed_data(migrations: Migrations, inventory: Inventory) -> Iterator[Observation]:
    """One observation: something in the repository puts data into the schema that its migrations make.

    Source: agent-2 "Seed data for dev/test".
    """
    if not any(tree.revisions for tree in migrations.trees):
        return
    found = [one for one in inventory.files if one.size and one.role not in _NO_SEED and _SEED.search(one.path)]
    place = Place(found[0].path if found else ".")
    message = "there are migrations and no seed data: nothing to develop and to test with"
    yield Observation("seed data", bool(found), place, message, "no file in a folder seeds, or called seed")
