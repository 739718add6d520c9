"""The one order in which a report is shown, whatever the order in which it was put together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from checker.model.finding import Finding, Where
from checker.model.report import Report, WaiverUse


def settled(report: Report) -> Report:
    """The same report with every list in its lasting order; notes and standards keep the order they came in."""
    return report.model_copy(
        update={
            "findings": gravest_first(report.findings),
            "waived": gravest_first(report.waived),
            "baselined": gravest_first(report.baselined),
            "before": gravest_first(report.before),
            "results": tuple(sorted(report.results, key=lambda one: (one.rule, one.outcome, one.reason))),
            "not_asked": tuple(sorted(report.not_asked, key=lambda one: (one.rule, one.reason))),
            "suppressions": tuple(
                sorted(report.suppressions, key=lambda one: (one.engine, *_spot(one.where), one.marker))
            ),
            "claims": tuple(sorted(report.claims, key=lambda one: (*_spot(one.where), one.claim, one.state))),
            "manual": tuple(sorted(report.manual, key=lambda one: (one.standard, _numbers(one.clause), one.question))),
            "waivers": tuple(sorted(report.waivers, key=_waiver)),
            "proofs": tuple(sorted(report.proofs, key=lambda one: (one.type, one.path or "", one.tree or ""))),
        }
    )


def gravest_first(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Findings in their own order; what is equal there is told apart by its words."""
    return tuple(sorted(findings, key=lambda finding: (finding.order, finding.title, finding.evidence)))


def by_rule(findings: Iterable[Finding]) -> dict[str, list[Finding]]:
    """Findings under their rule, rules in the order of their gravest finding; wants settled findings."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.rule, []).append(finding)
    return groups


def numbered(findings: Iterable[Finding]) -> Iterator[tuple[Finding, int]]:
    """Each finding with its number, from 1, among those of one fingerprint: imported ones may share theirs."""
    seen: Counter[str] = Counter()
    for finding in findings:
        seen[finding.fingerprint] += 1
        yield finding, seen[finding.fingerprint]


def _spot(where: Where) -> tuple[str, int, int]:
    return where.path, where.first or 0, where.last or 0


def _waiver(one: WaiverUse) -> tuple[str, str, tuple[str, ...], str, str]:
    return one.rule, one.fingerprint or "", one.paths, one.state, one.reason


def _numbers(clause: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in clause.split("."))
