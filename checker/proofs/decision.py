"""The three-way rule: signals, weighed as `rules/gates.toml` says, to pass, review or block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checker.model.proof import BaseRun, Decision, Signal
from checker.proofs.gates import Weights

MOST_REASONS = 20
AS_THE_BASE_HAS_IT = ", as the base has it"  # what follows the name of a test in a signal about one of the base


@dataclass(frozen=True)
class Weighed:
    """The decision, and why in the words that a reader sees; grave reasons first."""

    decision: Decision
    reasons: tuple[str, ...]


def weigh(signals: Sequence[Signal], base_run: BaseRun, weights: Weights) -> Weighed:
    """Rule c: hard blocks; a flag with a failing base test blocks; either alone asks a person or is noted."""
    known = weights.flag | weights.rewritten | weights.base | weights.outdated | weights.review | weights.note
    hard = [one for one in signals if one.kind in weights.hard or one.kind not in known]
    flags = [one for one in signals if one.kind in weights.flag]
    touched = [*flags, *(one for one in signals if one.kind in weights.rewritten)]
    failing = [one for one in signals if one.kind in weights.base]
    outdated = [one for one in signals if one.kind in weights.outdated]
    asked = [*outdated, *(one for one in signals if one.kind in weights.review)]
    notes = [one for one in signals if one.kind in weights.note and one.kind != "left-out"]
    lost = _lost(outdated, [one for one in signals if one.kind in weights.grave])
    if hard:
        return Weighed("block", _said(hard, "") + _said(touched, ""))
    if flags and failing:
        return Weighed("block", _said(flags, "") + _said(failing, ", and the change touched what judges it"))
    if lost:
        return Weighed("block", _said(lost, "") + _said(outdated, ", and lost more than that"))
    noted = _said(notes, " (noted)")
    if failing:
        said = _said(failing, "; intended or not, a person must say") + _said(asked, "")
        return Weighed("review", said + _said(touched, " (noted)") + noted)
    if asked:
        return Weighed("review", _said(asked, "") + _said(touched, " (noted)") + noted)
    if touched and base_run.ran == "no":
        return Weighed("review", _said(touched, f", and the base's tests did not run: {base_run.why}") + noted)
    return Weighed("pass", _said(touched, " (noted; the base's tests pass on this source)") + noted)


def _lost(outdated: Sequence[Signal], grave: Sequence[Signal]) -> list[Signal]:
    """What a test lost that could not stay as it was: a skip, a mark, assertions, its place."""
    names = {one.about.partition(AS_THE_BASE_HAS_IT)[0] for one in outdated}
    return [
        one
        for one in grave
        if one.about in names or one.about.startswith(tuple(f"{name}{end}" for name in names for end in (" ", ":")))
    ]


def _said(signals: Sequence[Signal], tail: str) -> tuple[str, ...]:
    said = tuple(f"{one.kind}: {one.about}{tail}" for one in signals[:MOST_REASONS])
    more = len(signals) - MOST_REASONS
    return (*said, f"and {more} more of {signals[-1].kind}") if more > 0 else said
