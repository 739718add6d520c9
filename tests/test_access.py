"""Who may call an operation by its contract, and what the policy's list covers: one line for each way of writing it."""

from __future__ import annotations

from typing import Any

import pytest

from checker.collect.api import contract
from checker.model.access import flaw, is_listed, takes_credentials
from checker.model.contract import Contract, Documents
from checker.model.settings import Policy, PublicOperation

TEXT = {"type": "string"}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "bare": {"description": "no type"},
    "odd": {"type": ["http"]},
}


def one(operation: dict[str, Any], path: str = "/orders", **document: Any) -> Contract:
    """A contract with one POST."""
    whole = {
        "openapi": "3.1.0",
        "components": {"securitySchemes": SCHEMES},
        **document,
        "paths": {path: {"post": operation}},
    }
    return contract(Documents({"openapi.yaml": whole}), "openapi.yaml")


@pytest.mark.parametrize(
    ("security", "seen"),
    [
        ([{"bearer": []}], None),
        ([], "is an empty list"),
        (None, "is empty, not a list"),
        ({"bearer": []}, "not a list of requirements"),
        ("none", "is 'none', not a list"),
        (["bearer"], "holds 'bearer', which is no requirement"),
        ([{}], "empty alternative"),
        ([{"bearer": []}, {}], "empty alternative"),
        ([{"bearer": []}, {"jwt": []}], "names the scheme 'jwt', which is not defined"),
        ([{"bare": []}], "names the scheme 'bare', which is not defined"),
        ([{"odd": []}], "names the scheme 'odd', which is not defined"),
    ],
)
def test_every_way_to_be_open(security: Any, seen: str | None) -> None:
    own, inherited = one({"security": security}), one({}, security=security)
    for written, where in ((own, "its own"), (inherited, "the document's")):
        found = flaw(written, written.operations[0])
        assert (found is None) == (seen is None)
        if found and seen:
            assert seen in found.seen
            assert where in found.seen


def test_an_operation_decides_over_the_document() -> None:
    opened = one({"security": []}, security=[{"bearer": []}])
    guarded = one({"security": [{"bearer": []}]}, security=[])
    silent = one({})
    assert flaw(opened, opened.operations[0])
    assert not flaw(guarded, guarded.operations[0])
    found = flaw(silent, silent.operations[0])
    assert found
    assert found.seen == "neither it nor the document has `security`"


def test_swagger_defines_its_schemes_elsewhere() -> None:
    document = {"swagger": "2.0", "securityDefinitions": {"basic": {"type": "basic"}}}
    for name, is_open in (("basic", False), ("bearer", True)):
        written = {**document, "paths": {"/orders": {"post": {"security": [{name: []}]}}}}
        read = contract(Documents({"swagger.yaml": written}), "swagger.yaml")
        assert bool(flaw(read, read.operations[0])) == is_open


@pytest.mark.parametrize(
    ("name", "location", "required", "seen"),
    [
        ("Authorization", "header", True, "header Authorization"),
        ("x-api-key", "header", True, "header x-api-key"),
        ("Authorization", "header", False, ""),
        ("authorization", "query", True, ""),
        ("X-Request-Id", "header", True, ""),
        ("webhook_token", "path", True, "path parameter webhook_token"),
        ("clientSecret", "path", True, "path parameter clientSecret"),
        ("token_id", "path", True, ""),
        ("token", "query", True, ""),
    ],
)
def test_credentials_that_are_no_scheme(name: str, location: str, required: bool, seen: str) -> None:
    parameter = {"name": name, "in": location, "required": required, "schema": TEXT}
    assert takes_credentials(one({"parameters": [parameter]}).operations[0]) == seen


@pytest.mark.parametrize(
    ("field", "seen"), [("client_secret", "body field client_secret"), ("password", ""), ("token", "")]
)
def test_credentials_in_the_body(field: str, seen: str) -> None:
    schema = {"type": "object", "properties": {"amount": TEXT, field: TEXT}}
    body = {"content": {"application/x-www-form-urlencoded": {"schema": schema}, "text/plain": {}}}
    assert takes_credentials(one({"requestBody": body}).operations[0]) == seen


@pytest.mark.parametrize(
    ("entry", "listed"),
    [
        ("POST /orders/{id}", True),
        ("POST /orders/{order_id}/", True),
        ("POST /v1/orders/{id}", True),
        ("POST /v2/orders/{id}", False),
        ("GET /orders/{id}", False),
        ("POST /orders", False),
        ("POST /orders/7", False),
        ("POST /orders/{id}/pay", False),
        ("POST /Orders/{id}", False),
        ("POST /", False),
    ],
)
def test_the_list_names_method_and_path(entry: str, listed: bool) -> None:
    read = one({}, "/orders/{order}", servers=[{"url": "https://api.example.com/v1/"}])
    policy = Policy(public=(PublicOperation(operation=entry, reason="public"),))
    assert is_listed(read, read.operations[0], policy) == listed


def test_the_entry_page_can_be_listed() -> None:
    read = one({}, "/")
    assert is_listed(read, read.operations[0], Policy(public=(PublicOperation(operation="POST /", reason="public"),)))
    assert not is_listed(read, read.operations[0], Policy())
