"""The metrics that the running app gives out tell requests, latency and errors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checker.model.contract import Api
from checker.model.observation import Observation
from checker.model.rehearsal import Exchange, Rehearsal
from checker.model.stage_view import StageView, shown
from checker.model.unavailable import NotApplicable

_SAMPLE = re.compile(r"^([A-Za-z_:][\w:]*)(\{[^\n]*\})?[ \t]+([0-9.eE+-]+|NaN|[+-]Inf)\b", re.MULTILINE)
_REQUESTS = re.compile(r"(?i)request|http|rpc|call|hits")
_LATENCY = re.compile(r"(?i)duration|latency|seconds|millis|_ms\b|response_?time")
_TIMED = re.compile(r"_(?:bucket|sum|count)$")
_STATUS = re.compile(r"(?i)\b(?:status(?:_?code)?|code|http_status|outcome|result|exception)=")
_ERRORS = re.compile(r"(?i)error|exception|fail|5xx")


def observed_metrics(rehearsal: Rehearsal, api: Api | NotApplicable) -> Iterator[Observation]:
    """One observation for each of the three, where the app answers at a path for metrics, after it was asked a lot.

    Sources: backend-engineer 2.25 (RED), backend-coder 3.31, the Prometheus text format.
    """
    view = StageView.of(rehearsal, api)
    for one in rehearsal.metrics:
        samples = [(name, labels, value) for name, labels, value in _SAMPLE.findall(one.answer)]
        if not samples:
            continue  # a page of another kind
        has = {
            "the number of requests": any(_REQUESTS.search(name) and _above(value) for name, _, value in samples),
            "their latency": any(_LATENCY.search(name) and _is_of_requests(name) for name, _, _ in samples),
            "their errors": any(
                _REQUESTS.search(name) and (_STATUS.search(labels) or _ERRORS.search(name))
                for name, labels, _ in samples
            ),
        }
        yield from (_observation(view, one, what, there) for what, there in has.items())
        return


def _above(value: str) -> bool:
    try:
        return float(value) > 0
    except ValueError:
        return False


def _is_of_requests(name: str) -> bool:
    """A histogram or a summary; of the process's own seconds nobody is told anything."""
    return not name.startswith(("process_", "python_", "nodejs_", "go_", "jvm_")) and bool(
        _TIMED.search(name) or _REQUESTS.search(name)
    )


def _observation(view: StageView, one: Exchange, what: str, there: bool) -> Observation:
    place, also = view.places(one.operation)
    names = sorted({name for name, _, _ in _SAMPLE.findall(one.answer)})
    return Observation(
        subject=f"{one.operation}: {what}",
        ok=there,
        place=place,
        message=f"{one.operation} does not tell {what}",
        evidence=f"{len(names)} metrics: {shown(', '.join(names), 240)}",
        also=also,
    )
