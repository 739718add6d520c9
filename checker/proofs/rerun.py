"""The only place that holds a proof against the same proof made again: test by test, not by exit codes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from checker.model.proof import Proof
from checker.proofs.gates import TRUST
from checker.proofs.judging import Judged

MOST = 5  # tests that a contradiction names


def contradictions(judged: Sequence[Judged]) -> Iterator[str]:
    """What a less trusted proof of this tree says passed, and the most trusted one of its type says did not."""
    of_tree = [
        one
        for one in judged
        if one.proof is not None and one.state in ("valid", "failed", "untrusted") and not one.doctored
    ]
    for kind in sorted({one.type for one in of_tree}):
        same = [one for one in of_tree if one.type == kind]
        again = max(same, key=lambda one: (TRUST.index(one.trust), _finished(one)))
        for earlier in same:
            if earlier is not again and TRUST.index(earlier.trust) < TRUST.index(again.trust):
                yield from _between(earlier, again)


def _between(earlier: Judged, again: Judged) -> Iterator[str]:
    if earlier.proof is None or again.proof is None or earlier.proof.tree() != again.proof.tree():
        return
    said, seen = earlier.proof.predicate, again.proof.predicate
    lost = sorted(set(said.passed_tests) - set(seen.passed_tests))
    where = f"{earlier.path} ({earlier.trust}) and {again.path} ({again.trust})"
    if lost:
        failed = set(seen.failed_tests)
        told = ", ".join(f"{name} ({'failed' if name in failed else 'did not pass'})" for name in lost[:MOST])
        more = f" and {len(lost) - MOST} more" if len(lost) > MOST else ""
        yield f"contradicted: {earlier.type}: run again, {told}{more}; {where}"
    elif said.result == "PASSED" and seen.result == "FAILED":
        why = "; ".join(seen.checker.reasons[:2])
        yield f"contradicted: {earlier.type}: PASSED, and FAILED when it was run again: {why}; {where}"


def _finished(one: Judged) -> str:
    return one.proof.predicate.checker.finished_on if isinstance(one.proof, Proof) else ""
