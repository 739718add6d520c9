"""The behaviour probes: each asks the running app something that no single answer shows."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, Literal

from checker.model.rehearsal import (
    Exchange,
    ForeignRead,
    Growth,
    Injection,
    Missing,
    Refusal,
    Repeat,
    Stop,
    Traced,
    Verdict,
    Walk,
)
from checker.model.stage_plan import OperationPlan, Plan
from checker.probe.stage.app import App, members
from checker.probe.stage.client import Client, NoAnswer, decoded
from checker.probe.stage.crafted import STOP_SECONDS, Held, expired, forge, parsed, same_json
from checker.probe.stage.explore import Explorer, template
from checker.probe.stage.injected import Injections
from checker.probe.stage.walk import Growths, Walker

MOST_ENDED = 6
LOG_LAG = 0.05  # seconds by which the log may lag behind an answer
FOREIGN_ORIGIN = "https://elsewhere.example"
_HEALTH = re.compile(
    r"(?i)/(?:health(?:[-_]?checks?)?|healthz|livez?|liveness|ready|readyz|readiness|ping|status)(?:/|$)"
)
_METRICS = re.compile(r"(?i)/metrics/?$")
_USUAL_HEALTH = (
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
    "/health/live",
    "/api/health",
    "/v1/health",
    "/api/v1/health",
    "/ping",
)


@dataclass
class Probes:
    """The app under question, what is known of it, and every answer that the probes got."""

    plan: Plan
    app: App
    explorer: Explorer
    fuzzed: Sequence[Exchange]
    exchanges: list[Exchange]
    unrepeated: list[str] = field(default_factory=list)
    settings: Mapping[str, str] = field(default_factory=dict)  # of the app
    count: Callable[[], int] | None = None  # of statements that its database was sent

    @property
    def client(self) -> Client:
        return self.app.client

    def ask(self, operation: OperationPlan, path: str, **how: Any) -> Exchange:
        """Ask as the first user, and remember the answer."""
        how.setdefault("headers", self.explorer.headers)
        one = self.client.ask(operation.method, path, operation=operation.name, **how)
        self.exchanges.append(one)
        return one

    def each(self, probe: Callable[[OperationPlan], Any], operations: Sequence[OperationPlan]) -> tuple[Any, ...]:
        """What a probe found for each operation; an app that falls silent ends none of the others."""
        found = []
        for operation in operations:
            try:
                one = probe(operation)
            except NoAnswer:
                continue
            found += [one] if one is not None else []
        return tuple(found)

    def walks(self) -> tuple[Walk, ...]:
        """Every paginated list, walked to its end."""
        walker = Walker(self.ask, self.explorer, self.plan, self.fuzzed)
        return self.each(walker.walk, [one for one in self.plan.operations if one.listing])

    def growths(self) -> tuple[Growth, ...] | Missing:
        """Every list whose page has a size, read in few rows and in many, with what the database was asked for each."""
        if self.count is None or not self.count():
            return Missing(
                missing="statements are counted on their way to a throw-away PostgreSQL, or by a Python app over SQLite;"
                " here nothing told of any"
            )
        counted = Growths(self.ask, self.explorer, self.count)
        return self.each(counted.of, [one for one in self.plan.operations if one.listing and one.listing.size])

    def injections(self) -> tuple[Injection, ...]:
        """Every operation that takes a body, sent what it should not take."""
        injected = Injections(self.ask, self.explorer, self.fuzzed)
        return tuple(one for some in self.each(injected.of, self.plan.operations) for one in some)

    def metrics(self) -> tuple[Exchange, ...]:
        """What the app says of its own requests, at the documented path or else at the usual one."""
        known = [one for one in self.plan.operations if one.method == "GET" and _METRICS.search(one.path)]
        usual = OperationPlan(method="GET", path="/metrics")
        found = []
        for operation in (*known, *(() if known else (usual,))):
            try:
                headers = {**self.explorer.headers, "Accept": "*/*"}
                bare = operation is usual
                found.append(
                    self.client.ask("GET", operation.path, operation=operation.name, headers=headers, bare=bare)
                )
            except NoAnswer:
                continue
        return tuple(one for one in found if 200 <= one.status < 300)

    def traced(self) -> tuple[Traced, ...]:
        """A request that is refused, of the first operation that is, and what the app logs of it."""
        for operation in self.plan.operations:
            if operation.protected and "{" not in operation.path:
                mark = self.app.log.total
                try:
                    answer = self.client.ask(operation.method, operation.path, operation=operation.name)
                except NoAnswer:
                    continue
                time.sleep(LOG_LAG)
                return (
                    (Traced(exchange=answer, logged=self.app.log.since(mark)[-4000:]),) if answer.status >= 400 else ()
                )
        return ()

    def repeats(self) -> tuple[Repeat, ...]:
        """Every POST that documents an idempotency key, sent again."""
        keyed = [one for one in self.plan.operations if one.idempotency_header and one.method == "POST"]
        return self.each(self._repeat, keyed)

    def _repeat(self, operation: OperationPlan) -> Repeat | None:
        url = self.explorer.url(operation.path)
        models = template(self.fuzzed, operation.name, success="{" not in operation.path)
        if url is None or not models or models[0].body is None:
            self.unrepeated.append(f"{operation.name}: no request to it succeeded; name a user under [[app.users]]")
            return None
        body, header = models[0].body, operation.idempotency_header
        key = {**self.explorer.headers, header: f"rehearsal-{uuid.uuid4()}"}
        first = self.ask(operation, url, body=body, headers=key)
        if first.status == 409:  # something of it must be unique
            body = re.sub(r"[\w.+-]+@", f"u{uuid.uuid4().hex[:12]}@", body)
            key = {**key, header: f"rehearsal-{uuid.uuid4()}"}
            first = self.ask(operation, url, body=body, headers=key)
        if not 200 <= first.status < 300:
            self.unrepeated.append(f"{operation.name}: a request that was taken before is answered {first.status} now")
            return None
        second = self.ask(operation, url, body=body, headers=key)
        other_body = next((one.body for one in models if one.body and not same_json(one.body, body)), None)
        other = self.ask(operation, url, body=other_body, headers=key) if other_body else None
        fresh = {**self.explorer.headers, header: f"rehearsal-{uuid.uuid4()}"}
        with ThreadPoolExecutor(2) as pool:
            jobs = [pool.submit(self.ask, operation, url, body=body, headers=fresh) for _ in range(2)]
            parallel = tuple(job.result() for job in jobs)
        if "{" not in operation.path:
            self.explorer.note_created(operation.path, decoded(first))
        return Repeat(
            operation=operation.name, header=header, first=first, second=second, other=other, parallel=parallel
        )

    def refusals(self) -> tuple[Refusal, ...]:
        """Every protected operation with no credentials, with nonsense, and with a token that somebody forged."""
        protected = [one for one in self.plan.operations if one.protected]
        return tuple(refusal for some in self.each(self._refused, protected) for refusal in some)

    def _refused(self, operation: OperationPlan) -> list[Refusal]:
        url = self.explorer.url(operation.path, -1 if operation.method == "DELETE" else 0)
        url = url or re.sub(r"\{[^{}]+\}", str(uuid.UUID(int=1)), operation.path)
        models = template(self.fuzzed, operation.name, success=False)
        body = models[0].body if models else ("{}" if operation.method in ("POST", "PUT", "PATCH") else None)
        extra = {operation.idempotency_header: f"rehearsal-{uuid.uuid4()}"} if operation.idempotency_header else {}
        kinds: list[tuple[Literal["none", "malformed", "forged", "expired"], dict[str, str]]] = [
            ("none", {}),
            ("malformed", dict.fromkeys(self.explorer.known_by, "Bearer not-a-token")),
        ]
        forged = {name: f"Bearer {token}" for name, value in self.explorer.headers.items() if (token := forge(value))}
        kinds += [("forged", forged)] if forged else []
        values = list(self.settings.values())
        old = {
            name: f"Bearer {token}"
            for name, value in self.explorer.headers.items()
            if (token := expired(value, values))
        }
        kinds += [("expired", old)] if old else []
        return [
            Refusal(
                operation=operation.name,
                credentials=kind,
                exchange=self.ask(operation, url, body=body, headers={**extra, **sent}),
            )
            for kind, sent in kinds
        ]

    def foreign(self) -> tuple[ForeignRead, ...]:
        """Every single resource that the first user can read, asked for by a user of another tenant."""
        users = {user.name: user.tenant for user in self.plan.users if user.name in self.explorer.credentials}
        owner = next(iter(users), None)
        reader = next((name for name, tenant in users.items() if owner and tenant and tenant != users[owner]), None)
        if owner is None or reader is None:
            return ()
        resources = [one for one in self.plan.operations if one.method == "GET" and "{" in one.path]

        def ask(operation: OperationPlan) -> ForeignRead | None:
            url = self.explorer.url(operation.path)
            if url is None:
                return None
            owned = self.ask(operation, url)
            theirs = self.ask(operation, url, headers=self.explorer.credentials[reader])
            if not 200 <= owned.status < 300:
                return None
            return ForeignRead(operation=operation.name, owner=owner, reader=reader, owned=owned, foreign=theirs)

        return self.each(ask, resources)

    def health(self) -> tuple[Exchange, ...]:
        """The documented health operations, else the usual paths."""
        known = [
            (one.name, one.path, False)
            for one in self.plan.operations
            if one.method == "GET" and _HEALTH.search(one.path)
        ]
        if self.plan.ready:
            known.insert(0, (f"GET {self.plan.ready}", self.plan.ready, True))
        found = []
        for name, path, bare in [*known, *((f"GET {path}", path, True) for path in _USUAL_HEALTH)]:
            try:
                found.append(self.client.ask("GET", path, operation=name, bare=bare))
            except NoAnswer:
                continue
            if found[-1].status == 200:
                break
        return tuple(found)

    def preflights(self) -> tuple[Exchange, ...]:
        """A preflight and a plain request from an origin that nobody has allowed."""
        operation = next((one for one in self.plan.operations if "{" not in one.path), None)
        if operation is None:
            return ()
        asks = {"Origin": FOREIGN_ORIGIN, "Access-Control-Request-Method": operation.method}
        found = []
        for method, headers in (("OPTIONS", asks), ("GET", {"Origin": FOREIGN_ORIGIN, **self.explorer.headers})):
            try:
                found.append(self.client.ask(method, operation.path, operation=operation.name, headers=headers))
            except NoAnswer:
                continue
        return tuple(found)

    def ends(self) -> None:
        """Put one row after the other into each state that the contract names, and delete it: some may be refused."""
        removals = {one.path: one for one in self.plan.operations if one.method == "DELETE" and "{" in one.path}
        for path, removal in removals.items():
            changes = [one for one in self.plan.operations if one.path == path and one.states]
            words = [(one, name, word) for one in changes for name, some in one.states.items() for word in some]
            for row, (change, name, word) in enumerate(words[:MOST_ENDED]):
                self._end(removal, row, change, {name: word})
            self._end(removal, len(words[:MOST_ENDED]))

    def _end(
        self,
        removal: OperationPlan,
        row: int,
        change: OperationPlan | None = None,
        body: Mapping[str, str] | None = None,
    ) -> None:
        url = self.explorer.url(removal.path, row)
        if url is None:
            return
        with contextlib.suppress(NoAnswer):
            if change is not None:
                key = {change.idempotency_header: f"rehearsal-{uuid.uuid4()}"} if change.idempotency_header else {}
                self.ask(change, url, body=body, headers={**self.explorer.headers, **key})
            self.ask(removal, url)

    def verdicts(self) -> tuple[Verdict, ...]:
        """Every operation that takes a JSON object, sent one with two fields that cannot be right."""
        return self.each(self._verdict, [one for one in self.plan.operations if one.method in ("POST", "PUT", "PATCH")])

    def _verdict(self, operation: OperationPlan) -> Verdict | None:
        url = self.explorer.url(operation.path)
        models = template(self.fuzzed, operation.name, success=False)
        body = next((value for one in models if isinstance(value := parsed(one.body), dict) and len(value) > 1), None)
        if url is None or body is None:
            return None
        fields = [
            name for name, value in body.items() if isinstance(value, (str, int, float, list)) and value is not None
        ][:2]
        if len(fields) < 2:
            return None
        wrong = {**body, **{name: {"not": ["what", "is", "asked"]} for name in fields}}
        key = {operation.idempotency_header: f"rehearsal-{uuid.uuid4()}"} if operation.idempotency_header else {}
        answer = self.ask(operation, url, body=wrong, headers={**self.explorer.headers, **key})
        return Verdict(operation=operation.name, fields=tuple(fields), exchange=answer)

    def stop(self) -> Stop | Missing:
        """SIGTERM while half of a request's body is still on its way."""
        operations = {one.name: one for one in self.plan.operations}
        models = [
            one
            for one in self.fuzzed
            if one.body and len(one.body) > 1 and 200 <= one.status < 300 and one.mode == "positive"
        ]
        model = next((one for one in models if one.operation in operations), None)
        held = None
        if model is not None and model.body is not None:
            fresh = {name: value for name, value in model.sent.items() if not name.lower().startswith("idempotency")}
            header = operations[model.operation].idempotency_header
            held = Held(self.app.port, model, {**fresh, **({header: f"rehearsal-{uuid.uuid4()}"} if header else {})})
        started = time.monotonic()
        os.kill(self.app.process.pid, signal.SIGTERM)
        finished = held.finish() if held else None
        while self.app.runs and time.monotonic() - started < STOP_SECONDS:
            time.sleep(0.02)
        ended = not self.app.runs
        return Stop(
            seconds=round(time.monotonic() - started, 2),
            ended=ended,
            finished=finished,
            left=members(self.app.process.pid) if ended else 0,
        )
