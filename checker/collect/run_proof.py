"""The only place that holds what a driver said of a history against what the server has."""

from __future__ import annotations

from collections.abc import Iterable

from checker.model.migration_run import MigrationRun
from checker.model.migrations import Tree
from checker.probe.alembic import Heard
from checker.probe.at_head import left_at
from checker.probe.keeping import Server


def unproved(run: MigrationRun, heard: Heard, server: Server) -> str:
    """Why nothing shows that the history went up, though the driver says so; the empty string where a database shows it.

    The driver's process runs the project's code as well, which could write what it likes in the driver's name.
    """
    if run.blocked or run.failures or run.before_first or not run.tree.revisions:
        return ""
    head = next((one for one in heard.of("head") if one.get("picture")), None)
    if head is None:
        return "it is said to have gone up, and the schema that it leads to is not"
    said = {str(one["name"]) for one in head["picture"].get("column") or ()}
    for versions, columns in left_at(server, heard.database, str(head.get("version_table") or "alembic_version")):
        if reached(run.tree, versions) >= run.tree.by_id.keys() and said <= columns:
            return ""
    return "it is said to have gone up, and no database of the throw-away server has all of its migrations"


def reached(tree: Tree, versions: Iterable[str]) -> set[str]:
    """The revisions that are in a database which is at these; what is followed by a label may be any of them."""
    found: set[str] = set()
    waiting = list(versions)
    while waiting:
        one = tree.by_id.get(waiting.pop())
        if one is not None and one.id not in found:
            found.add(one.id)
            follows = (*one.parents, *one.depends_on)
            waiting += follows if all(name in tree.by_id for name in follows) else tree.by_id
    return found
