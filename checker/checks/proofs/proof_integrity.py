"""Decides whether the recorded proofs are still what their signers wrote."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.observation import Observation, Place
from checker.model.proof_records import ProofRecords


def proof_integrity(proofs: ProofRecords) -> Iterator[Observation]:
    """One observation for each record, and one for each bundle of the base that is gone."""
    for one in proofs.records:
        place = Place(one.bundle, (one.line, one.line))
        subject = f"{one.type} record {one.line}"
        if one.broken is None:
            yield Observation(subject=subject, place=place, ok=True, message=f"{subject} is what its signer wrote")
        else:
            message = f"{subject} is not what its signer wrote"
            yield Observation(subject=subject, place=place, ok=False, message=message, evidence=one.broken)
    for name in proofs.gone:
        message, evidence = (
            f"{name} of the base revision is gone, and with it every attempt in it",
            "only the base holds it",
        )
        yield Observation(subject=f"bundle {name}", place=Place(name), ok=False, message=message, evidence=evidence)
