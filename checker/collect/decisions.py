"""The only place that looks for recorded decisions about the schema: approvals and architecture decision records."""

from __future__ import annotations

from checker.collect.files import Root, Unreadable
from checker.model.decisions import Decision, Decisions
from checker.model.repo import Inventory
from checker.model.unavailable import Unavailable

LARGEST = 1 << 20  # bytes
_FOLDERS = ("approvals", "adr", "adrs", "decisions", "decision-records")
_ENDINGS = (".md", ".json", ".yaml", ".yml", ".txt", ".toml")


def decisions(root: Root, inventory: Inventory) -> Decisions:
    """Files below a folder of approvals or decisions, wherever it is."""
    found = []
    for file in inventory.files:
        folders = file.path.lower().split("/")[:-1]
        if file.path.endswith(_ENDINGS) and any(one in _FOLDERS for one in folders) and not file.symlink:
            try:
                found.append(Decision(file.path, root.text(file.path, LARGEST).text))
            except (Unreadable, Unavailable):
                continue
    return Decisions(tuple(found))
