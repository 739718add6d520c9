"""The only place that lets a gate go without a proof: a waiver of the base policy, with an owner, an approver and an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from checker.model.globs import covers
from checker.model.settings import Waiver, same_person
from checker.proofs.judging import Judged

RULE = "gate-proof"


@dataclass(frozen=True)
class Override:
    """A proof that a gate went without: which, in what state it is, and who answers for it until when."""

    type: str
    state: str
    lacks: str
    reason: str
    owner: str
    approved_by: str
    expires: str

    @property
    def said(self) -> str:
        lacks = f" ({self.lacks})" if self.lacks else ""
        return (
            f"override: {self.type} is {self.state}{lacks}; waived until {self.expires} by {self.approved_by} for {self.owner}: "
            f"{self.reason}"
        )


def overridden(
    latest: Sequence[Judged], waivers: Sequence[Waiver], today: date
) -> tuple[list[Judged], tuple[Override, ...]]:
    """The proofs with those marked that a waiver of `gate-proof` names by type among its paths, and what was overridden.

    A doctored proof is never waived, nor is anything by a waiver that has ended or that its own owner approved.
    """
    standing = [
        one
        for one in waivers
        if one.rule == RULE and one.paths and one.expires >= today and not same_person(one.owner, one.approved_by)
    ]
    hits = dict.fromkeys(map(id, standing), 0)
    found, made = [], []
    for proof in latest:
        waiver = next(
            (
                one
                for one in standing
                if hits[id(one)] < one.max_hits and any(covers(each, proof.type) for each in one.paths)
            ),
            None,
        )
        if proof.state == "valid" or proof.doctored or waiver is None:
            found.append(proof)
            continue
        hits[id(waiver)] += 1
        one = Override(
            proof.type,
            proof.state,
            proof.reason.partition(";")[0],
            waiver.reason,
            waiver.owner,
            waiver.approved_by,
            waiver.expires.isoformat(),
        )
        made.append(one)
        found.append(replace(proof, waived=f"until {one.expires} by {one.approved_by} for {one.owner}: {one.reason}"))
    return found, tuple(made)
