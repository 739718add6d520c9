"""Rules over facts to results; the only place that contains a broken check, and the owner of ids, severity and order."""

from __future__ import annotations

import traceback
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from time import perf_counter
from typing import Any, Protocol

from checker.catalog import clause_order, gravest, params_model
from checker.injection import arguments, facts_named
from checker.model.finding import Finding, Where, fingerprint
from checker.model.observation import Check, Observation, Place, Pointer
from checker.model.quoted import without_secrets
from checker.model.report import Outcome, Result
from checker.model.rule import BoundRule, Family, Severity
from checker.model.unavailable import NotApplicable, Unavailable


class Evidence(Protocol):
    """Facts by type. `get` raises Unavailable or NotApplicable when there is none."""

    def get(self, fact: type[Any]) -> Any: ...


Locate = Callable[[Mapping[str, Sequence[Pointer]]], Mapping[tuple[str, Pointer], tuple[int, int]]]


@dataclass(frozen=True)
class Verdict:
    """One rule's result with its findings; `trace` holds the traceback of a check that broke, `seconds` what it took."""

    bound: BoundRule
    outcome: Outcome
    examined: int = 0
    reason: str = ""
    findings: tuple[Finding, ...] = ()
    trace: str = ""
    seconds: float = 0.0

    @property
    def result(self) -> Result:
        return Result(
            rule=self.bound.id,
            title=self.bound.rule.title,
            category=self.bound.rule.family,
            clauses=self.bound.clauses,
            outcome=self.outcome,
            examined=self.examined,
            reason=self.reason,
        )


def needs(check: Check, fact: type[Any]) -> bool:
    """Whether a check asks for a fact."""
    return fact in facts_named(check)


def run(
    rules: Iterable[BoundRule], checks: Mapping[str, Check], evidence: Evidence, locate: Locate, *, contain: bool = True
) -> tuple[Verdict, ...]:
    """Judge every rule. One broken check never takes another one down (`contain=False` lets it raise, for tests)."""
    return subsumed(judged(rules, checks, evidence, locate, contain=contain))


def judged(
    rules: Iterable[BoundRule], checks: Mapping[str, Check], evidence: Evidence, locate: Locate, *, contain: bool = True
) -> tuple[Verdict, ...]:
    """Judge every rule by itself, before the finding of one explains that of another."""
    seen = [_look(rule, checks[rule.id], evidence, contain) for rule in rules]
    lines = locate(_wanted(seen))
    return tuple(_judge(one, lines, contain) for one in seen)


@dataclass(frozen=True)
class _Seen:
    bound: BoundRule
    observations: tuple[Observation, ...] = ()
    outcome: Outcome | None = None  # set when the check gave no observations at all
    reason: str = ""
    trace: str = ""
    seconds: float = 0.0  # without the facts that it waited for


def _look(bound: BoundRule, check: Check, evidence: Evidence, contain: bool) -> _Seen:
    started = perf_counter()
    try:
        given = _arguments(check, bound, evidence)
        started = perf_counter()
        observations = tuple(check(**given))
    except NotApplicable as nothing:
        return _Seen(bound, outcome=Outcome.NOT_APPLICABLE, reason=nothing.reason)
    except Unavailable as missing:
        return _Seen(bound, outcome=Outcome.UNAVAILABLE, reason=missing.reason)
    except Exception as broken:
        if not contain:
            raise
        return _Seen(bound, outcome=Outcome.ERROR, reason=_said(broken), trace=traceback.format_exc())
    if not observations:
        return _Seen(bound, outcome=Outcome.NOT_APPLICABLE, reason="nothing to examine")
    return _Seen(bound, observations, seconds=perf_counter() - started)


def _said(broken: Exception) -> str:
    return f"{type(broken).__name__}: {broken}".partition("\n")[0][:300]


def _arguments(check: Check, bound: BoundRule, evidence: Evidence) -> dict[str, Any]:
    found = arguments(check, evidence.get)
    model = params_model(check)
    return {**found, "params": model.model_validate(bound.params)} if model else found


def _wanted(seen: Iterable[_Seen]) -> dict[str, list[Pointer]]:
    """The pointers whose lines some finding needs, by file."""
    wanted: dict[str, dict[Pointer, None]] = defaultdict(dict)
    for one in seen:
        for observation in one.observations:
            if not observation.ok:
                for place in (observation.place, *observation.also):
                    if place.pointer is not None:
                        wanted[place.path][place.pointer] = None
    return {path: list(pointers) for path, pointers in sorted(wanted.items())}


def _judge(seen: _Seen, lines: Mapping[tuple[str, Pointer], tuple[int, int]], contain: bool) -> Verdict:
    if seen.outcome is not None:
        return Verdict(seen.bound, seen.outcome, reason=seen.reason, trace=seen.trace)
    try:
        findings = tuple(_findings(seen, lines))
    except Exception as broken:  # an observation that cannot be shown
        if not contain:
            raise
        return Verdict(seen.bound, Outcome.ERROR, reason=_said(broken), trace=traceback.format_exc())
    outcome = Outcome.FAILED if findings else Outcome.PASSED
    return Verdict(seen.bound, outcome, len(seen.observations), findings=findings, seconds=seen.seconds)


