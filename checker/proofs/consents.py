"""The only place that says which approvals of a gate count: whose, of what, in which words, and not withdrawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from checker.model.proof import Approval
from checker.model.settings import same_person
from checker.proofs import chain
from checker.proofs.bundle import Record
from checker.proofs.judging import Against, Judged

Bundles = Mapping[str, Sequence[Record]]  # the records of each bundle, by its name


@dataclass(frozen=True)
class Consented:
    """One approval with its verdict; only a `valid` one counts."""

    path: str
    by: str
    text: str
    state: Literal["valid", "void", "claimed"]
    reason: str
    accepts: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """What an approval is judged by. `makers` own the keys that signed the gate's proofs: nobody approves his own work."""

    gate: str
    against: Against
    makers: Sequence[str]
    means: Callable[[str], str]


def approvals(bundles: Bundles, judged: Mapping[str, Judged], asked: Asked) -> list[Consented]:
    """Every approval of a gate; those that were withdrawn are void, whatever tree the withdrawal was made of."""
    found = []
    withdrawn = [one for one in _of_gate(bundles, asked.gate) if one[1].predicate.withdraws and _by_person(*one, asked)]
    for record, statement in _of_gate(bundles, asked.gate):
        told = statement.predicate
        if told.withdraws:
            continue
        state, reason = _state(record, statement, judged[record.path], asked)
        back = next((one for one in withdrawn if _takes_back(one, (record, statement), bundles)), None)
        if back is not None:
            state, reason = (
                "void",
                f"withdrawn by {back[1].predicate.by} on {back[1].predicate.given_on}: {back[0].path}",
            )
        found.append(Consented(record.path, told.by, told.text, state, reason, told.accepts))
    return found


def _of_gate(bundles: Bundles, gate: str) -> Iterator[tuple[Record, Approval]]:
    for records in bundles.values():
        for record in records:
            statement = record.sealed.statement if record.sealed else None
            if isinstance(statement, Approval) and statement.predicate.gate == gate:
                yield record, statement


def _by_person(record: Record, statement: Approval, asked: Asked) -> bool:
    """Whether a withdrawal is signed by the person that it names; where it stands in its chain does not matter."""
    signer = asked.against.believed.who(record.sealed) if record.sealed else None
    return signer is not None and signer.role == "person" and same_person(signer.owner, statement.predicate.by)


def _takes_back(withdrawal: tuple[Record, Approval], approval: tuple[Record, Approval], bundles: Bundles) -> bool:
    """An approval that follows a withdrawal is a new one; in another chain there are only the clocks, and equal is withdrawn."""
    (last, back), (first, given) = withdrawal, approval
    if not same_person(back.predicate.by, given.predicate.by):
        return False
    if last.bundle != first.bundle:
        return back.predicate.given_on >= given.predicate.given_on
    return last.line - 1 not in chain.above([one.follows for one in bundles[first.bundle]], {first.line - 1})


def _state(
    record: Record, statement: Approval, judged: Judged, asked: Asked
) -> tuple[Literal["valid", "void", "claimed"], str]:
    told, against = statement.predicate, asked.against
    if judged.state == "stale":
        return "void", judged.reason
    signer = against.believed.who(record.sealed) if record.sealed else None
    if judged.state != "valid" or signer is None:
        return "claimed", judged.reason
    if not against.believed.anchored:
        return "claimed", "not anchored: without a base revision the change itself says whose key is a person's"
    if signer.role != "person":
        return "claimed", f"key {signer.id} has role {signer.role}; only a person's key approves"
    if not same_person(signer.owner, told.by):
        return "claimed", f"key {signer.id} is {signer.owner}'s, not {told.by}'s"
    if any(same_person(signer.owner, maker) for maker in asked.makers):
        return "claimed", f"{told.by} made the proofs; another person must approve them"
    for said in (told.text, *((told.option,) if told.option else ())):
        if asked.means(said) != "approved":
            return "claimed", f"{said!r} is {asked.means(said)}, not an approval"
    return "valid", ""
