"""The only place that tells whether the source serves HTTP at all, so that a missing contract can be missed."""

from __future__ import annotations

import re
from dataclasses import dataclass

from checker.collect.files import Root, Unreadable
from checker.model.observation import Place
from checker.model.repo import Inventory, Role, RouteTraces
from checker.model.unavailable import Unavailable

MOST_TRACES = 20
LARGEST_SOURCE = 2 * 1024 * 1024


@dataclass(frozen=True)
class _Kind:
    """How a language shows a route: a file names a framework, and a line of it declares a path."""

    endings: tuple[str, ...]
    framework: re.Pattern[str]
    route: re.Pattern[str]


_VERBS = "get|post|put|patch|delete"
_KINDS = (
    _Kind(
        (".py",),
        re.compile(
            r"(?m)^[^\S\n]*(?:from|import)\s+(?:fastapi|flask|starlette|litestar|sanic|quart|robyn|falcon|blacksheep|aiohttp|bottle"
            r"|ninja|rest_framework|connexion|flask_restful|flask_smorest)\b"
        ),
        re.compile(
            rf"""(?m)^[^\S\n]*@[\w.]+\.(?:{_VERBS}|route|api_route)\(\s*[rf]?["']|^[^\S\n]*@(?:{_VERBS})\(\s*["']/"""
            rf"""|\.add_(?:api_route|url_rule|route|{_VERBS})\(\s*["']/|\bweb\.(?:{_VERBS})\(\s*["']/"""
            r"""|^[^\S\n]*@api_view\(|\brouter\.register\(|\bapi\.add_resource\("""
        ),
    ),
    _Kind(
        (".ts", ".js", ".mjs", ".cjs", ".mts", ".cts"),
        re.compile(
            r"""["'](?:express|fastify|@nestjs/common|hono|koa-router|@koa/router|@hapi/hapi|restify|elysia|polka|find-my-way)["']"""
        ),
        re.compile(
            rf"""(?m)^[^\S\n]*(?:[\w.]+)?\.(?:{_VERBS}|all)\(\s*["'`]/|^[^\S\n]*@(?:Get|Post|Put|Patch|Delete)\("""
        ),
    ),
    _Kind(
        ("/route.ts", "/route.js"),
        re.compile(r"(?m)^export\b"),
        re.compile(r"(?m)^export\s+(?:async\s+)?(?:function|const)\s+(?:GET|POST|PUT|PATCH|DELETE)\b"),
    ),
    _Kind(
        (".java", ".kt"),
        re.compile(r"org\.springframework\.web|(?:jakarta|javax)\.ws\.rs|io\.micronaut\.http"),
        re.compile(r"(?m)^[^\S\n]*@(?:(?:Get|Post|Put|Patch|Delete)(?:Mapping)?|RequestMapping|Path)\("),
    ),
    _Kind(
        (".go",),
        re.compile(
            r'"(?:net/http|github\.com/(?:gin-gonic/gin|labstack/echo|go-chi/chi|gorilla/mux|gofiber/fiber)[^"]*)"'
        ),
        re.compile(r'(?m)\.(?:GET|POST|PUT|PATCH|DELETE|Get|Post|Put|Patch|Delete|HandleFunc)\(\s*"(?:[A-Z]+ )?/'),
    ),
    _Kind(
        (".cs",),
        re.compile(r"Microsoft\.AspNetCore|WebApplication\b"),
        re.compile(r"\[Http(?:Get|Post|Put|Patch|Delete)\b|\.Map(?:Get|Post|Put|Patch|Delete)\("),
    ),
    _Kind(
        (".rs",),
        re.compile(r"\b(?:axum|actix_web|rocket|poem)::"),
        re.compile(rf'(?m)\.route\(\s*"/|^[^\S\n]*#\[(?:{_VERBS})\("/'),
    ),
    _Kind(
        ("routes/api.php",),
        re.compile(r"Route::"),
        re.compile(rf"(?m)^[^\S\n]*Route::(?:{_VERBS}|apiResource)\("),
    ),
)
_DOCSTRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"""|\'\'\'(?:[^\\]|\\.)*?\'\'\'', re.DOTALL
)  # examples in them are no routes
_PAGES = re.compile(r"\b(?:render_template|TemplateResponse|Jinja2Templates)\b")  # a site of pages is no API
_DATA = re.compile(r"(?i)json")
_UPKEEP = re.compile(r"(?i)[\"'`/](?:health\w*|ready\w*|live\w*|metrics|ping|status|favicon\.ico)/?[\"'`]")


def route_traces(root: Root, inventory: Inventory) -> RouteTraces:
    """One place for each file of runtime source that declares a route of an API, at most MOST_TRACES.

    Sites that only render pages, and routes for probes alone (`/health`), are no API.
    """
    found: list[Place] = []
    for file in inventory.files:
        kinds = [kind for kind in _KINDS if file.path.endswith(kind.endings)]
        if kinds and file.role is Role.RUNTIME and file.size <= LARGEST_SOURCE and not file.symlink:
            found.extend(_in_file(root, file.path, kinds))
        if len(found) >= MOST_TRACES:
            break
    return RouteTraces(tuple(found))


def _in_file(root: Root, path: str, kinds: list[_Kind]) -> list[Place]:
    try:
        text = root.text(path, LARGEST_SOURCE).text
    except (Unreadable, Unavailable):
        return []
    kinds = [kind for kind in kinds if kind.framework.search(text)]  # before what takes longer
    if not kinds or (_PAGES.search(text) and not _DATA.search(text)):
        return []
    if path.endswith(".py"):
        text = _DOCSTRING.sub(lambda found: "\n" * found[0].count("\n"), text)
    for kind in kinds:
        for match in kind.route.finditer(text):
            start = match.start() + len(match[0]) - len(match[0].lstrip())
            end = text.find("\n", match.end())
            if not _UPKEEP.search(text[start : end if end >= 0 else len(text)]):
                line = text.count("\n", 0, start) + 1
                return [Place(path, (line, line))]
    return []
