"""Gates where something beside the proofs is not as it should be: a moment, an anchor, a record, the base."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checker import proving
from checker.gating import anchors_of, pass_gate
from checker.model.proof import Decision
from checker.model.unavailable import Unavailable
from checker.proofs import bundle, gates, keys
from checker.proofs.decision import Weighed, weigh
from checker.toml_source import ConfigurationError
from checker.workplace import Request
from tests.proved_project import Project, edited, quick_gates, reasons
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


def test_where_the_base_cannot_be_seen_nothing_is_proved_passed_or_approved(project: Project) -> None:
    (project.root / "notes.md").write_text("later\n")
    head = commit(project.root, "work")
    project.prove("build_output")
    assert project.gate().decision == "pass"
    (project.root / ".git" / "shallow").write_text(f"{head}\n")
    with pytest.raises(Unavailable, match="git fetch --unshallow"):
        project.prove("build_output")
    with pytest.raises(Unavailable, match="git fetch --unshallow"):
        project.gate()
    done = project.run("approve", "G3x", str(project.root), "--by", "ada", "--text", "approved", key="ada")
    assert isinstance(done.exception, Unavailable)


@pytest.mark.parametrize("text", ["", " \n", "{}", '{"heads": {}, "base": "main"}', '{"heads": {}, "base": 1}'])
def test_an_anchor_that_says_nothing_is_refused(project: Project, tmp_path: Path, text: str) -> None:
    (tmp_path / "anchor.json").write_text(text)
    done = project.run("gate", "G3x", str(project.root), "--anchor", str(tmp_path / "anchor.json"))
    assert "--anchor: not the JSON of checker verify" in str(done.exception)


def test_an_anchor_with_a_base_asks_for_a_base(project: Project) -> None:
    project.prove("build_output")
    request = Request(path=project.root)
    assert "name it with --base" in reasons(pass_gate("G3x", request, since=project.base))
    assert "name it with --base" not in reasons(pass_gate("G3x", request))


def _failing(monkeypatch: pytest.MonkeyPatch, decision: Decision | None) -> None:
    """What a run decides, whatever it saw; None: what it saw."""
    told = weigh if decision is None else lambda *_: Weighed(decision, ("failed: tests/test_calc.py::test_add",))
    monkeypatch.setattr(proving, "weigh", told)


class TestTwoKeys:
    """What CI found is not undone by what an agent adds to CI's records, or proves afterwards with a key of its own."""

    def test_one_line_more_in_the_bundle_that_says_failed(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        project.prove("build_output")
        _failing(monkeypatch, "block")
        project.prove("build_output", key="ci")
        whole = project.bundle("ci").read_bytes()
        assert "contradicted: build_output" in reasons(project.gate())
        for doctored in (whole + b"x\n", edited(whole)):
            project.bundle("ci").write_bytes(doctored)
            done = project.gate()
            assert (done.decision, done.recommendation) == ("block", "escalate")
            assert f"untrusted: {bundle.name_of(keys.signer(str(project.keys['ci'])))}: line " in reasons(done)

    def test_one_that_the_base_has_broken_is_no_doing_of_the_change(self, project: Project) -> None:
        project.prove("build_output")
        project.bundle().write_bytes(project.bundle().read_bytes() + b"x\n")
        project.prove("build_output", key="ci")
        assert project.gate("M").decision == "block"
        project.base = commit(project.root, "a chain that was broken by a merge")
        project.prove("build_output", key="ci")
        assert project.gate("M").decision == "pass"

    def test_a_cut_bundle_beside_the_one_that_decides(self, project: Project) -> None:
        project.prove("build_output", "build_output")
        name, whole = bundle.name_of(keys.signer(str(project.keys["local"]))), project.bundle().read_bytes()
        kept = {name: bundle.head(whole)}
        project.prove("build_output", key="ci")
        assert project.gate("M", anchors=kept).decision == "pass"
        project.bundle().write_bytes(whole.splitlines(keepends=True)[0])
        assert f"untrusted: {name}: chain: cut" in reasons(project.gate("M", anchors=kept))

    def test_what_asks_a_person_is_not_proved_away_with_less_trust(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        _failing(monkeypatch, "review")
        project.prove("build_output", key="ci")
        _failing(monkeypatch, None)
        monkeypatch.setattr(proving, "_now", lambda: "2035-01-01T00:00:00Z")
        project.prove("build_output")
        later = datetime(2035, 1, 2, tzinfo=UTC)
        assert project.gate(as_of=later).decision == "review"
        project.prove("build_output", key="ci")
        assert project.gate(as_of=later).decision == "pass"

    def test_a_copy_without_the_last_record_hides_nothing(
        self, project: Project, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(proving, "_now", lambda: "2026-01-01T00:00:00Z")
        project.prove("build_output")
        (project.root / bundle.FOLDER / f"0{bundle.ENDING}").write_bytes(project.bundle().read_bytes())
        _failing(monkeypatch, "block")
        project.prove("build_output")
        assert project.gate().decision == "block"

    def test_verify_says_what_the_gate_says(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        project.prove("build_output")
        passed = project.bundle().read_bytes()
        project.bundle().unlink()
        _failing(monkeypatch, "block")
        project.prove("build_output")
        project.bundle().write_bytes(project.bundle().read_bytes() + passed)
        assert project.gate().decision == "block"
        assert project.run("verify", str(project.bundle()), "--repo", str(project.root)).exit_code == 1
        project.bundle().write_bytes(passed)
        assert project.run("verify", str(project.bundle()), "--repo", str(project.root)).exit_code == 0
