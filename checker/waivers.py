"""Findings accepted by the policy: which waiver hides which finding, and what became of each waiver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from checker.catalog import Catalog
from checker.engine import Verdict
from checker.model.finding import Finding, Where
from checker.model.globs import covers
from checker.model.report import Outcome, WaiverLedger, WaiverUse
from checker.model.settings import Waiver, same_person
from checker.settings import Settings

_UNSEEN = (Outcome.UNAVAILABLE, Outcome.ERROR)
State = Literal["proposed", "used", "unused", "expired"]


@dataclass(frozen=True)
class Waived:
    """The verdicts with accepted findings taken out, those findings, and the ledger."""

    verdicts: tuple[Verdict, ...]
    findings: tuple[Finding, ...]
    ledger: WaiverLedger


def apply(verdicts: Sequence[Verdict], settings: Settings, catalog: Catalog, today: date) -> Waived:
    """Hide at most `max_hits` findings behind each waiver that is neither expired nor approved by its own owner."""
    hidden: dict[int, Finding] = {}
    uses = []
    for waiver in settings.policy.waivers:
        rule = catalog.rule(waiver.rule)
        expired = waiver.expires < today
        counts = not expired and not same_person(waiver.owner, waiver.approved_by)
        name = rule.id if rule else waiver.rule
        hits = _hits(waiver, name, verdicts, hidden) if counts else []
        hidden.update({id(finding): finding for finding in hits})
        state: State = "expired" if expired else "used" if hits else "unused"
        uses.append(_use(waiver, name, state, len(hits), settings.place(waiver)))
    leaving = tuple(
        use for use, waiver in zip(uses, settings.policy.waivers, strict=True) if not settings.stands(waiver)
    )
    uses.extend(
        _use(waiver, waiver.rule, "proposed", 0, settings.place(waiver)) for waiver in settings.proposed_waivers
    )
    decided = frozenset(verdict.bound.id for verdict in verdicts if verdict.outcome not in _UNSEEN)
    kept = tuple(_without(verdict, hidden) for verdict in verdicts)
    waived = tuple(sorted(hidden.values(), key=lambda finding: finding.order))
    return Waived(kept, waived, WaiverLedger(tuple(uses), decided, leaving))


def _hits(waiver: Waiver, rule: str, verdicts: Sequence[Verdict], hidden: dict[int, Finding]) -> list[Finding]:
    findings = sorted(
        (one for verdict in verdicts if verdict.bound.id == rule for one in verdict.findings),
        key=lambda finding: finding.order,
    )
    matching = [finding for finding in findings if id(finding) not in hidden and _matches(waiver, finding)]
    return matching[: waiver.max_hits]


def _matches(waiver: Waiver, finding: Finding) -> bool:
    if waiver.fingerprint:
        return waiver.fingerprint == finding.fingerprint
    places = (finding.where, *finding.also)
    return all(any(covers(pattern, place.path) for pattern in waiver.paths) for place in places)


def _without(verdict: Verdict, hidden: dict[int, Finding]) -> Verdict:
    kept = tuple(finding for finding in verdict.findings if id(finding) not in hidden)
    if len(kept) == len(verdict.findings):
        return verdict
    return replace(verdict, findings=kept, outcome=verdict.outcome if kept else Outcome.WAIVED)


def _use(waiver: Waiver, rule: str, state: State, hits: int, where: Where) -> WaiverUse:
    return WaiverUse(
        rule=rule,
        fingerprint=waiver.fingerprint,
        paths=waiver.paths,
        reason=waiver.reason,
        owner=waiver.owner,
        approved_by=waiver.approved_by,
        expires=waiver.expires.isoformat(),
        hits=hits,
        state=state,
        where=where,
    )
