"""The three-way rule: signals, weighed as `rules/gates.toml` says, to pass, review or block."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from checker.model.proof import BaseRun, Decision, Signal
from checker.proofs.gates import Weights

MOST_REASONS = 20


@dataclass(frozen=True)
class Weighed:
    """The decision, and why in the words that a reader sees; grave reasons first."""

    decision: Decision
    reasons: tuple[str, ...]


def weigh(signals: Sequence[Signal], base_run: BaseRun, weights: Weights) -> Weighed:
    """Rule c: hard blocks; a flag with a failing base test blocks; either alone asks a person or is noted."""
    known = weights.flag | weights.base | weights.review | weights.note
    hard = [one for one in signals if one.kind in weights.hard or one.kind not in known]
    flags = [one for one in signals if one.kind in weights.flag]
    failing = [one for one in signals if one.kind in weights.base]
    asked = [one for one in signals if one.kind in weights.review]
    notes = [one for one in signals if one.kind in weights.note and one.kind != "left-out"]
    if hard:
        return Weighed("block", _said(hard, "") + _said(flags, ""))
    if flags and failing:
        return Weighed("block", _said(flags, "") + _said(failing, ", and the change touched what judges it"))
    noted = _said(notes, " (noted)")
    if failing:
        return Weighed("review", _said(failing, "; intended or not, a person must say") + _said(asked, "") + noted)
    if asked:
        return Weighed("review", _said(asked, "") + _said(flags, " (noted)") + noted)
    if flags and base_run.ran == "no":
        return Weighed("review", _said(flags, f", and the base's tests did not run: {base_run.why}") + noted)
    return Weighed("pass", _said(flags, " (noted; the base's tests pass on this source)") + noted)


def _said(signals: Sequence[Signal], tail: str) -> tuple[str, ...]:
    said = tuple(f"{one.kind}: {one.about}{tail}" for one in signals[:MOST_REASONS])
    more = len(signals) - MOST_REASONS
    return (*said, f"and {more} more of {signals[-1].kind}") if more > 0 else said
