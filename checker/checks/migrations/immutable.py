"""A migration that has landed never changes."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migrations import BodyState, LandedMigrations, Migrations, Revision, Tree
from checker.model.observation import Observation, Place

_CHANGES = frozenset(  # of what a migration is for; a schema, a setting or a lock may be env.py's own
    "drop_table drop_column drop_schema drop_database drop_type truncate delete delete_some update add_column alter_column"
    " retype_column rename_table rename_column drop_index drop_constraint".split()
)


def migration_immutable(migrations: Migrations, landed: LandedMigrations) -> Iterator[Observation]:
    """One observation for each migration of the base: still there, the same but for comments, and where it was in line; and
    one where `env.py`, which runs with each of them, loses its place or begins to change the schema by itself.

    Sources: backend-coder "never edit old migrations"; a database that ran the old text never sees the new one.
    """
    goes_on = {id(old): tree for tree in migrations.trees for old in [landed.of(tree)] if old is not None}
    for tree in landed.trees:
        if tree.revisions and id(tree) in goes_on:
            yield from _surroundings(tree, goes_on[id(tree)])
        for old in tree.revisions:
            new = goes_on[id(tree)].by_id.get(old.id) if id(tree) in goes_on else None
            if new is None:
                gone = landed.moved.get(old.path) or (tree.scripts if old.path in landed.deleted else old.path)
                message = f"migration {old.name} has landed and is gone, or has another id"
                yield Observation(
                    old.id, False, Place(gone), message, f"revision {old.id} is at the base in {old.path}"
                )
            else:
                yield _compared(old, new)


def _surroundings(old: Tree, new: Tree) -> Iterator[Observation]:
    if old.says.keeps != new.says.keeps:
        message = (
            f"env.py keeps its place in {new.says.keeps}, where databases that ran these migrations do not have it"
        )
        seen = f"at the base in {old.says.keeps}: all migrations would run again, over what they made"
        place = Place(new.environment_path, (new.says.line, new.says.line))
        yield Observation(f"{new.scripts} version table", False, place, message, seen)
    known = {one.text for one in old.says.sends}
    for one in new.says.sends:
        if one.name in _CHANGES and one.text not in known:
            message = f"env.py changes the database by itself, with every run: {one.target}"
            yield Observation(
                f"{new.scripts} {one.target}", False, Place(new.environment_path, one.lines), message, one.text
            )


def _compared(old: Revision, new: Revision) -> Observation:
    changed = _difference(old, new)
    message = f"migration {new.name} has landed and was edited"
    return Observation(old.id, not changed, new.at(_where(old, new)), message, changed)


def _difference(old: Revision, new: Revision) -> str:
    if old.digest == new.digest and (old.digest_down == new.digest_down or old.down.state is not BodyState.WORKS):
        return ""  # a way back may come later where there was none
    if old.parents != new.parents:
        return f"down_revision was {' and '.join(old.parents) or 'None'}, is {' and '.join(new.parents) or 'None'}"
    for way, before, after in (("upgrade", old.up, new.up), ("downgrade", old.down, new.down)):
        was, now = [one.text for one in before.operations], [one.text for one in after.operations]
        if before.state is not after.state:
            return f"{way} was {before.state.value}, is {after.state.value}"
        added = next((one for one in now if one not in was), None)
        if added is not None:
            lost = next((one for one in was if one not in now), None)
            return f"{way} has now {added[:100]}" + (f", had {lost[:100]}" if lost else "")
        if was != now:
            return (
                f"{way} lost {next((one for one in was if one not in now), 'an operation')[:100]}, or its order changed"
            )
    return "its code differs from the base's beyond comments"


def _where(old: Revision, new: Revision) -> tuple[int, int] | None:
    for before, after in ((old.up, new.up), (old.down, new.down)):
        was = {one.text for one in before.operations}
        for one in after.operations:
            if one.text not in was:
                return one.lines
        if [one.text for one in before.operations] != [one.text for one in after.operations]:
            return after.lines
    return None
