"""The format `sarif`: SARIF 2.1.0 within the limits of GitHub code scanning (docs.github.com, "SARIF support")."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from checker.model.finding import Finding, Where
from checker.model.globs import covers
from checker.model.report import Outcome, Report, Result, WaiverUse
from checker.model.rule import Confidence, Family, Severity
from checker.render import verdict
from checker.render.json import dump
from checker.render.order import numbered, settled
from checker.render.places import in_repository, place, places, uri
from checker.render.visible import clipped, visible

MOST_RESULTS = 25_000  # a larger run is refused; 5,000 of it are shown, so the gravest come first
_MOST_TAGS = 20
_MOST_RELATED = 10
_LONGEST = 1000
_SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_ROOT = "%SRCROOT%"
# GitHub refuses the whole file when a result has no location, and shows a file that does not exist by its name.
_NO_FILE = "no%20file%20associated%20with%20this%20alert"
_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.MAJOR: "error",
    Severity.MINOR: "warning",
    Severity.INFO: "note",
}
_SECURITY_SEVERITY = {Severity.CRITICAL: "9.5", Severity.MAJOR: "8.0", Severity.MINOR: "5.0"}
_PLACEHOLDER = re.compile(r"\{(\d+)\}")
_PRECISION = {Confidence.HIGH: "high", Confidence.MEDIUM: "medium", Confidence.LOW: "low"}


def render(report: Report) -> bytes:
    """One run: open findings, then waived, then baselined ones, gravest first; the verdict stands in `invocations`."""
    report = settled(report)
    titles = {result.rule: result.title for result in report.results}
    rules = _rules(chain(report.findings, report.waived, report.baselined), titles)
    index = {rule["id"]: position for position, rule in enumerate(rules)}
    results = list(islice(_results(report, index), MOST_RESULTS))
    left = len(report.findings) + len(report.waived) + len(report.baselined) - len(results)
    below = (in_repository(report, "*") or "").removesuffix("*")
    run = {
        "tool": {
            "driver": {
                "name": visible(report.tool),
                "version": visible(report.version),
                "rules": rules,
            }
        },
        "automationDetails": {"id": f"checker/{report.profile}/{visible(below)}"},
        "originalUriBaseIds": {_ROOT: {"description": {"text": "The root of the repository."}}},
        "invocations": [_invocation(report, left)],
        "results": results,
        "properties": {
            "verdict": verdict.sentence(report),
            "status": report.status,
            "recommendation": report.recommendation,
            "score": report.score,
            "profile": report.profile,
            "notAsked": [visible(one.rule) for one in report.not_asked],
        },
    }
    return dump({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=1)


def _rules(findings: Iterator[Finding], titles: Mapping[str, str]) -> list[dict[str, Any]]:
    """The rules that findings name, by id, as grave as the gravest of their findings."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(visible(finding.rule), []).append(finding)
    return [_rule(rule, titles.get(group[0].rule, ""), group) for rule, group in sorted(groups.items())]


def _rule(rule: str, title: str, findings: Sequence[Finding]) -> dict[str, Any]:
    gravest = min(findings, key=lambda finding: finding.severity.rank)
    surest = min(findings, key=lambda finding: finding.confidence.rank)
    mend = clipped(gravest.recommendation, _LONGEST) or "See the rule's page."
    tags = [gravest.category.value, *(["security"] if gravest.category is Family.SECRETS else [])]
    tags.extend(sorted({f"clause {visible(clause)}" for finding in findings for clause in finding.clauses}))
    properties: dict[str, Any] = {"tags": tags[:_MOST_TAGS], "precision": _PRECISION[surest.confidence]}
    if gravest.severity in _SECURITY_SEVERITY:
        properties["security-severity"] = _SECURITY_SEVERITY[gravest.severity]
    return {
        "id": rule,
        "shortDescription": {"text": clipped(title, _LONGEST) or rule},
        "fullDescription": {"text": mend},
        "defaultConfiguration": {"level": _LEVEL[gravest.severity]},
        "help": {"text": f"{mend}\nRun: checker explain {rule}"},
        "properties": properties,
    }


def _results(report: Report, index: Mapping[str, int]) -> Iterator[dict[str, Any]]:
    """Every finding as a result. Suppressions and baseline states are given for all results of a run or for none."""
    groups = {"open": report.findings, "waived": report.waived, "baselined": report.baselined}
    states = [state for state, findings in groups.items() for _ in findings]
    for state, (finding, number) in zip(states, numbered(chain(*groups.values())), strict=True):
        result = _result(report, finding, number, index)
        if report.waived:
            result["suppressions"] = [_suppression(finding, report.waivers)] if state == "waived" else []
        if report.baselined:
            result["baselineState"] = "unchanged" if state == "baselined" else "new"
        yield result


