"""The format `gitlab`: a Code Quality report (docs.gitlab.com/ci/testing/code_quality, "report format")."""

from __future__ import annotations

import hashlib
from typing import Any

from checker.model.finding import Finding
from checker.model.report import Report, Result
from checker.model.rule import Severity
from checker.render import verdict
from checker.render.json import dump
from checker.render.order import numbered, settled
from checker.render.places import in_repository
from checker.render.visible import clipped, visible

_SEVERITY = {
    Severity.CRITICAL: "blocker",
    Severity.MAJOR: "critical",
    Severity.MINOR: "minor",
    Severity.INFO: "info",
}
_LONGEST = 1000


def render(report: Report) -> bytes:
    """One issue for the verdict, one for each open finding, one for each rule that could not be looked at."""
    report = settled(report)
    said = _issue(
        verdict.sentence(report),
        rule="verdict",
        fingerprint=_digest("verdict", report.subject.path, report.profile),
        severity="info" if report.examined else "critical",
    )
    found = (_of_finding(report, finding, number) for finding, number in numbered(report.findings))
    return dump([said, *found, *(_of_unseen(result) for result in report.outcomes(*verdict.UNSEEN))])


def _of_unseen(result: Result) -> dict[str, Any]:
    return _issue(
        f"{result.outcome.value}: {result.reason}",
        rule=result.rule,
        fingerprint=_digest(result.outcome, result.rule),
        severity="critical",
    )


def _of_finding(report: Report, finding: Finding, number: int) -> dict[str, Any]:
    return _issue(
        f"{finding.title}: {finding.evidence}",
        rule=finding.rule,
        fingerprint=finding.fingerprint if number == 1 else _digest(finding.fingerprint, str(number)),
        severity=_SEVERITY[finding.severity],
        path=in_repository(report, finding.where.path) or ".",
        lines={"begin": finding.where.first or 1, "end": finding.where.last or finding.where.first or 1},
    )


def _issue(
    description: str,
    *,
    rule: str,
    fingerprint: str,
    severity: str,
    path: str = ".",
    lines: dict[str, int] | None = None,
) -> dict[str, Any]:
    return {
        "description": clipped(description, _LONGEST),
        "check_name": visible(rule),
        "fingerprint": visible(fingerprint),
        "severity": severity,
        "location": {"path": visible(path), "lines": lines or {"begin": 1, "end": 1}},
    }


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "backslashreplace")).hexdigest()[:16]
