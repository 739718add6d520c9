"""The only place that reads the migrations as the base revision has them, and tells which are new."""

from __future__ import annotations

from checker.collect.base_files import reader
from checker.collect.migrations import LARGEST, Listing, histories
from checker.collect.roles import roles_of
from checker.model.migrations import LandedMigrations, Migrations, NewMigrations
from checker.model.repo import Changes, Role
from checker.model.settings import Description
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git


def landed_migrations(git: Git, changes: Changes, description: Description) -> LandedMigrations:
    """The histories at the base. NotApplicable without a base, or without migrations there."""
    role = roles_of(description.layout)
    skipped = (Role.VENDORED, Role.FIXTURE, Role.TEST, Role.DOCS)
    tree = [entry for entry in git.ls_tree(changes.base) if role(entry.path) not in skipped]
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
    known = landed.ids if isinstance(landed, LandedMigrations) else frozenset()
    return NewMigrations(tuple((tree, one) for tree, one in migrations.revisions if one.id not in known), anchored=True)
