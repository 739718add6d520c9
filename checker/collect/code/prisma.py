"""The only place that reads the models of Prisma's schemas."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.modules import Model
from checker.model.repo import Inventory, Role
from checker.model.unavailable import Unavailable

LARGEST = 4 << 20  # bytes
_BLOCK = re.compile(r"^model\s+(\w+)\s*\{[^\n]*\n(.*?)^\}", re.MULTILINE | re.DOTALL)
_FIELD = re.compile(r"^[^\S\n]*(\w+)\s+\w", re.MULTILINE)


def prisma_models(root: Root, inventory: Inventory) -> Iterator[Model]:
    """Each `model` of every `.prisma` file of the app, with the names of its fields; what cannot be read has none."""
    for file in inventory.matching("**/*.prisma", "*.prisma", roles=frozenset({Role.RUNTIME, Role.SCRIPT})):
        try:
            text = "" if file.symlink else root.text(file.path, LARGEST).text
        except (Unreadable, Unavailable):
            continue
        for found in _BLOCK.finditer(text):
            first = text.count("\n", 0, found.start()) + 1
            last = first + found[0].count("\n")
            yield Model(found[1], file.path, (first, last), frozenset(_FIELD.findall(found[2])))
