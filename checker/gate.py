"""Results to verdict: the one place that says ready or blocked, what to recommend, and which exit code that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Literal

from checker.engine import Verdict
from checker.model.finding import Finding
from checker.model.report import Outcome, Report, examined, score
from checker.model.rule import Severity

READY, NOT_READY, USAGE, NOT_LOOKED_AT, BROKEN, INTERRUPTED = 0, 1, 2, 3, 4, 130
_BLOCKING = (Severity.CRITICAL, Severity.MAJOR)
_UNSEEN = (Outcome.UNAVAILABLE, Outcome.ERROR)


def report(
    *, verdicts: Sequence[Verdict], waived: Sequence[Finding], baselined: Sequence[Finding], **rest: Any
) -> Report:
    """Put a run's verdicts into the report, with the status that they amount to."""
    findings = tuple(sorted((one for verdict in verdicts for one in verdict.findings), key=lambda one: one.order))
    results = tuple(verdict.result for verdict in sorted(verdicts, key=lambda verdict: verdict.bound.id))
    ready = is_ready(verdicts, baselined)
    return Report(
        status="ready" if ready else "blocked",
        recommendation=_recommendation(ready, verdicts, baselined),
        score=score(findings),
        findings=findings,
        results=results,
        waived=tuple(waived),
        baselined=tuple(baselined),
        **rest,
    )


def is_ready(verdicts: Sequence[Verdict], baselined: Sequence[Finding]) -> bool:
    """No unwaived critical or major finding, baselined or not; nothing unseen; and at least one subject examined."""
    findings = [*baselined, *(finding for verdict in verdicts for finding in verdict.findings)]
    return (
        not any(finding.severity in _BLOCKING for finding in findings)
        and not any(verdict.outcome in _UNSEEN for verdict in verdicts)
        and examined(verdict.result for verdict in verdicts) > 0
    )


def _recommendation(
    ready: bool, verdicts: Sequence[Verdict], baselined: Sequence[Finding]
) -> Literal["accept", "rework", "escalate"]:
    if ready:
        return "accept"
    escalating = {verdict.bound.id for verdict in verdicts if verdict.bound.rule.escalates}
    open_findings = [*baselined, *(finding for verdict in verdicts for finding in verdict.findings)]
    asks_a_person = any(one.rule in escalating and one.severity in _BLOCKING for one in open_findings)
    return "escalate" if asks_a_person else "rework"


def exit_code(report: Report, fail_on: Severity | None, allow_unavailable: bool) -> int:
    """The code of an audit; `fail_on` None never fails for findings. When several hold: broken, findings, not looked at."""
    outcomes = {result.outcome for result in report.results}
    if Outcome.ERROR in outcomes:
        return BROKEN
    if fail_on is not None and _reaches(report.findings, fail_on):
        return NOT_READY
    unseen = Outcome.UNAVAILABLE in outcomes and not allow_unavailable
    return NOT_LOOKED_AT if unseen or not report.examined else READY


def _reaches(findings: Iterable[Finding], fail_on: Severity) -> bool:
    return any(finding.severity.rank <= fail_on.rank for finding in findings)
