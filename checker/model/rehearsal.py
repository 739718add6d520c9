"""Facts about the running app: what it was asked on a stage of its own, and what it answered; plain JSON throughout."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from checker.model.base import Frozen
from checker.model.spill import Spill


class Exchange(Frozen):
    """One request to the app and its answer. `url` is path and query; bodies are text, cut after a while."""

    operation: str
    method: str
    url: str
    sent: Mapping[str, str] = {}
    body: str | None = None
    status: int
    headers: Mapping[str, str] = {}
    answer: str = ""
    mode: str = ""  # positive, negative, or the probe that asked
    cut: bool = False
    seconds: float = 0.0  # until the answer was there; 0 where nobody looked


class Failure(Frozen):
    """What a check of Schemathesis held against an answer; equal ones are counted, the smallest request is kept."""

    code: str
    operation: str
    title: str
    message: str
    exchange: Exchange | None = None
    count: int = 1


class Crash(Frozen):
    """A fault of the service, asked again on a fresh app; `trace` is what the app wrote to its log meanwhile.

    Its status is a 5xx, or another that hides one. `meant`: a GraphQL resolver has raised its error by intent.
    """

    exchange: Exchange
    repeated: bool
    trace: str = ""
    frame: str = ""  # path:line in the audited tree
    meant: bool = False


class Route(Frozen):
    """A route as the app's own framework has it."""

    method: str
    path: str
    file: str = ""
    line: int = 0
    listed: bool = True


class Walk(Frozen):
    """A list followed from page to page. `problem` is empty where every page kept what the contract says."""

    operation: str
    pages: int
    rows: int
    repeated: int = 0
    lost: int = 0
    endless: bool = False
    oversized: int = 0
    bad_cursor: int | None = None
    inserted: bool = False  # whether a row was added between two pages of another walk
    moved: int = 0  # rows that came twice or not at all in that one
    by_offset: bool = False
    exchange: Exchange | None = None
    note: str = ""


class Growth(Frozen):
    """How many statements the database got for a page of few rows, and for one of many, of the same list."""

    operation: str
    few_rows: int
    few: int
    many_rows: int
    many: int
    exchange: Exchange


class Injection(Frozen):
    """A request with what a careful app does not take; `taken` are the fields of it that it did take, or call."""

    operation: str
    kind: Literal["extra", "scheme", "address"]
    fields: tuple[str, ...]
    taken: tuple[str, ...] = ()
    exchange: Exchange


class Repeat(Frozen):
    """A request sent twice under one Idempotency-Key, once more with another body, and twice at the same time."""

    operation: str
    header: str
    first: Exchange
    second: Exchange
    other: Exchange | None = None
    parallel: tuple[Exchange, ...] = ()


class Refusal(Frozen):
    """A protected operation asked without credentials, or with such as nobody issued."""

    operation: str
    credentials: Literal["none", "malformed", "forged", "expired"]
    exchange: Exchange


class Verdict(Frozen):
    """A body in which two fields were wrong, and what was said of it."""

    operation: str
    fields: tuple[str, ...]
    exchange: Exchange


class ForeignRead(Frozen):
    """A user of one tenant asking for what a user of another tenant has."""

    operation: str
    owner: str
    reader: str
    owned: Exchange
    foreign: Exchange


class Traced(Frozen):
    """A request that was refused with an id in its answer, and what the app logged meanwhile."""

    exchange: Exchange
    logged: str = ""


class Limit(Frozen):
    """How often one operation was asked in a row; `refused` is the first 429, where one came."""

    operation: str
    requests: int
    seconds: float
    refused: Exchange | None = None
    without: tuple[str, ...] = ()  # settings of the configuration that were left out, so that the app's own limits hold


class Stop(Frozen):
    """What SIGTERM did while a request was in flight; `finished` is None where none could be held open."""

    seconds: float
    ended: bool
    finished: bool | None = None
    left: int = 0


