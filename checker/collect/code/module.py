"""The only place that says which files are worth their structure: those that name routes, models or settings."""

from __future__ import annotations

import re
from typing import Any

from checker.collect.code import python_module, typescript_module
from checker.collect.code.functions import GRAMMARS, parsed

_PYTHON = re.compile(
    rb"fastapi|flask|starlette|Blueprint|APIRouter|include_router|Depends|sqlalchemy|sqlmodel|BaseSettings|HTTPException|Unauthori[sz]ed|Unauthenticated"
)
_TYPESCRIPT = re.compile(
    rb"""["'](?:express|fastify|@nestjs/[\w-]+|hono|koa|koa-router|@koa/router)["']|\bRouter\(\)|@Controller\(|\.(?:use|post|put|patch|delete)\(\s*["'`]/"""
)


def module_facts(path: str, data: bytes) -> dict[str, Any] | None:
    """The structure of a module as plain JSON; None where nothing in it asks for one."""
    if path.endswith(".py"):
        worth = _PYTHON.search(data) or (path.endswith("__init__.py") and b"import" in data)  # it hands names on
        return python_module.facts(parsed(path, data)) if worth else None
    grammar = GRAMMARS.get(path[path.rfind(".") :], "tsx")
    return typescript_module.facts(parsed(path, data), grammar) if _TYPESCRIPT.search(data) else None
