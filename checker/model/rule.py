"""What is asked: standards as quoted clauses, and the rules that decide them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, model_validator

from checker.model.base import Frozen

Profile = Literal["static", "agent", "gate", "nightly"]
PROFILES: tuple[Profile, ...] = ("static", "agent", "gate", "nightly")


class Severity(StrEnum):
    """How grave a finding is; the order of declaration is the order of gravity."""

    CRITICAL = "critical"
    MAJOR = "major"
    MINOR = "minor"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the gravest."""
        return _GRAVITY[self]


class Confidence(StrEnum):
    """How sure a rule is that a finding is true; it caps the severity."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the surest."""
        return _SURENESS[self]

    @property
    def cap(self) -> Severity:
        """The gravest severity that a finding of this confidence may have."""
        return _CAPS[self]


_GRAVITY = {severity: rank for rank, severity in enumerate(Severity)}
_SURENESS = {confidence: rank for rank, confidence in enumerate(Confidence)}
_CAPS = dict(zip(Confidence, (Severity.CRITICAL, Severity.MINOR, Severity.INFO), strict=True))


class Family(StrEnum):
    """The subject of a rule; printed as a finding's `category`."""

    API = "api"
    RUNTIME = "runtime"
    MIGRATIONS = "migrations"
    SCHEMA = "schema"
    CODE = "code"
    SECRETS = "secrets"
    CHANGE = "change"
    OUTPUTS = "outputs"
    PROOFS = "proofs"
    CONFIG = "config"


class Page(Frozen):
    """A rule's page, from which a person can learn; written with the rule."""

    what: str
    why: str
    passes: str = Field(alias="pass")
    fails: str = Field(alias="fail")
    mend: str
    false_positives: str


class Rule(Frozen):
    """One thing that the checker can decide, as it stands in the catalogue."""

    id: str = Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
    title: str
    family: Family
    severity: Severity
    confidence: Confidence
    recommendation: str
    page: Page
    params: Mapping[str, Any] = Field(default_factory=dict)
    profiles: tuple[Profile, ...] = PROFILES
    standing: bool = False  # asked under every standard, because it guards the judgement itself
    waivable: bool = True
    escalates: bool = False  # an open finding asks for a person, not for rework
    subsumes: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    clauses: tuple[str, ...] = ()  # named by a custom rule itself; of ours, the standards say it


class Use(Frozen):
    """How a clause binds a rule."""

    use: str
    with_: Mapping[str, Any] = Field(default_factory=dict, alias="with")
    severity: Severity | None = None
    why: str = ""

    @model_validator(mode="after")
    def _says_why(self) -> Use:
        if self.severity is not None and not self.why:
            raise ValueError(f"severity of {self.use!r} is overridden without a why")
        return self


class Clause(Frozen):
    """One numbered requirement of a standard, in the standard's own words."""

    id: str = Field(pattern=r"^([0-9]+|c)\.[0-9]+$")
    level: Literal["must", "should", "may"]
    quote: str
    asks: str
    rules: tuple[Use, ...] = ()
    planned: tuple[Family, ...] = ()
    question: str = ""
    from_: tuple[str, ...] = Field(default=(), alias="from")

    @model_validator(mode="after")
    def _is_decided_or_asked(self) -> Clause:
        if not (self.rules or self.planned or self.question):
            raise ValueError(f"clause {self.id} has neither rules, nor planned families, nor a question")
        return self

    @property
    def state(self) -> Literal["automated", "manual", "planned"]:
        """Whether something decides the clause today, will one day, or a person must."""
        if self.rules:
            return "automated"
        return "planned" if self.planned else "manual"

    @property
    def cited(self) -> tuple[str, ...]:
        """The clause ids that a finding names: those of the documents, also where `common` asks."""
        return self.from_ or (self.id,)


class Standard(Frozen):
    """One document that asks something of a backend or of the agent that builds it."""

    name: str
    title: str
    source: str
    sha256: str = ""
    clauses: tuple[Clause, ...] = Field(alias="clause")


class BoundRule(Frozen):
    """A rule as this run asks it: parameters settled, clauses of all chosen standards gathered."""

    rule: Rule
    severity: Severity
    clauses: tuple[str, ...] = ()
    params: Mapping[str, Any] = Field(default_factory=dict)

    @property
    def id(self) -> str:
        return self.rule.id