class Fuzzing(Frozen):
    """One run of Schemathesis, as complete as it says it was."""

    version: str = ""
    command: str = ""
    seed: int = 0
    cases: int = 0
    selected: int = 0
    tested: int = 0
    checks: Mapping[str, int] = {}
    failures: tuple[Failure, ...] = ()
    exchanges: tuple[Exchange, ...] = ()
    errors: tuple[str, ...] = ()
    unfinished: Mapping[str, str] = {}  # operations whose test broke off, and what with
    cut: str = ""  # why it ended before it was through; what it found until then is true all the same
    dropped: int = 0  # exchanges beyond the cap
    left_out: Mapping[str, int] = {}  # cases that this profile leaves out, by reason
    unchecked: tuple[str, ...] = ()  # checks and phases of Schemathesis that did not run
    sha256: str = ""  # of the contract as it was held to the app, before examples were put into it

    @property
    def told(self) -> tuple[str, ...]:
        """With what and how much was asked; what was not."""
        left = f", {self.dropped} answers beyond the cap not kept" if self.dropped else ""
        contract = f" on the contract with SHA-256 {self.sha256[:16]}" if self.sha256 else ""
        ran = (
            f"Schemathesis {self.version}{contract}, `{self.command}`: {self.cases} requests, {self.tested} of"
            f" {self.selected} operations{left}"
        )
        checks = f"checks of Schemathesis that ran: {', '.join(sorted(self.checks))}"
        cases = [f"{count} cases ({reason})" for reason, count in sorted(self.left_out.items())]
        not_run = (*self.unchecked, *cases)
        if self.cut:
            ran = f"{ran}; {self.cut}"
        return (ran, checks, f"not run under this profile: {', '.join(not_run)}") if not_run else (ran, checks)


class Missing(Frozen):
    """A part that could not be had, and why."""

    missing: str


class Rehearsal(Frozen):
    """The app, run once on a stage of its own: everything that was seen."""

    command: tuple[str, ...] = ()
    interpreter: str = ""
    versions: Mapping[str, str] = {}  # of what the app runs on
    seconds: float = 0.0
    isolated: bool = False
    remote: str = ""
    database: str = ""  # what the app stored its data in
    invented: tuple[str, ...] = ()  # settings that were given a dummy value
    notes: tuple[str, ...] = ()
    base_path: str = ""
    served: Mapping[str, Any] | None = None
    served_at: str = ""
    users: tuple[str, ...] = ()
    routes: tuple[Route, ...] | Missing = Missing(missing="not asked")
    fuzzing: Fuzzing | Missing = Missing(missing="not asked")
    graphql: Fuzzing | Missing | None = None  # of a schema beside another contract
    crashes: tuple[Crash, ...] = ()
    exchanges: tuple[Exchange, ...] = ()  # of the probes
    walks: tuple[Walk, ...] = ()
    growths: tuple[Growth, ...] | Missing = Missing(missing="not asked")
    injections: tuple[Injection, ...] = ()
    repeats: tuple[Repeat, ...] = ()
    unrepeated: tuple[str, ...] = ()  # operations with an idempotency key that could not be tried, and why
    refusals: tuple[Refusal, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    foreign: tuple[ForeignRead, ...] = ()
    health: tuple[Exchange, ...] = ()
    preflights: tuple[Exchange, ...] = ()
    metrics: tuple[Exchange, ...] = ()  # what the app itself says of its requests
    watched: tuple[str, ...] = ()  # what was looked for in answers and in the log
    spills: tuple[Spill, ...] = ()
    traced: tuple[Traced, ...] = ()
    limit: Limit | Missing = Missing(missing="the profile does not ask for it")
    stop: Stop | Missing = Missing(missing="not asked")
    died: str = ""  # how the app ended by itself while it was asked
    log: str = ""  # the last lines

    @property
    def told(self) -> tuple[str, ...]:
        """What a reader must know of how this was seen."""
        where = (
            "a network of its own, loopback alone"
            if self.isolated
            else "the machine's network: the kernel gave it none of its own"
        )
        users = f"as {', '.join(self.users)}" if self.users else "as nobody: no user is named under [[app.users]]"
        on = ", ".join(f"{name} {version}" for name, version in sorted(self.versions.items()))
        lines = [
            f"rehearsal: {self.remote}, which --allow-remote names, in place of an app started here; asked {users}"
            if self.remote
            else f"rehearsal: `{' '.join(self.command)}`{f' ({on})' if on else ''} in {where}; asked {users}"
        ]
        if isinstance(self.fuzzing, Fuzzing):
            lines += [f"rehearsal: {line}" for line in self.fuzzing.told]
        if isinstance(self.graphql, Fuzzing):
            lines.append(f"rehearsal: beside it, GraphQL: {self.graphql.told[0]}")
        elif self.graphql is not None:
            lines.append(f"rehearsal: GraphQL was not asked: {self.graphql.missing}")
        if self.database:
            lines.append(f"rehearsal: its data went into {self.database}")
        if self.invented:
            lines.append(f"rehearsal: required settings were given dummy values: {', '.join(self.invented)}")
        return (*lines, *(f"rehearsal: {note}" for note in self.notes))

    @property
    def observed(self) -> tuple[Exchange, ...]:
        """Every answer that was seen."""
        runs = [one for one in (self.fuzzing, self.graphql) if isinstance(one, Fuzzing)]
        return (*(seen for one in runs for seen in one.exchanges), *self.exchanges)
