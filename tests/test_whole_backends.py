"""The two whole backends, started and asked: nothing is found in the clean one, everything planted in its twin."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from checker.audit import audit
from checker.model.report import Report
from checker.workplace import Request
from tests.scratch import whole

USERS = """
[[app.users]]
name = "adam"
tenant = "acme"
login = "POST /v1/sessions"
body = { tenant = "acme", email = "adam@acme.example", password = "for-tests-only" }
token = "data.access_token"

[[app.users]]
name = "gina"
tenant = "globex"
login = "POST /v1/sessions"
body = { tenant = "globex", email = "gina@globex.example", password = "for-tests-only" }
token = "data.access_token"
"""
PLANTED = {
    ("server-error", "POST /v1/orders/{order_id}/items"),
    ("server-error", "POST /v1/orders"),
    ("internal-leak", "a Python traceback in answers"),
    ("undocumented-status", "DELETE /v1/orders/{order_id} 409"),
    ("response-schema", "GET /v1/orders/{order_id}/items #/components/schemas/Item"),
    ("undocumented-route", "GET /v1/debug/config"),
    ("unimplemented-operation", "GET /v1/orders/{order_id}/history"),
    ("pagination-walk", "GET /v1/orders"),
    ("idempotency-replay", "POST /v1/orders"),
    ("tenant-isolation", "GET /v1/orders/{order_id}"),
}


def run(name: str, target: Path) -> Report:
    folder = whole(name, target)
    settings = folder / "checker.toml"
    if "[[app.users]]" not in settings.read_text("utf-8"):
        settings.write_text(settings.read_text("utf-8") + USERS, "utf-8")
    request = Request(
        folder, only=("runtime",), profile="agent", as_of=datetime(2026, 11, 21, tzinfo=UTC), contain=False
    )
    return audit(request).report


def test_nothing_is_found_in_the_clean_backend(tmp_path: Path) -> None:
    report = run("clean", tmp_path / "clean")
    assert [(one.rule, one.title, one.evidence) for one in report.findings] == []
    assert [(one.rule, one.reason) for one in report.results if one.outcome.value in ("unavailable", "error")] == []
    examined = {one.rule for one in report.results if one.outcome.value == "passed"}
    assert {rule for rule, _ in PLANTED} <= examined


def test_everything_planted_is_found_in_its_twin(tmp_path: Path) -> None:
    report = run("broken", tmp_path / "broken")
    found = {(one.rule, one.subject) for one in report.findings}
    assert found >= PLANTED
    assert [one for one in found if one[0] == "credentials-required" and one[1].endswith("/metrics")]
    crash = next(
        one for one in report.findings if one.rule == "server-error" and one.where.path.startswith("src/services")
    )
    assert "ZeroDivisionError" in crash.evidence
    assert "curl -i -X POST" in crash.evidence


@pytest.fixture(autouse=True)
def _needs_the_backends_packages() -> None:
    pytest.importorskip("fastapi")
    pytest.importorskip("argon2")
