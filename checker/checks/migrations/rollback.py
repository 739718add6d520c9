"""Every migration has a way back, or says why it has none."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from checker.model.base import Frozen
from checker.model.migrations import BodyState, Migrations, Revision
from checker.model.observation import Observation

_WORDS = {
    BodyState.EMPTY: "has a downgrade that does nothing",
    BodyState.RAISES: "has a downgrade that only raises",
    BodyState.MISSING: "has no downgrade",
}


class Params(Frozen):
    """`mode`: `required` a script, or a note that the step is irreversible and why; `annotated` a script, a plan or such a
    note; `plan` a file of rollback, a ROLLBACK section or a script; `optional` nothing."""

    mode: Literal["required", "annotated", "plan", "optional"] = "annotated"


def migration_rollback(migrations: Migrations, params: Params) -> Iterator[Observation]:
    """One observation for each migration.

    Sources: backend-engineer "Include forward & rollback scripts" and "annotate irreversible steps", backend-agent
    "migrations with rollback plans", agent-2 "Backup/restore and rollback strategies".
    """
    if params.mode == "optional":
        return
    for _, one in migrations.revisions:
        undoes_nothing = one.up.state is BodyState.EMPTY and one.down.state is BodyState.EMPTY
        ok = one.down.state is BodyState.WORKS or undoes_nothing or _explained(one, params)
        message = f"migration {one.name} {_WORDS.get(one.down.state, '')} and does not say why"
        yield Observation(one.id, ok, one.at(one.down.lines), message, _seen(one))


def _explained(one: Revision, params: Params) -> bool:
    planned = bool(one.beside) or bool(one.section("ROLLBACK"))
    return one.irreversible is not None or (planned and params.mode != "required")


def _seen(one: Revision) -> str:
    wanted = f"upgrade does {len(one.up.operations)} operations" if one.up.operations else "upgrade is not empty"
    return f"{wanted}; downgrade: {one.down.says or one.down.state.value}"
