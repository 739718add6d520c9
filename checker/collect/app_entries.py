"""The only place that tells from the source how the app may be started: application objects and factories, best first."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.repo import Inventory, Role
from checker.model.settings import Description
from checker.model.stage_plan import Entry
from checker.model.unavailable import Unavailable

LARGEST_SOURCE = 1024 * 1024  # bytes
MOST_ENTRIES = 8
_FRAMEWORK = r"(?:\w+\.)?(?:FastAPI|Flask|Litestar|Starlette|Quart|APIFlask|OpenAPI|Connexion|AsyncApp|FlaskApp)"
_OBJECT = re.compile(rf"(?m)^(\w+)\s*(?::[^=\n]+)?=\s*{_FRAMEWORK}\(")
_MADE = re.compile(
    r"(?m)^(app|application|api|server)\s*(?::[^=\n]+)?=\s*(?:[\w.]+\.)?(?:create|make|build|get|init)\w*\("
)
_FACTORY = re.compile(r"(?m)^(?:async )?def ((?:create|make|build|get|init)\w*)\(([^)]*)\)")
_BUILT = re.compile(rf"(?:=|\breturn)\s*{_FRAMEWORK}\(")
_NEXT = re.compile(r"(?m)^\w|^@")
_SOURCES = ("src", "lib", "backend", "server")
_PROJECT = ("pyproject.toml", "requirements.txt", "setup.py", "setup.cfg", "Pipfile", "alembic.ini", ".env.example")
_USUAL = ("main", "app", "asgi", "wsgi", "server", "application", "api", "__init__")
_NAMED = re.compile(r"^[A-Za-z_]\w*(?:\.\w+)*:[A-Za-z_]\w*(?:\(\))?$")


def app_entries(root: Root, inventory: Inventory, description: Description) -> tuple[Entry, ...]:
    """Every entry that the configuration or the source names; the likeliest first."""
    workdir = posixpath.normpath(description.app.workdir)
    given = [
        Entry(target=part.removesuffix("()"), factory=part.endswith("()"), folder=workdir, workdir=workdir)
        for part in description.app.start
        if _NAMED.match(part)
    ]
    if given:
        return tuple(given)
    known = {file.path for file in inventory.files}
    found = [one for file in sorted(_sources(inventory), key=_rank) for one in _entries(root, file, workdir, known)]
    folders = list(dict.fromkeys(one.folder for one in found))
    ranked = sorted(dict.fromkeys(found), key=lambda one: (folders.index(one.folder), one.factory))
    return tuple(ranked)[:MOST_ENTRIES]


def _sources(inventory: Inventory) -> Iterator[str]:
    for file in inventory.files:
        if file.path.endswith(".py") and file.role is Role.RUNTIME and not file.symlink and file.size < LARGEST_SOURCE:
            yield file.path


def _rank(path: str) -> tuple[int, int, str]:
    stem = path.rpartition("/")[2].removesuffix(".py")
    return _USUAL.index(stem) if stem in _USUAL else len(_USUAL), path.count("/"), path


def _entries(root: Root, path: str, workdir: str, known: set[str]) -> Iterator[Entry]:
    try:
        text = root.text(path, LARGEST_SOURCE).text
    except (Unreadable, Unavailable):
        return
    for folder, module in _modules(path, workdir, known):
        place = _project(folder, workdir, known)
        for name in (*_OBJECT.findall(text), *_MADE.findall(text)):
            yield Entry(target=f"{module}:{name}", folder=folder, workdir=place)
        for found in _FACTORY.finditer(text):
            following = _NEXT.search(text, found.end())
            body = text[found.end() : following.start() if following else len(text)]
            if _BUILT.search(body) and not _is_demanding(found[2]):
                yield Entry(target=f"{module}:{found[1]}", factory=True, folder=folder, workdir=place)


def _is_demanding(parameters: str) -> bool:
    """Whether a factory cannot be called without arguments."""
    return any(part.strip() and "=" not in part and not part.strip().startswith("*") for part in parameters.split(","))


def _modules(path: str, workdir: str, known: set[str]) -> Iterator[tuple[str, str]]:
    """A file as a module, and the folder from which it is imported so: the one that holds its package, and the top."""
    top = "" if workdir == "." else f"{workdir}/"
    if not path.startswith(top):
        return
    parts = path[len(top) :].removesuffix(".py").removesuffix("/__init__").split("/")
    depth = len(parts) - 1
    while depth and top + "/".join([*parts[:depth], "__init__.py"]) in known:
        depth -= 1
    for start in dict.fromkeys((depth if _is_root(parts[:depth], top, known) else 0, 0, depth)):
        if parts[start:] and all(part.isidentifier() for part in parts[start:]):
            yield posixpath.normpath(top + "/".join(parts[:start]) or "."), ".".join(parts[start:])


def _is_root(parts: list[str], top: str, known: set[str]) -> bool:
    """Whether a folder is one that modules are looked for in: a source folder, or a project of its own."""
    folder = top + "/".join(parts)
    return bool(parts) and (parts[-1] in _SOURCES or any(f"{folder}/{name}" in known for name in _PROJECT))


def _project(folder: str, workdir: str, known: set[str]) -> str:
    """The folder in which the app is run: the nearest at or above the one of its modules that is a project."""
    while folder not in (workdir, "."):
        if any(f"{folder}/{name}" in known for name in _PROJECT):
            return folder
        folder = posixpath.dirname(folder) or "."
    return workdir
