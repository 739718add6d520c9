"""The backend stands where the standard's other readers look for it."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.code import CodeMatches
from checker.model.globs import covers
from checker.model.modules import CodeStructure
from checker.model.observation import Observation, Place
from checker.model.repo import Inventory, Role
from checker.model.unavailable import NotApplicable

_MOST_NAMED = 5


class Layout(Frozen):
    """Folders (globs) of the service's code, and of its JSON Schemas."""

    service: tuple[str, ...] = ("apps/backend",)
    schemas: tuple[str, ...] = ("schemas", "apps/backend/schemas")


def service_layout(structure: CodeStructure, inventory: Inventory, params: Layout) -> Iterator[Observation]:
    """One observation for each file that declares a route or is a JSON Schema; those outside are one finding of each kind.

    Source: agent-2 "Service layout under /apps/backend/".
    """
    routed = sorted({route.file for route in structure.routes})
    if not routed:
        raise NotApplicable("no source that declares a route")
    yield from _within("routes", routed, params.service)
    schemas = [one.path for one in inventory.files if one.path.endswith(".schema.json") and one.role is Role.RUNTIME]
    yield from _within("JSON Schemas", schemas, params.schemas)


def _within(what: str, paths: list[str], folders: tuple[str, ...]) -> Iterator[Observation]:
    outside = [path for path in paths if not any(covers(folder, path) for folder in folders)]
    for path in paths:
        if path not in outside:
            yield Observation(path, True, Place(path))
    if outside:
        first, *others = (Place(path) for path in outside[:_MOST_NAMED])
        yield Observation(
            subject=f"{what} outside",
            ok=False,
            place=first,
            message=f"{len(outside)} of {len(paths)} files with {what} stand outside {' and '.join(folders)}",
            evidence=", ".join(outside[:_MOST_NAMED]),
            also=tuple(others),
        )


class Sources(Frozen):
    """`least`: how many TypeScript files a Node project has at least, below `folder`."""

    least: int = 10
    folder: str = "src"


def typescript_sources(code: CodeMatches, inventory: Inventory, params: Sources) -> Iterator[Observation]:
    """One observation for each Node package that holds judged source: how many TypeScript files stand below its `src`.

    Empty files do not count. Source: backend-developer 'find src -name "*.ts" | wc -l (must return 10+)'.
    """
    manifests = [one.path for one in inventory.files if one.path.rpartition("/")[2] == "package.json"]
    folders = {path.removesuffix("package.json") for path in manifests}
    nearest = (_nearest(one.path, folders) for one in code.sources if one.language == "typescript")
    packages = sorted({one for one in nearest if one is not None})
    if not packages:
        raise NotApplicable("no package.json with source of a backend beside it")
    for package in packages:
        below = f"{package}{params.folder}/"
        found = [one for one in inventory.files if one.path.startswith(below) and one.path.endswith(".ts") and one.size]
        yield Observation(
            subject=f"{package}package.json",
            ok=len(found) >= params.least,
            place=Place(f"{package}package.json"),
            message=f"{len(found)} TypeScript files stand below {below}, {params.least} are asked",
            evidence=", ".join(one.path for one in found[:_MOST_NAMED]) or "none",
        )


def _nearest(path: str, folders: set[str]) -> str | None:
    folder = path
    while folder:
        folder = folder[: folder.rstrip("/").rfind("/") + 1]
        if folder in folders:
            return folder
    return None
