"""The only place that says which files are worth their structure: those that name routes, models or settings."""

from __future__ import annotations

import re
from typing import Any

from checker.collect.code import python_module, typescript_module
from checker.collect.code.functions import GRAMMARS, parsed

_PYTHON = tuple(  # each looked for by itself: that is ten times as fast as one expression for all
    b"fastapi flask starlette Blueprint APIRouter include_router Depends sqlalchemy sqlmodel BaseSettings HTTPException Unauthori"
    b" Unauthenticated".split()
)
_WORDS = tuple(
    b"express fastify @nestjs/ hono koa Router() @Controller( .use( .post( .put( .patch( .delete(".split()
)  # one of them stands in whatever the expression below matches
_TYPESCRIPT = re.compile(
    rb"""["'](?:express|fastify|@nestjs/[\w-]+|hono|koa|koa-router|@koa/router)["']|\bRouter\(\)|@Controller\(|\.(?:use|post|put|patch|delete)\(\s*["'`]/"""
)


def module_facts(path: str, data: bytes) -> dict[str, Any] | None:
    """The structure of a module as plain JSON; None where nothing in it asks for one."""
    if path.endswith(".py"):
        worth = any(word in data for word in _PYTHON) or (
            path.endswith("__init__.py") and b"import" in data
        )  # it hands names on
        return python_module.facts(parsed(path, data)) if worth else None
    grammar = GRAMMARS.get(path[path.rfind(".") :], "tsx")
    if not any(word in data for word in _WORDS) or not _TYPESCRIPT.search(data):
        return None
    return typescript_module.facts(parsed(path, data), grammar)
