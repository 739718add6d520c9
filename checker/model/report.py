"""All that a run saw and judged, as one value; every output is made from it alone."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, ValidationError

from checker.model.base import Frozen
from checker.model.finding import Finding, Where
from checker.model.rule import Family, Profile, Severity

SCHEMA = "review-findings/1"
POINTS = {Severity.CRITICAL: 20, Severity.MAJOR: 8, Severity.MINOR: 2, Severity.INFO: 0}


class Outcome(StrEnum):
    """What became of one rule."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_APPLICABLE = "not_applicable"  # looked, and there was nothing of the kind
    UNAVAILABLE = "unavailable"  # could not look
    ERROR = "error"  # the checker itself broke
    WAIVED = "waived"  # every bad observation was accepted by somebody


class Result(Frozen):
    """One rule's outcome, how many subjects were looked at, and why there is no verdict where there is none."""

    rule: str
    title: str = ""
    category: Family | None = None
    clauses: tuple[str, ...] = ()
    outcome: Outcome
    examined: int = 0
    reason: str = ""


class StandardRef(Frozen):
    name: str
    source: str
    sha256: str = ""


class Subject(Frozen):
    """What was audited, bound to its content; `path` is the audited root below the repository's."""

    path: str
    commit: str | None = None
    tree: str | None = None
    dirty: bool | None = None
    base: str | None = None


class NotAsked(Frozen):
    """A rule that the chosen standards ask and this run did not; `profile` is the least one that would."""

    rule: str
    category: Family | None = None
    profile: Profile | None = None
    reason: str


class Suppression(Frozen):
    """An inline marker by which the audited code silences some engine."""

    engine: str
    marker: str
    where: Where
    in_change: bool | None = None


class Claim(Frozen):
    """What an artefact says, and whether the evidence agrees."""

    claim: str
    where: Where
    state: Literal["confirmed", "contradicted", "unverified"]
    against: Where | None = None


class ManualQuestion(Frozen):
    """A clause that a person must judge."""

    clause: str
    standard: str
    question: str


class WaiverUse(Frozen):
    """A waiver of the policy, and what became of it in this run."""

    rule: str
    fingerprint: str | None = None
    paths: tuple[str, ...] = ()
    reason: str
    owner: str
    approved_by: str
    expires: str
    hits: int = 0
    state: Literal["proposed", "used", "unused", "expired"]
    where: Where = Where(path=".")


@dataclass(frozen=True)
class WaiverLedger:
    """Every waiver of the policy and of the change under judgement, and the rules that came to a verdict in this run.

    `leaving` are those of the policy that the change takes away.
    """

    uses: tuple[WaiverUse, ...]
    decided: frozenset[str]
    leaving: tuple[WaiverUse, ...] = ()


class ProofState(Frozen):
    type: str
    state: Literal["valid", "failed", "stale", "missing", "untrusted"]
    trust: Literal["claimed", "captured", "rerun", "rerun-signed"] = "claimed"
    tree: str | None = None
    keyid: str | None = None
    path: str | None = None


class Locked(Frozen):
    """One statement, secrets taken out, and what it locked: pairs of table and mode; for those of `strong` others wait."""

    sql: str
    locks: tuple[tuple[str, str], ...] = ()
    strong: tuple[tuple[str, str], ...] = ()


class LockTimeline(Frozen):
    """The statements of one step going up, each with the locks that it took; a lock is held to the step's end."""

    revision: str
    path: str
    statements: tuple[Locked, ...]


class Report(Frozen):
    """ReviewFindings: the seven fields of a finding that `backend-engineer` shows keep their names and meaning."""

    tool: str = "backend-checker"
    version: str
    status: Literal["ready", "blocked"]
    schema_: str = Field(default=SCHEMA, alias="schema")
    recommendation: Literal["accept", "rework", "escalate"]
    score: int = Field(ge=0, le=100)
    subject: Subject
    standards: tuple[StandardRef, ...]
    rules_sha256: str
    profile: Profile
    as_of: str
    findings: tuple[Finding, ...] = ()
    results: tuple[Result, ...] = ()
    not_asked: tuple[NotAsked, ...] = ()
    waived: tuple[Finding, ...] = ()
    baselined: tuple[Finding, ...] = ()
    before: tuple[Finding, ...] = ()  # with --changed: what was there before the change, which is not judged
    suppressions: tuple[Suppression, ...] = ()
    claims: tuple[Claim, ...] = ()
    manual: tuple[ManualQuestion, ...] = ()
    waivers: tuple[WaiverUse, ...] = ()
    proofs: tuple[ProofState, ...] = ()
    lock_timelines: tuple[LockTimeline, ...] = ()  # of the steps in which somebody would have waited
    notes: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, data: bytes) -> Report:
        """Read a saved report; ValidationError for anything else.

        A file name that is not UTF-8 is there as an escaped lone surrogate (RFC 8259, section 8.2).
        """
        try:
            return cls.model_validate_json(data)
        except ValidationError:
            try:
                loaded = json.loads(data)
            except (ValueError, RecursionError):
                loaded = None
            if not isinstance(loaded, dict):
                raise
        return cls.model_validate(loaded)

    @property
    def examined(self) -> int:
        return examined(self.results)

    def outcomes(self, *wanted: Outcome) -> tuple[Result, ...]:
        return tuple(result for result in self.results if result.outcome in wanted)

    def as_json(self) -> dict[str, Any]:
        """The report as plain values under the published names."""
        return self.model_dump(mode="json", by_alias=True)


def examined(results: Iterable[Result]) -> int:
    """How many subjects were looked at. Rules that guard the judgement itself count only where nothing else was asked."""
    all_of_them = tuple(results)
    of_the_backend = tuple(one for one in all_of_them if one.category is not Family.CONFIG)
    return sum(one.examined for one in of_the_backend or all_of_them)


def score(findings: tuple[Finding, ...]) -> int:
    """100 − 20·critical − 8·major − 2·minor over the open findings, never below 0."""
    return max(0, 100 - sum(POINTS[finding.severity] for finding in findings))
