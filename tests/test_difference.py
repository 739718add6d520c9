"""What breaks a client and what does not, one pair of schemas or operations at a time."""

from __future__ import annotations

from typing import Any

import pytest

from checker.checks.api.breaking_change import breaking_change
from checker.collect.api import contract
from checker.model.contract import Api, BaseApi, Documents, Node
from checker.model.difference.change import Direction, Pair
from checker.model.difference.churn import words_changed
from checker.model.difference.operations import compared
from checker.model.difference.schemas import SchemaComparison

SENT, GIVEN, TEXT = Direction.REQUEST, Direction.RESPONSE, Direction.PARAMETER
INT, STR, NUM = {"type": "integer"}, {"type": "string"}, {"type": "number"}


def whats(base: Any, head: Any, direction: Direction) -> list[str]:
    """The changes from one schema to another as `trail what confidence`."""
    old, new = Documents({"o": {"s": base, "defs": base}}), Documents({"o": {"s": head, "defs": head}})
    pair = Pair(Node(old, "o", ("s",), base), Node(new, "o", ("s",), head), direction)
    comparison = SchemaComparison()
    comparison.explore(pair)
    return [f"{one.trail} {one.what} {one.confidence.value}".strip() for one in comparison.changes(pair)]


def with_property(schema: dict[str, Any], *required: str) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}, "required": list(required)}


@pytest.mark.parametrize(
    ("base", "head", "sent", "given"),
    [
        (INT, NUM, [], ["type changed high"]),
        (NUM, INT, ["type changed high"], []),
        (INT, STR, ["type changed high"], ["type changed high"]),
        (INT, {}, [], ["type changed medium"]),
        ({}, INT, ["type changed medium"], []),
        ({"type": ["integer", "string"]}, INT, ["type changed high"], []),
        ({"anyOf": [INT, STR]}, INT, ["type changed high"], []),
        ({"anyOf": [INT, {"type": "null"}]}, INT, ["no longer takes null high"], []),
        (INT, {"type": "integer", "nullable": True}, [], ["may be null high"]),
        ({"allOf": [INT], "nullable": True}, {"type": ["integer", "null"]}, [], []),
        (STR, {"type": "string", "enum": ["a"]}, ["enum added high"], []),
        ({"type": "boolean"}, {"type": "boolean", "enum": [True, False]}, [], []),
        ({"type": "boolean"}, {"type": "boolean", "enum": [True]}, ["enum values removed high"], []),
        (STR, {"type": "string", "maxLength": 0}, ["maxLength added high"], []),
        (STR, {"type": "string", "maxLength": 9}, ["maxLength added medium"], []),
        (STR, {"type": "string", "not": {"const": "a"}}, ["`not` added medium"], ["`not` added medium"]),
        (STR, {"type": "string", "not": False}, [], []),
        ({"not": {"const": "a"}}, {"allOf": [{"not": {"const": "a"}}]}, [], []),
        (STR, {"type": "string", "not": {}}, ["allows no value high"], ["allows no value high"]),
        (STR, {"allOf": [STR, False]}, ["allows no value high"], ["allows no value high"]),
        (with_property(STR), with_property({**STR, "writeOnly": True}), [], [".a removed high"]),
        (with_property(STR), with_property({**STR, "readOnly": True}), [".a removed medium"], []),
        (with_property({**STR, "readOnly": True}, "a"), with_property(STR, "a"), [".a required high"], []),
        (with_property(STR), with_property({"$ref": "https://x/y"}), *[[".a cannot be read medium"]] * 2),
        (with_property(STR), {"type": "object", "allOf": [{"$ref": "no.yaml"}]}, *[[".a cannot be read medium"]] * 2),
        (
            {"type": "array", "items": STR},
            {"type": "array", "items": {"$ref": "#/no"}},
            *[["[] cannot be read medium"]] * 2,
        ),
        ({"enum": ["a", "b"]}, {"enum": ["a"]}, ["enum values removed high"], []),
        ({"enum": ["a"]}, {"enum": ["b", "a"]}, [], ["enum values added medium"]),
        ({"const": "a"}, {"enum": ["a"]}, [], []),
        ({"enum": ["a"]}, {}, [], ["enum removed medium"]),
        ({"maximum": 5}, {"maximum": 4}, ["maximum tightened high"], []),
        ({"maximum": 5}, {"maximum": 5, "exclusiveMaximum": True}, ["maximum tightened high"], []),
        ({"maximum": 5, "exclusiveMaximum": True}, {"exclusiveMaximum": 5}, [], []),
        ({"minimum": 1}, {"minimum": 0}, [], []),
        ({"minLength": 1}, {"minLength": 2}, ["minLength tightened high"], []),
        ({}, {"maxItems": 3}, ["maxItems added medium"], []),
        ({"pattern": "a"}, {}, [], []),
        ({"format": "int32"}, {"format": "int64"}, [], ["format changed medium"]),
        ({"type": "integer"}, {"type": "integer", "format": "int64"}, [], []),
        (STR, {"type": "string", "format": "uuid"}, ["format changed medium"], []),
        (with_property(STR), with_property(STR, "a"), [".a required high"], []),
        (with_property(STR, "a"), with_property(STR), [], [".a no longer required high"]),
        (with_property(STR), {"type": "object"}, [".a removed medium"], [".a removed high"]),
        (with_property({"readOnly": True}), {"type": "object"}, [], [".a removed high"]),
        (with_property({"writeOnly": True}), {"type": "object"}, [".a removed medium"], []),
        (
            with_property(STR),
            {"type": "object", "additionalProperties": False},
            [".a removed high"],
            [".a removed high"],
        ),
        (
            {"type": "array", "items": INT},
            {"type": "array", "items": STR},
            ["[] type changed high"],
            ["[] type changed high"],
        ),
        (
            {"additionalProperties": STR},
            {"additionalProperties": INT},
            ["[*] type changed high"],
            ["[*] type changed high"],
        ),
        ({"description": "a", **STR}, {"description": "b", "example": "x", **STR}, [], []),
    ],
)
def test_schema(base: Any, head: Any, sent: list[str], given: list[str]) -> None:
    found = [one for one in whats(base, head, SENT) if not one.startswith("other properties refused")]
    assert found == sent
    assert whats(base, head, GIVEN) == given


