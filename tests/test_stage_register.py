"""A stranger becomes a user where the contract lets everybody: what is sent, and what is none of it."""

from __future__ import annotations

from typing import Any

import pytest

from checker.model.stage_plan import OperationPlan, Plan, UserPlan
from checker.probe.stage.register import EMAIL, NAME, PASSWORD, newcomer

TEXT = {"type": "string"}
BASIC = {"components": {"securitySchemes": {"plain": {"type": "http", "scheme": "basic"}}}}


def plan(**more: Any) -> Plan:
    operations = (OperationPlan(method="GET", path="/me", protected=True),)
    return Plan(**{"root": "", "scratch": "", "profile": "agent", "interpreters": (), "operations": operations, **more})


def takes(*names: str, kind: str = "application/json", **more: Any) -> dict[str, Any]:
    schema = {"type": "object", "required": list(names), "properties": dict.fromkeys(names, TEXT)}
    return {"post": {"requestBody": {"content": {kind: {"schema": schema}}}, **more}}


def asked(paths: dict[str, Any], **more: Any) -> UserPlan | None:
    return newcomer(plan(), {"paths": paths, **more})


def test_by_registration_and_log_in() -> None:
    user = asked({"/users": takes("email", "password", "username"), "/login": takes("username", "password")})
    assert user is not None
    assert (user.made_by, user.login) == ("POST /users", "POST /login")
    assert user.made_of == {"email": EMAIL, "password": PASSWORD, "username": NAME}
    assert user.body == {"username": NAME, "password": PASSWORD}


def test_what_is_required_is_filled_in_by_its_type() -> None:
    inner = {
        "type": "object",
        "required": ["age", "plan", "tags", "born", "code", "agreed"],
        "properties": {
            "mail": {"$ref": "#/components/schemas/Mail"},
            "password": {"anyOf": [{"type": "null"}, TEXT]},
            "age": {"type": "integer", "minimum": 18},
            "plan": {"enum": ["free", "paid"]},
            "tags": {"type": "array", "minItems": 1, "items": TEXT},
            "born": {"type": "string", "format": "date"},
            "code": {"type": "string", "minLength": 12, "maxLength": 12},
            "agreed": {"type": "boolean"},
            "has_password": {"type": "boolean"},
            "email_hash": {"type": "string", "readOnly": True},
            "bio": TEXT,
        },
    }
    schema = {"allOf": [{"type": "object", "required": ["user"], "properties": {"user": inner}}]}
    register = {"post": {"requestBody": {"content": {"application/json": {"schema": schema}}}}}
    mail = {"schemas": {"Mail": {"type": "string", "format": "email"}}}
    user = asked({"/register": register, "/auth/token": takes("username", "password")}, components=mail)
    assert user is not None
    assert user.made_of == {
        "user": {
            "password": PASSWORD,
            "age": 18,
            "plan": "free",
            "tags": [NAME],
            "born": "2000-01-02",
            "code": "rehearsalreh",
            "agreed": False,
        }
    }


def test_by_the_basic_scheme() -> None:
    user = asked({"/users": takes("email", "password"), "/tokens": {"post": {"security": [{"plain": []}]}}}, **BASIC)
    assert user is not None
    assert user.body == {}
    assert user.login_headers["Authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "paths",
    [
        {"/users": takes("email", "password", security=[{"admin": []}]), "/login": takes("email", "password")},
        {"/users": takes("email", "password")},
        {"/login": takes("email", "password")},
        {"/users": takes("email", "nickname"), "/login": takes("email", "password")},
        {"/users/{id}/users": takes("email", "password"), "/login": takes("email", "password")},
        {},
    ],
)
def test_where_there_is_no_way_that_is_open_to_all(paths: dict[str, Any]) -> None:
    assert asked(paths) is None


def test_nobody_is_made_where_somebody_is_named_or_nothing_is_protected() -> None:
    document = {"paths": {"/users": takes("email", "password"), "/login": takes("email", "password")}}
    assert newcomer(plan(), document) is not None
    assert newcomer(plan(users=(UserPlan(name="ada"),)), document) is None
    assert newcomer(plan(remote="http://x"), document) is None
    assert newcomer(plan(operations=()), document) is None
