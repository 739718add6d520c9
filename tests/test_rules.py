"""Each folder `fixtures/rules/<rule>/<outcome>-<what>/` is a test; a rule without a pass and a fail is none."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checker import catalog
from checker.audit import audit
from checker.checks import CHECKS
from checker.model.rehearsal import Rehearsal
from checker.model.report import Report
from checker.workplace import Request
from tests.scratch import FIXTURES, build
from tests.shared_server import shared

RULES = FIXTURES / "rules"
CASES = sorted(found.parent for found in RULES.glob("*/*/expect.toml"))
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OUTCOMES = {
    "pass": "passed",
    "fail": "failed",
    "near": "passed",
    "na": "not_applicable",
    "unavailable": "unavailable",
    "waived": "waived",
}


@pytest.fixture(scope="module", autouse=True)
def _migrations_begin_at_once() -> Iterator[None]:
    """A hundred fixtures and more run migrations: a server and an interpreter of its own for each would be most of their time."""
    with shared():
        yield


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_fixture(case: Path, tmp_path: Path) -> None:
    expect = expectation(case)
    holds(case, expect, run(case, expect, tmp_path / "repo"))


def expectation(case: Path) -> dict[str, Any]:
    """What a case's `expect.toml` says."""
    return tomllib.loads((case / "expect.toml").read_text("utf-8"))


def holds(case: Path, expect: dict[str, Any], report: Report) -> None:
    """Assert that a report says of a case's rule what is expected, finding by finding."""
    (result,) = [one for one in report.results if one.rule == case.parent.name]
    outcome = expect.get("outcome", OUTCOMES[case.name.partition("-")[0]])
    assert outcome == OUTCOMES[case.name.partition("-")[0]] or case.name.startswith("near-")
    assert result.outcome.value == outcome, result
    assert result.examined == expect.get("examined", result.examined)
    wanted = expect.get("finding", [])
    assert (outcome == "failed") == bool(wanted), "a failed case names its findings"
    found = [one for one in report.findings if one.rule == case.parent.name]
    shown = [{key: value_of(one, key) for key in want} for one, want in zip(found, wanted, strict=False)]
    assert shown == wanted
    assert len(found) == len(wanted), [one.title for one in found]


def run(case: Path, expect: dict[str, Any], target: Path) -> Report:
    """Audit a case by its own rule; `ask` names others that are to be asked with it, as what a waiver hides must be."""
    base = build(case, target)
    rule = case.parent.name
    params = expect.get("params", {})
    assert not (params and base), "the base's policy rules: write the parameters into the base step's checker.toml"
    if params and not (target / "checker.toml").exists():
        lines = "\n".join(f"{key} = {toml(value)}" for key, value in params.items())
        (target / "checker.toml").write_text(f"[params.{rule}]\n{lines}\n", "utf-8")
    request = Request(
        path=target,
        standards=tuple(expect.get("standards", default_standards(rule))),
        only=(rule, *expect.get("ask", [])),
        profile=expect.get("profile", "static"),
        base=base,
        as_of=NOW,
        contain=False,
        imports=tuple(case.glob("*.sarif")),
        given=golden(case),
    )
    return audit(request).report


def golden(case: Path) -> dict[type, Any]:
    """The rehearsal that a case of the runtime family brings along, in place of one that would have to be run."""
    file = case / "rehearsal.json"
    return {Rehearsal: Rehearsal.model_validate_json(file.read_bytes())} if file.is_file() else {}


def toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(toml(one) for one in value) + "]"
    return str(value) if isinstance(value, int) else f"'{value}'"


def default_standards(rule: str) -> list[str]:
    """The first standard that asks for the rule."""
    known = catalog.load()
    asking = [
        name
        for name, one in sorted(known.standards.items())
        if any(use.use == rule for c in one.clauses for use in c.rules)
    ]
    return (asking or ["common"])[:1]


def value_of(finding: Any, key: str) -> Any:
    """A finding's field as `expect.toml` writes it: `path`, `lines`, `clauses`, `severity`, `subject`, `also`, …"""
    if key in ("path", "lines"):
        return getattr(finding.where, key)
    if key == "also":
        return [f"{one.path}:{one.lines}" for one in finding.also]
    value = getattr(finding, key)
    return list(value) if isinstance(value, tuple) else str(value)


@pytest.mark.parametrize("rule", sorted(catalog.load().rules))
def test_rule_is_whole(rule: str) -> None:
    assert rule in CHECKS, f"{rule} has no check"
    kinds = {case.name.partition("-")[0] for case in CASES if case.parent.name == rule}
    assert {"pass", "fail"} <= kinds, f"{rule} needs fixtures/rules/{rule}/pass-… and fail-…"


def test_every_case_is_of_a_rule() -> None:
    assert {case.parent.name for case in CASES} <= set(catalog.load().rules)


def test_every_check_has_a_rule_and_stands_in_order() -> None:
    assert list(CHECKS) == sorted(CHECKS)
    assert set(CHECKS) == set(catalog.load().rules)


def test_every_failing_case_names_path_lines_and_clauses() -> None:
    for case in CASES:
        expect = tomllib.loads((case / "expect.toml").read_text("utf-8"))
        for finding in expect.get("finding", []):
            assert {"path", "clauses", "subject", "severity"} <= set(finding), case
            assert "lines" in finding or expect.get("no_lines"), f"{case}: lines, or no_lines = true with the reason"
