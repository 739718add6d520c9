"""Checkpoints in order and whole, and gone past only on a clear approval by somebody else."""

from __future__ import annotations

from collections.abc import Iterator

from checker.checks.outputs.owned_up import owned_up
from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.approval import Checkpoint, Checkpoints
from checker.model.outputs.fields import agent

_PARTS = ("project", "built", "key decisions", "files created", "test it", "options", "decision")


class Gates(Frozen):
    """`gates`: the sub-gates that a piece of work passes, in order."""

    gates: tuple[str, ...] = ("5.1", "5.2", "5.3", "5.4", "5.5")


def checkpoint_order(checkpoints: Checkpoints, params: Gates) -> Iterator[Observation]:
    """Every sub-gate has its checkpoint, none comes before an earlier one in the same text, and each has its parts."""
    shown = [one for one in checkpoints.shown if one.gate in params.gates]
    if not shown:
        message = f"no checkpoint of G{params.gates[0]} to G{params.gates[-1]} was left"
        yield Observation("checkpoints", False, Place("."), message, "looked through every Markdown file")
        return
    for gate in params.gates:
        there = [one for one in shown if one.gate == gate]
        place = _place(there[0]) if there else Place(shown[-1].path, lines=shown[-1].lines)
        message = f"the checkpoint G{gate} is missing"
        yield Observation(
            f"G{gate}", bool(there), place, message, f"there are G{', G'.join(one.gate for one in shown[:12])}"
        )
    before: dict[str, Checkpoint] = {}
    for one in shown:
        last = before.get(one.path)
        early = last is not None and params.gates.index(one.gate) < params.gates.index(last.gate)
        lacks = [part for part in _PARTS if part not in one.parts]
        problem = f"comes after G{last.gate}" if last and early else f"has no {', no '.join(lacks)}" if lacks else ""
        yield Observation(
            subject=f"G{one.gate} {one.name}".strip(),
            ok=not problem,
            place=_place(one),
            message=f"the checkpoint G{one.gate} {problem}",
            evidence=f"its parts: {', '.join(sorted(one.parts)) or 'none'}",
        )
        before[one.path] = one


def approval_words(checkpoints: Checkpoints) -> Iterator[Observation]:
    """Work goes past a checkpoint only on words that approve; "ok" and "sure" are asked about, and nobody approves their own."""
    shown = checkpoints.shown
    for position, one in enumerate(shown):
        recorded = [
            said for said in checkpoints.approvals if _gate(said.gate) == one.gate and said.meaning == "approved"
        ]
        went_on = any(other.path == one.path for other in shown[position + 1 :])
        bad = went_on and one.meaning != "approved" and not (one.meaning == "unanswered" and recorded)
        said = f"the answer {one.answer!r} is {one.meaning}" if one.answer else "it was never answered"
        yield Observation(
            subject=f"G{one.gate} {one.name}".strip(),
            ok=not bad,
            place=Place(one.path, lines=(one.answer_line, one.answer_line)),
            message=f"work goes on after the checkpoint G{one.gate}, and {said}",
            evidence=f"options: {', '.join(f'{letter}) {text}' for letter, text in one.options.items()) or 'none shown'}",
        )
        yield from _red(one, approved=one.meaning == "approved" or bool(one.meaning == "unanswered" and recorded))
    for approval in checkpoints.approvals:
        own = bool(approval.agent) and agent(approval.agent) == agent(approval.approver)
        unclear = approval.has_text and approval.meaning != "approved"
        problem = (
            f"is given by {approval.approver}, who did the work" if own else f"rests on the words {approval.text!r}"
        )
        yield Observation(
            subject=f"approval {approval.gate}",
            ok=not (own or unclear),
            place=approval.place,
            message=f"the approval of {approval.gate} {problem}",
            evidence=f"approver {approval.approver!r}, words {approval.text[:60]!r} ({approval.meaning})",
        )


def _red(one: Checkpoint, *, approved: bool) -> Iterator[Observation]:
    """That a checkpoint was approved which shows by itself that something fails; whoever asks then is to mend it first."""
    owned = next(owned_up(one.text), "").strip(" :") if approved else ""
    if owned:
        yield Observation(
            subject=f"G{one.gate} red",
            ok=False,
            place=_place(one),
            message=f"the checkpoint G{one.gate} is approved, and says itself that something fails",
            evidence=owned,
        )


def _gate(name: str) -> str:
    return name.upper().removeprefix("G").strip()


def _place(one: Checkpoint) -> Place:
    return Place(one.path, lines=(one.lines[0], one.lines[0]))
