"""The only place that says what a record is worth: valid, failed, stale or untrusted, and the exact reason."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from checker.model.proof import RESULT_OF, Approval, Proof
from checker.proofs import bundle, filed
from checker.proofs.bundle import Record
from checker.proofs.chain import Head
from checker.proofs.envelope import Sealed
from checker.proofs.gates import TRUST, Trust
from checker.proofs.policy import Believed

State = Literal["valid", "failed", "stale", "missing", "untrusted"]
_AHEAD = timedelta(minutes=5)  # how far a clock may be ahead of ours


@dataclass(frozen=True)
class Against:
    """What records are compared with. None: not at hand, so that it is not compared, which the reader is told."""

    believed: Believed
    now: datetime
    tree: str | None = None
    policy: str | None = None
    fork: str | None = None
    filed: frozenset[str] = frozenset()  # what lies among records and takes part in what runs


@dataclass(frozen=True)
class Judged:
    """One record with its verdict. `fingerprint` names a proof that a person must accept."""

    path: str
    type: str
    state: State
    trust: Trust
    reason: str
    proof: Proof | None = None
    keyid: str | None = None
    owner: str | None = None
    fingerprint: str | None = None
    doctored: bool = False
    waived: str = ""  # who lets a gate go without it, why and until when


@dataclass(frozen=True)
class Bundle:
    """A bundle as it stands, and what an anchor outside the tree remembers of it."""

    name: str
    data: bytes
    anchors: tuple[Head, ...] = ()


def judge(one: Bundle, against: Against, min_trust: Trust = "captured") -> list[Judged]:
    """Every record of a bundle. Where the chain is broken or cut, no record of the bundle is trusted."""
    records = bundle.read(one.name, one.data)
    cut = _cut(one)
    wrong = cut or _wrong(records, against.believed)
    back = _backwards(records)
    judged = [_judged(record, wrong or back.get(record.line), against, min_trust) for record in records]
    return [*judged[:-1], replace(judged[-1], reason=cut, doctored=True)] if cut else judged


def spoiled(one: Bundle, believed: Believed) -> str | None:
    """What is wrong with a bundle that a key which counts has written, or that is remembered longer; None for others'."""
    if cut := _cut(one):
        return cut
    records, known = bundle.read(one.name, one.data), {each.key.keyid for each in believed.known}
    signers = {record.sealed.keyid for record in records if record.sealed}
    own = not known.isdisjoint(signers) or one.name in map(bundle.called, known)
    return _wrong(records, believed) if own and one.data else None


def _cut(one: Bundle) -> str | None:
    return next((why for anchor in one.anchors if (why := bundle.cut(one.data, anchor))), None)


def _wrong(records: Sequence[Record], believed: Believed) -> str | None:
    """The first line that is broken or misplaced, or else forged."""
    broken = next((f"line {record.line}: {record.broken}" for record in records if record.broken), None)
    forged = next((record for record in records if record.sealed and _forged(record.sealed, believed)), None)
    return broken or (f"line {forged.line}: signature: does not fit what is signed" if forged else None)


def _backwards(records: Sequence[Record]) -> dict[int, str]:
    """Lines whose clock stood before that of a line that they follow: a clock was moved, so their time says nothing."""
    found: dict[int, str] = {}
    latest: list[datetime] = []
    for record in records:
        before = max((latest[one] for one in record.follows), default=datetime.min.replace(tzinfo=UTC))
        if record.sealed is not None and isinstance(record.sealed.statement, Proof):
            finished = _finished(record.sealed.statement)
            if before - finished > _AHEAD:
                found[record.line] = (
                    f"time: finished on {finished:%Y-%m-%dT%H:%M:%SZ}, before a record above it; the clock was moved"
                )
            before = max(before, finished)
        latest.append(before)
    return found


