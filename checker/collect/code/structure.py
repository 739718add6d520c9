"""The only place that joins what the modules declare: routes with their guards, and tables with their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from checker.collect.code.guards import Guards
from checker.collect.code.prisma import prisma_models
from checker.collect.code.program import Program
from checker.collect.code.reading import Reading
from checker.collect.files import Root
from checker.model.code import Function, Language
from checker.model.modules import CodeStructure, Model, Route
from checker.model.repo import Inventory
from checker.model.unavailable import NotApplicable

_ROUTE_PARTS = 11


def code_structure(reading: Reading, root: Root, inventory: Inventory) -> CodeStructure:
    """Routes and models of all runtime source, with those of Prisma's schemas. NotApplicable where nothing declares any."""
    modules = {file.path: record["module"] for file, record in reading.files if _is_module(record["module"])}
    languages = {file.path: file.language for file, _ in reading.files}
    routes = tuple(_routes(modules, languages))
    models = (*_models(modules), *prisma_models(root, inventory))
    if not routes and not models:
        raise NotApplicable("no module declares a route or a table in a way that is known here")
    imported = {
        path: tuple(sorted({found[1] for found in one["names"].values() if found[0] == "import"}))
        for path, one in modules.items()
    }
    return CodeStructure(routes, models, imported)


def _is_module(module: Any) -> bool:
    """Whether kept facts have the shape that we write."""
    if not isinstance(module, dict):
        return False
    try:
        return (
            all(isinstance(found, list) and len(found) in (2, 3) for found in module["names"].values())
            and all(len(one) == 3 for one in module["routers"].values())
            and all(len(one) in (4, 5) for one in module["includes"])
            and all(len(one) == _ROUTE_PARTS for one in module["routes"])
            and all(len(one) == 6 for one in module["models"])
        )
    except (KeyError, TypeError, AttributeError):
        return False


def _routes(modules: Mapping[str, Any], languages: Mapping[str, Language]) -> Iterator[Route]:
    guards = Guards(Program(modules))
    for path, facts in modules.items():
        for one in facts["routes"]:
            guard, by, whole = guards.of(path, one)
            _, method, _, symbol, first, last, asks, _, decorators, text, is_async = one
            handler = Function(
                str(symbol), (int(first), int(last)), str(text), bool(is_async), str(asks), tuple(decorators)
            )
            route = re.sub(r"<(?:\w+:)?(\w+)>|:(\w+)", lambda found: f"{{{found[1] or found[2]}}}", whole) or "/"
            yield Route(
                str(method),
                re.sub(r"//+", "/", route),
                languages[path],
                path,
                (int(first), int(last)),
                handler,
                guard,
                by,
            )


def _models(modules: Mapping[str, Any]) -> Iterator[Model]:
    declared = {one[0]: one for facts in modules.values() for one in facts["models"]}
    for path, facts in modules.items():
        for name, bases, columns, table, first, last in facts["models"]:
            inherited = frozenset(columns) | _inherited(bases, declared)
            yield Model(str(name), path, (int(first), int(last)), inherited, str(table))


def _inherited(bases: list[str], declared: Mapping[str, Any]) -> frozenset[str]:
    """The columns of all classes that stand behind some bases, each class looked at once."""
    found: set[str] = set()
    waiting, seen = list(bases), set(bases)
    while waiting:
        one = declared.get(waiting.pop())
        if one is not None:
            found.update(one[2])
            waiting += [base for base in one[1] if base not in seen]
            seen.update(one[1])
    return frozenset(found)
