"""The only place that hands out a repository's own proofs as a fact; what verifies them is loaded when there is a repository."""

from __future__ import annotations

from checker.collect.changes import Base
from checker.collect.files import Root
from checker.model.proof_records import ProofRecords
from checker.model.settings import DescriptionChange, Policy
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git


def proof_records(
    root: Root, git: Git, base: Base, policy: Policy, described: DescriptionChange | NotApplicable | Unavailable
) -> ProofRecords:
    """Every record below `.checker/proofs`, judged against this tree and the base's policy. NotApplicable: there is none."""
    from checker.collect.judged_proofs import judged_records

    return judged_records(root, git, base, policy, described)
