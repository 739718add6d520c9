"""Outputs that are broken, absurd or absent: a finding or a plain word, never a crash and never silence."""

from __future__ import annotations

import json
import random
import zipfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checker import catalog
from checker.audit import audit
from checker.model.report import Report
from checker.workplace import Request
from tests.fake_secrets import fake
from tests.scratch import FIXTURES

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
RESOLVE = """[resolve]
"error-envelope.schema" = "backend-engineer"
"migration-rollback.mode" = "backend-engineer"
"spec-present.paths" = "backend-developer"
"""
ALL = ("agent-2", "backend-developer", "backend-engineer", "backend-coder", "backend-agent")
ODD: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    1e308,
    "",
    "\x00",
    "x" * 5000,
    [],
    {},
    [[]],
    [None],
    {"a": {"b": [1]}},
    [[{"": ""}]],
)
FIXED = {
    "docs/blueprints/nt-index.json": "[",
    "ops/approvals/P-1.json": '{"id": 1, "key_1": [1, {"name": 2}]}',
    "ops/flags/safe-mode.json": "[1, 2]",
    "ops/locks/agent-2.lock": "{",
    "ops/queue.jsonl": '{"id": {"a": 1}, "deps": 3, "exit_criteria": [[1]], "status": []}\n7\n{',
    "ops/tools-manifest.json": "# tools\n\n- ruff\n",
    ".truth/truth.json": '{"proof_artifacts": {"a": [1, {"gate": []}]}, "gates": 3, "specs": [[[]]], "progress": {}}',
    "docs/agent-sessions/a.jsonl": '{"method": "start_task", "result": 3}\n[]\nnull\n{"method": ["run_checks"], "result": [[]]}\n',
    "docs/agent-sessions/b.json": '[{"tool": "run_checks", "result": "{"}, 3, null, {"tool": 7}]',
}


def judged(repo: Path, *standards: str) -> Report:
    """The report of an audit of outputs that lets no check break in silence."""
    (repo / "checker.toml").write_text(RESOLVE if len(standards) > 1 else "", "utf-8")
    return audit(Request(path=repo, standards=standards, only=("outputs",), as_of=NOW, contain=False)).report


