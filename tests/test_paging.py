"""Which parameter pages, which only filters, and what bounds it: one line for each."""

from __future__ import annotations

from typing import Any

import pytest

from checker.collect.api import contract
from checker.model.contract import Api, Documents
from checker.model.lists import Listing, listings
from checker.model.paging import is_shared, upper_bound

ROWS = {"type": "array", "items": {"type": "object"}}
NUMBER, TEXT = {"type": "integer"}, {"type": "string"}


def listing(*parameters: Any, schema: Any = ROWS, headers: Any = None, components: Any = None) -> Listing:
    """A list with some query parameters, as the checker reads it."""
    answer = {"headers": headers or {}, "content": {"application/json": {"schema": schema}}}
    operation = {"parameters": list(parameters), "responses": {"200": answer}}
    document = {"openapi": "3.1.0", "paths": {"/orders": {"get": operation}}, "components": components or {}}
    (found,) = listings(Api((contract(Documents({"openapi.yaml": document}), "openapi.yaml"),)))
    return found


def kind(name: str, schema: Any = None, description: str = "", location: str = "query") -> str:
    """The part that one parameter plays."""
    one: dict[str, Any] = {"name": name, "in": location, "description": description}
    paging = listing(one if schema is None else {**one, "schema": schema}).paging
    parts = {"cursor": paging.cursors, "offset": paging.offsets, "size": paging.sizes, "unclear": paging.unclear}
    return ", ".join(part for part, found in parts.items() if found)


@pytest.mark.parametrize(
    ("name", "schema", "description", "expected"),
    [
        ("cursor", TEXT, "", "cursor"),
        ("cursor", None, "", "cursor"),
        ("cursor", {"type": "string", "format": "date-time"}, "", "cursor"),
        ("cursor", {"type": "string", "enum": ["arrow"]}, "", ""),
        ("pageToken", TEXT, "", "cursor"),
        ("starting_after", TEXT, "", "cursor"),
        ("after", TEXT, "", "cursor"),
        ("after", NUMBER, "", "cursor"),
        ("after", {"type": "string", "format": "date"}, "", ""),
        ("after", {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}, "", ""),
        ("after", TEXT, "Only orders placed after this date", ""),
        ("after", TEXT, "e.g. 2024-01-31", ""),
        ("after", TEXT, "Cursor made of the last timestamp", "cursor"),
        ("after", TEXT, "For pagination by time", "cursor"),
        ("after", {"type": "boolean"}, "", ""),
        ("after", {"type": "array", "items": TEXT}, "", ""),
        ("filter[after]", TEXT, "", ""),
        ("page[after]", TEXT, "", "cursor"),
        ("page.token", TEXT, "", "cursor"),
        ("pagination.key", TEXT, "", "cursor"),
        ("page[number]", NUMBER, "", "offset"),
        ("page[size]", TEXT, "", "size"),
        ("page[limit]", NUMBER, "", "size"),
        ("page", NUMBER, "", "offset"),
        ("page", None, "", "offset"),
        ("page", TEXT, "", "unclear"),
        ("page", TEXT, "Number of the page", "offset"),
        ("page", TEXT, "Token of the next page", "cursor"),
        ("page", TEXT, "Page of the website", ""),
        ("page", {"type": "string", "pattern": "^[0-9]+$"}, "", "offset"),
        ("page", {"type": "string", "pattern": r"^\d+$"}, "", "offset"),
        ("page", {"type": "string", "pattern": "^[a-z]+$"}, "", "unclear"),
        ("page", {"type": "string", "enum": ["1", "2"]}, "", "offset"),
        ("page", {"type": "string", "enum": ["home", "2"]}, "", ""),
        ("offset", TEXT, "Offset of the first row", "offset"),
        ("$skip", NUMBER, "", "offset"),
        ("from", NUMBER, "", "offset"),
        ("from", TEXT, "", ""),
        ("from", None, "", ""),
        ("from", NUMBER, "Unix timestamp", ""),
        ("limit", NUMBER, "", "size"),
        ("limit", TEXT, "", "size"),
        ("limit", None, "", "size"),
        ("size", TEXT, "", ""),
        ("size", NUMBER, "", "size"),
        ("count", {"type": "boolean"}, "", ""),
        ("limit", {"type": "array", "items": NUMBER}, "", ""),
        ("size", None, "", "size"),
        ("colour", TEXT, "", ""),
        ("colour", NUMBER, "", ""),
    ],
)
def test_a_parameter_plays_one_part(name: str, schema: Any, description: str, expected: str) -> None:
    assert kind(name, schema, description) == expected


@pytest.mark.parametrize(
    ("name", "location", "expected"),
    [("Range", "header", "offset"), ("Range", "query", ""), ("cursor", "header", ""), ("limit", "path", "")],
)
def test_only_the_query_pages_and_the_range_header(name: str, location: str, expected: str) -> None:
    assert kind(name, TEXT, location=location) == expected


def test_a_page_object_holds_parameters() -> None:
    fields = {"cursor": TEXT, "size": NUMBER, "number": NUMBER}
    found = listing({"name": "page", "in": "query", "schema": {"type": "object", "properties": fields}}).paging
    assert [one.name for one in (*found.cursors, *found.offsets, *found.sizes)] == [
        "page[cursor]",
        "page[number]",
        "page[size]",
    ]
    assert kind("filter", {"type": "object", "properties": fields}) == ""


