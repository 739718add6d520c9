"""A clock that is wrong, of the machine, of a commit or of a file, never makes a verdict better."""

from __future__ import annotations

import os
import subprocess
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from checker.audit import audit
from checker.model.report import Report
from checker.toml_source import ConfigurationError
from checker.workplace import Request
from tests.scratch import ENVIRONMENT, commit, git

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
CONTRACT = "openapi: 3.1.0\ninfo: {title: T, version: '1'}\npaths:\n  /v1/a:\n    post:\n      responses: {}\n"
WAIVER = """\
[[waivers]]
rule = "operation-security"
paths = ["openapi.yaml"]
reason = "not yet"
owner = "api"
approved_by = "security"
expires = {expires}
"""


def made(root: Path, expires: date, when: datetime) -> Path:
    """A repository with one waiver in its base, committed at a moment."""
    root.mkdir()
    (root / "openapi.yaml").write_text(CONTRACT, "utf-8")
    (root / "checker.toml").write_text(WAIVER.format(expires=expires.isoformat()), "utf-8")
    git(root, "init", "-q", "-b", "main")
    git(root, "add", "-A")
    environment = ENVIRONMENT | {"GIT_COMMITTER_DATE": when.isoformat()}
    subprocess.run(["git", "commit", "-q", "-m", "first"], cwd=root, env=environment, check=True)
    return root


def judged(root: Path, as_of: datetime, **asked: Any) -> Report:
    request = Request(root, only=("operation-security", "config"), base="HEAD", as_of=as_of, contain=False, **asked)
    return audit(request).report


def test_a_clock_set_back_revives_no_waiver(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo", date(2026, 11, 1), NOW)
    now, earlier = judged(repo, NOW), judged(repo, NOW - timedelta(days=60))
    assert [one.state for one in now.waivers] == [one.state for one in earlier.waivers] == ["expired"]
    assert {one.rule for one in earlier.findings} == {"operation-security", "waiver-expired"}
    assert earlier.findings == now.findings
    assert any("before 2026-11-21, when the base was committed" in note for note in earlier.notes)
    assert not any("when the base was committed" in note for note in now.notes)


def test_a_clock_far_ahead_ends_every_waiver(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo", date(2027, 1, 31), NOW)
    assert judged(repo, NOW).waivers[0].state == "used"
    assert judged(repo, datetime(2400, 1, 1, tzinfo=UTC)).waivers[0].state == "expired"


def test_a_clock_far_behind_lets_no_waiver_be_longer_than_it_may(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo", date(2027, 1, 31), NOW)
    with pytest.raises(ConfigurationError, match="180 days ahead"):
        judged(repo, datetime(1970, 1, 2, tzinfo=UTC))


def test_a_base_that_was_committed_in_the_future_lengthens_none(tmp_path: Path) -> None:
    repo = made(tmp_path / "repo", date(2090, 1, 31), datetime(2090, 1, 1, tzinfo=UTC))
    with pytest.raises(ConfigurationError, match="180 days ahead"):
        judged(repo, NOW)


@pytest.mark.parametrize("moment", [0, 1, 4102444800, 2**33], ids=["1970", "one-second", "2100", "2242"])
def test_times_of_files_hide_no_edit_from_a_cache(tmp_path: Path, moment: int) -> None:
    """Whatever the times say, the index's or the cache's: what stands in the file is judged."""
    repo, home = made(tmp_path / "repo", date(2027, 1, 31), NOW), {"HOME": str(tmp_path / "home")}
    file, clean = repo / "app.py", "import hashlib\n\nX = hashlib.new('sha256', b'').hexdigest()\n"
    file.write_text(clean, "utf-8")
    os.utime(file, (moment, moment))
    commit(repo, "second")
    assert not _weak(repo, home)
    file.write_text("from Crypto.Cipher import DES\nX = DES.new(b'12345678')".ljust(len(clean)), "utf-8")
    os.utime(file, (moment, moment))
    assert file.stat().st_size == len(clean)
    assert _weak(repo, home)


def _weak(repo: Path, home: dict[str, str]) -> bool:
    request = Request(repo, only=("weak-cryptography",), environment=home, cache=True, as_of=NOW, contain=False)
    return any(one.rule == "weak-cryptography" for one in audit(request).report.findings)
