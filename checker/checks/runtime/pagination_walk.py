"""A paginated list can be walked to its end: every row once, no page larger than asked, and a bad cursor refused."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Rehearsal, Walk
from checker.model.rule import Confidence
from checker.model.stage_view import StageView, curl
from checker.model.unavailable import Unavailable


def pagination_walk(rehearsal: Rehearsal, api: Api) -> Iterator[Observation]:
    """One observation for each list that could be walked. A list with one page alone proves its bound, and no more.

    Sources: backend-coder 3.13, backend-engineer 2.19, AIP-158, Zalando RESTful guidelines #160.
    """
    view = StageView.of(rehearsal, api)
    if rehearsal.walks and not any(walk.pages for walk in rehearsal.walks):
        seen = rehearsal.walks[0]
        raise Unavailable(f"no list could be walked: {seen.operation} {seen.note}; name a user under [[app.users]]")
    for walk in rehearsal.walks:
        if not walk.pages:
            continue
        wrong = list(_wrong(walk))
        place, also = view.places(walk.operation)
        request = f"; {curl(walk.exchange)}" if walk.exchange else ""
        only_cursor = wrong and not (walk.repeated or walk.lost or walk.endless or walk.oversized or walk.moved)
        only_offset = walk.by_offset and walk.moved and len(wrong) == 1  # what an offset cannot keep
        yield Observation(
            subject=walk.operation,
            ok=not wrong,
            place=place,
            message=f"{walk.operation} {wrong[0] if wrong else 'can be walked'}",
            evidence=f"{walk.pages} pages, {walk.rows} different rows, {walk.repeated} seen again: {'; '.join(wrong)}{request}",
            confidence=Confidence.MEDIUM if only_cursor or only_offset else None,
            also=also,
        )


def _wrong(walk: Walk) -> Iterator[str]:
    if walk.endless:
        yield f"never ends: after {walk.pages} pages it still names a next one"
    if walk.repeated:
        yield "repeats rows on later pages"
    if walk.lost:
        yield "loses rows between its pages"
    if walk.oversized:
        yield f"answers {walk.oversized} rows where fewer were asked"
    if walk.moved:
        yield "shows rows twice or not at all when one is added meanwhile"
    if walk.bad_cursor is not None and not 400 <= walk.bad_cursor < 500:
        yield f"answers {walk.bad_cursor} to a cursor that nobody issued"
