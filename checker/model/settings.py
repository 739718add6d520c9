"""The configuration as users write it: policy, which judges, and description, which only says where things are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from unicodedata import normalize

from pydantic import ConfigDict, Field, field_validator, model_validator

from checker.model.base import Frozen
from checker.model.contract import joined
from checker.model.observation import Place
from checker.model.rule import Severity

LONGEST_WAIVER_DAYS = 180


class Layout(Frozen):
    """Where the repository keeps things; what is absent is found by itself."""

    openapi: tuple[str, ...] = ()
    graphql: tuple[str, ...] = ()
    migrations: tuple[str, ...] = ()
    database_schema: tuple[str, ...] = ()
    source: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    runs: tuple[str, ...] = ()
    locks: tuple[str, ...] = ()
    queue: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()

    @field_validator("*")
    @classmethod
    def _as_git_writes_it(cls, paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(joined("", path) or "." for path in paths)


class User(Frozen):
    """Somebody of the audited app's own test data who can log in: by an operation, or with headers that need none."""

    name: str = Field(min_length=1)
    tenant: str = ""
    login: str = Field(default="", pattern=r"^$|^[A-Z]+ /")
    body: Mapping[str, Any] = Field(default_factory=dict)
    token: str = ""
    headers: Mapping[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _can_log_in(self) -> User:
        if bool(self.login) == bool(self.headers):
            raise ValueError("a user logs in by `login` or sends `headers`, one of the two")
        return self


class App(Frozen):
    """How the audited app is started; obeyed only under a profile that executes."""

    python: str | None = None
    start: tuple[str, ...] = ()
    ready: str | None = None
    reset: tuple[str, ...] = ()
    workdir: str = "."
    env: Mapping[str, str] = Field(default_factory=dict)
    users: tuple[User, ...] = ()


class Database(Frozen):
    """Which throw-away database the audited app and its migrations want."""

    engine: Literal["postgresql", "sqlite", "mysql", "mariadb"] | None = None
    url_env: str | None = None
    extensions: tuple[str, ...] = ()


class Waiver(Frozen):
    """A finding accepted for a while, with a reason, by a person who is not its owner."""

    rule: str
    paths: tuple[str, ...] = ()
    fingerprint: str | None = Field(default=None, pattern=r"^[0-9a-f]{16}$")
    reason: str = Field(pattern=r"\S")
    owner: str = Field(pattern=r"\w")
    approved_by: str = Field(pattern=r"\w")
    expires: date
    max_hits: int = Field(default=1, ge=1)

    @model_validator(mode="after")
    def _names_its_target(self) -> Waiver:
        if bool(self.paths) == bool(self.fingerprint):
            raise ValueError("a waiver names its target by paths or by fingerprint, one of the two")
        return self


def same_person(owner: str, approver: str) -> bool:
    """Whether two names mean the same person or team, however they are written (`@API-Team` is `api team`)."""
    return _bare(owner) == _bare(approver)


def _bare(name: str) -> str:
    return "".join(char for char in normalize("NFKC", name).casefold() if char.isalnum())


class PublicOperation(Frozen):
    """An operation that needs no credentials, and why."""

    operation: str = Field(pattern=r"^[A-Z]+ /")
    reason: str = Field(pattern=r"\S")


class ProofKey(Frozen):
    """A public key whose proofs count, and for how much."""

    id: str
    owner: str
    role: Literal["person", "local", "ci-rerun", "ci"]
    public: str = Field(pattern=r"^(ed25519|ecdsa|rsa):")


class Proofs(Frozen):
    """Whom the policy believes."""

    keys: tuple[ProofKey, ...] = ()


class Rules(Frozen):
    """Where else rules come from."""

    extra: tuple[str, ...] = ()


class Policy(Frozen):
    """What judges; read from the base revision."""

    standards: tuple[str, ...] = ()
    fail_on: Severity | Literal["never"] = Severity.MAJOR
    commands: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    params: Mapping[str, Mapping[str, Any]] = Field(default_factory=dict)
    resolve: Mapping[str, str] = Field(default_factory=dict)
    waivers: tuple[Waiver, ...] = ()
    public: tuple[PublicOperation, ...] = ()
    proofs: Proofs = Proofs()
    rules: Rules = Rules()

    @field_validator("standards")
    @classmethod
    def _once_each(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(names))


class Description(Frozen):
    """What only says where things are; read from the head."""

    layout: Layout = Layout()
    app: App = App()
    database: Database = Database()


class Configuration(Policy, Description):
    """The whole file as one shape: `checker.toml`, or `[tool.checker]` in `pyproject.toml`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def policy(self) -> Policy:
        return Policy.model_construct(**{name: getattr(self, name) for name in Policy.model_fields})

    @property
    def description(self) -> Description:
        return Description.model_construct(**{name: getattr(self, name) for name in Description.model_fields})


@dataclass(frozen=True)
class DescriptionChange:
    """How the head describes the repository, and how the base did; `places` holds the head's line of each table."""

    base: Description
    head: Description
    places: Mapping[str, Place]
