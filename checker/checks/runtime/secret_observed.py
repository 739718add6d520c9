"""No secret comes out of the running app: not in an answer, not in its log."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Rehearsal
from checker.model.spill import Spill
from checker.model.stage_view import StageView, shown
from checker.model.unavailable import NotApplicable


def secret_observed(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each secret that was looked for; equal kinds in one place are one finding.

    What is looked for are the app's own settings with a secret's name, the passwords of the configured users, and the
    tokens that they were given. Sources: backend-coder 3.33, backend-engineer 2.21, backend-developer 1.36, CWE-532.
    """
    view = StageView.of(rehearsal, api).tried()
    yield from view.judged(_each(view, rehearsal))


def _each(view: StageView, rehearsal: Rehearsal) -> Iterator[Observation]:
    spilled = {one.what for one in rehearsal.spills}
    for one in rehearsal.spills:
        yield _spilled(view, one)
    for name in rehearsal.watched:
        if name not in spilled:
            yield Observation(subject=name, ok=True, place=view.places("")[0])


def _spilled(view: StageView, one: Spill) -> Observation:
    kind = one.what.rpartition(" of ")[0] or one.what
    place, also = view.places(one.operation)
    where = f"the answer of {one.operation}" if one.where == "answer" else "the log"
    return Observation(
        subject=f"{one.what} in {where}",
        ok=False,
        place=place,
        message=f"{one.what[:1].upper()}{one.what[1:]} is in {where}",
        evidence=shown(one.shown, 240),
        cause=f"{kind} in {where}",
        also=also,
    )
