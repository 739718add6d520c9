"""The only place that tells from files alone what a project is made with and how it would be started."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from checker.collect.app_database import app_database
from checker.collect.app_entries import app_entries
from checker.collect.files import Root, Unreadable
from checker.collect.project_commands import LARGEST, found_commands, scripts
from checker.model.dependencies import Dependencies, Dependency
from checker.model.project import Project, Start, Told
from checker.model.repo import Inventory, Role
from checker.model.settings import Description
from checker.model.stage_plan import Entry
from checker.model.unavailable import Unavailable

_FRAMEWORKS = {
    "fastapi": "FastAPI",
    "flask": "Flask",
    "litestar": "Litestar",
    "starlette": "Starlette",
    "quart": "Quart",
    "apiflask": "APIFlask",
    "connexion": "Connexion",
    "django": "Django",
    "sanic": "Sanic",
    "falcon": "Falcon",
    "aiohttp": "aiohttp",
    "express": "Express",
    "fastify": "Fastify",
    "@nestjs/core": "NestJS",
    "koa": "Koa",
    "hono": "Hono",
    "@hapi/hapi": "hapi",
    "restify": "restify",
}
_UNDER = {"starlette": ("fastapi",), "express": ("@nestjs/core",), "flask": ("apiflask", "connexion")}  # and not chosen
_OF_NODE = ("express", "fastify", "koa", "hono", "restify", "@nestjs/core", "@hapi/hapi")
_OF_WSGI = ("flask", "apiflask", "connexion")
_MANAGERS = {  # the first that lies in a folder is its manager
    "uv.lock": "uv",
    "poetry.lock": "Poetry",
    "pdm.lock": "PDM",
    "Pipfile.lock": "Pipenv",
    "Pipfile": "Pipenv",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "Yarn",
    "bun.lock": "Bun",
    "bun.lockb": "Bun",
    "package-lock.json": "npm",
    "requirements.txt": "pip",
    "package.json": "npm",
    "pyproject.toml": "pip",
}
_WANTED = re.compile(r"the app wants ([\w+]+) \((.*?)\), and no such server")
_SOURCE = re.compile(r'(?s)\bdatasource\s+\w+\s*\{[^}]*?\bprovider\s*=\s*"(\w+)"')
_NODE = re.compile(r"^(?:node|tsx|ts-node|bun)\s+[\w./-]+$")
_LAUNCH = ("start", "serve", "dev")
_LEFT_OUT = frozenset({Role.VENDORED, Role.FIXTURE, Role.GENERATED, Role.TEST})


def project(root: Root, inventory: Inventory, description: Description, declared: Dependencies) -> Project:
    """What doctor shows and init writes down. Nothing of the project is executed, and what is not there is None."""
    direct = list(declared.direct)
    return Project(
        frameworks=tuple(_frameworks(direct)),
        managers=tuple(_managers(inventory)),
        start=_start(root, inventory, description, direct),
        database=_database(root, inventory, description),
        commands=found_commands(root, inventory),
    )


def _frameworks(direct: list[Dependency]) -> Iterator[Told]:
    """Each once, where it is declared first; what only another one stands on was not chosen by anybody."""
    names = {one.name for one in direct}
    seen: set[str] = set()
    for one in sorted(direct, key=lambda each: (each.group != "runtime", each.path.count("/"), each.path)):
        under = _UNDER.get(one.name, ())
        if one.name in _FRAMEWORKS and one.name not in seen and not names.intersection(under):
            seen.add(one.name)
            yield Told(_FRAMEWORKS[one.name], one.path, one.line)


def _managers(inventory: Inventory) -> Iterator[Told]:
    """One for each language, of the topmost folder that shows it."""
    shown: dict[tuple[str, bool], Told] = {}
    for file in inventory.files:
        folder, _, name = file.path.rpartition("/")
        if name in _MANAGERS and file.role not in (Role.VENDORED, Role.FIXTURE, Role.TEST):
            at, order = (folder, _is_of_node(name)), list(_MANAGERS)
            there = shown.get(at)
            if there is None or order.index(name) < order.index(there.path.rpartition("/")[2]):
                shown[at] = Told(_MANAGERS[name], file.path)
    for of_node in (False, True):
        found = [one for (_, is_node), one in shown.items() if is_node is of_node]
        yield from sorted(found, key=lambda one: (one.path.count("/"), one.path))[:1]


def _is_of_node(name: str) -> bool:
    return _MANAGERS[name] in ("npm", "pnpm", "Yarn", "Bun")


def _database(root: Root, inventory: Inventory, description: Description) -> str | None:
    try:
        wanted = app_database(root, inventory, description)
    except Unavailable as other:  # an engine of which no server can be started here is one all the same
        told = _WANTED.search(other.reason)
        return f"{told[1]} ({told[2]})" if told else other.reason
    return f"{wanted.engine} ({wanted.why})" if wanted.why else next(_of_prisma(root, inventory), None)


def _of_prisma(root: Root, inventory: Inventory) -> Iterator[str]:
    for file in inventory.files:
        if file.path.endswith(".prisma") and not file.symlink:
            try:
                source = _SOURCE.search(root.text(file.path, LARGEST).text)
            except (Unreadable, Unavailable):
                continue
            if source:
                yield f"{source[1]} ({file.path})"


def _start(root: Root, inventory: Inventory, description: Description, direct: list[Dependency]) -> Start | None:
    if description.app.start:
        return Start(description.app.start, description.app.workdir, "as configured")
    entries = app_entries(root, inventory, description)
    if entries:
        return _of_python(entries, inventory, direct)
    return next(_of_node(root, inventory), None)


def _of_python(entries: tuple[Entry, ...], inventory: Inventory, direct: list[Dependency]) -> Start:
    """The server's command for the likeliest entry, as a rehearsal would begin it."""
    first = entries[0]
    names = {one.name for one in direct}
    asgi = names.intersection(("fastapi", "litestar", "starlette", "quart"))
    of_wsgi = not asgi and names.intersection(_OF_WSGI)
    port = ("--port", "{port}")
    argv: tuple[str, ...]
    if of_wsgi:
        argv = ("python", "-m", "flask", "--app", first.spelled, "run", *port)
    elif "hypercorn" in names and "uvicorn" not in names:
        argv = ("python", "-m", "hypercorn", first.spelled, "--bind", "127.0.0.1:{port}")
    else:
        argv = ("python", "-m", "uvicorn", first.target, *(("--factory",) if first.factory else ()), *port)
    is_alone = len({(one.target, one.folder) for one in entries}) == 1 and first.folder == first.workdir
    is_served = of_wsgi or _serves(direct, argv[2])
    return Start(argv, first.folder, _file(first, inventory), sure=bool(is_alone and is_served))