def _findings(seen: _Seen, lines: Mapping[tuple[str, Pointer], tuple[int, int]]) -> Iterator[Finding]:
    """Fold bad observations with one cause into one finding, and number equals apart."""
    folded: dict[tuple[str, ...], list[Observation]] = {}
    for position, one in enumerate(seen.observations):
        if not one.ok:
            key = ("cause", one.place.path, one.cause) if one.cause else ("own", str(position))
            folded.setdefault(key, []).append(one)
    ordinals: dict[tuple[str, str], int] = defaultdict(int)
    for same in folded.values():
        first = same[0]
        subject = first.cause or first.subject
        ordinal = ordinals[first.place.path, subject]
        ordinals[first.place.path, subject] += 1
        yield _finding(seen.bound, same, fingerprint(seen.bound.id, first.place.path, subject, ordinal), lines)


def _finding(
    bound: BoundRule, same: Sequence[Observation], mark: str, lines: Mapping[tuple[str, Pointer], tuple[int, int]]
) -> Finding:
    first = same[0]
    surest = min((one.confidence or bound.rule.confidence for one in same), key=lambda confidence: confidence.rank)
    confidence = max(surest, bound.rule.confidence, key=lambda one: one.rank)
    places = [place for one in same for place in (one.place, *one.also)]
    where, *also = dict.fromkeys(_where(place, lines) for place in places)
    more = f" (and {len(same) - 1} more like it)" if len(same) > 1 else ""
    quoted = _quoted(bound.rule.family)
    return Finding(
        rule=bound.id,
        clauses=bound.clauses,
        category=bound.rule.family,
        severity=_capped(bound.severity, confidence.cap),
        confidence=confidence,
        title=quoted(first.message) + more,
        where=where,
        evidence=quoted(first.evidence),
        recommendation=bound.rule.recommendation,
        fingerprint=mark,
        subject=quoted(first.cause or first.subject),
        also=tuple(also),
    )


def _quoted(family: Family) -> Callable[[str], str]:
    """How a rule's words are quoted: without secrets. Records of runs name trees and commits, which look as random."""
    if family is Family.SECRETS:  # redacted by themselves, with marks that tell values apart
        return str
    return partial(without_secrets, random=family not in (Family.OUTPUTS, Family.PROOFS))


def _capped(severity: Severity, cap: Severity) -> Severity:
    return max(severity, cap, key=lambda one: one.rank)


def _where(place: Place, lines: Mapping[tuple[str, Pointer], tuple[int, int]]) -> Where:
    span = place.lines if place.pointer is None else lines.get((place.path, place.pointer), place.lines)
    if span is None:
        return Where(path=place.path)
    first, last = span
    return Where(path=place.path, lines=str(first) if first == last else f"{first}-{last}")


def subsumed(verdicts: tuple[Verdict, ...]) -> tuple[Verdict, ...]:
    """Move a finding that another rule's finding on the same subject explains into that one's `also`."""
    by_id = {verdict.bound.id: verdict for verdict in verdicts}
    for swallowing in verdicts:
        for name in swallowing.bound.rule.subsumes:
            if name in by_id:
                larger, smaller = _swallow(by_id[swallowing.bound.id], by_id[name])
                by_id[swallowing.bound.id], by_id[name] = larger, smaller
    return tuple(by_id[verdict.bound.id] for verdict in verdicts)


def _swallow(larger: Verdict, smaller: Verdict) -> tuple[Verdict, Verdict]:
    kept = []
    swallowing = list(larger.findings)
    first = {(one.where.path, one.subject): at for at, one in reversed(list(enumerate(swallowing)))}
    for finding in smaller.findings:
        at = first.get((finding.where.path, finding.subject))
        if at is None:
            kept.append(finding)
        else:
            swallowing[at] = _merged(swallowing[at], finding)
    if len(kept) == len(smaller.findings):
        return larger, smaller
    reason = f"{len(smaller.findings) - len(kept)} shown under {larger.bound.id}"
    reason = f"{smaller.reason}; {reason}" if smaller.reason else reason
    return replace(larger, findings=tuple(swallowing)), replace(smaller, findings=tuple(kept), reason=reason)


def _merged(finding: Finding, swallowed: Finding) -> Finding:
    places = dict.fromkeys((*finding.also, swallowed.where, *swallowed.also))
    return finding.model_copy(
        update={
            "severity": gravest((finding.severity, swallowed.severity)),
            "confidence": min(finding.confidence, swallowed.confidence, key=lambda one: one.rank),
            "clauses": tuple(sorted({*finding.clauses, *swallowed.clauses}, key=clause_order)),
            "also": tuple(place for place in places if place != finding.where),
        }
    )
