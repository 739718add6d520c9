"""No error of the contract is a framework's own validation error, left as it came."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.answers import error_answers
from checker.model.contract import Api, Node
from checker.model.observation import Observation
from checker.model.shape import Shape, shape, shapes

_STATUSES = frozenset({"400", "422", "4XX", "default"})  # what frameworks answer when validation fails
_PYDANTIC = frozenset({"loc", "msg"})
_LITESTAR = frozenset({"status_code", "detail", "extra"})


def default_validation_error(api: Api) -> Iterator[Observation]:
    """One observation for each error that may report bad input and has a JSON schema, recognised by shape, not by name.

    FastAPI documents `{detail: [{loc, msg, type}]}` at 422 for every operation with input, whatever handler there is.
    """
    for contract in api.contracts:
        for answer in error_answers(contract):
            if answer.response.status not in _STATUSES or answer.schema is None:
                continue
            framework = _framework(answer.schema)
            spot = answer.spot
            yield Observation(
                subject=answer.subject,
                ok=not framework,
                place=spot.place,
                message=f"{answer.subject} is the default validation error of {framework}",
                evidence=f"{spot.cause or 'the body'} is {_outline(framework)}",
                cause=spot.cause,
                also=spot.also,
            )


def _framework(schema: Node) -> str:
    """Whose default one of the alternatives is; empty for a schema of the API's own."""
    return next((name for one in shapes(schema) if (name := _default_of(one))), "")


def _default_of(one: Shape) -> str:
    names = one.properties.keys()
    if names == {"detail"} and _is_pydantic(shape(one.properties["detail"])):
        return "FastAPI"
    if one.is_array and _is_pydantic(one):
        return "pydantic"
    return "Litestar" if names == _LITESTAR else ""


def _is_pydantic(one: Shape) -> bool:
    names = shape(one.items).properties.keys() if one.is_array and one.items else set()
    return names >= _PYDANTIC and bool(names & {"type", "type_"})


def _outline(framework: str) -> str:
    known = {"FastAPI": "{detail: [{loc, msg, type}]}", "pydantic": "[{loc, msg, type}]"}
    return known.get(framework, "{status_code, detail, extra}")