def _serves(direct: list[Dependency], server: str) -> bool:
    """Whether the server is a package of the project, by its own name or with FastAPI's extras."""
    return any(
        one.name == server or re.search(r"\[(?:standard|all)\b|extras.*standard", one.requirement) for one in direct
    )


def _file(entry: Entry, inventory: Inventory) -> str:
    module = entry.target.partition(":")[0].replace(".", "/")
    wanted = [posixpath.normpath(posixpath.join(entry.folder, module + end)) for end in (".py", "/__init__.py")]
    return next((file.path for file in inventory.files if file.path in wanted), wanted[0])


def _of_node(root: Root, inventory: Inventory) -> Iterator[Start]:
    """`npm start`, or what it runs where that is one program; the package nearest to the top that declares a server."""
    packages = [
        file.path
        for file in inventory.files
        if file.path.rpartition("/")[2] == "package.json" and file.role not in _LEFT_OUT
    ]
    for path in sorted(packages, key=lambda one: (one.count("/"), one)):
        try:
            text = root.text(path, LARGEST).text
        except (Unreadable, Unavailable):
            continue
        if not any(f'"{name}"' in text for name in _OF_NODE):
            continue
        known = scripts(text)
        name = next((one for one in _LAUNCH if one in known), None)
        if name is not None:
            simple = _NODE.match(known[name])
            argv = tuple(known[name].split()) if simple else ("npm", "run", name)
            yield Start(argv, path.rpartition("/")[0] or ".", f"{path}: scripts.{name}", sure=name == "start")
