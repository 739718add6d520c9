"""The only place that says what a record is worth: valid, failed, stale or untrusted, and the exact reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from checker.model.proof import RESULT_OF, Approval, Proof
from checker.model.settings import same_person
from checker.proofs import bundle, filed
from checker.proofs.bundle import Head, Record
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
    cut = next((why for anchor in one.anchors if (why := bundle.cut(one.data, anchor))), None)
    wrong = cut or next((f"line {record.line}: {record.broken}" for record in records if record.broken), None)
    forged = next((record for record in records if record.sealed and _forged(record.sealed, against.believed)), None)
    if wrong is None and forged is not None:
        wrong = f"line {forged.line}: signature: does not fit what is signed"
    back = _backwards(records)
    judged = [_judged(record, wrong or back.get(record.line), against, min_trust) for record in records]
    return [*judged[:-1], replace(judged[-1], reason=cut, doctored=True)] if cut else judged


def _backwards(records: Sequence[Record]) -> dict[int, str]:
    """Lines whose clock stood before that of a line above: a clock was moved, so their time says nothing."""
    found, latest = {}, datetime.min.replace(tzinfo=UTC)
    for record in records:
        if record.sealed is None or not isinstance(record.sealed.statement, Proof):
            continue
        finished = _finished(record.sealed.statement)
        if latest - finished > _AHEAD:
            found[record.line] = (
                f"time: finished on {finished:%Y-%m-%dT%H:%M:%SZ}, before a record above it; the clock was moved"
            )
        latest = max(latest, finished)
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
    if isinstance(statement, Proof) and against.policy is not None and statement.policy != against.policy:
        return "policy: made under other commands or other gates; prove again"
    seen = statement.tree()
    if against.tree is not None and seen != against.tree:
        return f"tree: made of {str(seen)[:12]}, and the tree is {against.tree[:12]} now; prove again"
    if (
        isinstance(statement, Proof)
        and against.fork is not None
        and statement.predicate.checker.base_commit != against.fork
    ):
        return f"base: judged against {str(statement.predicate.checker.base_commit)[:12]} and not {against.fork[:12]}; prove again"
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


@dataclass(frozen=True)
class Consented:
    """One approval with its verdict; only a `valid` one counts."""

    path: str
    by: str
    text: str
    state: Literal["valid", "void", "claimed"]
    reason: str
    accepts: tuple[str, ...]


def approvals(
    records: Iterable[Record],
    judged: Mapping[str, Judged],
    gate: str,
    against: Against,
    makers: Sequence[str],
    means: Callable[[str], str],
) -> list[Consented]:
    """Every approval of a gate. `makers` are the owners of the keys that signed its proofs: nobody approves his own work."""
    found = []
    for record in records:
        statement = record.sealed.statement if record.sealed else None
        if record.sealed is None or not isinstance(statement, Approval) or statement.predicate.gate != gate:
            continue
        told = statement.predicate
        state, reason = _consent(record.sealed, told.by, told.text, judged[record.path], against, makers, means)
        found.append(Consented(record.path, told.by, told.text, state, reason, told.accepts))
    return found


def _consent(
    sealed: Sealed,
    by: str,
    text: str,
    judged: Judged,
    against: Against,
    makers: Sequence[str],
    means: Callable[[str], str],
) -> tuple[Literal["valid", "void", "claimed"], str]:
    if judged.state == "stale":
        return "void", judged.reason
    signer = against.believed.who(sealed)
    if judged.state != "valid" or signer is None:
        return "claimed", judged.reason
    if not against.believed.anchored:
        return "claimed", "not anchored: without a base revision the change itself says whose key is a person's"
    if signer.role != "person":
        return "claimed", f"key {signer.id} has role {signer.role}; only a person's key approves"
    if not same_person(signer.owner, by):
        return "claimed", f"key {signer.id} is {signer.owner}'s, not {by}'s"
    if any(same_person(signer.owner, maker) for maker in makers):
        return "claimed", f"{by} made the proofs; another person must approve them"
    if means(text) != "approved":
        return "claimed", f"{text!r} is {means(text)}, not an approval"
    return "valid", ""
