"""What outputs claim is what was measured."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.observation import Observation
from checker.model.outputs.evidence import ClaimLedger, Judged


def claim_contradicted(ledger: ClaimLedger) -> Iterator[Observation]:
    """Each claimed number that evidence decides agrees with it; what nothing decides is no subject here, but listed as a claim."""
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


def _measured(one: Judged) -> str:
    if one.against is None:
        return "nothing"
    value = one.against.value
    return f"{value:.4g}%" if one.statement.measure == "coverage" else f"{value:g} {one.statement.measure}"


def _where(one: Judged) -> str:
    place = one.against.place if one.against else None
    if place is None:
        return "nowhere"
    return f"{place.path}:{place.lines[0]}" if place.lines else place.path