def test_every_value_of_a_parameter_is_text_on_the_wire() -> None:
    assert whats(INT, STR, TEXT) == []
    assert whats(STR, INT, TEXT) == ["type changed high"]


def test_a_schema_that_contains_itself_is_compared_once() -> None:
    tree = {"type": "object", "properties": {"next": {"$ref": "#/s"}, "id": STR}}
    other = {"type": "object", "properties": {"next": {"$ref": "#/s"}, "id": INT}}
    assert whats(tree, other, GIVEN) == [".id type changed high"]


def test_a_change_behind_an_equal_circle_is_seen_from_every_side() -> None:
    """Both components stay word for word the same; only what the second refers to changed."""
    parts: dict[str, Any] = {
        "A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
        "B": {
            "type": "object",
            "properties": {"a": {"$ref": "#/components/schemas/A"}, "c": {"$ref": "#/components/schemas/C"}},
        },
    }
    paths = {f"/{name}": answering({"$ref": f"#/components/schemas/{name}"}) for name in "ab".upper()}
    base = document(paths, {**parts, "C": STR})
    head = document(paths, {**parts, "C": INT})
    seen = [one.subject for one in breaking_change(*revisions(base, head)) if not one.ok]
    assert seen == ["GET /A 200 body.b.c type changed", "GET /B 200 body.c type changed"]


def test_too_many_alternatives_are_not_told_apart() -> None:
    many = {"oneOf": [{"type": "object", "properties": {f"p{i}": STR}} for i in range(70)]}
    fewer = {"oneOf": [{"type": "object", "properties": {f"p{i}": INT}} for i in range(70)]}
    assert whats(many, fewer, SENT) == ["alternatives changed medium"]


def test_an_alternative_put_in_front_moves_no_other() -> None:
    cat = {"type": "object", "properties": {"meow": STR}}
    dog = {"type": "object", "properties": {"bark": STR}, "title": "Dog"}
    assert whats({"oneOf": [cat]}, {"oneOf": [dog, cat]}, SENT) == []
    assert whats({"oneOf": [cat]}, {"oneOf": [dog, cat]}, GIVEN) == ["alternative Dog added medium"]


def answering(schema: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}, "description": "x"}
    return {"get": {"responses": {"200": body}}}


def document(paths: dict[str, Any], schemas: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"openapi": "3.1.0", "info": {}, "paths": paths, "components": {"schemas": schemas or {}}, **more}


