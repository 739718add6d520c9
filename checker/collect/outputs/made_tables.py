"""The only place that counts the tables that migrations leave behind, for what a hand-off says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checker.model.migrations import Migrations, NewMigrations, Revision, Tree
from checker.model.outputs.evidence import Figure
from checker.model.unavailable import NotApplicable, Unavailable


def made_tables(
    migrations: Migrations | Unavailable | NotApplicable, new: NewMigrations | Unavailable | NotApplicable
) -> Iterator[Figure]:
    """How many tables there are after the one history, and how many the change makes; none where a name is not literal."""
    if not isinstance(migrations, Migrations) or len(migrations.trees) != 1 or migrations.unparsed:
        return
    tree = migrations.trees[0]
    whole = list(_in_order(tree))
    mine = [one for one in whole if isinstance(new, NewMigrations) and new.anchored and one.path in new.paths]
    for revisions, what in ((whole, "tables after all migrations"), (mine, "tables that the new migrations make")):
        left = _left(revisions)
        if left and revisions:
            yield Figure("tables", len(left), revisions[-1].place, f"{len(left)} {what}")


def _in_order(tree: Tree) -> Iterator[Revision]:
    """The revisions, each after its parents."""
    done: set[str] = set()
    waiting = list(tree.revisions)
    while waiting:
        ready = [one for one in waiting if all(parent in done or parent not in tree.by_id for parent in one.parents)]
        yield from ready or waiting
        done |= {one.id for one in ready or waiting}
        waiting = [one for one in waiting if one.id not in done]


def _left(revisions: Iterable[Revision]) -> set[str]:
    tables: set[str] = set()
    for one in revisions:
        for step in one.up.operations:
            if step.name not in ("create_table", "drop_table", "rename_table"):
                continue
            if step.table is None or not step.literal:
                return set()
            if step.name == "create_table":
                tables.add(step.table)
            else:
                tables.discard(step.table)
            if step.name == "rename_table" and step.renamed:
                tables.add(step.renamed.strip('"'))
    return tables
