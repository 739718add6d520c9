"""Who gets in: nobody without credentials, nobody with forged ones, and no tenant to another's rows."""

from __future__ import annotations

import json
from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Refusal, Rehearsal
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable

_SAID = {
    "none": "without credentials",
    "malformed": "to a credential that is nonsense",
    "forged": "to a token whose signature was taken off",
    "expired": "to a token that ended an hour ago",
}


def credentials_required(rehearsal: Rehearsal, api: Api) -> Iterator[Observation]:
    """One observation for each protected operation: a 401 or 403 without credentials, and with wrong ones.

    Another 4xx keeps the caller out as well, and does not prove that credentials are looked at: it is left out.
    Sources: backend-developer 1.31, agent-2 0.28, backend-coder 3.20, OWASP API2:2023; Schemathesis ST401.
    """
    view = StageView.of(rehearsal, api)
    by_operation: dict[str, list[Refusal]] = {}
    for one in rehearsal.refusals:
        by_operation.setdefault(one.operation, []).append(one)
    for name, some in by_operation.items():
        open_to = [one for one in some if 200 <= one.exchange.status < 300]
        told = [one for one in some if one.exchange.status in (401, 403)]
        if not view.is_served(name) or not (open_to or told):
            continue
        place, also = view.places(name)
        yield Observation(
            subject=name,
            ok=not open_to,
            place=place,
            message=f"{name} answers {open_to[0].exchange.status} {_SAID[open_to[0].credentials]}" if open_to else "",
            evidence=_evidence(open_to),
            also=also,
        )


def _evidence(open_to: list[Refusal]) -> str:
    if not open_to:
        return ""
    one = open_to[0].exchange
    kinds = ", ".join(f"{each.credentials}: {each.exchange.status}" for each in open_to)
    return f"{kinds}; {curl(one)} → {one.status} {shown(one.answer, 120)}"


def tenant_isolation(rehearsal: Rehearsal, api: Api) -> Iterator[Observation]:
    """One observation for each resource that a user of another tenant asked for: 404 or 403, not the row.

    Sources: backend-coder 3.16 and 3.20, OWASP API1:2023.
    """
    view = StageView.of(rehearsal, api)
    if not rehearsal.foreign:
        raise NotApplicable(
            "no resource of one tenant could be asked for by another; name users of two under [[app.users]]"
        )
    for one in rehearsal.foreign:
        if _is_empty(one.foreign.answer):
            continue  # a list without rows: none of them was shown, and none was refused
        place, also = view.places(one.operation)
        read = 200 <= one.foreign.status < 300
        same = read and one.foreign.answer == one.owned.answer
        yield Observation(
            subject=one.operation,
            ok=not read,
            place=place,
            message=f"{one.operation} shows one tenant's row to another",
            evidence=f"{one.reader} asked for what {one.owner} has; {curl(one.foreign)} → {one.foreign.status}"
            f" {shown(one.foreign.answer, 120)}",
            confidence=None if same else Confidence.MEDIUM,
            also=also,
        )


def _is_empty(answer: str) -> bool:
    try:
        value = json.loads(answer)
    except ValueError:
        return False
    data = value.get("data", value.get("items", value)) if isinstance(value, dict) else value
    return data == []
