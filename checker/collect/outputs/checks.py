"""The only place that takes results of run_checks as evidence, for what a draft says of them where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from checker.collect.outputs.held import Evidence
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.evidence import Figure, Figures, Measure
from checker.model.outputs.fields import take, whole
from checker.model.outputs.session import RecordedRuns, Run
from checker.model.outputs.steps import STEPS

_RUN: tuple[Measure, ...] = ("passed", "failed")


def apart(artefacts: Artefacts) -> tuple[Artefacts, Artefacts]:
    """All outputs but drafts, and the drafts."""
    drafts = tuple(artefacts.of(Kind.PR_PAYLOAD))
    return Artefacts(tuple(one for one in artefacts.found if one.kind is not Kind.PR_PAYLOAD)), Artefacts(drafts)


def beside(evidence: Evidence, artefacts: Artefacts) -> Evidence:
    """The evidence with what the last result of run_checks says, where no report and no log tells of it."""
    last = next((one for one in reversed(list(artefacts.of(Kind.RUN_CHECKS))) if not one.broken), None)
    if last is None:
        return evidence
    known = {one.measure for one in evidence.figures.found}
    counted = tuple(one for one in _figures(last) if one.measure not in known)
    ran = tuple(
        one
        for one in _runs(last)
        if not any(STEPS[one.command.split()[-1]].search(run.command) for run in evidence.runs.found)
    )
    figures = Figures((*evidence.figures.found, *counted), evidence.figures.unread, evidence.figures.failing)
    return replace(evidence, figures=figures, runs=RecordedRuns((*evidence.runs.found, *ran)))


def _figures(one: Artefact) -> Iterator[Figure]:
    tests = take(one.value, "tests", "test")
    for measure in _RUN:
        count = take(tests.value, measure) if tests else None
        number = whole(count.value) if count else None
        if tests and count and number is not None:
            yield Figure(measure, number, one.at(tests.name, count.name), f"run_checks: {number} {measure}")


def _runs(one: Artefact) -> Iterator[Run]:
    for name, fields in (("lint", ("lint",)), ("test", ("tests", "test")), ("build", ("build",))):
        check = take(one.value, *fields)
        code = take(check.value, "return_code", "exit_code", "code") if check else None
        number = whole(code.value) if code else None
        if check and number is not None:
            yield Run(f"run_checks {name}", number, one.at(check.name), "result of run_checks")
