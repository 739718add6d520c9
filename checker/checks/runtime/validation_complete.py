"""All that is wrong with a request is said at once."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Rehearsal
from checker.model.stage_view import StageView, curl, shown


def validation_complete(rehearsal: Rehearsal, api: Api) -> Iterator[Observation]:
    """One observation for each operation that refused a body with two wrong fields and named at least one of them.

    An answer that names neither says nothing about completeness and is left out. Source: backend-coder 3.15.
    """
    view = StageView.of(rehearsal, api)
    for one in rehearsal.verdicts:
        named = [field for field in one.fields if field in one.exchange.answer]
        if one.exchange.status not in (400, 422) or not named:
            continue
        place, also = view.places(one.operation)
        silent = [field for field in one.fields if field not in named]
        yield Observation(
            subject=one.operation,
            ok=not silent,
            place=place,
            message=f"{one.operation} names one of two invalid fields",
            evidence=f"{' and '.join(one.fields)} were wrong, {', '.join(silent) or 'none'} is not named;"
            f" {curl(one.exchange)} → {one.exchange.status} {shown(one.exchange.answer, 200)}",
            also=also,
        )
