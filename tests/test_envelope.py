"""Envelopes: the shipped files judge bodies rightly, and the static matcher agrees with them about schemas."""

from __future__ import annotations

import copy
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import jsonschema_rs
import pytest
from pydantic import ValidationError

from checker.audit import audit
from checker.checks.api.error_envelope import Params
from checker.collect.envelopes import envelopes
from checker.model.contract import Documents, Node
from checker.model.envelope import EnvelopeName, Gap, contradictions, gaps, is_possible, outline
from checker.model.report import Report
from checker.workplace import Request
from tests.scratch import FIXTURES

SHIPPED = envelopes()
UUID = "0b0f1c1e-2f7a-4c55-9a4e-1d2f3a4b5c6d"
ERROR = {"code": "NOT_FOUND", "message": "No such order.", "correlation_id": UUID, "details": {}}
BOTH = {"success": False, "data": None, "meta": {}, "error": ERROR}
READ = {"$schema", "$ref", "$defs", "title", "description", "type", "required", "properties", "items", "anyOf"} | {
    *("const", "pattern", "format", "minLength", "minItems")
}


def valid(name: str, body: object) -> bool:
    return jsonschema_rs.validator_for(dict(SHIPPED.schemas[name]), validate_formats=True).is_valid(body)


def node(schema: object) -> Node:
    return Node(Documents({"openapi.yaml": schema}), "openapi.yaml", (), schema)


def said(asked: Any, schema: object) -> list[tuple[str, bool]]:
    return [(str(gap), gap.certain) for gap in gaps(asked, node(schema))]


def test_the_names_are_the_files() -> None:
    assert set(get_args(EnvelopeName)) == set(SHIPPED.schemas)


@pytest.mark.parametrize("name", sorted(SHIPPED.schemas))
def test_each_file_is_a_schema_in_the_words_that_the_matcher_reads(name: str) -> None:
    jsonschema_rs.meta.validate(dict(SHIPPED.schemas[name]))
    assert set(words(SHIPPED.schemas[name])) <= READ


def words(schema: Any) -> Iterator[str]:
    yield from schema
    for inner in (*schema.get("properties", {}).values(), *schema.get("$defs", {}).values(), *schema.get("anyOf", ())):
        yield from words(inner)
    if "items" in schema:
        yield from words(schema["items"])


def test_an_unknown_envelope_is_refused_with_the_names_of_the_known() -> None:
    with pytest.raises(ValidationError, match="'backend-coder', 'backend-engineer' or 'common'"):
        Params.model_validate({"schema": "policy/own.schema.json"})


def test_one_body_satisfies_every_envelope() -> None:
    assert [name for name in sorted(SHIPPED.schemas) if valid(name, BOTH)] == sorted(SHIPPED.schemas)


@pytest.mark.parametrize(
    "error",
    [
        {**ERROR, "code": "not_found"},
        {**ERROR, "code": ""},
        {**ERROR, "message": ""},
        {**ERROR, "correlation_id": "req-17"},
        {**ERROR, "details": []},
        {**ERROR, "details": None},
        {name: value for name, value in ERROR.items() if name != "correlation_id"},
        "not found",
    ],
)
def test_backend_engineer_refuses(error: object) -> None:
    assert not valid("backend-engineer", {"error": error})


@pytest.mark.parametrize(
    "body", [{**BOTH, "success": True}, {**BOTH, "error": None}, {**BOTH, "meta": []}, {"error": ERROR}]
)
def test_backend_coder_refuses(body: object) -> None:
    assert not valid("backend-coder", body)


@pytest.mark.parametrize(
    ("body", "right"),
    [
        ({"error": {"code": 404, "message": "No such order."}}, True),
        ({"code": "not_found", "message": "No such order."}, True),
        ({"errors": [{"code": "not_found", "title": "No such order."}]}, True),
        ({"type": "about:blank", "title": "Not Found", "status": 404}, True),
        ({"error": "invalid_grant", "error_description": "The code is used up."}, True),
        ({"id": "not_found", "message": "No such order."}, True),
        ({"id": UUID, "message": "No such order."}, False),
        ({"errors": []}, False),
        ({"message": "No such order."}, False),
        ({"error": "No such order."}, False),
        ({"detail": [{"loc": ["body"], "msg": "field required", "type": "missing"}]}, False),
    ],
)
def test_common_asks_for_a_code_and_a_message(body: object, right: bool) -> None:
    assert valid("common", body) is right


