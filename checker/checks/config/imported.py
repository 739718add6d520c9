"""What other tools found is open work as well; that they found nothing proves nothing."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.imported import Imported
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_CONFIDENCE = {"error": None, "warning": Confidence.MEDIUM}


def imported_finding(imported: Imported) -> Iterator[Observation]:
    """One observation for each imported result, and one for each run that reports nothing.

    SARIF's `error` is major at most, `warning` minor, and what is a note or suppressed by its tool is info.
    """
    if not imported.runs:
        raise NotApplicable("nothing was imported (--import sarif:FILE)")
    for one in imported.results:
        where = "" if one.path else f" outside the audited tree ({one.said_path or 'no place'})"
        yield Observation(
            subject=f"{one.tool} {one.rule} {one.message[:120]}",
            ok=False,
            place=Place(one.path or ".", one.lines if one.path else None),
            message=f"{one.tool}: {one.message}{where}",
            evidence=f"{one.rule}, level {one.level}{', suppressed by its tool' if one.suppressed else ''}",
            confidence=Confidence.LOW if one.suppressed else _CONFIDENCE.get(one.level, Confidence.LOW),
        )
    told = {one.tool for one in imported.results}
    for tool, file in imported.runs:
        if tool not in told:
            yield Observation(f"{tool} in {file}", ok=True, place=Place("."))
