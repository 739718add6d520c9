"""Two keys: what touches staging or production, or destroys something, was agreed to by two people beforehand."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from checker.checks.outputs.brought import brought, recorded_late
from checker.model.base import Frozen
from checker.model.change.touched import ChangeCommits
from checker.model.migrations import LooseMigrations, NewMigrations
from checker.model.observation import Observation, Place
from checker.model.outputs.persons import is_machine, is_role, persons
from checker.model.outputs.proposals import Key, Proposal, Proposals
from checker.model.outputs.runs import RunReport, RunReports
from checker.model.outputs.work import AsOf
from checker.model.unavailable import NotApplicable, Unavailable

_VERBS = (
    r"ran|run|applied|executed|migrated|upgraded|deployed|dropped|truncated|backfilled"
    r"|rolled|pushed|released|promoted|shipped|altered|seeded"
)
_DONE = (
    re.compile(rf"(?i)\b(?P<verb>{_VERBS})\b[^\n]{{0,80}}?\b(?P<where>staging|stage|production|prod)\b"),
    re.compile(
        r"(?i)\b(?P<where>staging|stage|production|prod)\b(?: (?:database|db|schema|cluster))? "
        r"(?P<verb>(?:is|was|has been|now|got)\b(?: \w+)? (?:migrated|upgraded|altered|backfilled|on \d{4}|at revision|has the))"
    ),
    re.compile(
        r"(?i)\b(?P<verb>(?:is|are|was|were|went|gone|now|put)(?: \w+)? live)\b[^\n.;]{0,40}?\b(?:in|on|to|at) (?:the )?"
        r"(?P<where>staging|stage|production|prod)\b"
    ),
    re.compile(
        r"(?i)\b(?P<verb>connected|logged in|logged on|ssh(?:ed|'d)?)\b (?:in)?to (?:the )?"
        r"(?P<where>staging|stage|production|prod)\b[^\n.;]{0,40}?\band\b[^\n.;]{0,20}?\b(?:added|created|dropped|altered|inserted|updated|deleted|removed|changed|ran|applied)\b"
    ),
    re.compile(
        r"(?i)\b(?P<verb>now exists?|exists? now)\b[^\n.;]{0,30}?\b(?:in|on) (?:the )?(?P<where>staging|stage|production|prod)\b"
    ),
    re.compile(
        r"(?i)(?P<verb>\b(?:alembic|prisma|flyway|knex|psql)\b[^\n`]{0,80})[^\n]{0,40}?"
        r"\b(?:against|on|to) (?:the )?(?P<where>staging|stage|production|prod)\b"
    ),
)
_WHAT = re.compile(
    r"(?i)migrat|schema|alembic|prisma|\bDROP\b|\bddl\b|table|column|backfill|database|\bdb\b|\b\d{4}_\w+|revision"
)
_AHEAD = re.compile(
    r"(?i)\b(?:not|never|no|nothing|none|nobody|n't|will|should|must|would|to be|can be|cannot"
    r"|requires?|needs?|plan\w*|pending|may|might|if|until|is|are)\b"
    r"|^\W*(?:once|when|before|after)\b[^,]*$|^\W*(?:once|when|if|before)\b"
)
_AFTERWARDS = re.compile(
    r"(?i)\bafter (?:the |its )?(?:merge|approval|review)\b|\bby the (?:pipeline|owner|operator|dba|release)"
    r"|\bpending\b|\bnot yet\b|\bneeds?\b|\brequires?\b"
)
_COPY = re.compile(
    r"(?i)\b(?:copy|clone|dump|snapshot|backup|replica|sample) (?:of|from) (?:the )?(?:staging|stage|production|prod)\b"
    r"|\b(?:staging|stage|production|prod)[- ](?:like|sized|shaped|copy|clone|dump|snapshot|replica)\b"
    r"|\b(?:staging|stage|production|prod) (?:config\w*|settings|values|profile|compose file|env file|docs|documentation)"
    r"(?: (?:example|file|section|template))?\b"
)
_LONG_AGO = re.compile(r"(?i)\b(?:last|previous) (?:year|month|quarter|release)\b|\b(?:years?|months?) ago\b")
_SAME = {"stage": "staging", "prod": "production"}
_TIMES = re.compile(r"\d{4}-\d{2}-\d{2}(?:[T ][\d:.]+(?:Z|[+-]\d\d:?\d\d)?)?")
_NUMBERED = (
    re.compile(r"(?<![\w.:-])(?:0\d{3}|\d{12,14}|[0-9a-f]{12}(?=_|\b))(?=_\w|\b(?![:.\d-]))"),
    re.compile(r"\bWBS-\d+(?:\.\d+)*\b"),
)
_SLACK = timedelta(hours=12)  # a report's day is of the agent's own clock


class Keys(Frozen):
    """`keys`: how many different people must have signed."""

    keys: int = 2


def two_key(
    proposals: Proposals,
    reports: RunReports,
    as_of: AsOf,
    commits: ChangeCommits | NotApplicable | Unavailable,
    new: NewMigrations | NotApplicable | Unavailable,
    loose: LooseMigrations | NotApplicable | Unavailable,
    params: Keys,
) -> Iterator[Observation]:
    """Every approval record is whole and signed by two people with times, and what a report says it did there has one.

    A record that the change brings along is held to its commits: people's, not younger than what it says, and no record of
    an approval from before there was anything to approve.
    """
    made = commits if isinstance(commits, ChangeCommits) else ChangeCommits(())
    migrations = [one for _, one in new.revisions] if isinstance(new, NewMigrations) else []
    migrations += loose.revisions if isinstance(loose, LooseMigrations) else []
    for one in proposals.found:
        problem = f"cannot be read: {one.broken}" if one.broken else _unsound(one, as_of, params)
        problem = problem or brought(one, made, migrations)
        yield Observation(
            subject=f"approval {one.id or one.path}",
            ok=not problem,
            place=Place(one.path, lines=(one.keys[0].line, one.keys[-1].line) if one.keys else (1, 1)),
            message=f"{one.path} {problem}",
            evidence="; ".join((f"keys: {', '.join(_key(one)) or 'none'}", *one.assumed)),
        )
    for report in reports.current:
        for number, line in enumerate(report.artefact.text.split("\n"), 1):
            for where in dict.fromkeys(_done(line)):
                yield _act(where, line, number, report, proposals, made, params)


def _act(
    where: str,
    line: str,
    number: int,
    report: RunReport,
    proposals: Proposals,
    made: ChangeCommits,
    params: Keys,
) -> Observation:
    there = [one for one in proposals.found if where in _places(one)]
    reasons = [(_short(one, line, report, params) or recorded_late(one, report, made), one) for one in there]
    why = next((f": {one.path} {reason}" for reason, one in reasons if reason), "")
    return Observation(
        subject=f"{where} {line.strip()[:60]}",
        ok=any(not reason for reason, _ in reasons),
        place=report.artefact.lines(number),
        also=tuple(Place(one.path) for _, one in reasons),
        message=f"{report.path} says that it changed {where}, and no approval by {params.keys} people is recorded{why}",
        evidence=line.strip()[:160],
    )


def _done(line: str) -> Iterator[str]:
    """The environments that a line says were changed; none where it only speaks of them."""
    for sentence in re.split(r"(?<=[.;!?])\s+|;", _COPY.sub("", line)):
        for pattern in _DONE:
            done = pattern.search(sentence)
            if done is None or not _WHAT.search(line) or _LONG_AGO.search(sentence):
                continue
            before, after = sentence[: done.start()], sentence[done.end() :]
            if not _AHEAD.search(before) and not _AFTERWARDS.search(after):
                yield _SAME.get(done["where"].lower(), done["where"].lower())


def _short(one: Proposal, line: str, report: RunReport, params: Keys) -> str:
    """What an approval of the right environment lacks for this act; the empty string where it covers it."""
    if one.refused:
        return one.refused
    if len(one.signers) < params.keys:
        return f"is signed by {len(one.signers)} of {params.keys} people"
    for pattern in _NUMBERED:
        mine = set(pattern.findall(line)) or (
            set(pattern.findall(report.artefact.text)) if "WBS" in pattern.pattern else set()
        )
        theirs = set(pattern.findall(_TIMES.sub("", one.text)))
        if mine and theirs and not mine & theirs:
            return f"is about {', '.join(sorted(theirs))}, not about {', '.join(sorted(mine))}"
    late = [key.name for key in one.agreed if key.time and key.time > _moment(line, report)]
    return f"was signed by {late[0]} only afterwards" if late else ""


def _moment(line: str, report: RunReport) -> datetime:
    """When an act was done at the latest: what its line says, else the end of the report's day; never where neither tells."""
    stamp = re.search(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2})?", line)
    try:
        if stamp:
            return datetime.fromisoformat(stamp.group()).replace(tzinfo=UTC) + timedelta(minutes=1)
        return datetime.fromisoformat(report.date).replace(tzinfo=UTC) + timedelta(days=1) + _SLACK
    except ValueError:
        return datetime.max.replace(tzinfo=UTC)


