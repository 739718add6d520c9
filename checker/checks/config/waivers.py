"""Waivers stay what they promise: in date, in use, and approved by somebody other than their owner."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from checker.model.observation import Observation, Place
from checker.model.report import WaiverLedger, WaiverUse
from checker.model.settings import same_person


def waiver_expired(ledger: WaiverLedger) -> Iterator[Observation]:
    """A waiver past its end hides nothing any more; its findings are open again."""
    yield from _each(ledger, lambda use: use.state == "expired", "expired on {0.expires}")


def waiver_unused(ledger: WaiverLedger) -> Iterator[Observation]:
    """A waiver that hides nothing in this run is a door left open."""
    unused = _each(
        ledger,
        lambda use: (
            use.state == "unused" and use.rule in ledger.decided and not same_person(use.owner, use.approved_by)
        ),
        "hides nothing in this run",
    )
    yield from unused


def waiver_self_approved(ledger: WaiverLedger) -> Iterator[Observation]:
    """Nobody accepts a finding for themselves; such a waiver hides nothing."""
    yield from _each(
        ledger,
        lambda use: same_person(use.owner, use.approved_by),
        "is owned and approved by {0.owner}",
    )


def _each(ledger: WaiverLedger, is_bad: Callable[[WaiverUse], bool], says: str) -> Iterator[Observation]:
    """One observation for each waiver; one that the change itself takes away is mended."""
    for use in ledger.uses:
        if use.state != "proposed" or is_bad(use):
            target = use.fingerprint or ", ".join(use.paths)
            line = use.where.first
            yield Observation(
                subject=f"{use.rule} {target}",
                ok=use in ledger.leaving or not is_bad(use),
                place=Place(use.where.path, (line, line) if line else None),
                message=f"the waiver of {use.rule} for {target} {says.format(use)}",
                evidence=f"reason {use.reason!r}, owner {use.owner}, approved by {use.approved_by}, until {use.expires}",
            )
