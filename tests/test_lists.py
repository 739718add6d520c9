"""What counts as a list, and how sure the checker is of it: one line for each shape of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from checker.collect.api import contract
from checker.model.contract import Api, Documents
from checker.model.lists import Listing, listings

ROW = {"type": "object", "properties": {"id": {}, "name": {"type": "string"}}}
ROWS = {"type": "array", "items": ROW}
WORDS = {"type": "array", "items": {"type": "string"}}
TEXT = {"type": "string"}


def found_in(path: str, schema: Any, **operation: Any) -> Listing | None:
    """The list that a GET with this JSON answer returns, if it is one."""
    responses = {"200": {"content": {"application/json": {"schema": schema}}}}
    document = {"openapi": "3.1.0", "paths": {path: {"get": {"responses": responses, **operation}}}}
    return next(listings(Api((contract(Documents({"openapi.yaml": document}), "openapi.yaml"),))), None)


def listed(path: str, schema: Any, **operation: Any) -> str | None:
    """How sure it is that a GET with this JSON answer is a list; None where it is none."""
    found = found_in(path, schema, **operation)
    return found.confidence.value if found else None


def body(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def item(**properties: Any) -> dict[str, Any]:
    return {"type": "array", "items": body(**properties)}


ARRAYS: list[tuple[str, Any, str | None]] = [
    ("/orders", ROWS, "high"),
    ("/orders", {"items": ROW}, "high"),
    ("/orders", {"type": "array"}, "high"),
    ("/orders", {"type": "array", "items": {}}, "high"),
    ("/orders", {"type": "array", "items": {"properties": {"a": TEXT}}}, "high"),
    ("/orders", {"type": ["array", "null"], "items": ROW}, "high"),
    ("/orders/{id}", ROWS, "medium"),
    ("/orders", {"type": ["array", "object"], "items": ROW}, "low"),
    ("/orders", {"oneOf": [ROWS, ROW]}, "low"),
    ("/orders", {"oneOf": [ROWS, {**ROWS, "maxItems": 5}]}, "high"),
    ("/orders", {**ROWS, "maxItems": 50}, None),
    ("/orders", {**ROWS, "maxItems": 51}, "high"),
    ("/orders", {**ROWS, "maxItems": "5"}, "high"),
    ("/colours", {"type": "array", "items": {"enum": ["red", "blue"]}}, None),
    ("/colours", {"type": "array", "items": {"const": "red"}}, None),
    ("/words", WORDS, "medium"),
    ("/visits", item(day=TEXT, visits=TEXT), "medium"),
    ("/visits", item(day=TEXT, visitor_id=TEXT), "high"),
    ("/visits", item(day=TEXT, page_url=TEXT), "high"),
    ("/visits", item(day=TEXT, slug=TEXT), "high"),
    ("/visits", {"type": "array", "items": {"properties": {"day": TEXT, "visits": TEXT}}}, "medium"),
    ("/visits", item(visits=TEXT), "high"),
]


@pytest.mark.parametrize(("path", "schema", "confidence"), ARRAYS)
def test_an_array_is_a_list(path: str, schema: Any, confidence: str | None) -> None:
    assert listed(path, schema) == confidence


OBJECTS: list[tuple[str, Any, str | None]] = [
    ("/orders", body(items=ROWS), "high"),
    ("/orders", body(items=WORDS), "medium"),
    ("/orders", body(items={**ROWS, "maxItems": 9}), None),
    ("/orders", body(data=ROWS, meta=TEXT, success=TEXT), "high"),
    ("/orders", body(data=body(orders=ROWS), success=TEXT), "high"),
    ("/orders", body(data=body(page=TEXT, number=TEXT)), None),
    ("/orders", body(data={"type": ["object", "array"], "properties": {"orders": ROWS}, "items": ROW}), "high"),
    ("/orders", body(id=TEXT, data=body(orders=ROWS)), None),
    ("/orders", body(orders=ROWS, whatever=TEXT), "high"),
    ("/by/{orders}/of-day", body(orders=ROWS, whatever=TEXT), None),
    ("/orders/latest", body(orders=ROWS, whatever=TEXT), "high"),
    ("/accounts/{id}/Messages.json", body(messages=ROWS, start=TEXT), "high"),
    ("/orders", body(orders=ROWS, users=ROWS), "high"),
    ("/orders", body(a=ROWS, b=ROWS), None),
    ("/orders", body(rows=ROWS, errors=ROWS), "high"),
    ("/orders", body(one=ROWS, warnings=ROWS, total=TEXT), "medium"),
    ("/inbox", body(messages=ROWS, total=TEXT), "medium"),
    ("/orders", body(one=ROWS), "high"),
    ("/orders/", body(one=ROWS), "high"),
    ("/orders", body(one=WORDS, total=TEXT), None),
    ("/order-firewall", body(one=ROWS), "medium"),
    ("/{tenant}", body(one=ROWS), None),
    ("/", body(one=ROWS), "medium"),
    ("/firewall", body(one=ROWS, state=TEXT), None),
    ("/firewall", body(one=ROWS, next_cursor=TEXT), "high"),
    ("/firewall", body(one=ROWS, total=TEXT), "medium"),
    ("/customer-seats", body(seats=ROWS, booked=TEXT), "low"),
    ("/customer-to", body(to=ROWS, booked=TEXT), None),
    ("/", body(to_seats=ROWS, booked=TEXT), None),
    ("/cart", body(id=TEXT, items=ROWS, total=TEXT), None),
    ("/cart", body(id=TEXT, items=ROWS, next=TEXT), "low"),
    ("/orders/{id}", body(items=ROWS, total=TEXT), None),
    ("/orders/{id}", body(items=ROWS, next_cursor=TEXT), "medium"),
    ("/orders/{id}", body(id=TEXT, items=ROWS, next_cursor=TEXT), None),
    ("/orders", body(items=ROWS, **{f"p{n}": TEXT for n in range(7)}), None),
    ("/orders", body(items=ROWS, has_more=TEXT, **{f"p{n}": TEXT for n in range(7)}), "high"),
    ("/orders", body(), None),
    ("/orders", TEXT, None),
    ("/orders", {}, None),
    ("/orders", True, None),
]


@pytest.mark.parametrize(("path", "schema", "confidence"), OBJECTS)
def test_an_object_around_an_array_may_be_a_list(path: str, schema: Any, confidence: str | None) -> None:
    assert listed(path, schema) == confidence


@pytest.mark.parametrize(
    ("name", "required", "location", "is_list"),
    [
        ("ids", True, "query", False),
        ("order_ids", True, "query", False),
        ("orderIds", True, "query", False),
        ("ids[]", True, "query", False),
        ("ids", False, "query", True),
        ("ids", True, "header", True),
        ("bids", True, "query", True),
        ("tenant", True, "query", True),
    ],
)
def test_who_names_the_items_bounds_them(name: str, required: bool, location: str, is_list: bool) -> None:
    parameters = [{"name": name, "in": location, "required": required, "schema": TEXT}]
    assert (listed("/orders", ROWS, parameters=parameters) is not None) == is_list


def test_the_answer_is_the_first_success_with_json() -> None:
    def answers(**responses: Any) -> str | None:
        return listed("/orders", None, responses={key.strip("_"): value for key, value in responses.items()})

    def json(schema: Any) -> Any:
        return {"content": {"application/json": {"schema": schema}}}

    assert answers(_200={"content": {"text/csv": {"schema": ROWS}}}) is None
    assert answers(_200={"description": "empty"}) is None
    assert answers(_202={"description": "later"}, _206=json(ROWS)) == "high"
    assert answers(default=json(ROWS)) == "high"
    assert answers(_204={"description": "nothing"}, default=json(ROWS)) is None
    assert answers(_400=json(ROWS)) is None


def test_the_list_is_not_what_stands_beside_it() -> None:
    found = found_in("/orders", body(warnings=ROWS, one=ROWS, total=TEXT))
    assert found
    assert found.seen == "'one' of the body is an array"


def test_only_get_lists() -> None:
    document = {"openapi": "3.1.0", "paths": {"/orders": {}}}
    answer = {"responses": {"200": {"content": {"application/json": {"schema": ROWS}}}}}
    document["paths"] = {"/orders": {"post": answer, "put": answer}}
    assert not list(listings(Api((contract(Documents({"openapi.yaml": document}), "openapi.yaml"),))))
