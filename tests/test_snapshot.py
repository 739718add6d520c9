"""What a folder looked like, so that an answer about it may be remembered."""

from __future__ import annotations

import os
import time
from pathlib import Path

from checker.probe.snapshot import snapshot


class TestSnapshot:
    def test_the_same_until_something_changes(self, tmp_path: Path) -> None:
        (tmp_path / "a.txt").write_text("one", "utf-8")
        os.utime(tmp_path / "a.txt", (1, 1))
        time.sleep(2.1)
        first = snapshot(tmp_path)
        assert first is not None
        assert snapshot(tmp_path) == first
        (tmp_path / "a.txt").write_text("two", "utf-8")
        os.utime(tmp_path / "a.txt", (1, 1))  # the time that a program may set is not believed alone
        assert snapshot(tmp_path) is None
        time.sleep(2.1)
        assert snapshot(tmp_path) not in (None, first)

    def test_the_git_directory_above_counts(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n", "utf-8")
        (tmp_path / "sub").mkdir()
        time.sleep(2.1)
        first = snapshot(tmp_path / "sub")
        assert first is not None
        (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/fork\n", "utf-8")
        time.sleep(2.1)
        assert snapshot(tmp_path / "sub") not in (None, first)

    def test_what_the_folders_above_ignore_counts(self, tmp_path: Path) -> None:
        (tmp_path / ".git").mkdir()
        (tmp_path / "sub").mkdir()
        (tmp_path / ".gitignore").write_text("sub/config.py\n", "utf-8")
        time.sleep(2.1)
        first = snapshot(tmp_path / "sub")
        assert first is not None
        (tmp_path / ".gitignore").unlink()
        time.sleep(2.1)
        assert snapshot(tmp_path / "sub") not in (None, first)

    def test_a_git_directory_elsewhere_cannot_be_followed(self, tmp_path: Path) -> None:
        (tmp_path / ".git").write_text("gitdir: /elsewhere\n", "utf-8")
        time.sleep(2.1)
        assert snapshot(tmp_path) is None
