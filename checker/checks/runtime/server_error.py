"""No request makes the app fail: what ends in a 5xx is shown with the request and the app's own traceback."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation, Place
from checker.model.rehearsal import Crash, Failure, Fuzzing, Rehearsal
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable

_ELSEWHERE = re.compile(  # of the last line of a traceback: what a network without neighbours makes of a call
    r"(?i)connection refused|connect call failed|name or service not known|name resolution|getaddrinfo|ECONNREFUSED"
    r"|ENOTFOUND|EAI_AGAIN|network is unreachable|error \d+ connecting|all connection attempts failed"
)


def server_error(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each operation that was asked; a 5xx that does not repeat on a fresh app is a note.

    Sources: RFC 9110, 15.6 (a 5xx is the server's fault); backend-coder 3.14; Schemathesis ST101.
    """
    view = StageView.of(rehearsal, api)
    if not (rehearsal.crashes or rehearsal.died):
        view.tried()
    yield from view.judged(_each(view, rehearsal))


def _each(view: StageView, rehearsal: Rehearsal) -> Iterator[Observation]:
    crashed = {one.exchange.operation: one for one in rehearsal.crashes if not one.meant}
    meant = {one.exchange.operation for one in rehearsal.crashes if one.meant}
    seen = [one.operation for one in rehearsal.observed]
    asked = dict.fromkeys(name for name in seen if view.is_documented(name) or " " not in name)
    broken = dict(rehearsal.fuzzing.unfinished) if isinstance(rehearsal.fuzzing, Fuzzing) else {}
    if rehearsal.died:
        yield _died(view)
        broken = {name: said for name, said in broken.items() if "RemoteDisconnected" in said}
    refused = {one.operation: one for one in _of_graphql(rehearsal) if one.operation not in meant}
    for name in dict.fromkeys((*crashed, *refused, *broken, *asked)):
        found = crashed.get(name)
        if found is None and name in refused:
            yield _resolver(view, refused[name])
        elif found is None and name in broken:
            yield _unfinished(view, name, broken[name])
        elif found is None:
            yield Observation(subject=name, ok=True, place=view.places(name)[0])
        else:
            yield _crashed(view, name, found)


def _of_graphql(rehearsal: Rehearsal) -> tuple[Failure, ...]:
    """Errors of the server that a GraphQL endpoint answers with 200."""
    runs = [one for one in (rehearsal.fuzzing, rehearsal.graphql) if isinstance(one, Fuzzing)]
    return tuple(failure for one in runs for failure in one.failures if failure.code == "ST113")


def _resolver(view: StageView, one: Failure) -> Observation:
    place, also = view.places(one.operation)
    request = f"; {curl(one.exchange)} → {shown(one.exchange.answer, 160)}" if one.exchange else ""
    return Observation(
        subject=one.operation,
        ok=False,
        place=place,
        message=f"{one.operation} fails in its resolver",
        evidence=f"{shown(one.message, 200)}{request}",
        confidence=Confidence.MEDIUM,
        also=also,
    )


def _died(view: StageView) -> Observation:
    lines = " / ".join(view.rehearsal.log.splitlines()[-3:])
    return Observation(
        subject="the app",
        ok=False,
        place=view.places("")[0],
        message="The app ended while it was asked",
        evidence=f"{view.rehearsal.died}; its last lines: {shown(lines) or 'none'}",
    )


def _unfinished(view: StageView, name: str, said: str) -> Observation:
    """No answer at all is worse than a 5xx; what else broke the test off leaves it open, and says so."""
    place, also = view.places(name)
    silent = "RemoteDisconnected" in said or "ConnectionReset" in said or "Timeout" in said
    return Observation(
        subject=name,
        ok=False,
        place=place,
        message=f"{name} gives no answer to some request" if silent else f"{name} could not be tested to the end",
        evidence=shown(said),
        confidence=None if silent else Confidence.LOW,
        also=also,
    )


def _crashed(view: StageView, name: str, found: Crash) -> Observation:
    place, also = view.places(name)
    path, _, line = found.frame.rpartition(":")
    if path:
        also, place = (place, *also), Place(path, (int(line), int(line)))
    said = next(
        (
            line.strip().rstrip('"}')  # of a log that is JSON
            for line in reversed(found.trace.replace("\\n", "\n").splitlines())
            if _is_error(line)
        ),
        "",
    )
    neighbour = "; a service that it calls is not there during a rehearsal" if _ELSEWHERE.search(said) else ""
    again = neighbour if found.repeated else "; it did not repeat on a fresh app, so it depends on what came before"
    return Observation(
        subject=name,
        ok=False,
        place=place,
        message=f"{name} {_verdict(found)}{'' if found.repeated else ', but not every time'}",
        evidence=f"{shown(said, 200) or shown(found.exchange.answer, 120)}{again}; {curl(found.exchange)}",
        confidence=_confidence(found, bool(neighbour)),
        also=also,
    )


def _verdict(found: Crash) -> str:
    status = found.exchange.status
    if status >= 500:
        return f"answers {status}"
    return f"answers {status} for a failure of its own" if " " in found.exchange.operation else "fails in its resolver"


def _confidence(found: Crash, lacks_neighbour: bool) -> Confidence | None:
    if not found.repeated:
        return Confidence.LOW
    untold = " " not in found.exchange.operation and not found.frame  # a resolver's error, and nobody logged whose
    return Confidence.MEDIUM if found.exchange.status == 503 or lacks_neighbour or untold else None


def _is_error(line: str) -> bool:
    *modules, head = line.strip().partition(":")[0].split(".")
    return all(part.isidentifier() for part in (*modules, head)) and head.endswith(
        ("Error", "Exception", "Interrupt", "Exit", "Warning")
    )
