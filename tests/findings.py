"""The only place where tests make rules, findings and verdicts out of nothing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from checker.engine import Verdict
from checker.model.finding import Finding, Where, fingerprint
from checker.model.report import Outcome
from checker.model.rule import BoundRule, Confidence, Family, Page, Rule, Severity

PAGE = Page.model_validate(dict.fromkeys(("what", "why", "pass", "fail", "mend", "false_positives"), "x"))


def bound(name: str = "rule-a", **words: Any) -> BoundRule:
    """A rule as a run asks it; `clauses` and `params` are the binding's, all other words the rule's."""
    clauses, params = words.pop("clauses", ("2.1",)), words.pop("params", {})
    severity = words.pop("severity", Severity.CRITICAL)
    rest = {"title": "T", "family": Family.API, "confidence": Confidence.HIGH, "recommendation": "R", "page": PAGE}
    rule = Rule(id=name, severity=severity, **{**rest, **words})
    return BoundRule(rule=rule, severity=severity, clauses=clauses, params=params)


def finding(rule: str = "rule-a", path: str = "a.yaml", subject: str = "GET /a", **words: Any) -> Finding:
    """A finding of a rule; its fingerprint is that of the first of its subject."""
    where = Where(path=path, lines=words.pop("lines", None))
    also = tuple(Where(path=one) for one in words.pop("also", ()))
    rest = {
        "clauses": ("2.1",),
        "category": Family.API,
        "severity": Severity.MAJOR,
        "confidence": Confidence.HIGH,
        "title": f"{subject} is bad",
        "evidence": "",
        "recommendation": "R",
        "fingerprint": fingerprint(rule, path, subject, 0),
    }
    return Finding(rule=rule, where=where, subject=subject, also=also, **{**rest, **words})


def verdict(
    outcome: str = "failed", findings: Sequence[Finding] = (), rule: BoundRule | None = None, **words: Any
) -> Verdict:
    """A rule's verdict; it examined as many subjects as there are findings, at least one where it came to an end."""
    ended = outcome in ("passed", "failed", "waived")
    examined = words.pop("examined", max(len(findings), int(ended)))
    name = findings[0].rule if findings else "rule-a"
    return Verdict(rule or bound(name), Outcome(outcome), examined, findings=tuple(findings), **words)
