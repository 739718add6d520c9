"""What takes long answers 202 and goes on as a job: no operation lets its caller wait each time."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Exchange, Rehearsal
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl
from checker.model.unavailable import NotApplicable

LEAST = 3  # answers, of which the fastest is looked at: a machine that is busy delays some, and hardly all


class Params(Frozen):
    """`milliseconds` that an answer may take at most."""

    milliseconds: int = Field(default=500, ge=1)


def slow_operation(rehearsal: Rehearsal, api: Api | NotApplicable, params: Params) -> Iterator[Observation]:
    """One observation for each operation that succeeded at least three times; whether its caller can wait nobody tells.

    Source: backend-coder 3.28.
    """
    view = StageView.of(rehearsal, api).tried()
    answers: dict[str, list[Exchange]] = {}
    for one in rehearsal.observed:
        if 200 <= one.status < 300 and one.seconds > 0 and view.is_documented(one.operation):
            answers.setdefault(one.operation, []).append(one)
    for name, some in sorted(answers.items()):
        if len(some) < LEAST:
            continue
        fastest = min(some, key=lambda one: one.seconds)
        place, also = view.places(name)
        yield Observation(
            subject=name,
            ok=fastest.seconds * 1000 <= params.milliseconds or all(one.status == 202 for one in some),
            place=place,
            message=f"{name} takes more than {params.milliseconds} ms each time",
            evidence=f"the fastest of {len(some)} answers took {fastest.seconds:.1f} s; {curl(fastest)}",
            confidence=Confidence.MEDIUM,
            also=also,
        )
