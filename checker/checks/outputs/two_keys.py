"""Two keys: what touches staging or production, or destroys something, was agreed to by two people beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.base import Frozen
from checker.model.observation import Observation, Place
from checker.model.outputs.proposals import Proposal, Proposals
from checker.model.outputs.runs import RunReports
from checker.model.outputs.work import AsOf

_DONE = re.compile(
    r"(?i)\b(?:ran|run|applied|executed|migrated|upgraded|deployed|dropped|truncated|backfilled|rolled out)\b[^.\n]{0,80}?"
    r"\b(?P<where>staging|stage|production|prod)\b"
)
_WHAT = re.compile(r"(?i)migrat|schema|alembic|prisma|\bDROP\b|\bddl\b|table|column|backfill|database|\bdb\b")
_NOT_DONE = re.compile(
    r"(?i)\b(?:not|never|without|no|will|should|must|pending|would|to be|once|after|before|requires?|needs?|can be)\b|\bplan"
)
_COPY = re.compile(
    r"(?i)\b(?:copy|clone|dump|snapshot|backup|replica|sample) (?:of|from) (?:the )?(?:staging|stage|production|prod)\b"
    r"|\b(?:staging|stage|production|prod)[- ](?:like|sized|shaped)\b"
)
_AGENT = re.compile(r"(?i)\bagent\b|\bagent[-_ ]?\d|\bbot\b|claude|codex|copilot|cursor\b|gpt")
_SAME = {"stage": "staging", "prod": "production"}


class Keys(Frozen):
    """`keys`: how many different people must have signed."""

    keys: int = 2


def two_key(proposals: Proposals, reports: RunReports, as_of: AsOf, params: Keys) -> Iterator[Observation]:
    """Every approval record is whole and signed by two people with times, and what a report says it did there has one."""
    for one in proposals.found:
        problem = f"cannot be read: {one.broken}" if one.broken else _unsound(one, as_of, params)
        yield Observation(
            subject=f"approval {one.id or one.path}",
            ok=not problem,
            place=Place(one.path, lines=(one.keys[0].line, one.keys[-1].line) if one.keys else (1, 1)),
            message=f"{one.path} {problem}",
            evidence="; ".join((f"keys: {', '.join(_key(one)) or 'none'}", *one.assumed)),
        )
    for report in reports.current:
        for number, line in enumerate(report.artefact.text.split("\n"), 1):
            done = _DONE.search(_COPY.sub("", line))
            if done is None or not _WHAT.search(line) or _NOT_DONE.search(line):
                continue
            where = _SAME.get(done["where"].lower(), done["where"].lower())
            signed = [one for one in proposals.found if where in _places(one) and len(one.signers) >= params.keys]
            yield Observation(
                subject=f"{where} {line.strip()[:60]}",
                ok=bool(signed),
                place=report.artefact.lines(number),
                message=f"{report.path} says that it changed {where}, and no approval by {params.keys} people is recorded",
                evidence=line.strip()[:160],
            )


def _places(one: Proposal) -> frozenset[str]:
    words = re.findall(r"[a-z]+", one.environment.lower())
    return frozenset(_SAME.get(word, word) for word in words)


def _unsound(one: Proposal, as_of: AsOf, params: Keys) -> str:
    if len(one.signers) < params.keys:
        return f"is signed by {len(one.signers)} of {params.keys} people"
    if machines := [key.name for key in one.keys if _AGENT.search(key.name)]:
        return f"is signed by {machines[0]}, which is no person"
    if untimed := [key.name for key in one.keys if key.time is None]:
        return f"does not say when {untimed[0]} agreed"
    if late := [key for key in one.keys if key.time and key.time > as_of.moment]:
        return f"is signed by {late[0].name} in the future"
    return f"names no {', no '.join(one.lacks)}" if one.lacks else ""


def _key(one: Proposal) -> list[str]:
    return [f"{key.name} {key.time:%Y-%m-%dT%H:%MZ}" if key.time else key.name for key in one.keys]
