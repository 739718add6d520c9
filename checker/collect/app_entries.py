"""The only place that tells from the source how the app may be started: application objects and factories, best first."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.collect.files import Root, Unreadable
from checker.model.rehearsal import Entry
from checker.model.repo import Inventory, Role
from checker.model.settings import Description
from checker.model.unavailable import Unavailable

LARGEST_SOURCE = 1024 * 1024  # bytes
_FRAMEWORK = r"(?:\w+\.)?(?:FastAPI|Flask|Litestar|Starlette|Quart|APIFlask|OpenAPI|Connexion|AsyncApp|FlaskApp)"
_OBJECT = re.compile(rf"(?m)^(\w+)\s*(?::[^=\n]+)?=\s*{_FRAMEWORK}\(")
_MADE = re.compile(
    r"(?m)^(app|application|api|server)\s*(?::[^=\n]+)?=\s*(?:[\w.]+\.)?(?:create|make|build|get|init)\w*\("
)
_FACTORY = re.compile(r"(?m)^(?:async )?def ((?:create|make|build|get|init)\w*)\(([^)]*)\)")
_BUILT = re.compile(rf"=\s*{_FRAMEWORK}\(")
_NEXT = re.compile(r"(?m)^\w|^@")
_USUAL = ("main", "app", "asgi", "wsgi", "server", "application", "api", "__init__")
_NAMED = re.compile(r"^[A-Za-z_]\w*(?:\.\w+)*:[A-Za-z_]\w*(?:\(\))?$")


def app_entries(root: Root, inventory: Inventory, description: Description) -> tuple[Entry, ...]:
    """Every entry that the configuration or the source names; the likeliest first."""
    given = [
        Entry(target=part.removesuffix("()"), factory=part.endswith("()"))
        for part in description.app.start
        if _NAMED.match(part)
    ]
    if given:
        return tuple(given)
    workdir = description.app.workdir.strip("./")
    found = [one for file in sorted(_sources(inventory), key=_rank) for one in _entries(root, file, workdir)]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: one.factory))[:8]


def _sources(inventory: Inventory) -> Iterator[str]:
    for file in inventory.files:
        if file.path.endswith(".py") and file.role is Role.RUNTIME and not file.symlink and file.size < LARGEST_SOURCE:
            yield file.path


def _rank(path: str) -> tuple[int, int, str]:
    stem = path.rpartition("/")[2].removesuffix(".py")
    return _USUAL.index(stem) if stem in _USUAL else len(_USUAL), path.count("/"), path


def _entries(root: Root, path: str, workdir: str) -> Iterator[Entry]:
    try:
        text = root.text(path, LARGEST_SOURCE).text
    except (Unreadable, Unavailable):
        return
    module = _module(path, workdir)
    if module is None:
        return
    for name in (*_OBJECT.findall(text), *_MADE.findall(text)):
        yield Entry(target=f"{module}:{name}")
    for found in _FACTORY.finditer(text):
        following = _NEXT.search(text, found.end())
        body = text[found.end() : following.start() if following else len(text)]
        if _BUILT.search(body) and not _is_demanding(found[2]):
            yield Entry(target=f"{module}:{found[1]}", factory=True)


def _is_demanding(parameters: str) -> bool:
    """Whether a factory cannot be called without arguments."""
    return any(part.strip() and "=" not in part and not part.strip().startswith("*") for part in parameters.split(","))


def _module(path: str, workdir: str) -> str | None:
    """A file as a module seen from the working directory."""
    if workdir:
        if not path.startswith(f"{workdir}/"):
            return None
        path = path[len(workdir) + 1 :]
    name = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    return name if all(part.isidentifier() for part in name.split(".")) else None