def test_a_moment_pages_only_beside_a_size_and_a_mark_of_more() -> None:
    before = {"name": "before", "in": "query", "schema": {"type": "string", "format": "date-time"}}
    limit = {"name": "limit", "in": "query", "schema": NUMBER}
    more = {"type": "object", "properties": {"items": ROWS, "has_more": {"type": "boolean"}}}
    assert listing(before, limit, schema=more).paging.continues
    assert not listing(before, limit).paging.continues
    assert listing(before, limit).paging.unclear
    assert not listing(before, schema=more).paging.continues
    assert not listing(before).paging.unclear
    assert not listing(limit, schema=more).paging.continues
    assert not listing({"name": "page", "in": "query", "schema": TEXT}, schema=more).paging.continues
    assert not listing(before, limit, schema={"type": "object", "properties": {"items": ROWS}}).paging.continues


def test_a_cursor_or_an_offset_continues_a_list_and_a_size_does_not() -> None:
    def continues(name: str) -> bool:
        return listing({"name": name, "in": "query", "schema": NUMBER}).paging.continues

    assert [continues(name) for name in ("after", "page", "limit")] == [True, True, False]


@pytest.mark.parametrize(
    ("extra", "link", "token"),
    [
        ({}, "", ""),
        ({"next": TEXT}, "next", ""),
        ({"next": NUMBER}, "", "next"),
        ({"links": {"properties": {"next": TEXT}}}, "links.next", ""),
        ({"links": {"properties": {"self": TEXT}}}, "", ""),
        ({"links": {"items": {"properties": {"rel": TEXT, "href": TEXT}}}}, "links", ""),
        ({"links": {"items": {"properties": {"href": TEXT}}}}, "", ""),
        ({"meta": {"properties": {"next_cursor": TEXT}}}, "", "meta.next_cursor"),
        (
            {"paging": {"properties": {"cursors": {"properties": {"next_cursor": TEXT}}}}},
            "",
            "paging.cursors.next_cursor",
        ),
        ({"shop": {"properties": {"next": TEXT, "next_cursor": TEXT}}}, "", ""),
        ({"nextPageToken": TEXT}, "", "nextPageToken"),
    ],
)
def test_the_body_leads_on(extra: Any, link: str, token: str) -> None:
    found = listing(schema={"type": "object", "properties": {"items": ROWS, **extra}}).paging
    assert (found.next_link, found.next_token) == (link, token)
    assert found.continues == bool(link)


def test_a_body_that_holds_itself_ends() -> None:
    page = {"type": "object", "properties": {"items": ROWS, "meta": {"$ref": "#/components/schemas/Page"}}}
    found = listing(schema={"$ref": "#/components/schemas/Page"}, components={"schemas": {"Page": page}})
    assert not found.paging.continues


@pytest.mark.parametrize(
    ("header", "link", "token"),
    [
        ("Link", "the Link header", ""),
        ("X-Next-Page", "", "the x-next-page header"),
        ("opc-next-page", "", "the opc-next-page header"),
        ("X-Continuation-Token", "", "the x-continuation-token header"),
        ("X-Total-Count", "", ""),
    ],
)
def test_the_headers_lead_on(header: str, link: str, token: str) -> None:
    found = listing(headers={header: {"schema": TEXT}}).paging
    assert (found.next_link, found.next_token) == (link, token)


@pytest.mark.parametrize(
    ("schema", "bound"),
    [
        ({"type": "integer"}, None),
        ({"maximum": 100}, 100),
        ({"maximum": 99.5}, 99),
        ({"maximum": "100"}, None),
        ({"maximum": True}, None),
        ({"maximum": float("inf")}, None),
        ({"maximum": 100, "exclusiveMaximum": True}, 99),
        ({"maximum": 100, "exclusiveMaximum": False}, 100),
        ({"exclusiveMaximum": 101}, 100),
        ({"enum": [10, 50]}, 50),
        ({"enum": ["10", "50"]}, 50),
        ({"enum": ["few", "50"]}, None),
        ({"enum": []}, None),
        ({"enum": 5}, None),
        ({"const": 20}, 20),
        ({"anyOf": [{"type": "integer", "maximum": 100}, {"type": "null"}]}, 100),
        ({"oneOf": [{"type": "integer", "maximum": 100}, {"type": "integer"}]}, None),
        ({"oneOf": [{"maximum": 100}, {"maximum": 200}]}, 200),
        ({"allOf": [{"type": "integer"}, {"maximum": 100}]}, 100),
        (None, None),
    ],
)
def test_the_bound_of_a_size(schema: Any, bound: int | None) -> None:
    one = {"name": "limit", "in": "query"}
    found = listing(one if schema is None else {**one, "schema": schema})
    assert upper_bound(found.paging.sizes[0]) == bound
    assert found.largest_page == bound


def test_a_bound_beside_a_reference_counts() -> None:
    schema = {"$ref": "#/components/schemas/Count", "maximum": 50}
    one = {"name": "limit", "in": "query", "schema": schema}
    assert listing(one, components={"schemas": {"Count": NUMBER}}).largest_page == 50


def test_a_component_is_shared_and_an_own_parameter_is_not() -> None:
    components = {"parameters": {"limit": {"name": "limit", "in": "query", "schema": NUMBER}}}
    shared = listing({"$ref": "#/components/parameters/limit"}, components=components)
    own = listing({"name": "limit", "in": "query", "schema": NUMBER})
    assert is_shared(shared.paging.sizes[0], shared.operation)
    assert not is_shared(own.paging.sizes[0], own.operation)
