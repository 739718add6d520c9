"""Every query on rows that belong to a tenant is bound to the tenant."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pydantic import Field

from checker.checks.code.judged import bad, where
from checker.model.base import Frozen
from checker.model.code import CodeMatches, Match
from checker.model.modules import CodeStructure
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_SURE_OF = 3  # queries that are bound, before one that is not stands out


class Params(Frozen):
    """`column` says whose a row is; `exempt` names models that all tenants share."""

    column: str = Field(default="tenant_id", min_length=1)
    exempt: tuple[str, ...] = ()


def tenant_filter(code: CodeMatches, structure: CodeStructure, params: Params) -> Iterator[Observation]:
    """One observation for each query on a model with the tenant's column."""
    of_tenants = {
        one.name for one in structure.models if one.columns & _spellings(params) and one.name not in params.exempt
    }
    if not of_tenants:
        raise NotApplicable(f"no model has a column {params.column}")
    queries = [match for match in code.of("orm-query", "prisma-query") if _model(match) in of_tenants]
    bound = [_is_bound(match, params) for match in queries]
    usual = sum(bound) >= max(_SURE_OF, 2 * (len(bound) - sum(bound)))
    for match, is_bound in zip(queries, bound, strict=True):
        yield _observation(match, is_bound, usual, params)


def _spellings(params: Params) -> set[str]:
    """`tenant_id`, and `tenantId` as Prisma's fields are written."""
    first, *others = params.column.split("_")
    return {params.column, first + "".join(other.capitalize() for other in others)}


def _model(match: Match) -> str:
    """The model that a query asks for: named to SQLAlchemy, and the client's property for Prisma."""
    if match.pattern == "orm-query":
        return match.names.get("MODEL", "").rpartition(".")[2]
    asked = re.search(r"\.(\w+)\.\w+$", match.text.partition("(")[0])
    return asked[1][:1].upper() + asked[1][1:] if asked else ""


def _observation(match: Match, is_bound: bool, usual: bool, params: Params) -> Observation:
    if is_bound:
        return Observation(match.subject, True, match.place)
    message = f"{where(match)} asks for {_model(match)} of every tenant"
    speaks = re.search(r"(?i)tenant|scope|visible|accessible|authori[sz]|permission", _body(match))
    confidence = Confidence.LOW if speaks else None if usual else Confidence.MEDIUM
    evidence = f"{' '.join(match.text.split())[:80]}, and no {params.column} in the function"
    return bad(match, message, confidence, evidence)


def _is_bound(match: Match, params: Params) -> bool:
    """Whether the function compares the tenant's column with anything, in the query or after it."""
    column = "(?:" + "|".join(sorted(map(re.escape, _spellings(params)))) + ")"
    used = rf"\.{column}\b|\b{column}\s*==?|[\"']{column}[\"']\s*:|[{{,]\s*{column}\b|\b{column}\s*:"
    if match.language == "typescript" and re.search(rf"\b{column}\b", match.text):
        return True
    return re.search(used, _body(match)) is not None


def _body(match: Match) -> str:
    """The function's text without its parameters and without what is thrown away."""
    function = match.function
    if function is None:
        return match.text
    text = function.text.replace(function.parameters, "", 1) if function.parameters else function.text
    text = re.sub(r"\"\"\".*?\"\"\"", "", text, flags=re.DOTALL)
    return re.sub(r"(?m)^[^\S\n]*del\s.*$|^[^\S\n]*_\s*=\s*\w+$|#.*$", "", text)
