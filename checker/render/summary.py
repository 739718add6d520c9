"""The only place that says a whole report in fifteen lines, for a person in a hurry."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker.model.finding import Finding
from checker.model.report import Report
from checker.render import verdict
from checker.render.agent import AUDIT, Asked, next_step
from checker.render.order import by_rule, settled
from checker.render.places import spot
from checker.render.verdict import counted
from checker.render.visible import clipped, visible

MOST = 15
_TITLE, _NEXT = 110, 600


def render(report: Report, asked: Asked = AUDIT) -> bytes:
    """The format `summary`: the fifteen lines by themselves."""
    return ("\n".join(lines(report, asked)) + "\n").encode("utf-8")


def lines(report: Report, asked: Asked = AUDIT) -> tuple[str, ...]:
    """At most fifteen: the verdict, why, the gravest rules, what was not seen, what waits for a person, what to do next."""
    report = settled(report)
    head = [f"{verdict.sentence(report)}.", *(f"Because {reason}." for reason in verdict.reasons(report)[:4])]
    head.append(f"Recommendation: {report.recommendation}; {verdict.scored(report)}; {verdict.tally(report)}.")
    tail = [*_accepted(report), *_left(report), f"Next: {clipped(next_step(report, asked), _NEXT)}"]
    groups = [_group(rule, found) for rule, found in by_rule(report.findings).items()]
    room = MOST - len(head) - len(tail)
    if len(groups) > room:
        left = len(groups) - (room - 1)
        groups = [*groups[: room - 1], f"And {counted(left, 'more rule')} with findings."]
    return tuple(visible(line) for line in (*head, *groups, *tail))


def _group(rule: str, found: Sequence[Finding]) -> str:
    first = found[0]
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    return f"{first.severity.value} {rule}: {clipped(first.title, _TITLE)} ({spot(first.where)}{more})."


def _accepted(report: Report) -> Iterator[str]:
    parts = [
        f"{counted(len(report.waived), 'finding')} waived" if report.waived else "",
        f"{counted(len(report.baselined), 'finding')} in the baseline" if report.baselined else "",
        f"{counted(len(report.suppressions), 'marker')} in the code" if report.suppressions else "",
    ]
    if report.before:
        yield f"Not judged, because they were there before the change: {counted(len(report.before), 'finding')}."
    if any(parts):
        yield f"Accepted by somebody: {', '.join(filter(None, parts))}."


def _left(report: Report) -> Iterator[str]:
    contradicted = sum(claim.state == "contradicted" for claim in report.claims)
    if contradicted:
        yield f"{counted(contradicted, 'claim')} of the change contradicted by the evidence."
    poor = [one.type for one in report.proofs if one.state != "valid"]
    if report.proofs:
        said = f"; not valid: {', '.join(sorted(set(poor)))}" if poor else ""
        yield f"Proofs: {len(report.proofs) - len(poor)} of {len(report.proofs)} valid{clipped(said, 200)}."
    if report.manual:
        yield f"{counted(len(report.manual), 'question')} for a person to answer."
