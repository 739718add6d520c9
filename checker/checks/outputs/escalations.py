"""What must be brought before somebody: contract changes, risky schema work, unclear tenancy, conflicts and costs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.outputs.output_document import Part, parts_of
from checker.model.base import Frozen
from checker.model.decisions import Decisions
from checker.model.globs import covers
from checker.model.migrations import NewMigrations
from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.notes import SchemaNotes
from checker.model.outputs.work import WorkHistory
from checker.model.repo import Changes
from checker.model.rule import Confidence

CONTRACTS = (
    "specs/**",
    "**/openapi.yaml",
    "**/openapi.yml",
    "**/openapi.json",
    "**/swagger.*",
    "**/*.graphql",
    "**/database-schema.json",
)
_NONE = re.compile(r"(?i)^\W*(?:none|no escalations?|nothing|n/?a|not applicable|keine)\b[^\n]{0,80}\W*$")
_CONTRACT = re.compile(r"(?i)\bcontract|\bopenapi|\bspec(?:s|ification)?\b|\bschema\b|\bendpoint shape|\bapi change")
_REPORTED = re.compile(
    r"(?i)architect|\bapprov|\bflag(?:ged)?\b|\breport(?:ed)?\b|\bescalat|\bquestion|\bmismatch|\bwrong\b|\bambiguous|\bdiffer|\bagreed\b|\bcto\b|\bdecision"
)
_MODEL = re.compile(
    r"(?i)tenant_?id|row[- ]level|\brls\b|shared schema|(?:schema|database|db)[- ]per[- ]tenant"
    r"|single[- ]tenant|not multi-?tenant|no tenan"
    r"|tenant(?:s|'s)? (?:column|key|scope|filter)|scoped (?:by|to) (?:the )?(?:tenant|organi[sz]ation|account"
    r"|workspace)|isolation model|\bn/a\b"
)
_CUT = re.compile(
    r"(?i)\b(?:skip(?:ped|ping|s)?|defer(?:red|ring|s)?|postpone[ds]?|disabl(?:ed|ing)|drop(?:ped|ping)"
    r"|weaken(?:ed)?|left out|leave out|omit(?:ted)?)\b"
    r"(?:\W+\w+){0,4}?\W+(?:auth\w*|security|rate[- ]limit\w*|encryption|tenant isolation|input validation)\b"
)
_COST = re.compile(
    r"(?i)\b(?:cost|budget|spend|estimate)s?\b[^.\n]{0,40}\b(?:exceed\w*|over|above|beyond)\b[^.\n]{0,30}\b(?:limit|budget|constraint|cap|approved|\d)"
    r"|\bover (?:the )?budget\b|\bcontract (?:loop|round)s?\b[^.\n]{0,40}\b(?:limit|exceed|maximum)"
)


class Contract(Frozen):
    """`contracts`: the files whose change must be brought before somebody, as globs."""

    contracts: tuple[str, ...] = CONTRACTS


def contract_change_reported(
    changes: Changes, artefacts: Artefacts, decisions: Decisions, params: Contract
) -> Iterator[Observation]:
    """A change that edits an existing contract goes with words to the architect, in an output or a recorded decision."""
    for path in _edited(changes, params):
        told = next((place for one in artefacts.found if (place := _told(one, path, _REPORTED))), None)
        decided = next(
            (
                Place(one.path)
                for one in decisions.files
                if path in one.text or (_CONTRACT.search(one.text) and path.rpartition("/")[2] in one.text)
            ),
            None,
        )
        yield Observation(
            subject=f"contract {path}",
            ok=bool(told or decided),
            place=Place(path),
            message=f"{path} is edited, and nothing reports to the architect that it was wrong",
            evidence=f"reported in {(told or decided or Place('')).path}"
            if told or decided
            else f"looked through {sum(1 for _ in artefacts.found)} outputs and {len(decisions.files)} decisions",
        )


def contract_change_escalated(
    changes: Changes, history: WorkHistory, artefacts: Artefacts, params: Contract
) -> Iterator[Observation]:
    """A contract that changes after the implementation began is among the escalations of an output document."""
    for path in _edited(changes, params):
        touched = [number for number, step in enumerate(history.steps) if path in step.paths]
        coded = [
            number for number, step in enumerate(history.steps) if any(_is_code(one, params) for one in step.paths)
        ]
        late = bool(coded and touched and touched[-1] > coded[0])
        together = bool(coded and touched and touched[-1] == coded[0])
        told = next(
            (
                place
                for one in artefacts.of(Kind.OUTPUT_DOCUMENT, Kind.ESCALATION)
                if (place := _escalated(one, _CONTRACT))
            ),
            None,
        )
        yield Observation(
            subject=f"contract {path}",
            ok=told is not None or not (late or together),
            place=Place(path),
            message=f"{path} changes {'after' if late else 'together with'} the code, and no escalation says so",
            evidence=f"escalated in {told.path}"
            if told
            else f"{len(history.steps)} steps; code first in step {coded[0] + 1}"
            if coded
            else "no code in the change",
            confidence=None if late else Confidence.MEDIUM,
        )


def _edited(changes: Changes, params: Contract) -> list[str]:
    return [
        one.path
        for one in changes.files
        if one.status in ("M", "R") and any(covers(pattern, one.path) for pattern in params.contracts)
    ]


def _is_code(path: str, params: Contract) -> bool:
    record = path.startswith(("docs/", "ops/", ".", "specs/")) or path.endswith(
        (".md", ".toml", ".lock", ".json", ".yaml", ".yml")
    )
    return not record and not any(covers(pattern, path) for pattern in params.contracts)


def _told(one: Artefact, path: str, words: re.Pattern[str]) -> Place | None:
    lines = one.text.split("\n") if one.kind not in (Kind.LOCK, Kind.QUEUE, Kind.PACK) else []
    for number, line in enumerate(lines, 1):
        if (path in line or path.rpartition("/")[2] in line or _CONTRACT.search(line)) and words.search(line):
            return one.lines(number)
    return None


def _escalated(one: Artefact, words: re.Pattern[str]) -> Place | None:
    if one.kind is Kind.ESCALATION:
        return one.lines(1) if words.search(one.text) else None
    part = parts_of(one).get("escalations")
    return part.place if part and not _NONE.match(part.words.strip()) and words.search(part.words) else None


def schema_risk_documented(new: NewMigrations, notes: SchemaNotes) -> Iterator[Observation]:
    """Schema work of the change comes with a word on reads against writes and on queries that may be slow."""
    names = (
        "create_table",
        "add_column",
        "alter_column",
        "create_index",
        "drop_index",
        "drop_column",
        "create_foreign_key",
    )
    works = [(one, step) for _, one in new.revisions for step in one.up.operations if step.name in names]
    if not works:
        return
    sure = any(step.name == "create_table" for _, step in works)
    revision, step = works[0]
    for subject, place, what in (
        ("ratio", notes.ratio, "how much is read and how much written"),
        ("risk", notes.risk, "which queries may be slow"),
    ):
        yield Observation(
            subject=f"schema {subject}",
            ok=place is not None,
            place=place or revision.at(step.lines),
            message=f"the schema changes ({step.name} {step.target}), and nothing says {what}",
            evidence=f"looked through {notes.looked_at} documents, outputs and migrations",
            confidence=None if sure else Confidence.MEDIUM,
        )


def escalation_due(artefacts: Artefacts) -> Iterator[Observation]:
    """Tenancy without a model, security that was cut, and costs above their limit stand among the escalations."""
    for one in artefacts.of(Kind.OUTPUT_DOCUMENT):
        parts = parts_of(one)
        escalations = parts.get("escalations")
        said = escalations.words if escalations and not _NONE.match(escalations.words.strip()) else ""
        rest = {name: part for name, part in parts.items() if name != "escalations"}
        yield from _due(one, "tenancy", _tenancy(rest), re.search(r"(?i)tenan|isolation", said) is not None, None)
        yield from _due(one, "security", _line(rest, _CUT), bool(said.strip()), Confidence.MEDIUM)
        yield from _due(one, "cost", _line(rest, _COST), bool(said.strip()), Confidence.MEDIUM)


def _tenancy(parts: dict[str, Part]) -> tuple[Place, str] | None:
    asking = {
        name: part for name, part in parts.items() if name in ("data_model", "security", "summary", "implementation")
    }
    found = _line(asking, re.compile(r"(?i)\b(?:multi-?)?tenan(?:t|cy|ts)\b"))
    everything = "\n".join(part.words for part in parts.values())
    return None if found is None or _MODEL.search(everything) else found


def _line(parts: dict[str, Part], pattern: re.Pattern[str]) -> tuple[Place, str] | None:
    for part in parts.values():
        found = pattern.search(part.words)
        if found:
            return part.place, found.group().strip()
    return None


def _due(
    one: Artefact, subject: str, found: tuple[Place, str] | None, escalated: bool, sure: Confidence | None
) -> Iterator[Observation]:
    yield Observation(
        subject=f"escalation {subject}",
        ok=found is None or escalated,
        place=found[0] if found else one.at(),
        message=f"{one.path} leaves {subject} open and escalates nothing about it",
        evidence=one.said(found[1][:160] if found else ""),
        confidence=sure,
    )
