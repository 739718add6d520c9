"""A migration does not lean on the application's models, which go on changing after it has landed."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.migrations import Migrations, NewMigrations, Revision, as_debt
from checker.model.observation import Observation
from checker.model.repo import Inventory, Role
from checker.model.unavailable import Unavailable

_LEANING = (
    "models",
    "model",
    "entities",
    "orm",
    "domain",
    "crud",
    "repositories",
    "services",
    "repository",
    "service",
    "db.base",
)
_TYPES = ("types", "guid", "enums", "constants", "fields")


def migration_model_import(
    migrations: Migrations, inventory: Inventory, new: NewMigrations | Unavailable
) -> Iterator[Observation]:
    """One observation for each Alembic migration: it imports nothing of the application but types; landed ones are debt.

    Sources: backend-coder "never edit old migrations" (a change of the model edits them all the same);
    django-migration-linter's RUNPYTHON_MODEL_IMPORT, strong_migrations' advice on models in migrations.
    """
    yield from as_debt(_all(migrations, _packages(inventory)), migrations, new)


def _all(migrations: Migrations, own: frozenset[str]) -> Iterator[Observation]:
    for tree, one in migrations.revisions:
        if tree.tool == "alembic":
            found = next(((name, line) for name, line in one.imports if _leans(name, own)), None)
            place = one.at((found[1], found[1])) if found else one.place
            message = f"migration {one.name} imports {found[0]} of the application" if found else ""
            yield Observation(one.id, found is None, place, message, _used(one))


def _packages(inventory: Inventory) -> frozenset[str]:
    """Names under which the application's own modules can be imported."""
    names = set()
    for file in inventory.files:
        if file.role is Role.RUNTIME and file.path.endswith(".py"):
            first, _, rest = file.path.partition("/")
            names.add(first.removesuffix(".py"))
            if first == "src" and rest:
                names.add(rest.partition("/")[0].removesuffix(".py"))
    return frozenset(names)


def _leans(name: str, own: frozenset[str]) -> bool:
    parts = name.split(".")
    below = [part.lower() for part in parts[1:]]
    return parts[0] in own and any(part in _LEANING for part in below) and not any(part in _TYPES for part in below)


def _used(one: Revision) -> str:
    return "its data step will run with whatever the model has become" if one.up.operations else ""
