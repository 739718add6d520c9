"""The only place that reads the documents of a repository as sections under their headings."""

from __future__ import annotations

from checker.collect.files import Root, Unreadable
from checker.model.repo import Inventory, Role
from checker.model.unavailable import Unavailable
from checker.model.written_down import Section, WrittenDown, sections

_LARGEST = 1 << 20  # bytes of one document
_MOST = 2000  # documents
_ENDINGS = (".md", ".rst", ".adoc", ".txt")


def written_down(root: Root, inventory: Inventory) -> WrittenDown:
    """The sections of every document that can be read."""
    found: list[Section] = []
    documents = [
        one
        for one in inventory.files
        if one.path.lower().endswith(_ENDINGS) and one.size < _LARGEST and one.role in (Role.DOCS, Role.RUNTIME)
    ]
    for one in documents[:_MOST]:
        try:
            found += sections(one.path, root.text(one.path, _LARGEST).text)
        except (Unreadable, Unavailable):
            continue
    return WrittenDown(tuple(found))
