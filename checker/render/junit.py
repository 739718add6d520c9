"""The format `junit`: one suite a family, one case a rule (the shape that Jenkins' junit-10.xsd describes)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from checker.model.finding import Finding
from checker.model.report import NotAsked, Outcome, Report, Result
from checker.render import verdict
from checker.render.order import by_rule, settled
from checker.render.places import place, places
from checker.render.verdict import counted
from checker.render.visible import clipped, visible

_KIND = {
    Outcome.FAILED: "failure",
    Outcome.NOT_APPLICABLE: "skipped",
    Outcome.UNAVAILABLE: "error",
    Outcome.ERROR: "error",
    Outcome.WAIVED: "skipped",
}
_COUNTED = {"failures": "failure", "errors": "error", "skipped": "skipped"}
_UNPLACED = "other"
_MOST = 100
_LONGEST = 1000


def render(report: Report) -> bytes:
    """An XML 1.0 document; a rule fails whatever the severity of its findings, which stands in the failure's type."""
    report = settled(report)
    suites: dict[str, list[Element]] = defaultdict(list)
    for family, case in _cases(report):
        case.set("classname", f"checker.{family}")
        suites[family].append(case)
    everything = [case for cases in suites.values() for case in cases]
    root = Element("testsuites", _totals(verdict.sentence(report), everything))
    for family, cases in sorted(suites.items()):
        SubElement(root, "testsuite", _totals(family, cases)).extend(cases)
    indent(root)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def _totals(name: str, cases: Sequence[Element]) -> dict[str, str]:
    kinds = Counter(child.tag for case in cases for child in case)
    counts = {attribute: str(kinds[kind]) for attribute, kind in _COUNTED.items()}
    return {"name": name, "tests": str(len(cases)), **counts}


def _cases(report: Report) -> Iterator[tuple[str, Element]]:
    groups = by_rule(report.findings)
    families = {finding.rule: finding.category.value for finding in report.findings}
    for result in report.results:
        yield _family(result), _of_result(result, groups.get(result.rule, []))
    for one in report.not_asked:
        yield _family(one), _case(one.rule, "skipped", f"not asked: {one.reason}")
    for rule in sorted(groups.keys() - {result.rule for result in report.results}):
        yield families[rule], _of_findings(rule, groups[rule])
    if not report.examined:
        yield _UNPLACED, _case("subjects-examined", "error", "nothing was examined")


def _family(one: Result | NotAsked) -> str:
    return one.category.value if one.category else _UNPLACED


def _of_result(result: Result, findings: Sequence[Finding]) -> Element:
    if findings:
        return _of_findings(result.rule, findings)
    if result.outcome is Outcome.FAILED:
        return _case(result.rule, "failure", result.reason or "its findings stand in the baseline")
    said = result.outcome.value.replace("_", " ")
    return _case(result.rule, _KIND.get(result.outcome), f"{said}: {result.reason}" if result.reason else said)


def _of_findings(rule: str, findings: Sequence[Finding]) -> Element:
    message = f"{counted(len(findings), 'finding')} ({verdict.in_words(findings)}): {findings[0].title}"
    case = _case(rule, "failure", message)
    case[0].set("type", findings[0].severity.value)
    case[0].text = "\n".join(_lines(rule, findings))
    return case


def _lines(rule: str, findings: Sequence[Finding]) -> Iterable[str]:
    for finding in findings[:_MOST]:
        yield f"{finding.severity.value} {place(finding.where)} {clipped(finding.title, _LONGEST)}"
        if finding.evidence:
            yield f"  seen: {clipped(finding.evidence, _LONGEST)}"
        if finding.also:
            yield f"  also: {places(finding.also, 3)}"
    if len(findings) > _MOST:
        yield f"{len(findings) - _MOST} more: checker audit --format json"
    yield f"mend: {clipped(findings[0].recommendation, _LONGEST)}"
    yield f"more: checker explain {visible(rule)}"


def _case(rule: str, kind: str | None, message: str) -> Element:
    case = Element("testcase", {"name": visible(rule)})
    if kind:
        SubElement(case, kind, {"message": clipped(message, _LONGEST)})
    return case