def _result(report: Report, finding: Finding, number: int, index: Mapping[str, int]) -> dict[str, Any]:
    rule = visible(finding.rule)
    result: dict[str, Any] = {
        "ruleId": rule,
        "ruleIndex": index[rule],
        "level": _LEVEL[finding.severity],
        "message": {"text": _message(finding)},
        "locations": [_location(report, finding.where)],
        "partialFingerprints": {"primaryLocationLineHash": f"{visible(finding.fingerprint)}:{number}"},
        "properties": {
            "severity": finding.severity.value,
            "confidence": finding.confidence.value,
            "category": finding.category.value,
            "findingType": visible(finding.type),
            "clauses": [visible(clause) for clause in finding.clauses],
            "subject": clipped(finding.subject, _LONGEST),
            "recommendation": clipped(finding.recommendation, _LONGEST),
        },
    }
    related = [_location(report, where) for where in finding.also[:_MOST_RELATED]]
    if related:  # which the schema wants unique, and two places about the whole tree are one location
        result["relatedLocations"] = [one for position, one in enumerate(related) if one not in related[:position]]
    return result


def _message(finding: Finding) -> str:
    parts = [finding.title, f"Seen: {finding.evidence}" if finding.evidence else "", f"At {place(finding.where)}"]
    parts.append(f"Also {places(finding.also, 3)}" if finding.also else "")
    return ". ".join(_said(part) for part in parts if part)


def _said(text: str) -> str:
    """Plain text in which a message's placeholders and links (SARIF 3.11.5, 3.11.6) are no such thing."""
    return _PLACEHOLDER.sub(r"{{\1}}", clipped(text, _LONGEST)).replace("](", "] (")


def _location(report: Report, where: Where) -> dict[str, Any]:
    """One line, and the span as its context: a pull request shows an alert only where all its lines have changed."""
    path = in_repository(report, where.path)
    if path is None:
        return {"physicalLocation": {"artifactLocation": {"uri": _NO_FILE}, "region": {"startLine": 1}}}
    first, last = where.first or 1, where.last or where.first or 1
    physical: dict[str, Any] = {
        "artifactLocation": {"uri": uri(path), "uriBaseId": _ROOT},
        "region": {"startLine": first, "startColumn": 1},
    }
    if last > first:
        physical["contextRegion"] = {"startLine": first, "endLine": last}
    return {"physicalLocation": physical}


def _suppression(finding: Finding, waivers: Sequence[WaiverUse]) -> dict[str, str]:
    used = [one for one in waivers if one.state == "used"]
    exact = [one for one in used if one.fingerprint == finding.fingerprint]
    near = [one for one in used if any(covers(pattern, finding.where.path) for pattern in one.paths)]
    named = [one for one in near if one.rule == finding.rule] or near
    said = "accepted by a waiver of the policy"
    for waiver in (exact or named)[:1]:
        said = f"{waiver.reason} (owner {waiver.owner}, approved by {waiver.approved_by}, until {waiver.expires})"
    return {"kind": "external", "status": "accepted", "justification": clipped(said, _LONGEST)}


def _invocation(report: Report, left: int) -> dict[str, Any]:
    """How the run ended, in words; each rule without a verdict is a notification."""
    notes = [verdict.tally(report), *(clipped(note, _LONGEST) for note in report.notes)]
    if left:
        notes.append(f"{left} more findings are left out of this file: checker audit --format json")
    notifications = [_unseen(result) for result in report.outcomes(*verdict.UNSEEN)]
    notifications.extend({"level": "note", "message": {"text": _said(note)}} for note in notes)
    return {
        "executionSuccessful": not report.outcomes(Outcome.ERROR),
        "exitCodeDescription": "; ".join((verdict.sentence(report), *verdict.reasons(report))),
        "toolExecutionNotifications": notifications,
    }


def _unseen(result: Result) -> dict[str, Any]:
    return {
        "level": "error" if result.outcome is Outcome.ERROR else "warning",
        "message": {"text": _said(f"{result.rule}: {result.outcome.value}: {result.reason}")},
        "associatedRule": {"id": visible(result.rule)},
    }
