"""Nothing that waits stands in an asynchronous handler: every other request would wait with it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.checks.code.judged import bad, first_line, told, where
from checker.model.code import CodeMatches
from checker.model.observation import Observation
from checker.model.rule import Confidence

_AT_START = re.compile(
    r"(?i)main|start|lifespan|boot|setup|init|seed|cli|command|script|migrat|build|load_?config|config|worker|shutdown|bin/"
)
_WHAT = {
    "blocking-helper": "calls a function that waits, without letting go",
    "blocking-http": "waits for an HTTP answer without letting go",
    "blocking-open": "opens a file without letting go",
    "blocking-process": "waits for a process without letting go",
    "blocking-sleep": "sleeps without letting go",
}

_SHORT = {"blocking-open": Confidence.MEDIUM}  # a local file is mostly there at once


def blocking_call(code: CodeMatches) -> Iterator[Observation]:
    """One observation for each call that holds the loop, and one for each file without."""
    yield from told(code, (*_python(code), *_typescript(code)))


def _python(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of(*_WHAT):
        confidence = Confidence.LOW if _AT_START.search(f"{match.path} {match.symbol}") else _SHORT.get(match.pattern)
        yield bad(match, f"{where(match)} {_WHAT[match.pattern]} of the event loop", confidence, first_line(match))


def _typescript(code: CodeMatches) -> Iterator[Observation]:
    for match in code.of("blocking-call"):
        function = match.function
        if function is None or not (function.is_route or function.is_async):
            continue
        doubtful = _AT_START.search(f"{match.path} {match.symbol}") or not function.is_route
        name = match.text.partition("(")[0]
        yield bad(
            match, f"{where(match)} calls {name}, which holds the event loop", Confidence.LOW if doubtful else None
        )
