"""What an audit keeps of a file between runs besides its matches: markers that silence, and that it holds no secret."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.audit import audit
from checker.collect import secrets as secrets_module
from checker.collect import suppressions as suppressions_module
from checker.collect.code.cache import _digest
from checker.collect.code.traits import _Trait, _traits, traits
from checker.collect.files import Root
from checker.model.repo import File
from checker.model.report import Report
from checker.workplace import Request
from tests.fake_secrets import fake
from tests.scratch import commit, git

TOKEN = fake("github-pat")


def audited(root: Path, home: Path) -> Report:
    environment = {"HOME": str(home)}
    return audit(Request(root, ("common",), ("secrets",), environment=environment, cache=True, contain=False)).report


def _searched(report: Report) -> int:
    return next(one.examined for one in report.results if one.rule == "secret-in-tree")


@pytest.fixture
def repo(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    (root / "a.py").write_text("import os  # noqa: F401\n", "utf-8")
    (root / "b.py").write_text(f'key = "{TOKEN}"\n', "utf-8")
    (root / "c.txt").write_text("nothing\n", "utf-8")
    git(root, "init", "-q")
    commit(root, "first")
    return root


class TestWarm:
    def test_nothing_is_read_twice_that_held_nothing(
        self, repo: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = audited(repo, tmp_path / "home")
        read: list[str] = []
        kept = secrets_module._Scan.read

        def noted(scan: secrets_module._Scan, root: Root, file: File) -> bytes | None:
            read.append(file.path)
            return kept(scan, root, file)

        monkeypatch.setattr(secrets_module._Scan, "read", noted)
        monkeypatch.setattr(suppressions_module, "_in_file", lambda root, path: read.append(path))
        (repo / "new.txt").write_text("nothing either\n", "utf-8")
        second = audited(repo, tmp_path / "home")
        assert read == ["b.py", "new.txt"], "what holds a secret is looked at anew: no cache tells what was in it"
        assert second.findings == first.findings
        assert [one.marker for one in second.suppressions] == ["noqa: F401"]
        assert _searched(second) == _searched(first) + 1

    def test_an_edit_is_seen(self, repo: Path, tmp_path: Path) -> None:
        audited(repo, tmp_path / "home")
        (repo / "c.txt").write_text(f"token {TOKEN}\n", "utf-8")
        (repo / "a.py").write_text("import os  # nosemgrep\n", "utf-8")
        report = audited(repo, tmp_path / "home")
        assert {one.where.path for one in report.findings} >= {"b.py", "c.txt"}
        assert [one.engine for one in report.suppressions] == ["semgrep"]

    def test_no_secret_is_kept_and_rubbish_is_not_believed(self, repo: Path, tmp_path: Path) -> None:
        first = audited(repo, tmp_path / "home")
        folder = tmp_path / "home" / ".cache" / "backend-checker"
        assert {one.name for one in folder.glob("*.sqlite")} >= {"clean.sqlite", "markers.sqlite"}
        assert all(TOKEN.encode() not in one.read_bytes() for one in folder.iterdir())
        (folder / "verdicts.sqlite").unlink()
        for name in ("clean", "markers"):
            with sqlite3.connect(folder / f"{name}.sqlite") as database:
                known = [name for (name,) in database.execute("SELECT id FROM looked")]
                rubbish = [(f"{_digest(name, '[[1]]')} [[1]]", name) for name in known]
                database.executemany("UPDATE looked SET body = ? WHERE id = ?", rubbish)
        second = audited(repo, tmp_path / "home")
        assert second == first.model_copy(update={"as_of": second.as_of})


class TestFolders:
    def test_a_link_in_a_known_folder_is_not_followed_out(self, tmp_path: Path) -> None:
        (tmp_path / "outside").write_text("x", "utf-8")
        inside = tmp_path / "in" / "a"
        inside.mkdir(parents=True)
        (inside / "plain").write_text("plain", "utf-8")
        (inside / "back").symlink_to("plain")
        (inside / "out").symlink_to("../../outside")
        root = Root(tmp_path / "in")
        assert root.read("a/plain") == root.read("a/back") == b"plain"
        assert not root.exists("a/out")
        assert not root.exists("../outside")
        assert not root.exists("a/..")


_ANYWHERE = [(language, one) for language in ("python", "typescript") for one in _traits(language) if one.words]


@pytest.mark.parametrize(("language", "trait"), _ANYWHERE, ids=lambda one: getattr(one, "name", one))
@settings(max_examples=20, deadline=None, database=None)
@given(data=st.data())
def test_a_word_of_the_trait_stands_in_whatever_shows_it(language: str, trait: _Trait, data: st.DataObject) -> None:
    text = data.draw(st.from_regex(data.draw(st.sampled_from(trait.anywhere))))
    assert trait.name in traits("a.py" if language == "python" else "a.ts", text)
