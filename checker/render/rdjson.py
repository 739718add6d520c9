"""The format `rdjson`: reviewdog's DiagnosticResult (reviewdog, proto/rdf/reviewdog.proto)."""

from __future__ import annotations

from typing import Any

from checker.model.finding import Finding
from checker.model.report import Report
from checker.model.rule import Severity
from checker.render import verdict
from checker.render.json import dump
from checker.render.order import settled
from checker.render.places import in_repository
from checker.render.visible import clipped, visible

_SEVERITY = {
    Severity.CRITICAL: "ERROR",
    Severity.MAJOR: "ERROR",
    Severity.MINOR: "WARNING",
    Severity.INFO: "INFO",
}
_LONGEST = 1000


def render(report: Report) -> bytes:
    """The verdict, the open findings, and the rules that could not be looked at, as diagnostics."""
    report = settled(report)
    overall = "ERROR" if verdict.is_blocked(report) else "INFO"
    unseen = [
        _diagnostic(f"{result.rule}: {result.outcome.value}: {result.reason}", "ERROR", result.rule, {"path": "."})
        for result in report.outcomes(*verdict.UNSEEN)
    ]
    return dump(
        {
            "source": {"name": visible(report.tool)},
            "severity": overall,
            "diagnostics": [
                _diagnostic(verdict.sentence(report), "INFO", "verdict", {"path": "."}),
                *(_of_finding(report, finding) for finding in report.findings),
                *unseen,
            ],
        }
    )


def _of_finding(report: Report, finding: Finding) -> dict[str, Any]:
    location: dict[str, Any] = {"path": visible(in_repository(report, finding.where.path) or ".")}
    if finding.where.first:
        location["range"] = {"start": {"line": finding.where.first}, "end": {"line": finding.where.last}}
    message = f"{finding.severity.value}: {finding.title}: {finding.evidence}. {finding.recommendation}"
    return _diagnostic(message, _SEVERITY[finding.severity], finding.rule, location)


def _diagnostic(message: str, severity: str, code: str, location: dict[str, Any]) -> dict[str, Any]:
    return {
        "message": clipped(message, _LONGEST),
        "location": location,
        "severity": severity,
        "code": {"value": visible(code)},
    }