def revisions(base: Any, head: Any) -> tuple[Api, BaseApi]:
    old, new = Documents({"openapi.yaml": base}), Documents({"openapi.yaml": head})
    return Api((contract(new, "openapi.yaml"),)), BaseApi((contract(old, "openapi.yaml"),))


def subjects(base: Any, head: Any) -> list[str]:
    return [one.subject for one in breaking_change(*revisions(base, head)) if not one.ok]


def test_equal_documents_hold() -> None:
    base = document({"/a": answering(STR), "/b": answering(INT)})
    api, old = revisions(base, base)
    assert [(one.subject, one.ok) for one in breaking_change(api, old)] == [("GET /a", True), ("GET /b", True)]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (["2XX"], []),
        (["default", "404"], []),
        (["default", "201"], ["GET /a 200 removed"]),
        (["201"], ["GET /a 200 removed"]),
        (["200", "500"], []),
    ],
)
def test_success_statuses(statuses: list[str], expected: list[str]) -> None:
    answers = answering(STR)["get"]["responses"]["200"]
    head = document({"/a": {"get": {"responses": dict.fromkeys(statuses, answers)}}})
    assert subjects(document({"/a": answering(STR)}), head) == expected


def test_a_default_that_told_errors_before_is_no_success_now() -> None:
    answers = answering(STR)["get"]["responses"]["200"]
    base = document({"/a": {"get": {"responses": {"200": answers, "default": {"description": "Error."}}}}})
    head = document(
        {"/a": {"get": {"responses": {"410": {"description": "Retired."}, "default": {"description": "Error."}}}}}
    )
    assert subjects(base, head) == ["GET /a 200 removed"]


def test_media_types_are_compared_without_their_parameters() -> None:
    base = document({"/a": answering(STR)})
    head = document(
        {"/a": {"get": {"responses": {"200": {"content": {"Application/JSON; charset=utf-8": {"schema": STR}}}}}}}
    )
    assert subjects(base, head) == []
    none = document({"/a": {"get": {"responses": {"200": {"description": "x"}}}}})
    assert subjects(base, none) == ["GET /a 200 body removed"]


def test_what_a_client_sends_behind_a_lost_reference_cannot_be_told() -> None:
    def sending(schema: Any) -> dict[str, Any]:
        body = {"content": {"application/json": {"schema": schema}}}
        query = {"name": "q", "in": "query", "schema": schema}
        return document({"/a": {"post": {"parameters": [query], "requestBody": body, "responses": {}}}})

    lost = {"$ref": "https://schemas.example.com/a.json"}
    found = [one for one in breaking_change(*revisions(sending(STR), sending(lost))) if not one.ok]
    assert [one.subject for one in found] == ["POST /a query q cannot be read", "POST /a body cannot be read"]
    assert {one.confidence for one in found} == {"medium"}
    assert subjects(sending(STR), sending({})) == []


def test_headers_of_an_answer_may_be_missed() -> None:
    base = document({"/a": {"get": {"responses": {"200": {"headers": {"Link": {}}}}}}})
    assert subjects(base, document({"/a": {"get": {"responses": {"200": {}}}}})) == ["GET /a 200 header link removed"]


def test_a_contract_that_names_its_server_for_the_first_time_is_only_noted() -> None:
    paths = {"/a": answering(STR)}
    api, base = revisions(document(paths), document(paths, servers=[{"url": "https://api.example.com/v1"}]))
    (seen,) = [one for one in breaking_change(api, base) if not one.ok]
    assert (seen.confidence, seen.cause) == ("low", "openapi.yaml base path")


def test_one_contract_split_into_two_loses_nothing() -> None:
    whole = Documents({"openapi.yaml": document({"/a": answering(STR), "/b": answering(INT)})})
    parts = Documents({"a.yaml": document({"/a": answering(STR)}), "b.yaml": document({"/b": answering(INT)})})
    head = Api((contract(parts, "a.yaml"), contract(parts, "b.yaml")))
    base = BaseApi((contract(whole, "openapi.yaml"),))
    assert [one.changes for one in compared(base, head)] == [(), ()]


def test_words_are_counted_and_properties_called_like_words_are_none() -> None:
    base = {"description": "a", "tags": ["x"], "x-owner": 1, "properties": {"description": {"type": "string"}}}
    head = {"description": "b", "tags": ["y"], "x-owner": 2, "properties": {"description": {"type": "integer"}}}
    assert words_changed(base, head) == 3
