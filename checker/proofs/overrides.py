"""The only place that lets a gate go without a proof: a waiver of the base policy, with an owner, an approver and an end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from checker.model.globs import covers
from checker.model.settings import Waiver, same_person
from checker.proofs.judging import Judged

RULE = "gate-proof"


def overridden(latest: Sequence[Judged], waivers: Sequence[Waiver], today: date) -> list[Judged]:
    """The proofs with those marked that a waiver of `gate-proof` names by type among its paths.

    A doctored proof is never waived, nor is anything by a waiver that has ended or that its own owner approved.
    """
    standing = [
        one
        for one in waivers
        if one.rule == RULE and one.paths and one.expires >= today and not same_person(one.owner, one.approved_by)
    ]
    hits = dict.fromkeys(map(id, standing), 0)
    found = []
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
        said = f"until {waiver.expires} by {waiver.approved_by} for {waiver.owner}: {waiver.reason}"
        found.append(replace(proof, waived=said))
    return found
