"""Routes handle HTTP; data and decisions are in services."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from checker.checks.code.judged import shortened
from checker.model.base import Frozen
from checker.model.modules import CodeStructure, Route
from checker.model.observation import Observation
from checker.model.rule import Confidence

_DATA = re.compile(
    r"(?:\b_?(?:session|db|db_session|dbsession|conn|cursor)\.(?:execute|scalars?|query|add|add_all|merge|delete|commit|flush|exec)\(|\b[A-Z]\w+\.(?:query|objects)\."
    r"|\bprisma\.\w+\.\w+\(|\b(?:knex|db)\(\s*[\"'`]|\bselect\(\s*[A-Z]\w+|\b[A-Z]\w+\.(?:findOne|findById|findByIdAndUpdate|create|updateOne|aggregate)\()"
)


class Params(Frozen):
    """`most_lines` is how long a handler may be before its length alone says that it decides things."""

    most_lines: int = Field(default=80, ge=5)


def thin_controller(structure: CodeStructure, params: Params) -> Iterator[Observation]:
    """One observation for each route that the code declares."""
    for route in structure.routes:
        yield _observation(route, params)


def _observation(route: Route, params: Params) -> Observation:
    data = _DATA.findall(route.handler.text)
    lines = route.handler.text.count("\n") + 1
    if not data and lines <= params.most_lines:
        return Observation(route.operation, True, route.place)
    said = f"asks the database itself ({len(data)} calls)" if data else f"is {lines} lines long"
    return Observation(
        subject=route.operation,
        ok=False,
        place=route.place,
        message=f"{route.operation} ({route.handler.symbol}) {said}; a service should",
        evidence=shortened(", ".join(dict.fromkeys(data)))
        if data
        else f"{lines} lines; {params.most_lines} are allowed",
        confidence=Confidence.MEDIUM if data else Confidence.LOW,
    )
