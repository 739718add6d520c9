"""The only place that judges a repository's own proofs for an audit."""

from __future__ import annotations

from datetime import UTC, datetime

from checker.collect.changes import Base
from checker.collect.files import Root
from checker.model.proof_records import ProofRecord, ProofRecords
from checker.model.report import ProofState
from checker.model.settings import DescriptionChange, Policy
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from checker.proofs import bundle, policy
from checker.proofs.binding import at_base, bound_tree, rules_at
from checker.proofs.judging import Against, Bundle, Judged, judge

Described = DescriptionChange | NotApplicable | Unavailable


def judged_records(root: Root, git: Git, base: Base, policy_read: Policy, described: Described) -> ProofRecords:
    """Every record below `.checker/proofs`, judged against this tree and the base's policy. NotApplicable: there is none."""
    names = [f"{bundle.FOLDER}/{one}" for one in root.names(bundle.FOLDER) if one.endswith(bundle.ENDING)]
    earlier = at_base(git, base.fork if isinstance(base.fork, str) else base.revision)
    if not names and not earlier:
        raise NotApplicable(f"no proofs below {bundle.FOLDER}")
    believed = policy.believed(policy_read, (), anchored=base.revision is not None)
    before = described.base if isinstance(described, DescriptionChange) else described
    tree, rules = bound_tree(git, rules_at(before)), policy.sha256(policy_read)
    against = Against(believed, datetime.max.replace(tzinfo=UTC, year=9000), tree, rules)
    found = []
    for name in names:
        anchors = (bundle.head(earlier[name]),) if name in earlier else ()
        judged = judge(Bundle(name, root.read(name, bundle.LARGEST), anchors), against)
        found += [_record(name, position, one) for position, one in enumerate(judged, 1)]
    return ProofRecords(tuple(found), tuple(sorted(earlier.keys() - set(names))))


def _record(name: str, line: int, one: Judged) -> ProofRecord:
    state = ProofState(
        type=one.type,
        state=one.state,
        trust=one.trust,
        tree=one.proof.tree() if one.proof else None,
        keyid=one.keyid,
        path=one.path,
    )
    told = one.proof.predicate if one.proof else None
    passed, failed = (told.passed_tests, told.failed_tests) if told else ((), ())
    return ProofRecord(name, line, one.type, one.reason, one.reason if one.doctored else None, state, passed, failed)