def _finished(proof: Proof) -> datetime:
    return datetime.strptime(proof.predicate.checker.finished_on, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def _judged(record: Record, wrong: str | None, against: Against, min_trust: Trust) -> Judged:
    sealed = record.sealed
    if sealed is None:
        return Judged(record.path, "unknown", "untrusted", "claimed", record.broken or "unreadable", doctored=True)
    signer = against.believed.who(sealed)
    trust = against.believed.trust(sealed)
    state, reason = _state(record, sealed, wrong, against, min_trust)
    proof = sealed.statement if isinstance(sealed.statement, Proof) else None
    kind = (
        proof.predicate.checker.proof_type
        if proof
        else "approval"
        if isinstance(sealed.statement, Approval)
        else "verdict"
    )
    doctored = record.broken is not None or _forged(sealed, against.believed) or _contradicts(proof)
    return Judged(
        record.path,
        kind,
        state,
        "claimed" if wrong else trust,
        reason,
        proof,
        sealed.keyid,
        owner=signer.owner if signer else None,
        fingerprint=fingerprint(proof) if proof and proof.predicate.result == "WARNED" else None,
        doctored=doctored,
    )


def _state(record: Record, sealed: Sealed, wrong: str | None, against: Against, min_trust: Trust) -> tuple[State, str]:
    untrusted = wrong or _untrusted(sealed, against)
    if untrusted:
        return "untrusted", untrusted if record.broken is None or wrong is None else record.broken
    stale = _stale(sealed, against)
    if stale:
        return "stale", stale
    if not isinstance(sealed.statement, Proof):
        return "valid", ""
    result, run = sealed.statement.predicate.result, sealed.statement.predicate.checker
    if _contradicts(sealed.statement):
        return "untrusted", f"result {result} contradicts its own decision {run.decision}"
    if result != "PASSED":
        asks = f"a person must accept {fingerprint(sealed.statement)}: " if result == "WARNED" else ""
        return "failed", asks + "; ".join(run.reasons[:3])
    trust = against.believed.trust(sealed)
    if TRUST.index(trust) < TRUST.index(min_trust):
        return "untrusted", f"trust {trust} is less than {min_trust}"
    return "valid", ""


def _contradicts(proof: Proof | None) -> bool:
    return proof is not None and RESULT_OF[proof.predicate.checker.decision] != proof.predicate.result


def _untrusted(sealed: Sealed, against: Against) -> str | None:
    if sealed.keyid is None:
        return "unsigned: trust claimed; set CHECKER_SIGNING_KEY when proving"
    if against.believed.who(sealed) is None:
        return f"trust: key {sealed.keyid[:16]} is none that the policy names"
    if isinstance(sealed.statement, Proof) and _finished(sealed.statement) > against.now + _AHEAD:
        return f"time: finished on {sealed.statement.predicate.checker.finished_on}, which is still to come"
    return None


def _stale(sealed: Sealed, against: Against) -> str | None:
    statement = sealed.statement
    bound = statement if isinstance(statement, (Proof, Approval)) else None
    again = "approve again" if isinstance(statement, Approval) else "prove again"
    if bound and against.policy is not None and bound.policy != against.policy:
        return f"policy: made under other commands or other gates; {again}"
    seen = statement.tree()
    if against.tree is not None and seen != against.tree:
        return f"tree: made of {str(seen)[:12]}, and the tree is {against.tree[:12]} now; {again}"
    if bound and against.fork is not None and bound.base != against.fork:
        return f"base: judged against {str(bound.base)[:12]} and not {against.fork[:12]}; {again}"
    if isinstance(statement, Proof):
        told = {one.about for one in statement.predicate.checker.signals if one.kind == filed.KIND}
        if unseen := sorted(against.filed - told):
            return f"records: {unseen[0]}; it came after this proof; prove again"
    return None


def _forged(sealed: Sealed, believed: Believed) -> bool:
    return any(one.key.keyid == sealed.keyid for one in believed.known) and believed.who(sealed) is None


def fingerprint(proof: Proof) -> str:
    """What an approval names: the type, the tree and the reasons that a person accepts; not when or where it ran."""
    run = proof.predicate.checker
    told = "\0".join((run.proof_type, proof.tree() or "", *run.reasons))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16]
