"""What must be brought before somebody: risky schema work, unclear tenancy, conflicts of security with speed, costs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.outputs.output_document import Part, parts_of
from checker.model.migrations import NewMigrations
from checker.model.observation import Observation, Place
from checker.model.outputs.artefact import Artefact, Artefacts, Kind
from checker.model.outputs.notes import SchemaNotes
from checker.model.rule import Confidence

_NONE = re.compile(r"(?i)^\W*(?:none|no escalations?|nothing|n/?a|not applicable|keine)\b[^\n]{0,80}\W*$")
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
_STORE = (
    r"redis|valkey|memcached|kafka|rabbitmq|sqs|pulsar|activemq|mongodb|dynamodb|cassandra|elasticsearch|opensearch|mysql|mariadb"
    r"|clickhouse|keycloak|auth0|cognito|okta|(?:message|task|job) (?:queue|broker)|(?:second|separate) database"
)
_BROUGHT_IN = re.compile(
    r"(?i)(?<!not )(?<!never )\b(?:introduc(?:es?|ed|ing)|provision(?:s|ed|ing)?|sets? up|brings? in|switch(?:es|ed)? to|adopts?"
    r"|adds?|added|adding)\b(?: (?!(?:no|not|neither|without|for|to|of|in|on|from|with|tests?)\b)[\w-]+){0,3}?"
    rf" (?:{_STORE})\b(?=\s*(?:[.,;:()]|$|as\b|for\b|and\b|to\b|caches?\b|caching\b|queues?\b|brokers?\b|clusters?\b|servers?\b"
    r"|instances?\b))(?![^.\n]*\b(?:approved|already|ADR|decision)\b)"
)


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
    """Tenancy without a model, security that was cut, costs above their limit and new stores or queues are escalated."""
    for one in artefacts.of(Kind.OUTPUT_DOCUMENT):
        parts = parts_of(one)
        escalations = parts.get("escalations")
        said = escalations.words if escalations and not _NONE.match(escalations.words.strip()) else ""
        rest = {name: part for name, part in parts.items() if name != "escalations"}
        yield from _due(one, "tenancy", _tenancy(rest), re.search(r"(?i)tenan|isolation", said) is not None, None)
        yield from _due(one, "security", _line(rest, _CUT), bool(said.strip()), Confidence.MEDIUM)
        yield from _due(one, "cost", _line(rest, _COST), bool(said.strip()), Confidence.MEDIUM)
        told = {name: part for name, part in rest.items() if name in ("summary", "implementation", "data_model")}
        yield from _due(one, "infrastructure", _line(told, _BROUGHT_IN), bool(said.strip()), None)


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
