"""The number of statements that the database gets for a list does not grow with the rows of its page."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Missing, Rehearsal
from checker.model.stage_view import StageView, curl
from checker.model.unavailable import NotApplicable


def query_growth(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each list that was read in a small page and in a large one; bad from one statement a row on.

    Sources: backend-developer 1.37, backend-coder 3.27 ("Prevent N+1 patterns").
    """
    if isinstance(rehearsal.growths, Missing):
        raise NotApplicable(rehearsal.growths.missing)
    view = StageView.of(rehearsal, api)
    for one in rehearsal.growths:
        rows, more = one.many_rows - one.few_rows, one.many - one.few
        place, also = view.places(one.operation)
        yield Observation(
            subject=one.operation,
            ok=more < rows,
            place=place,
            message=f"{one.operation} asks the database once more for each row of its page",
            evidence=f"{one.few} statements for {one.few_rows} rows, {one.many} for {one.many_rows}; {curl(one.exchange)}",
            also=also,
        )