def _places(one: Proposal) -> frozenset[str]:
    words = re.findall(r"[a-z]+", one.environment.lower())
    return frozenset(_SAME.get(word, word) for word in words)


def _unsound(one: Proposal, as_of: AsOf, params: Keys) -> str:
    if one.refused:
        return one.refused
    if machines := [key.name for key in one.agreed if is_machine(key.name, key.role)]:
        return f"is signed by {machines[0]}, which is no person"
    if offices := [key.name for key in one.agreed if is_role(key.name)]:
        return f"is signed by {offices[0]}, which names nobody"
    if len(one.signers) < params.keys:
        return f"is signed by {len(one.signers)} of {params.keys} people{_twice(one.agreed)}"
    if untimed := [key.name for key in one.agreed if key.time is None]:
        return f"does not say when {untimed[0]} agreed"
    if late := [key for key in one.agreed if key.time and key.time > as_of.moment]:
        return f"is signed by {late[0].name} in the future"
    if one.done and (after := [key.name for key in one.agreed if key.time and key.time > one.done]):
        return f"is signed by {after[0]} after it was done"
    return f"names no {', no '.join(one.lacks)}" if one.lacks else ""


def _twice(keys: tuple[Key, ...]) -> str:
    same = [sorted(one) for one in persons(key.said or key.name for key in keys) if len(one) > 1]
    return f": {' and '.join(same[0])} are one" if same else ""


def _key(one: Proposal) -> list[str]:
    return [f"{key.name} {key.time:%Y-%m-%dT%H:%MZ}" if key.time else key.name for key in one.keys]
