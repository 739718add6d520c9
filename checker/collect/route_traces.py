"""The only place that tells whether the source serves HTTP at all, so that a missing contract can be missed."""

from __future__ import annotations

import re

from checker.collect.files import Root, Unreadable
from checker.model.observation import Place
from checker.model.repo import Inventory, Role, RouteTraces
from checker.model.unavailable import Unavailable

MOST_TRACES = 20
LARGEST_SOURCE = 2 * 1024 * 1024
_PYTHON = re.compile(r"(?m)^\s*@[\w.]+\.(?:get|post|put|patch|delete|route|api_route)\(\s*[rf]?[\"']|^\s*@(?:get|post|put|patch|delete)\(\s*[\"']/")
_FRAMEWORK = re.compile(r"(?m)^\s*(?:from|import)\s+(?:fastapi|flask|starlette|litestar|sanic|quart|robyn|falcon|blacksheep)\b")
_NODE = re.compile(r"(?m)^\s*(?:export\s+)?(?:const\s+\w+\s*=\s*)?(?:\w+)\.(?:get|post|put|patch|delete)\(\s*[\"'`]/|^\s*@(?:Get|Post|Put|Patch|Delete|Controller)\(")
_NODE_FRAMEWORK = re.compile(r"""["'](?:express|fastify|@nestjs/common|hono|koa-router|@koa/router|@hapi/hapi|restify)["']""")
_KINDS = {".py": (_FRAMEWORK, _PYTHON), ".ts": (_NODE_FRAMEWORK, _NODE), ".js": (_NODE_FRAMEWORK, _NODE), ".mjs": (_NODE_FRAMEWORK, _NODE)}


def route_traces(root: Root, inventory: Inventory) -> RouteTraces:
    """The first places in runtime source that declare a route: a framework's import and a decorator or call with a path."""
    found: list[Place] = []
    for file in inventory.files:
        kind = next((marks for ending, marks in _KINDS.items() if file.path.endswith(ending)), None)
        if kind and file.role is Role.RUNTIME and file.size <= LARGEST_SOURCE and not file.symlink:
            found.extend(_in_file(root, file.path, *kind))
        if len(found) >= MOST_TRACES:
            break
    return RouteTraces(tuple(found[:MOST_TRACES]))


def _in_file(root: Root, path: str, framework: re.Pattern[str], route: re.Pattern[str]) -> list[Place]:
    try:
        text = root.text(path, LARGEST_SOURCE).text
    except (Unreadable, Unavailable):
        return []
    match = route.search(text) if framework.search(text) else None
    if match is None:
        return []
    line = text.count("\n", 0, match.end()) + 1
    return [Place(path, (line, line))]
