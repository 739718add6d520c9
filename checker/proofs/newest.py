"""The only place that says which record of a type decides: the newest, but for what a surer one did not find."""

from __future__ import annotations

from collections.abc import Sequence

from checker.proofs import bundle
from checker.proofs.chain import newest
from checker.proofs.consents import Bundles
from checker.proofs.gates import TRUST
from checker.proofs.judging import Judged


def newest_of(kind: str, judged: Sequence[Judged], records: Bundles) -> Judged:
    """The newest record of this tree decides, so that an old pass never hides a later failure; else the best reason.

    What was seen under more trust, and did not pass, is not undone by a later run under less.
    """
    of_kind = [one for one in judged if one.type == kind]
    if not of_kind:
        broken = next((one for one in judged if one.type == "unknown"), None)
        why = f"; {broken.path}: {broken.reason}" if broken else ""
        return Judged("", kind, "missing", "claimed", f"no proof of this type; checker prove {kind}{why}")
    current = [one for one in of_kind if one.state in ("valid", "failed")]
    untrusted = [one for one in of_kind if one.state == "untrusted"]
    chosen = current or untrusted or of_kind
    ends = [end for name, each in records.items() if (end := _end(chosen, name, each))]
    last = max(ends, key=lambda one: (_finished(one), one.state != "valid"))
    surer = [one for one in ends if one.state == "failed" and TRUST.index(one.trust) > TRUST.index(last.trust)]
    return max(surer, key=_finished, default=last)


def sound(judged: Sequence[Judged], records: Bundles) -> bool:
    """Nothing is untrusted, and of each type the record that decides is valid."""
    if any(one.state == "untrusted" for one in judged):
        return False
    last = {one.type: one for one in judged}
    proved = {one.type for one in judged if one.proof}
    return all((newest_of(kind, judged, records) if kind in proved else last[kind]).state == "valid" for kind in last)


def _end(chosen: Sequence[Judged], name: str, records: Sequence[bundle.Record]) -> Judged | None:
    """In a chain what follows is newer, whatever a clock said; of ends side by side the one that does not hold counts."""
    places = {int(line) - 1: one for one in chosen for of, _, line in (one.path.rpartition(":"),) if of == name}
    ends = [places[one] for one in newest([record.follows for record in records], places)]
    return max(ends, key=lambda one: (one.state != "valid", _finished(one)), default=None)


def _finished(one: Judged) -> str:
    return one.proof.predicate.checker.finished_on if one.proof else ""
