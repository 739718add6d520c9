"""What an agent did to the world outside its working tree: deployments, migrations, writes, pushes, and who agreed to them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.approval import Checkpoints, Words, meaning
from checker.model.outputs.proposals import Proposals
from checker.model.outputs.session import Act, Acts, Entry, Sessions
from checker.model.rule import Confidence

_AFTER_CONSENT = ("branch", "commit", "push", "pull_request")
_SAID = {
    "deploy": "deploys",
    "migrate": "runs a migration",
    "write": "writes to a database",
    "commit": "commits",
    "branch": "makes a branch",
    "push": "pushes",
    "pull_request": "acts on a pull request",
    "publish": "publishes a package",
    "send": "sends something out",
}


class Forbidden(Frozen):
    """`never`: what the agent may not do at all; `consent`: what it may do once a person agreed."""

    never: tuple[str, ...] = ("migrate",)
    consent: tuple[str, ...] = _AFTER_CONSENT


class External(Frozen):
    """`kinds`: the acts that a person must have agreed to."""

    kinds: tuple[str, ...] = ("deploy", "push", "pull_request", "publish", "send")


def no_deployment(acts: Acts, sessions: Sessions) -> Iterator[Observation]:
    """No command of the agent's records deploys anything."""
    yield from _unread(sessions)
    yield from _none_of(acts, ("deploy",), "which is not this agent's to do")


def no_database_write(acts: Acts) -> Iterator[Observation]:
    """No command of the agent's records writes to a database."""
    yield from _none_of(acts, ("write",), "which it may only plan")


def agent_permissions(
    acts: Acts, sessions: Sessions, checkpoints: Checkpoints, words: Words, params: Forbidden
) -> Iterator[Observation]:
    """No migration is run by the agent; branches, commits, pushes and pull requests come after a person's consent."""
    yield from _unread(sessions)
    yield from _none_of(acts, params.never, "which it may only plan")
    for act in acts.found:
        if act.kind in params.consent:
            agreed = _consent(act, sessions, checkpoints, words)
            yield _judged(act, ok=bool(agreed), why="before anybody confirmed it", seen=agreed)


def external_action_approved(
    acts: Acts, sessions: Sessions, checkpoints: Checkpoints, proposals: Proposals, words: Words, params: External
) -> Iterator[Observation]:
    """Whatever reaches outside was agreed to by a person: in the session, at a checkpoint, or in a record of approval."""
    yield from _unread(sessions)
    for act in acts.found:
        if act.kind in params.kinds:
            agreed = _consent(act, sessions, checkpoints, words) or _recorded(proposals)
            yield _judged(act, ok=bool(agreed), why="and no person's approval is recorded", seen=agreed)
    if not any(act.kind in params.kinds for act in acts.found):
        yield from _clean(acts)


def _unread(sessions: Sessions) -> Iterator[Observation]:
    """Each log of which something could not be read: what an agent did there, nobody can tell."""
    for one in sessions.unread:
        yield Observation(
            subject=f"session log {one.path}",
            ok=False,
            place=Place(one.path, lines=(one.line, one.line)),
            message=f"{one.missed} of {one.total} records of {one.path} cannot be read, so nobody can tell what was done there",
            evidence=one.why,
            confidence=None if one.grave else Confidence.MEDIUM,
        )


def _none_of(acts: Acts, kinds: tuple[str, ...], why: str) -> Iterator[Observation]:
    bad = [act for act in acts.found if act.kind in kinds]
    yield from (_judged(act, ok=False, why=why, seen="") for act in bad)
    if not bad:
        yield from _clean(acts)


def _clean(acts: Acts) -> Iterator[Observation]:
    """Each record that was looked through and holds nothing of the kind; none where no command is recorded at all."""
    for place in acts.places if acts.looked_at else ():
        yield Observation(f"commands {place.path}", True, place, "", f"{acts.looked_at} commands in all")


def _judged(act: Act, *, ok: bool, why: str, seen: str) -> Observation:
    return Observation(
        subject=f"{act.kind} {act.command[:80]}",
        ok=ok,
        place=act.place,
        message=f"`{act.command[:80]}` {_SAID.get(act.kind, act.kind)}, {why}",
        evidence="; ".join(part for part in (f"recorded in a {act.source}", seen) if part),
    )


def _consent(act: Act, sessions: Sessions, checkpoints: Checkpoints, words: Words) -> str:
    """Where a person agreed before the act: in the same session, or at a checkpoint or approval on record."""
    for one in sessions.logs.get(act.place.path, ()):
        if one.line < act.order and consents(one, words):
            return f"agreed to at {one.path}:{one.line}"
    if act.place.path in sessions.logs:
        return ""
    given = [one.gate for one in checkpoints.approvals if one.meaning == "approved" and one.approver != one.agent]
    return (
        f"approval of {given[0]}"
        if given
        else next((f"confirmed at {one.path}:{one.line}" for one in sessions.entries() if consents(one, words)), "")
    )


def consents(one: Entry, words: Words) -> bool:
    """Whether an entry holds a person's clear yes: their own words, or those handed on to the confirming method."""
    said = one.words if one.person else ""
    if isinstance(one.given, dict) and one.name.endswith("confirm_and_prepare_pr"):
        said = str(one.given.get("user_confirmation", one.given.get("confirmation", "")))
    parts = [part for part in re.split(r"[,.;!]| - ", said.strip().split("\n")[0]) if part.strip()]
    return bool(parts) and all(meaning(part, words, {}) == "approved" for part in parts)


def _recorded(proposals: Proposals) -> str:
    signed = [one.path for one in proposals.found if one.signers]
    return f"approval in {signed[0]}" if signed else ""
