"""What outputs claim is what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.observation import Observation, Place
from checker.model.outputs.evidence import Assertion, ClaimLedger, Judged
from checker.model.rule import Confidence


def claim_contradicted(ledger: ClaimLedger) -> Iterator[Observation]:
    """Each claim that evidence decides agrees with it; what nothing decides is no subject here, but listed as a claim."""
    for one in ledger.judged:
        if one.state == "unverified":
            continue
        against = one.against
        yield Observation(
            subject=f"{one.statement.measure} {one.statement.claim}",
            ok=one.state == "confirmed",
            place=one.statement.place,
            also=(against.place,) if against else (),
            message=f"{one.statement.place.path} claims {one.statement.claim}, the evidence says {_measured(one)}",
            evidence=f"{against.source}, at {_where(one)}" if against else "",
        )
    for said in ledger.assertions:
        if said.state == "unverified":
            continue
        yield Observation(
            subject=f"{said.about} {said.claim}",
            ok=said.state == "confirmed",
            place=said.place,
            also=(said.against,) if said.against else (),
            message=f"{said.place.path} claims {_as_claimed(said)}, and {said.seen}",
            evidence=f"against {_shown(said.against)}" if said.against else said.seen,
            confidence=None if said.sure else Confidence.MEDIUM,
        )


def _as_claimed(one: Assertion) -> str:
    said = {"endpoint": "the endpoint ", "file": "the file ", "link": "by a link the file ", "test": "the test "}
    return said.get(one.about, "") + one.claim


def _shown(place: Place) -> str:
    return f"{place.path}:{place.lines[0]}" if place.lines else place.path


def _measured(one: Judged) -> str:
    if one.against is None:
        return "nothing"
    value = one.against.value
    if one.statement.measure in ("ran", "skipped"):  # which no figure counts by itself
        return one.against.source
    return f"{value:.4g}%" if one.statement.measure == "coverage" else f"{value:g} {one.statement.measure}"


def _where(one: Judged) -> str:
    place = one.against.place if one.against else None
    if place is None:
        return "nowhere"
    return f"{place.path}:{place.lines[0]}" if place.lines else place.path
