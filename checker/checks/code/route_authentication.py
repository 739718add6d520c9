"""Every route that changes something asks who calls, by itself or somewhere along the chain that leads to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.modules import CodeStructure, Guard, Route
from checker.model.observation import Observation
from checker.model.rule import Confidence
from checker.model.settings import Policy

_MUTATING = ("POST", "PUT", "PATCH", "DELETE")
_BY_NATURE = re.compile(
    r"(?i)log-?in|sign-?(?:in|up|out)|log-?out|regist|token|refresh|forgot|reset|password|verif|activat|confirm|session|webhook|callback|oauth|sso|saml"
    r"|/auth\b|health|ping|otp|magic|invit|hook|slack|stripe|github|gitlab|twilio|telegram|discord|unsubscri|contact|feedback|csp|telemetry|captcha|cron|internal|public|search|graphql"
)


def route_authentication(structure: CodeStructure, policy: Policy) -> Iterator[Observation]:
    """One observation for each mutating route that the code declares; those under [[public]] are good."""
    public = {_bare(one.operation) for one in policy.public}
    for route in structure.routes:
        if route.method in _MUTATING:
            yield _observation(route, public)


def _observation(route: Route, public: set[str]) -> Observation:
    if route.guard is Guard.GUARDED or _is_public(route, public):
        return Observation(route.operation, True, route.place)
    unknown = route.guard is Guard.UNKNOWN
    meant = _BY_NATURE.search(f"{route.path} {route.handler.symbol}") is not None
    message = f"{route.operation} ({route.handler.symbol}) changes something and asks nobody who calls"
    if unknown:
        message = f"Nothing was found that asks who calls {route.operation} ({route.handler.symbol})"
    return Observation(
        subject=route.operation,
        ok=False,
        place=route.place,
        message=message,
        evidence=route.by
        or "no dependency, decorator, middleware, including router or line of the handler asks for credentials",
        confidence=Confidence.LOW if meant or unknown else _sureness(route),
    )


def _sureness(route: Route) -> Confidence | None:
    """Express and its like are wired in ways that are only partly followed; `POST /users` may be how people sign up."""
    signs_up = route.method == "POST" and re.search(r"/(?:users?|accounts?|customers?|members?)/?$", route.path)
    return None if route.language == "python" and not signs_up else Confidence.MEDIUM


def _is_public(route: Route, public: set[str]) -> bool:
    mine = _bare(route.operation)
    method, _, path = mine.partition(" ")
    return any(
        one == mine or (one.startswith(f"{method} ") and (one.endswith(path) if path != "/" else False))
        for one in public
    )


def _bare(operation: str) -> str:
    """`POST /orders/{}` for `POST /orders/{order_id}/`."""
    return re.sub(r"\{[^}]*\}", "{}", operation).rstrip("/")
