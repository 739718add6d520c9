"""`checker report`: a saved audit in every format, or what changed between two."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from checker.fleet import judging
from checker.probe.command import Completed
from tests import backend
from tests.backend import ONLY
from tests.child import audit, inside, refused
from tests.fake_secrets import fake

FORMATS = ("agent", "badge", "github", "gitlab", "json", "junit", "markdown", "rdjson", "sarif", "summary", "text")


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return backend.folder(tmp_path / "bad")


@pytest.fixture
def saved(bad: Path, tmp_path: Path) -> Path:
    audit(bad, *ONLY, "--output", f"json:{tmp_path / 'saved.json'}")
    return tmp_path / "saved.json"


@pytest.mark.parametrize("fmt", FORMATS)
def test_a_saved_audit_renders_as_the_audit_did(bad: Path, saved: Path, fmt: str) -> None:
    done = inside("report", saved, "--format", fmt)
    assert (done.code, done.err) == (1, "")
    shown = audit(bad, *ONLY, "--format", fmt).out
    if fmt in ("agent", "summary"):  # the last line repeats how the audit was asked for, which no report holds
        done_lines, shown_lines = done.out.splitlines(), shown.splitlines()
        assert shown_lines[-1].endswith(f"--only pagination --standard=backend-coder {bad}")
        assert done_lines[:-1] == shown_lines[:-1]
        return
    assert done.out == shown


def test_html_of_a_saved_audit_says_that_it_has_no_lines(bad: Path, saved: Path) -> None:
    done = inside("report", saved, "--format", "html")
    assert (done.code, done.err) == (1, "")
    assert "This page was made from a saved report, which holds no lines of code" in done.out
    assert 'class="l hit"' not in done.out
    shown = audit(bad, *ONLY, "--format", "html").out
    assert 'class="l hit"' in shown
    assert "The lines of code are those of the audited tree" in shown


def test_html_of_a_saved_audit_shows_the_lines_of_the_tree_that_was_judged(tmp_path: Path) -> None:
    repo = backend.anchored(tmp_path / "repo")
    saved = tmp_path / "saved.json"
    audit(repo.path, *ONLY, "--output", f"json:{saved}")
    done = inside("report", saved, "--format", "html", "--repo", repo.path)
    assert (done.code, done.err) == (1, "")
    assert 'class="l hit"' in done.out
    assert "made from a saved report" not in done.out
    repo.write("openapi.yaml", backend.BAD + "# one more line\n")
    other = inside("report", saved, "--format", "html")
    assert 'class="l hit"' not in other.out
    said = refused(inside("report", saved, "--format", "html", "--repo", repo.path))
    assert said.startswith(f"--repo: {repo.path} is tree ")
    assert said.endswith(" was judged")
    assert "add --format html" in refused(inside("report", saved, "--repo", repo.path))


def test_it_goes_to_a_file(saved: Path, tmp_path: Path) -> None:
    assert inside("report", saved, "--format", "sarif", "--output", tmp_path / "a.sarif").out == ""
    assert (tmp_path / "a.sarif").read_text("utf-8") == inside("report", saved, "--format", "sarif").out


def test_a_file_in_a_missing_folder_is_refused(saved: Path, tmp_path: Path) -> None:
    said = refused(inside("report", saved, "--output", tmp_path / "gone" / "a.txt"))
    assert said == f"{tmp_path}/gone/a.txt cannot be written: No such file or directory"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "the file: Invalid JSON"),
        (b"{", "the file: Invalid JSON"),
        (b"[]", "the file: "),
        (b"\xff\xfe", "the file: Invalid JSON"),
        (b"[" * 100_000, "the file: Invalid JSON: recursion limit exceeded"),
        (b"{}", "version: Field required"),
    ],
    ids=["empty", "half", "list", "binary", "deep", "bare"],
)
def test_what_is_no_saved_audit_is_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "a.json").write_bytes(content)
    said = refused(inside("report", tmp_path / "a.json"))
    assert said.startswith(f"{tmp_path}/a.json: not a saved audit ({reason}")
    assert said.endswith("make one with: checker audit --output json:FILE")


def test_what_is_not_there_is_refused(tmp_path: Path) -> None:
    assert refused(inside("report", tmp_path / "gone")) == f"{tmp_path}/gone: No such file or directory"
    assert refused(inside("report", tmp_path)) == f"{tmp_path}: Is a directory"


def test_what_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    with open(tmp_path / "big", "wb") as file:
        os.truncate(file.fileno(), 201 << 20)
    assert refused(inside("report", tmp_path / "big")) == f"{tmp_path}/big: larger than 200 MiB"


class TestAgainst:
    @pytest.fixture
    def later(self, bad: Path, saved: Path, tmp_path: Path) -> Path:
        """The list of orders was mended, and a list of shops came."""
        text = (bad / "openapi.yaml").read_text()
        (bad / "openapi.yaml").write_text(text.replace("/v1/orders", "/v1/shops"))
        audit(bad, *ONLY, "--output", f"json:{tmp_path / 'later.json'}")
        return tmp_path / "later.json"

    def test_new_gone_and_stayed(self, saved: Path, later: Path) -> None:
        difference = inside("report", later, "--against", saved, "--format", "json").json
        assert [one["subject"] for one in difference["new"]] == ["GET /v1/shops"]
        assert [one["subject"] for one in difference["gone"]] == ["GET /v1/orders"]
        assert (difference["stayed"], difference["status"]) == (0, {"old": "blocked", "new": "blocked"})

    def test_with_itself_everything_stayed(self, saved: Path) -> None:
        difference = inside("report", saved, "--against", saved, "--format", "json").json
        assert (difference["new"], difference["gone"], difference["stayed"]) == ([], [], 1)

    def test_moved_lines_are_no_difference(self, bad: Path, saved: Path, tmp_path: Path) -> None:
        (bad / "openapi.yaml").write_text("# moved\n\n" + (bad / "openapi.yaml").read_text())
        audit(bad, *ONLY, "--output", f"json:{tmp_path / 'later.json'}")
        assert inside("report", tmp_path / "later.json", "--against", saved, "--format", "json").json["stayed"] == 1

    def test_as_text(self, saved: Path, later: Path) -> None:
        lines = inside("report", later, "--against", saved).out.splitlines()
        assert lines[0].startswith("status blocked -> blocked, score ")
        assert lines[1] == "new: 1"
        assert lines[2].startswith("  [major] pagination openapi.yaml:")
        assert lines[-1] == "stayed: 0"

    def test_known_debt_is_compared_too(self, bad: Path, saved: Path, tmp_path: Path) -> None:
        audit(bad, *ONLY, "--baseline", saved, "--output", f"json:{tmp_path / 'later.json'}")
        assert inside("report", tmp_path / "later.json", "--against", saved, "--format", "json").json["stayed"] == 1

    def test_other_formats_are_refused_and_a_file_is_written(self, saved: Path, tmp_path: Path) -> None:
        said = refused(inside("report", saved, "--against", saved, "--format", "sarif"))
        assert said == "--against compares as text, json or html, not as sarif"
        inside("report", saved, "--against", saved, "--format", "json", "--output", tmp_path / "d.json")
        assert json.loads((tmp_path / "d.json").read_text())["stayed"] == 1

    def test_a_page_compares_with_the_last_and_draws_the_trend(self, saved: Path, later: Path, tmp_path: Path) -> None:
        done = inside("report", later, "--against", saved, "--against", saved, "--format", "html")
        assert done.code == 1
        assert "New: 1 finding</h3>" in done.out
        assert "Gone: 1 finding</h3>" in done.out
        assert done.out.count('class="dot-score"') == 3
        assert inside("report", saved, "--against", saved, "--format", "html").code == 0
        said = refused(inside("report", later, "--against", saved, "--against", saved))
        assert said == "--against takes one report as text; a trend over several is drawn by --format html"


def test_a_file_name_that_is_not_utf8_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).resolve().parent.parent))
    folder = backend.folder(tmp_path / "odd")
    (folder / os.fsdecode(b"caf\xe9.py")).write_text(f'KEY = "{fake("github-pat")}"\n', "utf-8")
    saved = tmp_path / "odd.json"
    audit(folder, "--only", "secrets", "--output", f"json:{saved}")
    assert b"\\udce9" in saved.read_bytes()
    done = inside("report", saved, "--format", "json")
    assert (done.code, done.err) == (1, "")
    assert done.out.encode() == saved.read_bytes()
    row, report = judging.judge(judging.Task("odd", str(folder), ("--only=secrets",), 60, 2048, None))
    assert (row.code, row.status, row.critical) == (1, "blocked", 1)
    assert report


def test_a_report_that_a_fleet_cannot_read_is_not_called_a_lack_of_memory(tmp_path: Path) -> None:
    done = Completed(argv=(), code=1, stdout=b'{"tool": 1}', stderr=b"", seconds=0.1, truncated=False, timed_out=False)
    row, _ = judging._judged(judging.Task("a", "a", (), 60, 100, None), done)
    assert row.verdict == "ended with 1 and wrote no readable report: 11 bytes"