@pytest.mark.parametrize(
    ("name", "position"), [(name, at) for name in sorted(SHIPPED.schemas) for at in range(len(SHIPPED.variants(name)))]
)
def test_a_schema_is_judged_by_what_it_leaves_out(name: str, position: int) -> None:
    """Each variant, taken as the documented schema, fits itself, and no longer once a key is gone or optional."""
    asked = SHIPPED.variants(name)[position]
    assert gaps(asked, node(asked)) == ()
    for path in leaves(asked):
        assert not is_possible(gaps(asked, node(without(asked, path, "properties")))), path
        optional = gaps(asked, node(without(asked, path, "required")))
        assert optional == (Gap(".".join(path).replace(".[]", "[]"), "is not required", certain=False),), path


def leaves(asked: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name in asked.get("required", ()):
        inner = asked.get("properties", {}).get(name, {})
        yield (*path, name)
        yield from leaves(inner, (*path, name))
    if "items" in asked:
        yield from leaves(asked["items"], (*path, "[]"))


def without(asked: Any, path: tuple[str, ...], word: str) -> Any:
    changed = copy.deepcopy(asked)
    holder = changed
    for name in path[:-1]:
        holder = holder["items"] if name == "[]" else holder["properties"][name]
    if word == "required":
        holder["required"].remove(path[-1])
        holder.setdefault("properties", {}).setdefault(path[-1], {})
    else:
        holder.get("properties", {}).pop(path[-1], None)
    return changed


def test_what_is_asked_is_read_off_every_alternative() -> None:
    (asked,) = SHIPPED.variants("backend-engineer")
    right = {"type": "object", "required": ["error"], "properties": {"error": {"type": "object"}}}
    assert said(asked, {"oneOf": [asked, right]}) == [
        (f"`error.{name}` is missing", True) for name in ("code", "message", "correlation_id", "details")
    ]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ({"type": ["string", "null"]}, ("may be null", False)),
        ({"type": "string", "nullable": True}, ("may be null", False)),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, ("may be null", False)),
        ({"type": "null"}, ("is always null", True)),
        ({"type": "integer"}, ("is integer, not string", True)),
        ({"type": ["integer", "string"]}, ("may be integer", False)),
        ({"oneOf": [{"type": "integer"}, {"type": "string"}]}, ("may be integer, not string", False)),
        ({"description": "Some text."}, ("has no type, where string is asked", False)),
        ({"enum": ["NOT_FOUND", "taken"]}, ("may be 'taken', which the envelope refuses", True)),
        ({"const": "taken"}, ("may be 'taken', which the envelope refuses", True)),
        (
            {"type": "string", "example": "taken"},
            ("has the example 'taken', which the envelope's pattern refuses", True),
        ),
        ({"type": "string", "pattern": "^[a-z]+$"}, None),  # two patterns cannot be compared: left to the running app
        ({"enum": ["NOT_FOUND", "TAKEN"]}, None),
        ({"type": "string", "examples": ["NOT_FOUND"]}, None),
    ],
)
def test_one_property(written: object, expected: tuple[str, bool] | None) -> None:
    asked = {"type": "object", "required": ["code"], "properties": {"code": {"type": "string", "pattern": "^[A-Z_]+$"}}}
    found = said(asked, {**asked, "properties": {"code": written}})
    assert found == ([(f"`code` {expected[0]}", expected[1])] if expected else [])


def test_a_whole_example_is_searched_for_values_that_the_envelope_refuses() -> None:
    (asked,) = SHIPPED.variants("backend-engineer")
    example = {"error": {**ERROR, "code": "not_found", "correlation_id": "req-17"}}
    assert [gap.path for gap in contradictions(asked, example)] == ["error.code", "error.correlation_id"]
    assert list(contradictions(asked, {"error": ERROR})) == []


def test_an_envelope_can_be_sketched() -> None:
    assert [outline(one) for one in SHIPPED.variants("backend-engineer")] == [
        "{error: {code, message, correlation_id, details}}"
    ]
    shown = [outline(one) for one in SHIPPED.variants("common")]
    assert {"{error: {code, message}}", "{errors: [{code, message}]}", "{type, title}"} <= set(shown)
    assert len(shown) == len(set(shown))


@pytest.mark.parametrize("standard", ["backend-engineer", "backend-coder", "common"])
def test_the_framework_default_is_one_finding_of_two_rules(standard: str, tmp_path: Path) -> None:
    report = judged(FIXTURES / "rules/default-validation-error/fail-fastapi/repo", standard, tmp_path / "repo")
    assert [(one.rule, one.subject) for one in report.findings] == [
        ("default-validation-error", "#/components/schemas/HTTPValidationError")
    ]
    reasons = {result.rule: result.reason for result in report.results}
    assert reasons["error-envelope"] == "1 shown under default-validation-error"


def judged(repo: Path, standard: str, target: Path) -> Report:
    shutil.copytree(repo, target)
    request = Request(
        path=target,
        standards=(standard,),
        only=("default-validation-error", "error-envelope"),
        as_of=datetime(2026, 11, 21, tzinfo=UTC),
        contain=False,
    )
    return audit(request).report
