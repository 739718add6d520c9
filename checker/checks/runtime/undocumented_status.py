"""The app answers with the statuses that its contract documents, and with no others."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api, Operation
from checker.model.observation import Observation
from checker.model.rehearsal import Exchange, Rehearsal
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl, shown


def undocumented_status(rehearsal: Rehearsal, api: Api) -> Iterator[Observation]:
    """One observation for each operation and status that was seen.

    A 400 for a body that is no text, and a 405, come from the framework and are notes. Sources: OpenAPI "Responses
    Object", backend-developer 1.4, Schemathesis ST103.
    """
    view = StageView.of(rehearsal, api).tried()
    yield from view.judged(_each(view))


def _each(view: StageView) -> Iterator[Observation]:
    seen: dict[tuple[str, int], tuple[Operation, Exchange]] = {}
    for operation, one in view.answered():
        key = operation.name, one.status
        if key not in seen or _size(one) < _size(seen[key][1]):
            seen[key] = operation, one
    for (name, status), (operation, one) in sorted(seen.items()):
        if status >= 500:
            continue  # rule server-error shows it
        place, also = view.places(name, "responses")
        documented = [response.status for response in operation.responses]
        yield Observation(
            subject=f"{name} {status}",
            ok=_is_documented(status, documented),
            place=place,
            message=f"{name} answers {status}, which the contract does not document",
            evidence=f"documented: {', '.join(sorted(documented))}; {curl(one)} → {status} {shown(one.answer, 160)}",
            cause=_cause(name, status, documented),
            confidence=Confidence.LOW if _is_framework(one) else None,
            also=also,
        )


def _is_documented(status: int, documented: list[str]) -> bool:
    return bool(
        {str(status), f"{status // 100}XX", "default"}
        & {one if one == "default" else one.upper() for one in documented}
    )


def _cause(name: str, status: int, documented: list[str]) -> str:
    """Where no refusal is documented at all, that is the one thing to mend."""
    refusals = [one for one in documented if one[:1] == "4" or one == "default"]
    return "" if refusals or status < 400 else f"{name} documents no 4xx"


def _is_framework(one: Exchange) -> bool:
    """What the framework answers before any code of the project sees the request."""
    return one.status in (405, 406, 415, 431) or (one.status == 400 and "\ufffd" in (one.body or "") + one.url)


def _size(one: Exchange) -> int:
    return len(one.body or "") + len(one.url)
