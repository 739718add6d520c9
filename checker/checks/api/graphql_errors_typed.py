"""Every GraphQL mutation answers with errors that a client can tell apart by a code or a type."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.graphql import GraphqlApi, GraphqlField, GraphqlType
from checker.model.observation import Observation

_ERROR_TYPE = re.compile(
    r"(Errors?|Problems?|Failure|Failed|Exception|Fault|Invalid\w*|NotFound|Denied|Forbidden|Conflict|Unauthorized)$"
)
_ERROR_FIELD = re.compile(r"(?i)(errors?|problems?|failures?)$")
_MESSAGES = frozenset({"message", "messages", "detail", "details", "description", "reason", "title", "text"})
_CODES = frozenset({"code", "type", "kind", "errorcode", "errortype", "category", "status", "key", "name"})


def graphql_errors_typed(graphql: GraphqlApi) -> Iterator[Observation]:
    """One observation for each mutation: it gives a union with an error type, or a payload with errors of code and message.

    Where not one mutation has them the schema has one defect, and the findings fold. Sources: backend-engineer's and
    backend-coder's error envelopes ("code", "message"); "Production Ready GraphQL" ch. 3 on errors as data.
    """
    mutations = [(one, _seen(graphql, one)) for one in graphql.root_fields("mutation") if not one.name.startswith("_")]
    nowhere = len(mutations) > 1 and not any(not problem for _, problem in mutations)
    for one, problem in mutations:
        yield Observation(
            subject=f"Mutation.{one.name}",
            ok=not problem,
            place=one.place,
            message=f"Mutation.{one.name} answers with errors that have no type",
            evidence=problem or f"{one.name}: {one.type} carries typed errors",
            cause="no mutation has typed errors" if nowhere else "",
        )


def _seen(api: GraphqlApi, mutation: GraphqlField) -> str:
    """What is wrong with a mutation's answer; empty where it carries typed errors."""
    found = api.types.get(mutation.named)
    written = f"{mutation.name}: {mutation.type}"
    if found is None or not found.is_composite:
        return f"{written} is a plain value"
    if _is_typed_choice(api, found):
        return ""
    untyped = ""
    for field in found.fields.values():
        inner = api.types.get(field.named)
        if inner is not None and _is_typed_choice(api, inner):
            return ""
        if _ERROR_FIELD.search(field.name) and (field.is_list or (inner is not None and inner.is_composite)):
            lack = _lack(api, inner)
            if not lack:
                return ""
            untyped = f"{written} has {field.name}: {field.type}, {lack}"
    return untyped or f"{written} has no field of errors, and is no union with an error type"


def _is_typed_choice(api: GraphqlApi, found: GraphqlType) -> bool:
    """A union or interface, one of whose types is an error."""
    return found.kind in ("union", "interface") and any(_is_error(one) for one in api.implementations(found.name))


def _is_error(found: GraphqlType) -> bool:
    return any(_ERROR_TYPE.search(name) for name in (found.name, *found.interfaces))


def _lack(api: GraphqlApi, found: GraphqlType | None) -> str:
    """What the type of an errors field lacks; among several types the type itself is the code."""
    if found is None or not found.is_composite:
        return "which are plain values"
    kinds = list(api.implementations(found.name))
    names = [{name.lower() for name in one.fields} for one in (found, *kinds) if one.fields]
    if not any(one & _MESSAGES for one in names):
        return "which have no message"
    if found.kind == "object" and not any(one & _CODES for one in names):
        return "which have a message and no code"
    return ""
