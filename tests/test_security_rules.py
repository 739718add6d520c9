"""Two rules look at the same open operation: what one of them shows, the other must not show again."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from checker.audit import audit
from checker.model.report import Report
from checker.workplace import Request

CONTRACT = """
openapi: 3.1.0
info: {title: Orders, version: "1"}
security: [{bearer: []}]
paths:
  /v1/orders:
    post: {security: [], responses: {"201": {description: Created}}}
    get: {security: [], responses: {"200": {description: Orders}}}
  /v1/login:
    post: {security: [], responses: {"200": {description: A token}}}
"""
SCHEMES = "components: {securitySchemes: {bearer: {type: http, scheme: bearer}}}\n"


def looked_at(root: Path, contract: str) -> Report:
    (root / "openapi.yaml").write_text(contract, "utf-8")
    request = Request(
        path=root,
        standards=("backend-engineer",),
        only=("deny-by-default", "operation-security"),
        as_of=datetime(2026, 11, 21, tzinfo=UTC),
        contain=False,
    )
    return audit(request).report


def test_an_open_mutation_is_one_finding(tmp_path: Path) -> None:
    found = looked_at(tmp_path, CONTRACT + SCHEMES).findings
    assert [(one.rule, one.subject, one.severity) for one in found] == [
        ("operation-security", "POST /v1/orders", "critical"),
        ("deny-by-default", "GET /v1/orders", "major"),
        ("operation-security", "POST /v1/login", "minor"),
    ]


def test_an_undefined_scheme_is_one_finding(tmp_path: Path) -> None:
    found = looked_at(tmp_path, CONTRACT.replace("security: [], ", "")).findings
    assert [(one.rule, one.subject) for one in found] == [("operation-security", "security scheme bearer")]


def test_a_later_operation_does_not_hide_behind_a_known_one(tmp_path: Path) -> None:
    known = {one.fingerprint for one in looked_at(tmp_path, CONTRACT + SCHEMES).findings}
    added = "    delete: {security: [], responses: {204: {description: Gone}}}\n"
    later = looked_at(tmp_path, CONTRACT + added + SCHEMES).findings
    assert [one.subject for one in later if one.fingerprint not in known] == ["DELETE /v1/login"]
