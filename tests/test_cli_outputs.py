"""`checker outputs`: each kind told, judged by the standard that defines it, and ambiguity refused."""

from __future__ import annotations

import json
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from checker.model.outputs.artefact import Kind
from tests.child import inside
from tests.fake_secrets import fake
from tests.scratch import FIXTURES, build

RULES = FIXTURES / "rules"
KINDS = [
    ("handoff-shape/pass-example", "docs/handoff.json", "handoff", "backend-developer"),
    ("self-healing-log/near-escalated", "docs/escalation.md", "escalation", "backend-developer"),
    ("checkpoint-order/pass-all", "docs/checkpoints.md", "checkpoint", "backend-developer"),
    ("review-findings-valid/pass-example", "docs/findings.json", "review-findings", "backend-engineer"),
    ("output-document/pass-markdown", "docs/output.md", "output-document", "backend-coder"),
    ("output-document/near-audit-json", "docs/output.json", "output-document", "backend-coder"),
    ("pr-payload/near-wrapped", "docs/confirm.json", "pr-payload", "backend-agent"),
    ("run-checks-mocked/pass-run", "docs/checks.json", "run-checks", "backend-agent"),
    ("start-task/pass-questions", "docs/start.json", "start-task", "backend-agent"),
    (
        "test-runs-shown/near-table-and-other-names",
        "docs/runs/2026-11-21/AGENT-2/run-20261121T110000Z.md",
        "run-report",
        "agent-2",
    ),
    ("two-key/pass-two-people", "ops/approvals/P-7.json", "approval", "agent-2"),
    ("approval-words/pass-on-record", "ops/approvals/g5.json", "approval", "backend-developer"),
    ("queue-record/near-aliases", "ops/queue.jsonl", "queue", "agent-2"),
    ("tools-manifest/pass-named", "ops/tools-manifest.json", "tools-manifest", "agent-2"),
]


@pytest.mark.parametrize(("case", "path", "kind", "standard"), KINDS, ids=[one[2] + " " + one[0] for one in KINDS])
def test_a_good_output_of_each_kind_is_valid(case: str, path: str, kind: str, standard: str, tmp_path: Path) -> None:
    build(RULES / case, tmp_path / "repo")
    done = inside("outputs", str(tmp_path / "repo" / path), "--format", "json", "--as-of", "2026-11-21T12:00:00Z")
    assert f"judged as {kind} by {standard}" in done.json["notes"][0]
    assert done.json["findings"] == []
    assert (done.code, done.err) == (0, "")


def test_a_lock_and_a_pack(tmp_path: Path) -> None:
    build(RULES / "pack-safe/pass-plain", tmp_path / "repo")
    build(RULES / "lock-record/near-messy-key-value", tmp_path / "other")
    pack = next((tmp_path / "repo").rglob("*.zip"))
    lock = next((tmp_path / "other").rglob("*.lock"))
    done = inside("outputs", str(pack), str(lock), "--format", "json", "--as-of", "2026-11-21T12:00:00Z")
    assert (done.code, done.json["findings"]) == (0, [])
    assert done.json["results"] != []


def test_a_secret_in_a_single_pack_is_found(tmp_path: Path) -> None:
    pack = tmp_path / "run-1-attach.zip"
    with zipfile.ZipFile(pack, "w") as archive:
        archive.writestr("logs/pytest.log", f"token: {fake('github-pat')}\n41 passed in 1s\n")
    done = inside("outputs", str(pack), "--format", "json")
    (found,) = [one for one in done.json["findings"] if one["rule"] == "secret-in-tree"]
    assert (done.code, found["where"]["path"], found["clauses"][0]) == (1, str(pack), "0.16")
    assert fake("github-pat") not in done.out


def test_a_bad_output_is_refused_with_its_place(tmp_path: Path) -> None:
    shutil.copy(RULES / "handoff-shape/fail-holes/repo/docs/handoff.json", tmp_path / "h.json")
    done = inside("outputs", str(tmp_path / "h.json"), "--format", "json")
    assert done.code == 1
    assert {one["where"]["path"] for one in done.json["findings"]} == {str(tmp_path / "h.json")}
    assert {one["where"]["lines"] for one in done.json["findings"]} >= {"2-6", "35"}


