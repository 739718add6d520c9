"""The only place that reads the migrations as the base revision has them, and tells which are new."""

from __future__ import annotations

from checker.collect.base_files import reader
from checker.collect.migrations import LARGEST, Listing, histories, is_read
from checker.collect.roles import roles_of
from checker.model.migrations import LandedMigrations, Migrations, NewMigrations
from checker.model.repo import Changes
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git


def landed_migrations(git: Git, changes: Changes, description: Description) -> LandedMigrations:
    """The histories at the base. NotApplicable without a base, or without migrations there."""
    role = roles_of(description.layout)
    tree = [entry for entry in git.ls_tree(changes.base) if is_read(entry.path, role(entry.path))]
    likely = (entry for entry in tree if entry.path.endswith(".sql") or "/versions/" in entry.path)
    read = reader(git, changes.base, likely, LARGEST)
    found = histories(Listing(tuple(entry.path for entry in tree), read), description.layout.migrations)
    if not found.trees:
        raise NotApplicable("the base revision holds no migrations")
    moved = {one.old_path: one.path for one in changes.files if one.old_path}
    return LandedMigrations(
        changes.base, found.trees, moved, frozenset(one.path for one in changes.files if one.status == "D")
    )


def new_migrations(
    migrations: Migrations, changes: Changes | NotApplicable | Unavailable, landed: LandedMigrations | NotApplicable
) -> NewMigrations:
    """The revisions that the base does not hold; all, where there is no base. Unavailable where history is cut off."""
    if isinstance(changes, Unavailable):
        raise changes
    if isinstance(changes, NotApplicable):
        return NewMigrations(tuple(migrations.revisions), anchored=False)
    if isinstance(landed, NotApplicable):
        return NewMigrations(tuple(migrations.revisions), anchored=True)
    fresh = ((tree, one) for tree, one in migrations.revisions if not landed.holds(tree, one))
    return NewMigrations(tuple(fresh), anchored=True)