def put(repo: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (repo / path).parent.mkdir(parents=True, exist_ok=True)
        (repo / path).write_text(text, "utf-8")


def spoiled(value: Any, chance: random.Random) -> Any:
    """A value with one place in it replaced by something odd."""
    if isinstance(value, dict) and value and chance.random() < 0.85:
        name = chance.choice(list(value))
        return {**value, name: spoiled(value[name], chance)}
    if isinstance(value, list) and value and chance.random() < 0.85:
        at = chance.randrange(len(value))
        return [*value[:at], spoiled(value[at], chance), *value[at + 1 :]]
    return chance.choice(ODD)


def known_outputs() -> list[tuple[str, Any]]:
    """Every JSON value that the fixtures of this family hold, with the path that it has there."""
    found = {}
    for file in sorted((FIXTURES / "rules").rglob("*.json")):
        parts = file.relative_to(FIXTURES / "rules").parts
        if "repo" in parts and "blueprints" not in parts:
            try:
                value = json.loads(file.read_bytes())
            except (ValueError, RecursionError):
                continue
            if isinstance(value, dict) and not ({"openapi", "swagger"} & set(value)):
                found["/".join(parts[parts.index("repo") + 1 :]) + json.dumps(value)] = (parts[-1], value)
    return list(found.values())


@pytest.mark.parametrize("seed", range(3))
def test_odd_values_anywhere_break_no_check(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    outputs = known_outputs()
    assert len(outputs) > 40
    for number in range(400):
        name, value = chance.choice(outputs)
        for _ in range(chance.randint(1, 3)):
            value = spoiled(value, chance)
        folder = chance.choice(("deliverables", "ops/approvals", ".truth" if name == "truth.json" else "agent-out"))
        put(tmp_path, {f"{folder}/{'' if folder == '.truth' else number}{name}": json.dumps(value)})
    put(tmp_path, {path: text for path, text in FIXED.items() if path != ".truth/truth.json"})
    assert judged(tmp_path, *ALL).status == "blocked"


def test_broken_records_are_findings_on_their_files(tmp_path: Path) -> None:
    put(tmp_path, FIXED)
    report = judged(tmp_path, *ALL)
    named = {one.where.path for one in report.findings}
    told = {"ops/locks/agent-2.lock", "ops/queue.jsonl", "ops/approvals/P-1.json", "docs/blueprints/nt-index.json"}
    assert told <= named
    assert not [one for one in report.results if one.outcome.value in ("error", "unavailable")]


@pytest.mark.parametrize(
    "path", ["docs/agent-sessions/a.jsonl", ".truth/truth.json", "ops/locks/agent-2.lock", "ops/queue.jsonl"]
)
@pytest.mark.parametrize(
    "data", [b"", b"\x00\x01\x02", b"\xff\xfe", b"# Heading\n\nwords\n", b"[" * 5000, b'{"a":' * 5000, b"&a [*a, *a]\n"]
)
def test_junk_at_a_fixed_path_is_survived(path: str, data: bytes, tmp_path: Path) -> None:
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_bytes(data)
    assert judged(tmp_path, *ALL).status == "blocked"


@pytest.mark.parametrize(
    ("standard", "demanded"),
    [
        ("agent-2", {"blueprint-index", "run-report", "tools-manifest"}),
        (
            "backend-developer",
            {"checkpoint-order", "handoff-shape", "progress-updates", "truth-proofs", "verification-sequence"},
        ),
        ("backend-engineer", {"plan-checklist", "required-inputs", "review-findings-valid"}),
        ("backend-coder", {"output-document"}),
        ("backend-agent", {"pr-payload"}),
    ],
)
def test_what_a_standard_demands_and_is_absent_fails(standard: str, demanded: set[str], tmp_path: Path) -> None:
    put(tmp_path, {"README.md": "a backend\n", "src/app.py": "x = 1\n"})
    report = judged(tmp_path, standard)
    assert {one.rule for one in report.findings} == demanded
    assert report.status == "blocked"


def test_a_report_of_fifty_megabytes_is_a_finding(tmp_path: Path) -> None:
    put(tmp_path, {"docs/runs/2026-11-21/AGENT-2/run-1.md": "# Run\n" + "words of a log\n" * 3_500_000})
    report = judged(tmp_path, "agent-2")
    (found,) = [one for one in report.findings if one.rule == "run-report"]
    assert "larger than" in found.title


@pytest.mark.parametrize(
    ("path", "text", "found"),
    [
        ("docs/handoff.json", "[" + " " * 9_000_000 + "]", True),
        ("docs/run-checks.json", "x" * 61_000_000, True),
        ("docs/x.json", '{"pad": "' + "x" * 9_000_000 + '", "handoff": 1, "deliverables": 2, "verification": 3}', True),
        ("docs/x.json", '[{"handoff": 1, "deliverables": 2, "verification": 3},' * 200_000 + "0]", False),
        ("data/cities.json", '[{"name": "Oslo", "lint": 1},' * 400_000 + "0]", False),
    ],
    ids=["named", "named-61-mb", "by-keys", "a-table", "unrelated"],
)
def test_an_output_that_is_too_large_is_a_finding(path: str, text: str, found: bool, tmp_path: Path) -> None:
    put(tmp_path, {path: text, "src/app.py": "x = 1\n"})
    told = [one for one in judged(tmp_path, "common").findings if one.rule == "output-readable"]
    assert [one.where.path for one in told] == ([path] if found else [])
    assert all("larger than" in one.title for one in told)


def test_a_secret_inside_a_pack_is_found(tmp_path: Path) -> None:
    pack = tmp_path / "docs/orchestrator/from-agents/AGENT-2/run-1-attach.zip"
    pack.parent.mkdir(parents=True)
    with zipfile.ZipFile(pack, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("logs/test.log", f"token: {fake('github-pat')}\n")
    report = audit(Request(path=tmp_path, standards=("agent-2",), only=("secret-in-tree",), as_of=NOW)).report
    (found,) = report.findings
    assert found.where.path.startswith("docs/orchestrator/from-agents/AGENT-2/run-1-attach.zip")
    assert "0.16" in found.clauses


def test_every_rule_on_outputs_has_a_messy_and_true_twin() -> None:
    rules = [rule.id for rule in catalog.load().rules.values() if rule.family == "outputs"]
    without = [rule for rule in rules if not list((FIXTURES / "rules" / rule).glob("near-*"))]
    assert without == []
