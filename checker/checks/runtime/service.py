"""What the app does as a service: says that it is well, stops in good order, and is careful with foreign origins."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.observation import Observation, Place
from checker.model.rehearsal import Rehearsal, Stop
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl, shown
from checker.model.unavailable import NotApplicable, Unavailable

_ORIGIN = "access-control-allow-origin"
_WITH = "access-control-allow-credentials"


def health_endpoint(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation: some documented or usual health path answers 200 without credentials.

    Sources: backend-engineer 2.24, backend-coder 3.32, draft-inadarei-api-health-check.
    """
    view = StageView.of(rehearsal, api)
    well = next((one for one in rehearsal.health if one.status == 200), None)
    tried = ", ".join(f"{one.operation.partition(' ')[2]} {one.status}" for one in rehearsal.health)
    first = well or next(iter(rehearsal.health), None)
    yield Observation(
        subject="health",
        ok=well is not None,
        place=view.places(first.operation if first else "")[0],
        message="No health endpoint answers 200",
        evidence=f"tried: {tried or 'no path answered'}",
    )


class StopParams(Frozen):
    """`seconds`: how long the app may take from SIGTERM to its end."""

    seconds: float = 30.0


def graceful_stop(rehearsal: Rehearsal, api: Api | NotApplicable, params: StopParams) -> Iterator[Observation]:
    """One observation: on SIGTERM the request in flight is answered, then the app ends and leaves no process.

    Sources: backend-engineer 2.27, twelve-factor IX (disposability). Unavailable where the app was not stopped by us.
    """
    stop = rehearsal.stop
    if not isinstance(stop, Stop):
        raise Unavailable(f"how the app stops was not seen: {stop.missing}")
    wrong = list(_of_stop(stop, params.seconds))
    if not wrong and stop.finished is None:
        raise NotApplicable("no request could be held in flight while the app was stopped")
    view = StageView.of(rehearsal, api)
    route = next((one for one in view.routes.values() if one.file), None)
    yield Observation(
        subject="SIGTERM",
        ok=not wrong,
        place=Place(route.file) if route else view.places("")[0],
        message=f"On SIGTERM the app {wrong[0] if wrong else 'ends'}",
        evidence=f"{'; '.join(wrong)}; it took {stop.seconds} s; started as `{' '.join(rehearsal.command)}`",
    )


def _of_stop(stop: Stop, seconds: float) -> Iterator[str]:
    if stop.finished is False:
        yield "drops the request that is in flight"
    if not stop.ended:
        yield f"does not end within {stop.seconds:.0f} s"
    elif stop.seconds > seconds:
        yield f"takes {stop.seconds} s to end"
    if stop.left:
        yield "leaves processes of its own behind"


def cors_origin(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each answer to a foreign origin: it is not allowed by wildcard or by echo.

    Sources: backend-coder 3.35, OWASP API8:2023. A wildcard without credentials is medium: the API may be public.
    """
    view = StageView.of(rehearsal, api)
    for one in rehearsal.preflights:
        allowed, credentials = one.headers.get(_ORIGIN, ""), one.headers.get(_WITH, "").lower() == "true"
        asked = next((value for name, value in one.sent.items() if name.lower() == "origin"), "")
        echoed = bool(asked) and allowed == asked
        place, also = view.places(one.operation)
        how = "with credentials" if credentials else "without credentials"
        yield Observation(
            subject=f"{'preflight' if one.method == 'OPTIONS' else 'request'} from a foreign origin",
            ok=allowed != "*" and not echoed,
            place=place,
            message=f"Any origin is allowed {how}",
            evidence=f"{_ORIGIN}: {shown(allowed, 80)}; {curl(one)}",
            cause="foreign origins are allowed",
            confidence=None if credentials else Confidence.MEDIUM,
            also=also,
        )
