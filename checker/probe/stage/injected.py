"""The only place that sends what a careful app takes from nobody: fields of its own, other schemes, an address to call."""

from __future__ import annotations

import re
import socket
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checker.model.rehearsal import Exchange, Injection
from checker.model.stage_plan import OperationPlan
from checker.probe.stage.client import HOST, decoded
from checker.probe.stage.crafted import parsed
from checker.probe.stage.explore import Explorer, template, unwrapped

FOREIGN_ID = "00000000-0000-4000-8000-00000000c4ec"
FOREIGN_TIME = "2001-02-03T04:05:06Z"
BAD_SCHEME = "javascript:alert(1)"
CALL_SECONDS = 0.3  # in which an app that calls an address has called it
_OWN = re.compile(
    r"(?i)^(?:id|uuid|roles?|is_?(?:admin|superuser|staff|verified)|admin|(?:owner|tenant|user|account|org(?:anization)?)_?id"
    r"|(?:created|updated)_?at|balance|(?:email_?)?verified)$"
)
_URL_NAME = re.compile(r"(?:^|_)(?:ur[li]|href|website|webhook|callback)s?$|(?:Ur[li]|Webhook|Callback)$")
_URL_VALUE = re.compile(r"^https?://", re.IGNORECASE)
_UUID = re.compile(r"(?i)^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
_TIME = re.compile(r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d")


@dataclass
class Injections:
    """Asks as the first user, with bodies like those that were taken before. `ask` remembers every answer."""

    ask: Callable[..., Exchange]
    explorer: Explorer
    fuzzed: Sequence[Exchange]

    def of(self, operation: OperationPlan) -> tuple[Injection, ...] | None:
        """None where no request of the operation has succeeded, so that there is no body to begin with."""
        url = self.explorer.url(operation.path)
        models = template(self.fuzzed, operation.name)
        body = next((value for one in models if isinstance(value := parsed(one.body), dict)), None)
        if url is None or body is None or operation.method not in ("POST", "PUT", "PATCH"):
            return None
        return (*self._extras(operation, url, body, models), *self._addresses(operation, url, models)) or None

    def _send(self, operation: OperationPlan, url: str, body: Mapping[str, Any]) -> Exchange:
        changed = {name: _unique(value) for name, value in body.items()}
        return self.ask(
            operation, url, body=changed, headers={**self.explorer.headers, **self.explorer.key(operation.name)}
        )

    def _extras(
        self, operation: OperationPlan, url: str, body: Mapping[str, Any], models: Sequence[Exchange]
    ) -> Iterator[Injection]:
        """What the app itself decides about a resource, said by the caller."""
        takes = {name for one in models for name in (parsed(one.body) or ()) if isinstance(parsed(one.body), dict)}
        resource = unwrapped(decoded(models[0]))
        shown = resource.items() if isinstance(resource, Mapping) else ()
        extras = {
            name: value
            for name, known in shown
            if _OWN.match(name) and name not in takes and (value := _other(known)) is not None
        }
        if not extras:
            return
        answer = self._send(operation, url, {**body, **extras})
        made = unwrapped(decoded(answer))
        if 200 <= answer.status < 300 and isinstance(made, Mapping):
            taken = tuple(sorted(name for name, value in extras.items() if _is_same(made.get(name), value)))
            yield Injection(
                operation=operation.name, kind="extra", fields=tuple(sorted(extras)), taken=taken, exchange=answer
            )
        elif answer.status in (400, 403, 422):
            yield Injection(operation=operation.name, kind="extra", fields=tuple(sorted(extras)), exchange=answer)

    def _addresses(self, operation: OperationPlan, url: str, models: Sequence[Exchange]) -> Iterator[Injection]:
        """Other schemes than those of the web in what is an address, and an address of this machine."""
        bodies = [value for one in models if isinstance(value := parsed(one.body), dict)]
        found = {name: one for one in bodies for name, value in one.items() if _is_address(name, value)}
        for name, body in sorted(found.items()):
            answer = self._send(operation, url, {**body, name: BAD_SCHEME})
            taken = (name,) if 200 <= answer.status < 300 else ()
            yield Injection(operation=operation.name, kind="scheme", fields=(name,), taken=taken, exchange=answer)
            with socket.create_server((HOST, 0)) as listener:
                listener.settimeout(CALL_SECONDS)
                there = f"http://{HOST}:{listener.getsockname()[1]}/"
                answer = self._send(operation, url, {**body, name: there})
                called = (name,) if _was_called(listener) else ()
            yield Injection(operation=operation.name, kind="address", fields=(name,), taken=called, exchange=answer)


def _was_called(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except OSError:
        return False
    return True


def _is_address(name: str, value: Any) -> bool:
    return isinstance(value, str) and bool(_URL_VALUE.match(value) or (_URL_NAME.search(name) and value))


def _other(known: Any) -> Any:
    """Another value of the same kind, which nobody would choose; None where it could not be told afterwards."""
    if isinstance(known, bool):
        return not known
    if isinstance(known, int):
        return known + 987_654
    if not isinstance(known, str):
        return None
    if _UUID.match(known):
        return FOREIGN_ID
    if _TIME.match(known):
        return FOREIGN_TIME
    return "admin" if known in ("user", "member", "viewer", "guest", "customer") else None


def _is_same(found: Any, sent: Any) -> bool:
    return bool(found == sent) or (sent == FOREIGN_TIME and str(found).startswith(FOREIGN_TIME[:10]))


def _unique(value: Any) -> Any:
    """Mail addresses are made anew, because most apps take each but once."""
    return re.sub(r"^[\w.+-]+@", f"u{uuid.uuid4().hex[:12]}@", value) if isinstance(value, str) else value
