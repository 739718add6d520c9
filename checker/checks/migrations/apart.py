"""A change brings its migrations before the code that needs them, or apart from application logic."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migrations import DependentCode, NewMigrations
from checker.model.observation import Observation, Place
from checker.model.repo import Changes, Inventory, Role
from checker.model.unavailable import NotApplicable

_DECLARES = ("models", "model", "entities", "tables", "schema", "schemas", "orm")
_CODE = (".py", ".ts", ".js", ".go", ".java", ".kt", ".rb", ".rs")


def migration_apart(new: NewMigrations, changes: Changes, inventory: Inventory) -> Iterator[Observation]:
    """One observation for each new migration: the change that brings it changes no application logic.

    Models, which only declare what the migration makes, are no logic. Source: backend-agent "Separate PRs for
    migrations vs application logic when appropriate."
    """
    if not new.anchored:
        raise NotApplicable("no base revision, so there is no change to look at; name one with --base")
    logic = [one.path for one in changes.files if one.status != "D" and _is_logic(one.path, inventory)]
    for _, one in new.revisions:
        message = f"migration {one.name} comes together with application logic"
        yield Observation(one.id, not logic, one.place, message, f"also changed: {', '.join(logic[:4])}")


def _is_logic(path: str, inventory: Inventory) -> bool:
    file = inventory.by_path.get(path)
    parts = path.rpartition(".")[0].lower().split("/")
    return (
        file is not None
        and file.role is Role.RUNTIME
        and path.endswith(_CODE)
        and not any(one in _DECLARES for one in parts)
    )


def migration_order(new: NewMigrations, dependent: DependentCode) -> Iterator[Observation]:
    """One observation for each migration of a change: no commit before its own holds code that needs it.

    Source: backend-engineer "Migrate schemas before dependent code".
    """
    early = {one.revision: one for one in dependent.early}
    for _, one in new.revisions:
        found = early.get(one.id)
        message = f"migration {one.name} comes after the code that needs it"
        place = Place(found.path, (found.line, found.line)) if found else one.place
        also = (one.place,) if found else ()
        seen = f"{found.name} is used there since {found.commit[:12]} ({found.subject[:80]})" if found else ""
        yield Observation(one.id, found is None, place, message, seen, also=also)
