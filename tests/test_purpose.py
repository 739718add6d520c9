"""What a path is taken for, and what only resembles it: one line for each."""

from __future__ import annotations

from typing import Any

import pytest

from checker.collect.api import contract
from checker.model.contract import Documents, Operation
from checker.model.purpose import (
    is_about_itself,
    is_oauth,
    is_probe,
    is_receipt,
    is_sign_in,
    is_signed_receipt,
    last_word,
    only_reads,
)


def operation(name: str, *headers: str) -> Operation:
    """The operation of that name, with some header parameters."""
    method, _, path = name.partition(" ")
    parameters: list[Any] = [{"name": header, "in": "header"} for header in headers]
    document = {"openapi": "3.1.0", "paths": {path: {method.lower(): {"parameters": parameters}}}}
    return contract(Documents({"openapi.yaml": document}), "openapi.yaml").operations[0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GET /health", True),
        ("HEAD /api/v1/healthz", True),
        ("GET /health/ready", True),
        ("GET /service/health", True),
        ("GET /metrics", True),
        ("POST /health", False),
        ("GET /health/records", False),
        ("GET /orders/ready", False),
        ("GET /patients/{id}/health", False),
        ("GET /health/{id}", False),
        ("GET /metrics/campaigns", False),
        ("GET /a/b/health", False),
        ("GET /health/ready/now", False),
        ("GET /", False),
        ("GET /v1", False),
    ],
)
def test_probes(name: str, expected: bool) -> None:
    assert is_probe(operation(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("GET /", True),
        ("GET /.well-known/jwks.json", True),
        ("GET /docs", True),
        ("HEAD /v1/openapi.json", True),
        ("POST /", False),
        ("POST /docs", False),
        ("GET /docs/{id}", False),
        ("GET /docs/drafts", False),
        ("GET /orders", False),
        ("GET /v1", False),
    ],
)
def test_pages_about_the_api(name: str, expected: bool) -> None:
    assert is_about_itself(operation(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("POST /login", True),
        ("POST /users/v1/login", True),
        ("POST /v1/v2/orders", False),
        ("POST /v1/auth/sign-in", True),
        ("POST /oauth2/token", True),
        ("POST /password/forgot", True),
        ("POST /auth/token/refresh", True),
        ("POST /users/register", True),
        ("POST /users/password/reset", True),
        ("POST /api/v1/sessions", True),
        ("POST /oauth/revoke", True),
        ("POST /auth/otp", True),
        ("POST /oauth2/token#refresh", True),
        ("POST /wipe#login", False),
        ("GET /auth/callback", True),
        ("POST /users/{id}/reset-password", False),
        ("POST /{tenant}/login", False),
        ("POST /admin/login", False),
        ("POST /admin/users/register", False),
        ("POST /accounts/transfer/otp", False),
        ("POST /admin/wipe/sessions", False),
        ("POST /wipe/password/reset", False),
        ("POST /auth", False),
        ("POST /-/login", False),
        ("POST /login/v1", False),
        ("POST /users/password", False),
        ("POST /users/token", False),
        ("GET /users/login", False),
        ("GET /admin/callback", False),
        ("GET /oauth2/authorize", True),
        ("GET /login/{provider}", False),
        ("GET /orders", False),
        ("GET /v1", False),
        ("POST /v1", False),
        ("PUT /login", False),
        ("DELETE /sessions", False),
        ("POST /users/{id}/sessions", False),
        ("POST /login/impersonate", False),
        ("POST /account/password", False),
        ("PUT /password/reset", False),
        ("POST /payments/{id}/refresh", False),
    ],
)
def test_sign_ins(name: str, expected: bool) -> None:
    assert is_sign_in(operation(name)) == expected


@pytest.mark.parametrize(
    ("name", "header", "expected"),
    [
        ("POST /webhooks/stripe", "", True),
        ("POST /payments/webhook", "", True),
        ("POST /events", "X-Hub-Signature-256", True),
        ("POST /events", "Stripe-Signature", True),
        ("PUT /webhooks/stripe", "", False),
        ("POST /webhooks", "", False),
        ("POST /webhooks/endpoints", "", False),
        ("POST /integrations/stripe", "", False),
        ("POST /events", "X-Request-Id", False),
        ("POST /v1", "", False),
    ],
)
def test_receipts(name: str, header: str, expected: bool) -> None:
    assert is_receipt(operation(name, header)) == expected


@pytest.mark.parametrize(
    ("name", "header", "required", "expected"),
    [
        ("POST /webhooks/stripe", "Stripe-Signature", True, True),
        ("POST /callbacks/{id}", "X-Hub-Signature-256", True, True),
        ("POST /webhooks/stripe", "Stripe-Signature", False, False),
        ("POST /webhooks/stripe", "X-Token", True, False),
        ("POST /events", "Stripe-Signature", True, False),
        ("PUT /webhooks/stripe", "Stripe-Signature", True, False),
        ("POST /{webhook}", "Stripe-Signature", True, False),
    ],
)
def test_signed_receipts(name: str, header: str, required: bool, expected: bool) -> None:
    method, _, path = name.partition(" ")
    parameter = {"name": header, "in": "header", "required": required}
    document = {"openapi": "3.1.0", "paths": {path: {method.lower(): {"parameters": [parameter]}}}}
    read = contract(Documents({"openapi.yaml": document}), "openapi.yaml")
    assert is_signed_receipt(read.operations[0]) == expected


@pytest.mark.parametrize(
    ("name", "statuses", "expected"),
    [
        ("POST /orders/search", ("200", "400"), True),
        ("POST /orders:list", ("200",), True),
        ("POST /stores/{id}/get", ("200", "default"), True),
        ("POST /orders/search", ("201",), False),
        ("POST /orders/search", ("200", "202"), False),
        ("POST /orders/search", (), False),
        ("PUT /orders/search", ("200",), False),
        ("POST /orders/graphql", ("200",), False),
        ("POST /search/rebuild", ("200",), False),
    ],
)
def test_what_only_reads(name: str, statuses: tuple[str, ...], expected: bool) -> None:
    method, _, path = name.partition(" ")
    responses = {status: {"description": "An answer"} for status in statuses}
    document = {"openapi": "3.1.0", "paths": {path: {method.lower(): {"responses": responses}}}}
    read = contract(Documents({"openapi.yaml": document}), "openapi.yaml")
    assert only_reads(read.operations[0]) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("POST /oauth2/token", True),
        ("GET /authorize", True),
        ("POST /saml/acs", True),
        ("GET /users/authorize", False),
        ("POST /payments/token", False),
        ("GET /v1", False),
    ],
)
def test_oauth(name: str, expected: bool) -> None:
    assert is_oauth(operation(name)) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("POST /orders/search/", "search"), ("POST /orders:dry-run", "dryrun"), ("POST /orders/{id}", ""), ("GET /", "")],
)
def test_the_last_word(name: str, expected: str) -> None:
    assert last_word(operation(name)) == expected
