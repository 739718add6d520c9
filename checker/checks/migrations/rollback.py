"""Every migration has a way back, or says why it has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from checker.model.base import Frozen
from checker.model.migrations import BodyState, Migrations, NewMigrations, Revision, Tree, as_debt
from checker.model.observation import Observation
from checker.model.unavailable import Unavailable

_WORDS = {
    BodyState.EMPTY: "has a downgrade that does nothing",
    BodyState.RAISES: "has a downgrade that only raises",
    BodyState.MISSING: "has no downgrade",
}


class Params(Frozen):
    """`mode`: `required` a script, or a note that the step is irreversible and why; `annotated` a script, a plan or such a
    note; `plan` a file of rollback, a ROLLBACK section or a script; `optional` nothing."""

    mode: Literal["required", "annotated", "plan", "optional"] = "annotated"


def migration_rollback(
    migrations: Migrations, new: NewMigrations | Unavailable, params: Params
) -> Iterator[Observation]:
    """One observation for each migration; one that had landed before this change is debt.

    Sources: backend-engineer "Include forward & rollback scripts" and "annotate irreversible steps", backend-agent
    "migrations with rollback plans", agent-2 "Backup/restore and rollback strategies".
    """
    if params.mode != "optional":
        yield from as_debt(_all(migrations, params), migrations, new)


def _all(migrations: Migrations, params: Params) -> Iterator[Observation]:
    none = {tree.scripts for tree in migrations.trees if _never(tree)}
    for tree, one in migrations.revisions:
        undoes_nothing = one.up.state is BodyState.EMPTY and one.down.state is BodyState.EMPTY
        ok = one.down.state is BodyState.WORKS or undoes_nothing or _explained(one, params)
        message = f"migration {one.name} {_WORDS.get(one.down.state, '')} and does not say why"
        cause = "no way back" if tree.scripts in none else ""
        place = tree.place if cause else one.at(one.down.lines)
        yield Observation(one.id, ok, place, message, _seen(one), cause=cause)


def _never(tree: Tree) -> bool:
    """Whether nobody here ever writes a way back: one defect of the history, not one of each of its many steps."""
    states = [one.down.state for one in tree.revisions]
    return len(states) > 3 and all(state is BodyState.MISSING for state in states)


def _explained(one: Revision, params: Params) -> bool:
    planned = bool(one.beside) or bool(one.section("ROLLBACK"))
    return one.irreversible is not None or (planned and params.mode != "required")


def _seen(one: Revision) -> str:
    wanted = f"upgrade does {len(one.up.operations)} operations" if one.up.operations else "upgrade is not empty"
    return f"{wanted}; downgrade: {one.down.says or one.down.state.value}"
