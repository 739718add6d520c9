"""Gates, approvals and verification: what is refused, each with its reason."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from checker.cli import root as command
from checker.gating import pass_gate
from checker.model.proof import PAYLOAD, Proof
from checker.proofs import bundle, gates, keys
from checker.proofs.envelope import opened, seal
from checker.workplace import Request
from tests.proved_project import Project, edited, quick_gates, reasons
from tests.scratch import commit

ONE = "def test_one():\n    assert sum([1, 1]) == 2\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(autouse=True)
def one_proof_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    more = quick_gates()
    monkeypatch.setattr(gates, "load", lambda: more)


def test_prove_edit_one_line_and_the_gate_says_stale(project: Project) -> None:
    assert project.prove("build_output", "lint_output", "test_output") == ["PASSED"] * 3
    assert project.gate("G5").decision == "pass"
    (project.root / "app" / "calc.py").write_text((project.root / "app" / "calc.py").read_text() + "\n\nMORE = 1\n")
    done = project.gate("G5")
    assert done.decision == "block"
    assert [one.state for one in done.proofs] == ["stale"] * 3
    assert "stale: test_output: tree: made of" in reasons(done)


def test_prove_then_report_then_gate_passes(project: Project) -> None:
    project.prove("build_output")
    for path in ("docs/runs/2026-11-21/AGENT-2/run-1.md", "ops/queue.jsonl", "handoff.json"):
        (project.root / path).parent.mkdir(parents=True, exist_ok=True)
        (project.root / path).write_text("{}\n")
    assert project.gate().decision == "pass"
    commit(project.root, "work and proofs")
    assert project.gate().decision == "pass"


def test_the_bases_layout_names_record_paths_and_the_heads_names_none(project: Project) -> None:
    project.prove("build_output")
    with open(project.root / "checker.toml", "a", encoding="utf-8") as file:
        file.write('\n[layout]\noutputs = ["agent-out"]\n')
    (project.root / "agent-out").mkdir()
    (project.root / "agent-out" / "report.md").write_text("done\n")
    assert "stale: build_output: tree" in reasons(project.gate())
    (project.root / "agent-out" / "report.md").unlink()
    project.base = commit(project.root, "layout")
    project.prove("build_output")
    (project.root / "agent-out").mkdir(exist_ok=True)
    (project.root / "agent-out" / "report.md").write_text("done\n")
    assert project.gate().decision == "pass"


def test_nothing_proved_is_missing(project: Project) -> None:
    done = project.gate()
    assert done.decision == "block"
    assert "missing: build_output" in reasons(done)


def test_an_unsigned_proof_is_not_trusted(project: Project) -> None:
    project.prove("build_output", key=None)
    assert "untrusted: build_output: unsigned" in reasons(project.gate())


def test_a_strangers_key_is_not_trusted(project: Project) -> None:
    project.prove("build_output", key="stranger")
    assert "none that the policy names" in reasons(project.gate())


def test_a_local_key_is_not_enough_for_a_merge(project: Project) -> None:
    project.prove("build_output")
    assert "trust captured is less than rerun" in reasons(project.gate("M"))
    project.prove("build_output", key="ci")
    assert project.gate("M").decision == "pass"


def test_a_failure_after_a_pass_decides(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    project.prove("build_output")
    (project.root / "app" / "calc.py").write_text("def (\n")
    assert project.prove("build_output") == ["FAILED"]
    done = project.gate()
    assert "failed: build_output" in reasons(done)
    assert done.attempts["build_output"] == 2


def test_a_proof_from_the_future_is_not_trusted(project: Project) -> None:
    project.prove("build_output")
    assert "still to come" in reasons(project.gate(as_of=datetime.now(UTC) - timedelta(hours=1)))


def test_another_policy_makes_a_proof_stale(project: Project) -> None:
    project.prove("build_output")
    text = (project.root / "checker.toml").read_text()
    (project.root / "checker.toml").write_text(text.replace("[commands]", '[commands]\nbuild_output = ["true"]'))
    project.base = commit(project.root, "another policy")
    assert "stale: build_output: policy: made under other commands" in reasons(project.gate())


def test_a_proof_against_ones_own_work_is_stale(project: Project) -> None:
    base = project.base
    (project.root / "app" / "more.py").write_text("MORE = 1\n")
    project.base = commit(project.root, "work")
    project.prove("build_output")
    project.base = base
    assert "stale: build_output: base: judged against" in reasons(project.gate())


Change = Callable[[bytes], bytes]


def renumbered(data: bytes) -> bytes:
    line = json.loads(data.splitlines()[-1])
    payload = json.loads(base64.b64decode(line["payload"]))
    payload["predicate"]["checker"]["log"] = {"n": 0, "previous": "0" * 64}
    text = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    return json.dumps(line | {"payload": base64.b64encode(text).decode()}).encode() + b"\n"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (edited, "the record before it is not the one"),
        (renumbered, "signature: does not fit"),
        (lambda data: data.splitlines(keepends=True)[-1], "chain: this is record 1 at place 0"),
        (lambda data: data + data.splitlines(keepends=True)[0], "chain: this is record 0 at place 2"),
        (lambda data: data + b"{}\n", "not a DSSE envelope"),
    ],
    ids=["edit", "renumber", "drop", "replay", "junk"],
)
def test_a_doctored_bundle_is_refused_with_its_reason(project: Project, change: Change, reason: str) -> None:
    (project.root / "app" / "bad.py").write_text("def (\n")
    assert project.prove("build_output") == ["FAILED"]
    (project.root / "app" / "bad.py").unlink()
    assert project.prove("build_output") == ["PASSED"]
    assert project.gate().decision == "pass"
    file = project.bundle()
    file.write_bytes(change(file.read_bytes()))
    done = project.gate()
    assert done.decision == "block"
    assert reason in reasons(done)


def test_an_edited_last_record_is_refused(project: Project) -> None:
    (project.root / "app" / "bad.py").write_text("def (\n")
    assert project.prove("build_output") == ["FAILED"]
    project.bundle().write_bytes(edited(project.bundle().read_bytes()))
    assert "signature: does not fit" in reasons(project.gate())


def test_a_bundle_signed_anew_with_another_key_is_refused(project: Project) -> None:
    project.prove("build_output")
    sealed = opened(project.bundle().read_bytes().splitlines()[0])
    line = json.loads(seal(sealed.statement, keys.signer(str(project.keys["stranger"]))))
    project.bundle().write_bytes(json.dumps(line).encode() + b"\n")
    assert "none that the policy names" in reasons(project.gate())
    line["signatures"][0]["keyid"] = sealed.keyid
    project.bundle().write_bytes(json.dumps(line).encode() + b"\n")
    assert "signature: does not fit" in reasons(project.gate())


def test_a_cut_chain_is_seen_against_an_anchor(project: Project) -> None:
    project.prove("build_output", "lint_output")
    name, data = bundle.name_of(keys.signer(str(project.keys["local"]))), project.bundle().read_bytes()
    project.bundle().write_bytes(data.splitlines(keepends=True)[0])
    assert project.gate().decision == "pass"
    assert "chain: cut; 2 records were anchored" in reasons(project.gate(anchors={name: bundle.head(data)}))
    project.bundle().unlink()
    assert "was anchored and is gone" in reasons(project.gate(anchors={name: bundle.head(data)}))


def test_the_base_is_an_anchor(project: Project) -> None:
    project.prove("build_output", "lint_output")
    project.base = commit(project.root, "proofs")
    project.prove("build_output")
    assert project.gate().decision == "pass"
    project.bundle().unlink()
    project.prove("build_output")
    assert "chain: cut; 2 records were anchored" in reasons(project.gate())


def test_review_blocks_until_a_person_accepts_it(project: Project) -> None:
    calc, tests = project.root / "app" / "calc.py", project.root / "tests" / "test_calc.py"
    calc.write_text(calc.read_text().replace("a - b", "float(a - b) / 2"))
    tests.write_text(tests.read_text().replace("sub(3, 1) == 2", "sub(3, 1) == 1.0"))
    assert project.prove("test_output") == ["WARNED"]
    done = project.gate("T")
    assert done.decision == "review"
    (named,) = [one.fingerprint for one in done.proofs]
    approval = ("approve", "T", str(project.root), "--by", "Ada", "--text", "Approved!", "--accept", str(named))
    assert project.run(*approval, key="local").exit_code == 1
    assert project.gate("T").decision == "review"
    assert project.run(*approval, key="ada").exit_code == 0
    done = project.gate("T")
    assert done.decision == "pass", done.reasons
    assert sorted(one.state for one in done.approvals) == ["claimed", "valid"]
    calc.write_text(calc.read_text() + "\n\nMORE = 1\n")
    assert project.prove("test_output") == ["WARNED"]
    done = project.gate("T")
    assert done.decision == "review"
    assert [one.state for one in done.approvals] == ["void", "void"]


@pytest.mark.parametrize("text", ["ok", "Sure.", "", "B", "no", "yes but later", "👍"])
def test_what_is_no_approval_is_refused(project: Project, text: str) -> None:
    done = CliRunner().invoke(
        command,
        ["approve", "G2", str(project.root), "--by", "ada", "--text", text],
        env={keys.VARIABLE: str(project.keys["ada"])},
    )
    assert "not an approval" in str(done.exception)
    assert not project.bundle("ada").exists()


def test_a_gate_that_needs_a_person(project: Project) -> None:
    assert "missing: approval" in reasons(project.gate("G2"))
    assert project.run("approve", "G2", str(project.root), "--by", "ada", "--text", "LGTM", key="ada").exit_code == 0
    assert project.gate("G2").decision == "pass"


def test_a_key_that_the_change_names_itself_approves_nothing(project: Project) -> None:
    approval = ("approve", "G2", str(project.root), "--by", "ada", "--text", "yes")
    CliRunner().invoke(command, approval, env={keys.VARIABLE: str(project.keys["ada"])})
    done = pass_gate("G2", Request(path=project.root))
    assert done.decision == "block"
    assert "not anchored" in done.approvals[0].reason


def test_the_maker_of_the_proofs_does_not_approve_them(project: Project) -> None:
    text = (project.root / "checker.toml").read_text()
    (project.root / "checker.toml").write_text(text.replace('owner = "agent-2"', 'owner = "@Ada"'))
    project.base = commit(project.root, "one person, two keys")
    calc = project.root / "app" / "calc.py"
    calc.write_text(calc.read_text() + "\n\nimport sys\n\nTESTED = 'pytest' in sys.modules\n")
    assert project.prove("test_output") == ["WARNED"]
    (named,) = [one.fingerprint for one in project.gate("T").proofs]
    words = ("approve", "T", str(project.root), "--by", "Ada", "--text", "yes", "--accept", str(named))
    assert project.run(*words, key="ada").exit_code == 0
    done = project.gate("T")
    assert done.decision == "review"
    assert "another person" in done.approvals[0].reason


def test_a_hook_exits_with_what_hosts_heed(project: Project) -> None:
    done = project.run("gate", "G5", str(project.root), "--hook")
    assert done.exit_code == 2
    assert "missing: test_output" in done.stderr
    assert done.stdout == ""
    again = CliRunner().invoke(command, ["gate", "G5", str(project.root), "--hook"], input='{"stop_hook_active": true}')
    assert again.exit_code == 0
    assert CliRunner().invoke(command, ["gate", "G99", str(project.root), "--hook"]).exit_code == 2


def test_a_gate_answers_in_json_and_writes_a_verdict(project: Project, tmp_path: Path) -> None:
    project.prove("build_output")
    verdict = tmp_path / "verdict.jsonl"
    done = project.run("gate", "G3x", str(project.root), "--format", "json", "--verdict", str(verdict), key="ci")
    told: dict[str, Any] = json.loads(done.stdout)
    assert (told["decision"], told["proofs"][0]["state"], told["proofs"][0]["trust"]) == ("pass", "valid", "captured")
    statement = json.loads(base64.b64decode(json.loads(verdict.read_text())["payload"]))
    assert statement["predicateType"] == "https://in-toto.io/attestation/svr/v0.2"
    assert statement["predicate"]["properties"] == ["CHECKER_G3X", "CHECKER_G3X_BUILD_OUTPUT"]
    assert json.loads(verdict.read_text())["payloadType"] == PAYLOAD


def test_verify_says_each_reason(project: Project, tmp_path: Path) -> None:
    project.prove("build_output")
    alone = tmp_path / "alone.intoto.jsonl"
    shutil.copy(project.bundle(), alone)
    public = keys.public_part(str(project.keys["local"]))
    offline = CliRunner().invoke(command, ["verify", str(alone), "--key", public, "--format", "json"])
    assert offline.exit_code == 0, offline.output
    told = json.loads(offline.stdout)
    assert told["proofs"][0] | {"path": ""} == {
        "path": "",
        "type": "build_output",
        "state": "valid",
        "trust": "captured",
        "reason": "",
    }
    assert told["heads"][str(alone)]["sha256"] == hashlib.sha256(alone.read_bytes().splitlines()[-1]).hexdigest()
    unknown = CliRunner().invoke(command, ["verify", str(alone)])
    assert unknown.exit_code == 1
    assert "none that the policy names" in unknown.stdout
    (project.root / "app" / "calc.py").write_text("changed = 1\n")
    stale = project.run("verify", str(project.bundle()), "--repo", str(project.root))
    assert stale.exit_code == 1
    assert "stale build_output" in stale.stdout


def test_a_proof_is_what_the_specification_asks(project: Project) -> None:
    project.prove("build_output")
    line = json.loads(project.bundle().read_bytes())
    statement = json.loads(base64.b64decode(line["payload"]))
    assert statement["_type"] == "https://in-toto.io/Statement/v1"
    assert statement["predicateType"] == "https://in-toto.io/attestation/test-result/v0.1"
    assert {"result", "configuration", "checker"} <= set(statement["predicate"])
    assert statement["predicate"]["checker"]["log"] == {"n": 0, "previous": "0" * 64}
    assert [one["name"] for one in statement["subject"]] == ["worktree", "worktree with records", "HEAD"]
    assert isinstance(opened(project.bundle().read_bytes().strip()).statement, Proof)


def test_a_key_that_others_can_read_is_refused(project: Project) -> None:
    project.keys["local"].chmod(0o644)
    with pytest.raises(keys.KeyRefused, match="chmod 600"):
        project.prove("build_output")
