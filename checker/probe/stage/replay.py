"""The only place that asks a fresh app again what ended in a 5xx: what does not repeat there blocks nothing."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, suppress
from typing import Any

from checker.model.rehearsal import Crash, Exchange
from checker.model.stage_plan import Plan
from checker.probe.stage.app import App, NotStarted
from checker.probe.stage.client import NoAnswer
from checker.probe.stage.crafted import parsed
from checker.probe.stage.explore import Explorer, translated
from checker.probe.stage.faults import is_deliberate, is_fault, is_of_graphql
from checker.probe.stage.hand import Stagehand
from checker.probe.stage.start import inside

MOST_CRASHES = 12
MOST_TRIES = 24  # smaller requests that are tried for one crash
_FRAME = re.compile(r'File \\?"([^"\\]+)\\?", line (\d+)')


class FreshApp:
    """Another app over a database of its own, which may be started while the first one is still asked."""

    def __init__(self, stagehand: Stagehand) -> None:
        self._stagehand = stagehand
        self._stack = ExitStack()
        self._pool = ThreadPoolExecutor(1)  # its thread lives as long as the app, which dies with its parent thread
        self._started: Future[App] | None = None

    @property
    def is_begun(self) -> bool:
        """Whether one has been started, or is about to be."""
        return self._started is not None

    def begin(self) -> None:
        """Start it beside the first one, without waiting; only where nothing that the first one uses is taken from it."""
        if self._started is None and self._stagehand.leaves_in_peace():
            self._start(beside=True)

    def _start(self, *, beside: bool = False) -> Future[App]:
        if self._started is None:
            self._started = self._pool.submit(self._stack.enter_context, self._stagehand.app(beside=beside))
        return self._started

    def app(self) -> App:
        """The running app. Raises NotStarted."""
        return self._start().result()

    def close(self) -> None:
        """Stop it in any case."""
        if self._started is not None:
            with suppress(NotStarted):
                self._started.result()
        self._stack.close()
        self._pool.shutdown()


def worst(seen: Iterable[Exchange]) -> tuple[Exchange, ...]:
    """Each operation's smallest request that ended in a fault of the service.

    What only reads comes first, so that no row of another crash is what breaks it; what deletes comes last, because others
    need the row.
    """
    found: dict[str, Exchange] = {}
    for one in seen:
        known = found.get(one.operation)
        if is_fault(one) and (known is None or _rank(one) < _rank(known)):
            found[one.operation] = one
    return tuple(sorted(found.values(), key=lambda one: (one.method == "DELETE", one.method not in ("GET", "HEAD"))))


def repeated(
    plan: Plan, fresh: FreshApp, known: Sequence[Mapping[str, list[str]]], base: str, crashed: Sequence[Exchange]
) -> tuple[Crash, ...]:
    """What ended in a 5xx, asked again on a fresh app, and made smaller there as far as it still does."""
    if not crashed:
        return ()
    try:
        app = fresh.app()
    except NotStarted:
        return tuple(Crash(exchange=one, repeated=False) for one in crashed)
    app.client.base = base
    explorer = Explorer(plan, app.client)
    for path in dict.fromkeys(path for some in known for path in some):
        explorer.url(re.sub(r"<\d+>", "{id}", path) + "/{id}")
    return tuple(_again(plan, app, explorer, known, one) for one in crashed[:MOST_CRASHES])


def _again(plan: Plan, app: App, explorer: Explorer, known: Sequence[Mapping[str, list[str]]], one: Exchange) -> Crash:
    sent = {**one.sent, **(explorer.headers if {"Authorization"} & set(one.sent) else {})}
    for url in dict.fromkeys(_moved(explorer, known, one)):
        mark = app.log.total
        try:
            answer = app.client.again(one.model_copy(update={"url": url}), headers=sent)
        except NoAnswer as silent:
            return Crash(exchange=one, repeated=True, trace=f"{silent}\n{app.log.last_lines()}")
        if is_fault(answer):
            trace = _trace(app, mark)
            if is_of_graphql(answer):
                meant = is_deliberate(answer, trace, plan.root)
                return Crash(
                    exchange=answer, repeated=True, meant=meant, trace=trace[-6000:], frame=frame(plan.root, trace)
                )
            smallest, trace = _reduced(plan, app, answer, trace)
            return Crash(exchange=smallest, repeated=True, trace=trace[-6000:], frame=frame(plan.root, trace))
    return Crash(exchange=one, repeated=False)


def _reduced(plan: Plan, app: App, one: Exchange, trace: str) -> tuple[Exchange, str]:
    """Leave out one part of the request after the other, as long as the app fails in the same line."""
    place, tries = frame(plan.root, trace), 0
    smaller = True
    while smaller:
        smaller = False
        for changes in _without_a_part(one):
            tries += 1
            if tries > MOST_TRIES:
                return one, trace
            mark = app.log.total
            try:
                answer = app.client.again(one.model_copy(update=changes), body=changes.get("body", one.body))
            except NoAnswer:
                return one, trace
            said = _trace(app, mark) if is_fault(answer) else ""
            if is_fault(answer) and frame(plan.root, said) == place:
                one, trace, smaller = answer, said, True
                break
    return one, trace


def _without_a_part(one: Exchange) -> Iterator[dict[str, Any]]:
    """The request without one parameter of its query, or without one member of its body."""
    path, _, query = one.url.partition("?")
    parts = query.split("&") if query else []
    for left in range(len(parts)):
        kept = [part for at, part in enumerate(parts) if at != left]
        yield {"url": path + ("?" + "&".join(kept) if kept else "")}
    body = parsed(one.body)
    for smaller in _smaller(body) if isinstance(body, (dict, list)) else ():
        yield {"body": json.dumps(smaller)}


def _smaller(value: Any) -> Iterator[Any]:
    """A value of JSON without one of its members, the outermost first."""
    members = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for name, _ in members:
        rest = [(key, kept) for key, kept in members if key != name]
        yield dict(rest) if isinstance(value, dict) else [kept for _, kept in rest]
    for name, inner in members:
        for less in _smaller(inner) if isinstance(inner, (dict, list)) else ():
            changed = [(key, less if key == name else kept) for key, kept in members]
            yield dict(changed) if isinstance(value, dict) else [kept for _, kept in changed]


def _moved(explorer: Explorer, known: Sequence[Mapping[str, list[str]]], one: Exchange) -> Iterator[str]:
    """Where the same request goes on the fresh app: to the row in the same position, or else to the first one."""
    fresh, url = explorer.known(), one.url
    for some in known:
        url = translated(url, some, fresh)
    yield url
    path = one.operation.partition(" ")[2]
    first = explorer.url(path) if "{" in path else None
    if first is not None:
        query = one.url.partition("?")[2]
        yield explorer.client.base + first + (f"?{query}" if query else "")


def _trace(app: App, mark: int) -> str:
    """What was logged meanwhile; the log may lag behind the answer a little."""
    said = ""
    for _ in range(20):
        said = app.log.since(mark)
        if _FRAME.search(said):
            break
        time.sleep(0.02)
    return said


def frame(root: str, trace: str) -> str:
    """The innermost line of the audited tree in a traceback."""
    places = [(inside(root, path), line) for path, line in _FRAME.findall(trace)]
    mine = [f"{path}:{line}" for path, line in places if path and "site-packages" not in path]
    return mine[-1] if mine else ""


def _rank(one: Exchange) -> tuple[bool, int]:
    """What says that it is a fault comes before what only looks like one, the smaller request before the larger."""
    return one.status < 500, len(one.body or "") + len(one.url)
