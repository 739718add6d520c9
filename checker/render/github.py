"""The format `github`: workflow commands that become annotations (docs.github.com, "Workflow commands")."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from checker.model.finding import Finding
from checker.model.report import Report
from checker.model.rule import Severity
from checker.render import verdict
from checker.render.order import settled
from checker.render.places import in_repository, places
from checker.render.visible import clipped, visible

_LEVEL = {
    Severity.CRITICAL: "error",
    Severity.MAJOR: "error",
    Severity.MINOR: "warning",
    Severity.INFO: "notice",
}
_MOST = {"error": 10, "warning": 10, "notice": 9}  # a step shows ten of each; the tenth notice is the closing one
_LONGEST = 500


def render(report: Report) -> bytes:
    """The verdict as a plain line, then at most ten annotations of each level, and what was left out."""
    report = settled(report)
    shown: dict[str, list[str]] = defaultdict(list)
    left = 0
    for level, command in _commands(report):
        if len(shown[level]) < _MOST[level]:
            shown[level].append(command)
        else:
            left += 1
    said = verdict.sentence(report)
    lines = [said, *verdict.reasons(report)]
    lines.extend(command for level in _MOST for command in shown[level])
    more = f" {left} more not annotated here: checker audit --format text" if left else ""
    lines.append(_command("notice", {"title": "checker"}, f"{said}. {verdict.tally(report)}.{more}"))
    return ("\n".join(lines) + "\n").encode("utf-8")


def _commands(report: Report) -> Iterator[tuple[str, str]]:
    for finding in report.findings:
        yield _LEVEL[finding.severity], _of_finding(report, finding)
    for result in report.outcomes(*verdict.UNSEEN):
        outcome = result.outcome.value
        message = clipped(f"{outcome}: {result.reason}", _LONGEST)
        yield "error", _command("error", {"title": f"{outcome}: {result.rule}"}, message)


def _of_finding(report: Report, finding: Finding) -> str:
    path = in_repository(report, finding.where.path)
    where = {"file": path} if path else {}
    if path and finding.where.first:
        where |= {"line": str(finding.where.first), "endLine": str(finding.where.last)}
    parts = [clipped(finding.title, _LONGEST)]
    parts.append(f"seen: {clipped(finding.evidence, _LONGEST)}" if finding.evidence else "")
    parts.append(f"also: {places(finding.also, 3)}" if finding.also else "")
    parts.append(f"mend: {clipped(finding.recommendation, _LONGEST)} (checker explain {visible(finding.rule)})")
    named = {**where, "title": f"{finding.severity.value}: {finding.rule} ({finding.category.value})"}
    return _command(_LEVEL[finding.severity], named, "\n".join(filter(None, parts)))


def _command(level: str, properties: dict[str, str], message: str) -> str:
    named = ",".join(f"{name}={_property(visible(value))}" for name, value in properties.items())
    return f"::{level} {named}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
