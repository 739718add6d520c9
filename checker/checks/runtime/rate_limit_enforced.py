"""Whoever asks one operation again and again is told to wait."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Limit, Rehearsal
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, shown
from checker.model.unavailable import NotApplicable, Unavailable


def rate_limit_enforced(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation: a 429 with `Retry-After` came. Where none came, a proxy may do it, so that weighs less.

    Sources: backend-coder 3.29, backend-engineer 2.28, backend-developer 1.34, RFC 6585 4, RFC 9110 10.2.3.
    """
    limit = rehearsal.limit
    if not isinstance(limit, Limit):
        raise Unavailable(f"no operation was asked in a row: {limit.missing}")
    place, also = StageView.of(rehearsal, api).places(limit.operation)
    refused = limit.refused
    waits = refused is not None and any(name in refused.headers for name in ("retry-after", "ratelimit"))
    without = f"; started without {', '.join(limit.without)}" if limit.without else ""
    came = f"429 after {limit.requests} requests: {shown(refused.answer, 120)}" if refused else "no 429"
    yield Observation(
        subject=limit.operation,
        ok=waits,
        place=place,
        message=f"{limit.operation} answers 429 without saying when to come back"
        if refused
        else f"{limit.operation} was asked {limit.requests} times in {limit.seconds} s and never refused",
        evidence=f"{came}{without}",
        confidence=None if refused else Confidence.MEDIUM,
        also=also,
    )
