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
        assert written.operations[0].is_open == (found is not None)
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
        ("authorization", "header", True, "header authorization"),
        ("Authorization", "header", False, ""),
        ("authorization", "query", True, ""),
        ("x-api-key", "header", True, ""),
        ("X-Token", "header", True, ""),
        ("webhook_token", "path", True, ""),
        ("token", "query", True, ""),
    ],
)
def test_credentials_that_are_no_scheme(name: str, location: str, required: bool, seen: str) -> None:
    parameter = {"name": name, "in": location, "required": required, "schema": TEXT}
    assert takes_credentials(one({"parameters": [parameter]}).operations[0]) == seen


@pytest.mark.parametrize(
    ("scheme", "is_open", "doubted"),
    [
        ({"type": "http", "scheme": "BASIC"}, False, False),
        ({"type": "http", "scheme": "scram-sha-256"}, False, False),
        ({"type": "http", "scheme": "none"}, True, False),
        ({"type": "http", "scheme": ""}, True, False),
        ({"type": "http"}, True, False),
        ({"type": "http", "scheme": "bearer none"}, True, False),
        ({"type": "http", "scheme": "no-auth"}, True, False),
        ({"type": "http", "scheme": "ApiKey"}, False, True),
        ({"type": "http", "scheme": "HMAC-SHA256"}, False, True),
        ({"type": "apiKey", "in": "header", "name": "X-API-Key"}, False, False),
        ({"type": "apiKey", "in": "header", "name": "Authorization"}, False, False),
        ({"type": "apiKey", "in": "cookie", "name": "JSESSIONID"}, False, False),
        ({"type": "apiKey", "in": "query", "name": "access_token"}, False, False),
        ({"type": "apiKey", "in": "header", "name": "X-Author"}, False, True),
        ({"type": "apiKey", "in": "header", "name": "X-CSRF-Token"}, False, True),
        ({"type": "apiKey", "in": "header", "name": "Accept"}, False, True),
        ({"type": "apiKey", "in": "header"}, True, False),
        ({"type": "oauth2", "flows": {}}, False, False),
    ],
)
def test_what_authenticates(scheme: dict[str, Any], is_open: bool, doubted: bool) -> None:
    read = one({"security": [{"it": []}]}, components={"securitySchemes": {"it": scheme}})
    found = flaw(read, read.operations[0])
    assert read.operations[0].is_open == is_open
    assert bool(found) == (is_open or doubted)
    assert bool(found and found.doubted) == doubted


def test_what_is_certain_comes_before_what_is_doubted() -> None:
    tenant = {"type": "apiKey", "in": "header", "name": "X-Tenant"}
    schemes = {"tenant": tenant, "none": {"type": "http", "scheme": "none"}, **SCHEMES}
    for security, doubted in (
        ([{"tenant": []}, {"bearer": []}], "tenant"),
        ([{"tenant": []}, {}], ""),
        ([{"tenant": []}, "bearer"], ""),
        ([{"tenant": [], "none": []}], "tenant"),
    ):
        read = one({"security": security}, components={"securitySchemes": schemes})
        found = flaw(read, read.operations[0])
        assert found
        assert found.doubted == doubted
        assert read.operations[0].is_open == (not doubted)
    both = one({"security": [{"tenant": [], "bearer": []}]}, components={"securitySchemes": schemes})
    assert flaw(both, both.operations[0]) is None


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


@pytest.mark.parametrize(
    ("document", "path", "own", "listed"),
    [
        (["/v1"], [], [], {"POST /orders", "POST /v1/orders"}),
        (["/v1/", "https://staging.example.com/v1"], [], [], {"POST /orders", "POST /v1/orders"}),
        (["/v1", "/admin"], [], [], {"POST /orders"}),
        ([], ["/admin"], [], set()),
        ([], [], ["/admin"], set()),
        (["/v1"], ["/v1"], [], {"POST /orders", "POST /v1/orders"}),
        (["/v2"], [], ["/v1"], set()),
        (["/v1"], [], ["/v1", "/admin"], set()),
        ([], [], ["https://uploads.example.com"], {"POST /orders"}),
    ],
)
def test_every_server_has_to_fit(document: list[str], path: list[str], own: list[str], listed: set[str]) -> None:
    def named(urls: list[str]) -> dict[str, Any]:
        return {"servers": [{"url": url} for url in urls]} if urls else {}

    whole = {"openapi": "3.1.0", **named(document), "paths": {"/orders": {**named(path), "post": named(own)}}}
    read = contract(Documents({"openapi.yaml": whole}), "openapi.yaml")
    entries = ("POST /orders", "POST /v1/orders", "POST /admin/orders")
    policies = {entry: Policy(public=(PublicOperation(operation=entry, reason="public"),)) for entry in entries}
    assert {entry for entry in entries if is_listed(read, read.operations[0], policies[entry])} == listed


def test_two_entries_cover_two_servers() -> None:
    read = one({}, servers=[{"url": "/v1"}, {"url": "/v2"}])
    policy = Policy(
        public=tuple(PublicOperation(operation=f"POST /{base}/orders", reason="public") for base in ("v1", "v2"))
    )
    assert is_listed(read, read.operations[0], policy)


def test_the_entry_page_can_be_listed() -> None:
    read = one({}, "/")
    assert is_listed(read, read.operations[0], Policy(public=(PublicOperation(operation="POST /", reason="public"),)))
    assert not is_listed(read, read.operations[0], Policy())
