"""The only place that knows which paths an output may rightly name, and how long the files are that it points into."""

from __future__ import annotations

from checker.collect.files import Root, Unreadable
from checker.model.outputs.artefact import Artefacts, Kind, TreePaths
from checker.model.outputs.fields import take, text_of
from checker.model.repo import Inventory
from checker.model.unavailable import Unavailable

MOST_COUNTED = 2000  # files whose lines are counted


def tree_paths(root: Root, inventory: Inventory, artefacts: Artefacts) -> TreePaths:
    """Files and folders of the tree, with the line counts of files that ReviewFindings point into."""
    files = frozenset(file.path for file in inventory.files)
    folders = {path.rpartition("/")[0] for path in files}
    while above := {folder.rpartition("/")[0] for folder in folders} - folders:
        folders |= above
    wanted: dict[str, None] = {}
    for one in artefacts.of(Kind.REVIEW_FINDINGS):
        listed = take(one.value, "findings")
        for finding in listed.value if listed and isinstance(listed.value, list) else ():
            where = take(finding, "where")
            path = text_of(where.value, "path").removeprefix("./") if where else ""
            if path in files:
                wanted[path] = None
    return TreePaths(files, frozenset(folders), dict(_counted(root, list(wanted)[:MOST_COUNTED])))


def _counted(root: Root, paths: list[str]) -> list[tuple[str, int]]:
    counted = []
    for path in paths:
        try:
            data = root.read(path)
        except (Unreadable, Unavailable):
            continue
        counted.append((path, data.count(b"\n") + (not data.endswith(b"\n") and bool(data))))
    return counted
