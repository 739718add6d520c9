"""What a careful app takes from nobody: fields that are its own to decide, schemes beside the web's, addresses to call."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Rehearsal
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable


def mass_assignment_observed(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation that was sent what its answers hold and its requests do not.

    Sources: backend-engineer 2.22, CWE-915, OWASP API3:2023.
    """
    yield from _held(rehearsal, api, "extra", "lets its caller set {}")


def request_forgery_observed(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each address that an operation takes: nothing is called at this machine's own.

    Sources: backend-engineer 2.22, CWE-918, OWASP API7:2023.
    """
    yield from _held(
        rehearsal, api, "address", "calls the address that its caller gives as {}, here one of the server itself"
    )


def url_scheme(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each address that an operation takes: `javascript:` is refused.

    Sources: backend-agent 4.14 and 4.21, CWE-79 (a link that is shown runs what it says).
    """
    yield from _held(rehearsal, api, "scheme", "takes `javascript:` as {}")


def _held(rehearsal: Rehearsal, api: Api | NotApplicable, kind: str, verdict: str) -> Iterator[Observation]:
    view = StageView.of(rehearsal, api)
    for one in rehearsal.injections:
        if one.kind != kind:
            continue
        place, also = view.places(one.operation)
        names = ", ".join(f"`{name}`" for name in one.taken)
        yield Observation(
            subject=f"{one.operation} {', '.join(one.fields)}" if kind != "extra" else one.operation,
            ok=not one.taken,
            place=place,
            message=f"{one.operation} {verdict.format(names)}",
            evidence=f"{curl(one.exchange)} → {one.exchange.status} {shown(one.exchange.answer, 160)}",
            also=also,
        )
