"""Every operation documents what it answers when a request fails."""

from __future__ import annotations

from collections.abc import Iterator

from checker.model.contract import Api, Operation
from checker.model.observation import Observation
from checker.model.purpose import is_probe
from checker.model.rule import Confidence

_NEVER_FAIL = frozenset({"OPTIONS", "TRACE"})  # answered by the server or a gateway, not by the API


def error_responses_documented(api: Api) -> Iterator[Observation]:
    """One observation for each operation but health probes: a 4xx, the range 4XX or `default` is documented.

    Sources: Zalando RESTful guidelines #151, OpenAPI 3.1 "Responses Object" ("any known errors").
    """
    for _, operation in api.operations():
        if is_probe(operation) or operation.method in _NEVER_FAIL:
            continue
        statuses = [response.status for response in operation.responses]
        yield Observation(
            subject=operation.name,
            ok=any(status[:1] == "4" or status == "default" for status in statuses),
            place=operation.place,
            message=f"{operation.name} documents no {_named(statuses)} response",
            evidence=f"documents only {', '.join(statuses)}" if statuses else "documents no response at all",
            confidence=None if _takes_input(operation) else Confidence.MEDIUM,
        )


def _named(statuses: list[str]) -> str:
    return "4xx" if any(status[:1] == "5" for status in statuses) else "error"


def _takes_input(operation: Operation) -> bool:
    """Without input and credentials there is hardly anything that a caller can do wrong."""
    return bool(operation.parameters or operation.request_node) or not operation.is_open
