"""A service that is operated shows it in its source: structured logs, ids, health, metrics, traces, limits, an orderly stop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checker.model.code import CodeMatches, Source
from checker.model.modules import CodeStructure
from checker.model.observation import Observation, Place
from checker.model.rule import Confidence
from checker.model.unavailable import NotApplicable

_ENOUGH_ROUTES = 2


def structured_log(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for the service: whether anything in it writes its log as data."""
    yield from _shown("structured-log", "writes its log as structured lines", code, structure)


def correlation_id(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for the service: whether anything in it speaks of a correlation or request id."""
    yield from _shown("correlation-id", "gives a request an id that its log lines carry", code, structure)


def health_route(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for the service: whether it has a route that says how it is."""
    yield from _shown("health", "has a route for health", code, structure)


def service_metrics(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for the service: whether anything in it counts and times requests."""
    yield from _shown("metrics", "counts and times requests", code, structure)


def service_tracing(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for the service: whether anything in it is instrumented for traces."""
    yield from _shown("tracing", "is instrumented for traces", code, structure)


def rate_limiter(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for the service: whether anything in it limits how often it may be asked."""
    yield from _shown("rate-limit", "limits how often it may be asked", code, structure)


def graceful_shutdown(code: CodeMatches, structure: CodeStructure) -> Iterator[Observation]:
    """One observation for each server that listens by itself: whether it answers SIGTERM. ASGI servers do so for Python."""
    _served(structure)
    listening = [one for one in code.sources if {"server", "listens"} <= one.traits]
    if not listening:
        raise NotApplicable("no server of ours listens by itself; uvicorn and its like drain on SIGTERM")
    handled = any("shutdown" in one.traits for one in code.sources)
    for one in listening:
        yield _observation(one, "stops in order on SIGTERM", handled)


def dead_letters(code: CodeMatches) -> Iterator[Observation]:
    """One observation for what works through a queue: whether anything says where messages go that cannot be worked off."""
    yield from _beside("queue", "dead-letter", "keeps messages that cannot be worked off, in a dead letter queue", code)


def event_outbox(code: CodeMatches) -> Iterator[Observation]:
    """One observation for what sends events: whether they go through an outbox or inbox."""
    yield from _beside("events", "outbox", "writes its events into an outbox in the same transaction", code)


def _beside(needing: str, trait: str, what: str, code: CodeMatches) -> Iterator[Observation]:
    first = next((one for one in code.sources if needing in one.traits), None)
    if first is None:
        raise NotApplicable(f"no source uses a library of {'queues' if needing == 'queue' else 'events'}")
    shown = next((one for one in code.sources if trait in one.traits), None)
    yield _observation(shown or first, what, shown is not None)


def _served(structure: CodeStructure) -> None:
    if len(structure.routes) < _ENOUGH_ROUTES:
        raise NotApplicable("no routes in the source, so nothing that is operated as a service")


def _shown(trait: str, what: str, code: CodeMatches, structure: CodeStructure) -> Iterable[Observation]:
    _served(structure)
    first = min(route.file for route in structure.routes)
    servers = (one for one in code.sources if one.web and "server" in one.traits)
    server = next(servers, None) or next(one for one in code.sources if one.path == first)
    shown = next((one for one in code.sources if trait in one.traits), None)
    yield _observation(shown or server, what, shown is not None)


def _observation(one: Source, what: str, ok: bool) -> Observation:
    return Observation(
        subject="service",
        ok=ok,
        place=Place(one.path if ok else "."),
        message=f"Nothing in the source shows that the service {what}",
        evidence=f"neither a library for it nor a line of ours, in all that is served from {one.path} on",
        confidence=None if ok else Confidence.MEDIUM,
    )
