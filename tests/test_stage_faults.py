"""Which answers are the service's own fault, whatever status they carry; which of a resolver's errors it has meant."""

from __future__ import annotations

import json
from typing import Any

import pytest

from checker.model.rehearsal import Exchange
from checker.probe.stage.faults import is_deliberate, is_fault


def answered(status: int, body: Any, sent: str | None = None, operation: str = "POST /orders") -> Exchange:
    text = body if isinstance(body, str) else json.dumps(body)
    return Exchange(operation=operation, method="POST", url="/orders", body=sent, status=status, answer=text)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, {}),
        (503, "later"),
        (400, {"error": "Internal Server Error"}),
        (400, {"error": {"code": "INTERNAL_SERVER_ERROR"}}),
        (404, {"status": 500, "title": "failed"}),
        (422, "Traceback (most recent call last):\n  File …"),
        (200, {"status": 500, "error": "failed"}),
        (200, {"code": "502", "message": "failed"}),
    ],
)
def test_faults(status: int, body: Any) -> None:
    assert is_fault(answered(status, body))


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, {"error": "quantity must be at least 1"}),
        (404, {"error": {"code": 40450, "message": "none"}}),
        (200, {"status": "ok", "message": "internal server errors are rare"}),
        (200, {"code": 500, "name": "a room with this number"}),
        (200, {"data": {"status": 500, "error": "of somebody else"}}),
        (302, {"status": 500, "error": "failed"}),
    ],
)
def test_what_is_none(status: int, body: Any) -> None:
    assert not is_fault(answered(status, body))


def test_what_the_request_said_is_no_word_of_the_service() -> None:
    said = "my page shows Internal Server Error"
    assert not is_fault(answered(422, {"detail": [{"input": said}]}, json.dumps({"text": said})))


def resolved(**error: Any) -> Exchange:
    return answered(200, {"data": None, "errors": [{"message": "no", "path": ["box"], **error}]}, operation="Query.box")


TRACE = 'Traceback (most recent call last):\n  File "/tree/app.py", line 3, in box\n    %s\n%s'


@pytest.mark.parametrize(
    ("line", "said", "meant"),
    [
        ('raise ValueError("too large")', "ValueError: too large", True),
        ('raise NotFound("none")', "app.errors.NotFound: none", True),
        ("return 1 // 0", "ZeroDivisionError: division by zero", False),
        ("raise NotImplementedError", "NotImplementedError", False),
        ("return check(it)", "graphql.error.graphql_error.GraphQLError: none", True),
    ],
)
def test_a_resolver_that_raises_by_intent(line: str, said: str, meant: bool) -> None:
    assert is_deliberate(resolved(), TRACE % (line, said), "/tree") is meant
    inside = json.dumps({"exception": TRACE % (line, said)})
    assert is_deliberate(resolved(), inside, "/tree") is meant


def test_what_a_library_raises_is_not_meant_by_the_project() -> None:
    trace = TRACE % ("session.flush()", '  File "/venv/site-packages/x.py", line 9, in f\n    raise Broken\nx.Broken')
    assert not is_deliberate(resolved(), trace, "/tree")
    labelled = resolved(extensions={"code": "INTERNAL_SERVER_ERROR"})
    assert not is_deliberate(labelled, TRACE % ('raise ValueError("x")', "ValueError: x"), "/tree")


def test_errors_of_a_resolver() -> None:
    assert is_fault(resolved())
    assert is_fault(resolved(extensions={"code": "INTERNAL_SERVER_ERROR"}))
    assert not is_fault(resolved(extensions={"code": "UNAUTHENTICATED"}))
    assert not is_fault(resolved(path=None)), "the query itself was refused"