def test_what_could_be_two_kinds_is_refused_naming_both(tmp_path: Path) -> None:
    both = {"branch": "b", "title": "t", "body": "x", "commits": [], "success": True, "lint": 0, "tests": 0, "build": 0}
    (tmp_path / "x.json").write_text(json.dumps(both))
    done = inside("outputs", str(tmp_path / "x.json"))
    assert done.code == 2
    assert "could be pr-payload or run-checks; say which with --as KIND" in done.err
    assert inside("outputs", str(tmp_path / "x.json"), "--as", "run-checks").code == 0


@pytest.mark.parametrize(("text", "code"), [("{}", 2), ("", 2), ("words", 2), ('{"findings": [', 2)])
def test_what_is_no_output_is_refused(text: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(text)
    assert inside("outputs", str(tmp_path / "x.json")).code == code


@pytest.mark.parametrize("kind", [one.value for one in Kind])
@pytest.mark.parametrize(
    "text", ["", '{"findings": [', "[]", "# Title\n\nwords\n", '{"hand": {"off": []}}', "\x00\x01"]
)
def test_a_forced_kind_that_it_is_not_fails_and_never_breaks(kind: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "x").write_text(text)
    done = inside("outputs", str(tmp_path / "x"), "--as", kind)
    names_tools = kind == "tools-manifest" and "off" in text
    assert done.code in ((0,) if names_tools else (1, 3)), done.err + done.out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("x.json", '{"handoff": {}, "deliverables": {}, "verification": {}}}', "Extra data"),
        ("x.json", '{"handoff": {"n": NaN}, "deliverables": {}, "verification": {}}', "NaN"),
        ("x.json", '{"handoff": {}, "deliverables": {}, "verification": {"a', "neither JSON"),
        ("x.json", '{"handoff": {}, "deliverables": {}, "verification": {}}\0', "binary"),
        ("handoff.json", "TBD", "neither a mapping"),
        ("run-checks.json", "", "empty"),
        ("run-checks.json", "[]", "a list where a mapping should be"),
    ],
)
def test_what_was_to_be_an_output_fails_with_the_error_of_the_parser(
    name: str, text: str, said: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_text(text)
    done = inside("outputs", str(tmp_path / name), "--format", "json")
    assert done.code == 1, done.err
    assert any(said in one["title"] for one in done.json["findings"])


def test_what_does_not_parse_and_tells_no_kind_shows_where(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{\n"a": 1\n"b": 2}')
    done = inside("outputs", str(tmp_path / "x.json"))
    assert (done.code, "x.json:3: no output of a known kind" in done.err) == (2, True)


def test_an_output_in_a_list_is_judged(tmp_path: Path) -> None:
    value = json.loads((RULES / "handoff-arithmetic/fail-short/repo/docs/handoff.json").read_text())
    (tmp_path / "x.json").write_text(json.dumps([value]))
    done = inside("outputs", str(tmp_path / "x.json"), "--format", "json")
    assert "handoff-arithmetic" in {one["rule"] for one in done.json["findings"]}


def test_a_folder_and_a_pipe_are_named_as_such(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place, said in ((tmp_path, "a folder, not a file"), (tmp_path / "pipe", "no regular file")):
        done = inside("outputs", str(place))
        assert (done.code, said in done.err) == (2, True)


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    assert inside("outputs", str(tmp_path / "gone.json")).code == 2


def test_our_own_report_is_valid_review_findings(tmp_path: Path) -> None:
    build(RULES / "handoff-shape/fail-holes", tmp_path / "repo")
    report = tmp_path / "audit.json"
    done = inside(
        "audit",
        str(tmp_path / "repo"),
        "--standard",
        "backend-developer",
        "--only",
        "outputs",
        "--output",
        f"json:{report}",
    )
    assert done.code == 1
    again = inside("outputs", str(report), "--as", "review-findings", "--format", "json")
    assert (again.code, again.json["findings"]) == (0, [])
