"""Secrets under waivers and baselines, at the edges of git, and in a repository that holds nothing else to look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.audit import audit
from checker.gate import exit_code
from checker.model.report import Outcome, Report
from checker.model.rule import Severity
from checker.workplace import Request
from tests import child
from tests.fake_secrets import fake
from tests.scratch import commit, git

ONLY = ("secret-in-tree", "hardcoded-credential")
WAIVER = """[[waivers]]
rule = "secret-in-tree"
{target}
reason = "a revoked key, kept for the example"
owner = "api-team"
approved_by = "security-team"
expires = 2026-12-31
"""


def report(folder: Path, *only: str, **more: object) -> Report:
    return audit(Request(folder, ("common",), only=only or ONLY, contain=False, **more)).report  # type: ignore[arg-type]


@pytest.fixture
def leak(tmp_path: Path) -> Path:
    folder = tmp_path / "repo"
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "a.py").write_text(f'client = Client("{fake("github-pat", 1)}")\n')
    return folder


def test_a_waiver_is_for_one_value_and_no_other(leak: Path) -> None:
    (finding,) = report(leak).findings
    (leak / "checker.toml").write_text(WAIVER.format(target=f'fingerprint = "{finding.fingerprint}"'))
    accepted = report(leak)
    assert (accepted.findings, [one.fingerprint for one in accepted.waived]) == ((), [finding.fingerprint])
    (leak / "src" / "a.py").write_text(f'client = Client("{fake("github-pat", 2)}")\n')  # the same line, another secret
    (other,) = report(leak).findings
    assert other.fingerprint != finding.fingerprint


def test_a_waiver_of_a_path_hides_as_many_as_it_says(leak: Path) -> None:
    (leak / "checker.toml").write_text(WAIVER.format(target='paths = ["src"]'))
    assert report(leak).findings == ()
    text = (leak / "src" / "a.py").read_text()
    (leak / "src" / "a.py").write_text(text + text.replace(fake("github-pat", 1), fake("github-pat", 2)))
    assert len(report(leak).findings) >= 1


def test_a_baseline_knows_the_value_and_not_the_line(leak: Path, tmp_path: Path) -> None:
    saved = tmp_path / "saved.json"
    done = child.audit(leak, "--only", "secrets", "--output", f"json:{saved}")
    assert done.code == 1
    source = leak / "src" / "a.py"
    source.write_text("\n\n" + source.read_text())  # moved
    assert child.audit(leak, "--only", "secrets", "--baseline", saved).code == 0
    source.write_text(source.read_text().replace(fake("github-pat", 1), fake("github-pat", 2)))
    assert child.audit(leak, "--only", "secrets", "--baseline", saved).code == 1
    assert fake("github-pat", 1) not in saved.read_text()


def test_a_repository_of_plain_files_is_ready_and_the_report_says_how_little_that_is(tmp_path: Path) -> None:
    folder = tmp_path / "plain"
    folder.mkdir()
    (folder / "notes.md").write_text("# Notes\n")
    one = audit(Request(folder, ("common",), skip=("outputs", "proofs"), contain=False)).report
    assert exit_code(one, Severity.MAJOR, False) == 0
    assert one.status == "ready"
    assert any(note.startswith("nothing of a backend was found here") for note in one.notes)
    assert not any(note.startswith("nothing of a backend") for note in report(folder).notes)  # nothing else was asked


def test_submodules_and_links_to_nowhere_are_named_and_not_entered(leak: Path, tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    git(inner, "init", "-q", "-b", "main")
    (inner / "key.py").write_text(f'TOKEN = "{fake("github-pat", 3)}"\n')
    commit(inner, "inner")
    git(leak, "init", "-q", "-b", "main")
    git(leak, "-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner), "vendor/inner")
    (leak / "broken").symlink_to("nowhere")
    (leak / "out").symlink_to(inner / "key.py")
    (leak / "loop").symlink_to("loop")
    commit(leak, "with a submodule")
    one = report(leak, "secret-in-tree", "secret-in-history", "change-size", "env-documented", base="HEAD")
    assert {finding.where.path for finding in one.findings} == {"src/a.py"}
    assert any("submodule" in note for note in one.notes)
    assert sum("was not followed" in note for note in one.notes) == 3


def test_text_in_any_encoding_is_searched(tmp_path: Path) -> None:
    value = fake("github-pat", 4)
    folder = tmp_path / "repo"
    folder.mkdir()
    for name in ("utf-8", "utf-8-sig", "latin-1", "utf-16", "cp1252"):
        (folder / f"{name}.txt").write_bytes(f'Schlüssel: "{value}"\n'.encode(name))
    (folder / "mixed.txt").write_bytes(b"\xff\xfe\xfa broken \x80\n" + f'key = "{value}"\n'.encode())
    found = {finding.where.path for finding in report(folder).findings}
    assert found >= {"utf-8.txt", "utf-8-sig.txt", "latin-1.txt", "cp1252.txt", "mixed.txt"}
    results = {one.rule: one.outcome for one in report(folder, *ONLY, "env-documented", "tech-stack").results}
    assert Outcome.ERROR not in results.values()
    assert "utf-16.txt" in found
