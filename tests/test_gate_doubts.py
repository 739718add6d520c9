"""Gates where something beside the proofs is not as it should be: a moment, an anchor, a record, the base."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from checker.gating import anchors_of
from checker.proofs import bundle, gates
from checker.toml_source import ConfigurationError
from tests.proved_project import Project, quick_gates, reasons
from tests.scratch import commit, git


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


@pytest.fixture(autouse=True)
def one_proof_gates(monkeypatch: pytest.MonkeyPatch) -> None:
    more = quick_gates()
    monkeypatch.setattr(gates, "load", lambda: more)


@pytest.mark.parametrize("when", ["2026-99-99T99:99:99Z", "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z"])
def test_a_moment_of_no_calendar_spoils_its_own_line_alone(project: Project, when: str) -> None:
    project.prove("build_output")
    line = json.loads(project.bundle().read_bytes().splitlines()[0])
    told = json.loads(base64.b64decode(line["payload"]))
    told["predicate"]["checker"] |= {"finishedOn": when, "log": {"n": 0, "previous": "0" * 64}}
    line |= {"payload": base64.b64encode(json.dumps(told).encode()).decode(), "signatures": []}
    (project.root / bundle.FOLDER / f"zz{bundle.ENDING}").write_text(json.dumps(line) + "\n")
    assert project.gate().decision == "pass"
    done = project.run("verify", str(project.root / bundle.FOLDER / f"zz{bundle.ENDING}"))
    assert (done.exit_code, done.output.startswith("untrusted")) == (1, True)


@pytest.mark.parametrize("records", ["1e999", "-9", "1.9", "true", '"1"', "null"])
def test_an_anchor_counts_records(project: Project, records: str) -> None:
    text = f'{{"heads": {{".checker/proofs/x": {{"records": {records}, "sha256": "0"}}}}}}'
    with pytest.raises(ConfigurationError, match="--anchor: not the JSON of checker verify"):
        anchors_of(text)
    git(project.root, "notes", "--ref", "checker", "add", "-m", text, project.base)
    project.prove("build_output")
    done = project.gate()
    assert done.decision == "pass"
    assert any("refs/notes/checker: note" in note and "is passed over" in note for note in done.notes)


def test_an_anchor_made_under_a_whole_path_is_of_the_bundle_in_the_tree(project: Project) -> None:
    project.prove("build_output", "build_output")
    whole = project.bundle().read_bytes()
    made = project.run("verify", str(project.bundle()), "--repo", str(project.root), "--format", "json")
    kept = anchors_of(made.stdout)
    assert project.gate(anchors=kept).decision == "pass"
    project.bundle().write_bytes(whole.splitlines(keepends=True)[0])
    assert "chain: cut; 2 records were anchored" in reasons(project.gate(anchors=kept))


def test_code_that_is_filed_among_records_after_the_proof_makes_it_stale(project: Project) -> None:
    project.prove("build_output")
    filed = project.root / "docs" / "runs" / "speedups.py"
    filed.parent.mkdir(parents=True)
    filed.write_text("FAST = True\n")
    assert "stale: build_output: records: docs/runs/speedups.py" in reasons(project.gate())
    project.prove("build_output")
    assert "docs/runs/speedups.py" in reasons(project.gate())
    accepted = project.gate().proofs[0].fingerprint
    filed.write_text("FAST = False\n")
    assert "it came after this proof" in reasons(project.gate())
    project.prove("build_output")
    assert project.gate().proofs[0].fingerprint != accepted


@pytest.mark.parametrize(
    ("source", "decision"),
    [
        ("F = Path('docs/runs/tuning.json')", "block"),
        ("F = Path('docs') / 'runs' / 'tuning.json'", "block"),
        ("F = Path('docs/runs')", "block"),
        ("F = Path('docs/other.json')  # tuning.json", "pass"),
    ],
)
def test_data_among_records_that_source_names_is_seen(project: Project, source: str, decision: str) -> None:
    (project.root / "app" / "tuned.py").write_text(f"from pathlib import Path\n\n{source}\n")
    project.prove("build_output")
    assert project.gate().decision == "pass"
    (project.root / "docs" / "runs").mkdir(parents=True)
    (project.root / "docs" / "runs" / "tuning.json").write_text("{}")
    (project.root / "docs" / "runs" / "run.md").write_text("done")
    assert project.gate().decision == decision


def test_a_verdict_names_its_base_and_whose_keys_count(project: Project) -> None:
    project.prove("build_output")
    told = {one.name: one.digest for one in project.gate().verdict.predicate.verifier.policies}
    assert told["base"] == {"gitCommit": project.base}
    policy = project.root / "checker.toml"
    policy.write_text(policy.read_text().replace('role = "person"', 'role = "local"'))
    project.base = commit(project.root, "another role")
    after = project.gate()
    assert {one.name: one.digest for one in after.verdict.predicate.verifier.policies}["keys"] != told["keys"]
    assert any(note.startswith("the base is HEAD itself") for note in after.notes)
