"""The number of statements that the database gets for a list does not grow with the rows of its page."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Missing, Rehearsal
from checker.model.stage_view import StageView, curl
from checker.model.unavailable import NotApplicable

LEAST = 3  # statements more


def query_growth(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each list that was read in a small page and in a large one.

    Bad from one statement for two more rows on, and three of them at least: a join that loads apart takes one or two more
    for all rows together, and a connection is looked after now and then.

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
            ok=more < LEAST or 2 * more < rows,
            place=place,
            message=f"{one.operation} asks the database once more for each row of its page",
            evidence=f"{one.few} statements for {one.few_rows} rows, {one.many} for {one.many_rows}; {curl(one.exchange)}",
            also=also,
        )
