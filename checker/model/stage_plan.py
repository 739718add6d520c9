"""What a rehearsal is told: how the app starts, what it is given, and what it is asked; plain JSON throughout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from checker.model.base import Frozen
from checker.model.database_plan import DatabasePlan
from checker.model.rule import Profile


class Entry(Frozen):
    """An application object, or a factory of one, as a server command names it: `app.main:app`.

    It is imported from `folder`, and run in `workdir`; both are relative to the audited root.
    """

    target: str
    factory: bool = False
    kind: Literal["asgi", "flask"] = "asgi"
    folder: str = "."
    workdir: str = "."

    @property
    def spelled(self) -> str:
        return f"{self.target}{'()' * self.factory}"


class ListPlan(Frozen):
    """How a list is paged by its contract; the empty string where it has no such thing."""

    size: str = ""
    cursor: str = ""
    offset: str = ""
    next_token: str = ""
    next_link: str = ""
    largest: int | None = None


class OperationPlan(Frozen):
    """One operation as the stage needs to know it."""

    method: str
    path: str
    protected: bool = False
    idempotency_header: str = ""
    listing: ListPlan | None = None
    hashes: bool = False  # it takes a password, and is slow by design
    states: Mapping[str, tuple[str, ...]] = {}  # properties of the body that take one of a few words

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"


class UserPlan(Frozen):
    """Somebody who can log in; `headers` are sent as they are where there is no log-in operation."""

    name: str
    tenant: str = ""
    login: str = ""
    body: Mapping[str, Any] = {}
    token: str = ""
    headers: Mapping[str, str] = {}
    login_headers: Mapping[str, str] = {}  # of the log-in alone
    made_by: str = ""  # the operation that makes this user in a fresh app, and what it is sent
    made_of: Mapping[str, Any] = {}


class Plan(Frozen):
    """Everything that the stage is told; paths are absolute."""

    root: str
    scratch: str
    profile: Profile
    seed: int = 1
    interpreters: tuple[str, ...]
    entries: tuple[Entry, ...] = ()
    start: tuple[str, ...] = ()
    ready: str = ""
    workdir: str = "."
    reset: tuple[str, ...] = ()
    env: Mapping[str, str] = {}
    examples: Mapping[str, str] = {}
    database_env: str = "DATABASE_URL"
    database: DatabasePlan = DatabasePlan()
    alembic: str = ""
    path: str = "/usr/local/bin:/usr/bin:/bin"  # where programs are
    origin: str = ""  # the audited folder itself, which is only read
    beside: tuple[str, ...] = ()  # of it what is no part of the repository and yet needed: packages, built files
    remote: str = ""  # an app that runs elsewhere and is asked in place of one of our own
    base_paths: tuple[str, ...] = ("",)
    document: Mapping[str, Any] | None = None
    graphql: str = ""  # the schema in its own language, where there is no other contract
    operations: tuple[OperationPlan, ...] = ()
    public: tuple[str, ...] = ()  # operations that need no credentials, as the policy says
    users: tuple[UserPlan, ...] = ()
    notes: tuple[str, ...] = ()  # what the reader must know of the plan itself
    progress: int = -1  # the descriptor that says how far it is; none where negative
    plain: bool = False  # nothing is rewritten in place, on a terminal either
