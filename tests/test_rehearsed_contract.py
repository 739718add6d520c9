"""Several contracts of one app become one document that it is held to."""

from __future__ import annotations

from typing import Any

import pytest

from checker.collect.api import contract
from checker.collect.rehearsed_contract import document_of, left_out
from checker.model.contract import Api, Documents
from checker.model.rehearsal import Rehearsal
from checker.model.stage_view import StageView, held

OK = {"responses": {"200": {"description": "Well."}}}
FIRST: dict[str, Any] = {
    "openapi": "3.1.0",
    "info": {"title": "A", "version": "1"},
    "servers": [{"url": "/v1"}],
    "security": [{"token": []}],
    "paths": {"/a": {"get": {**OK, "operationId": "first"}}},
    "components": {
        "schemas": {"Row": {"type": "object"}},
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    },
}
SECOND: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "B", "version": "1"},
    "servers": [{"url": "/v1"}],
    "paths": {
        "/a": {"get": {**OK, "operationId": "second"}, "post": OK},
        "/b/{id}": {
            "parameters": [{"$ref": "#/components/parameters/Id"}],
            "put": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Row"}}}},
                **OK,
            },
        },
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}},
        "schemas": {"Row": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Row"}}}},
        "securitySchemes": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    },
}


def api(**documents: dict[str, Any]) -> Api:
    known = Documents({f"{name}.yaml": value for name, value in documents.items()})
    return Api(tuple(found for path in known.values if (found := contract(known, path)) is not None))


def test_the_first_stays_and_the_others_add_what_it_lacks() -> None:
    whole = document_of(held(api(one=FIRST, two=SECOND)))
    assert whole["paths"]["/a"]["get"]["operationId"] == "first"
    assert set(whole["paths"]["/a"]) == {"get", "post"}
    assert whole["paths"]["/a"]["post"]["security"] == [], (
        "no security of its own document is none, whatever the first asks"
    )
    put = whole["paths"]["/b/{id}"]["put"]
    assert put["parameters"] == [SECOND["components"]["parameters"]["Id"]]
    assert put["requestBody"]["content"]["application/json"]["schema"]["properties"] == {"next": {}}
    assert whole["components"]["schemas"] == FIRST["components"]["schemas"]
    assert set(whole["components"]["securitySchemes"]) == {"token", "key"}
    assert set(FIRST["paths"]) == {"/a"}, "what is on disk is not touched"


def test_one_alone_is_itself() -> None:
    assert document_of(held(api(one=FIRST))) == FIRST


def test_findings_of_each_are_shown_in_each() -> None:
    known = api(one=FIRST, two=SECOND)
    view = StageView.of(Rehearsal(), known)
    assert set(view.operations) == {"GET /a", "POST /a", "PUT /b/{id}"}
    assert view.places("GET /a")[0].path == "one.yaml"
    assert view.places("PUT /b/{id}")[0].path == "two.yaml"


@pytest.mark.parametrize("change", [{"servers": [{"url": "/v2"}]}, {"openapi": "2.0", "swagger": "2.0"}])
def test_what_stands_elsewhere_is_left_out_and_said_to(change: dict[str, Any]) -> None:
    other = {**SECOND, **change}
    if "swagger" in change:
        other = {"swagger": "2.0", "info": SECOND["info"], "basePath": "/v1", "paths": {"/a": {"get": OK}}}
    known = api(one=FIRST, two=other)
    assert [one.path for one in held(known)] == ["one.yaml"]
    assert list(left_out(known, held(known))) == [
        "two.yaml was not held to the app: it has another base path or version of OpenAPI than one.yaml"
    ]
