"""The only place that turns artefacts into run reports and finds out which of them the run under judgement left."""

from __future__ import annotations

import re

from checker.model.globs import covers
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.fields import agent
from checker.model.outputs.runs import FIXED, RunReport, RunReports
from checker.model.repo import Changes
from checker.model.unavailable import NotApplicable, Unavailable

RECORDS = ("docs/runs", "docs/orchestrator", "ops", ".truth", ".checker", "docs/runbooks", "docs/PROGRESS.md")
_DATE = re.compile(r"(\d{4})-?(\d{2})-?(\d{2})")
_AGENT = re.compile(r"\bagent[-_ ]?(\d+)\b", re.IGNORECASE)


def run_reports(artefacts: Artefacts, changes: Changes | Unavailable | NotApplicable) -> RunReports:
    """Every run report; those that the change touches are current, or the newest where no change is known."""
    found = sorted(
        (_report(one) for one in artefacts.of(Kind.RUN_REPORT)), key=lambda one: (one.date, one.run, one.path)
    )
    if not isinstance(changes, Changes):
        return RunReports(tuple(found), tuple(found[-1:]), True)
    touched = {one.path for one in changes.files if one.status != "D"}
    worked = any(not any(covers(record, one.path) for record in RECORDS) for one in changes.files)
    return RunReports(tuple(found), tuple(one for one in found if one.path in touched), worked)


def _report(artefact: Artefact) -> RunReport:
    fixed = FIXED.search(artefact.path)
    if fixed:
        return RunReport(artefact, fixed.group(1), agent(fixed.group(2)), fixed.group(3), True)
    head = artefact.path + "\n" + artefact.text[:2000]
    day, named = _DATE.search(head), _AGENT.search(head)
    return RunReport(
        artefact,
        "-".join(day.groups()) if day else "",
        f"AGENT-{named.group(1)}" if named else "",
        artefact.name.rpartition(".")[0],
        False,
    )
