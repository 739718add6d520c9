"""An Idempotency-Key is kept: the same request again makes nothing new, and another request under it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Exchange, Rehearsal, Repeat
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import Unavailable


def idempotency_replay(rehearsal: Rehearsal, api: Api) -> Iterator[Observation]:
    """One observation for each POST with a documented key that could be sent twice.

    Sources: backend-engineer 2.16, draft-ietf-httpapi-idempotency-key-header, Zalando RESTful guidelines #230.
    """
    view = StageView.of(rehearsal, api)
    if rehearsal.unrepeated and not rehearsal.repeats:
        raise Unavailable(f"no request could be repeated: {'; '.join(rehearsal.unrepeated[:3])}")
    for one in rehearsal.repeats:
        place, also = view.places(one.operation)
        wrong = list(_wrong(one))
        yield Observation(
            subject=one.operation,
            ok=not wrong,
            place=place,
            message=f"{one.operation} {wrong[0] if wrong else f'keeps its {one.header}'}",
            evidence=f"{'; '.join(wrong)}; {curl(one.first)} twice → {_answer(one.first)}, {_answer(one.second)}",
            also=also,
        )


def _wrong(one: Repeat) -> Iterator[str]:
    first, second = _made(one.first), _made(one.second)
    if _succeeded(one.second) and first and second and first != second:
        yield f"ignores the {one.header}: the same request sent twice makes two resources"
    elif one.second.status >= 500:
        yield f"fails with {one.second.status} when a request is repeated under its {one.header}"
    if one.other is not None and _succeeded(one.other):
        yield f"takes another body under a used {one.header} ({one.other.status}, not 409 or 422)"
    made = {_made(each) for each in one.parallel if _succeeded(each)} - {None}
    if len(made) > 1:
        yield f"makes {len(made)} resources when one request is sent twice at the same time"
    if any(each.status >= 500 for each in one.parallel):
        yield "fails when one request is sent twice at the same time"


def _answer(one: Exchange) -> str:
    made = _made(one)
    return f"{one.status} id {shown(made)}" if made else str(one.status)


def _succeeded(one: Exchange) -> bool:
    return 200 <= one.status < 300


def _made(one: Exchange) -> str | None:
    """The identifier of what an answer says was made."""
    try:
        value: Any = json.loads(one.answer)
    except ValueError:
        return None
    for _ in range(4):
        if not isinstance(value, Mapping):
            return None
        if isinstance(value.get("id"), (str, int)):
            return str(value["id"])
        value = value.get("data")
    return None
