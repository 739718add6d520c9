"""What a run report keeps silent about: that the logs of its own pack end red."""

from __future__ import annotations

import re

from checker.checks.outputs.owned_up import owned_up
from checker.model.observation import Observation
from checker.model.outputs.evidence import ClaimLedger, Figure, Figures, last_words
from checker.model.outputs.results import ended
from checker.model.outputs.runs import RunReport

_OF_TESTS = re.compile(
    r"(?i)\btests?\b|\bspecs?\b|\bsuites?\b|\bchecks?\b|\bruns?\b|\blogs?\b|\bci\b|`[^`]*\b(?:pytest|vitest|jest|mocha)\b[^`]*`"
)

_PARTS = re.compile(r"[,;|]")


def kept_silent(report: RunReport, figures: Figures, ledger: ClaimLedger) -> Observation | None:
    """A log of the report's pack that ends with failures of which the report says nothing, whatever words it finds for green.

    What the report claims against that log is a contradiction of its own, and not told twice.
    """
    mine = (one for one in figures.found if one.measure == "failed" and report.run == one.run != "")
    red = [one for one in last_words(one for one in mine if "!" in one.place.path) if one.value]
    silent = red and not _contradicted(report.path, ledger) and not _owns_up(report, ledger)
    return _observed(report, red[0]) if silent else None


def _contradicted(path: str, ledger: ClaimLedger) -> bool:
    """Whether what a report claims of its tests was found to be false already."""
    counted = any(one.statement.place.path == path and one.state == "contradicted" for one in ledger.judged)
    ended_so = (one for one in ledger.assertions if one.about in ("command", "step") and one.sure)
    return counted or any(one.place.path == path and one.state == "contradicted" for one in ended_so)


def _observed(report: RunReport, red: Figure) -> Observation:
    return Observation(
        subject="failures in the pack",
        ok=False,
        place=report.artefact.lines(1),
        also=(red.place,),
        message=f"{report.path} says nothing of the {red.value:g} failed in {red.place.path.rpartition('!')[2]} of its pack",
        evidence=red.source,
    )


def _owns_up(report: RunReport, ledger: ClaimLedger) -> bool:
    """Whether a report counts failures, or tells of any in a line on tests."""
    told = (one.statement for one in ledger.judged if one.statement.place.path == report.path)
    lines = report.artefact.text.split("\n")
    return any(one.measure == "failed" and one.value for one in told) or any(
        any(owned_up(line)) or (_OF_TESTS.search(line) and any(ended(part) == "red" for part in _PARTS.split(line)))
        for line in lines
    )
