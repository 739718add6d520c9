"""Repositories that are broken: it is said in one line, at once, and nothing is guessed."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest

from checker.probe.git import Git, GitUnusable
from tests.scratch_git import Repo, opened


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    one = Repo(tmp_path / "repo")
    one.write("a.py", "print('good')\n")
    one.write("sub/b.py", "2\n")
    one.commit()
    return one


@pytest.fixture
def inside(repo: Repo) -> Path:
    return repo.path / ".git"


def refused(repo: Repo, saying: str) -> None:
    with pytest.raises(GitUnusable, match=saying) as raised, opened(repo.path) as git:
        git.tree()
    assert "\n" not in raised.value.reason


@pytest.mark.parametrize("name", ["HEAD", "refs", "objects"])
def test_something_missing(repo: Repo, inside: Path, name: str) -> None:
    (inside / name).rename(inside / "gone")
    refused(repo, name)


@pytest.mark.parametrize("name", ["HEAD", "index", "packed-refs", "config", "shallow", "refs/heads/main"])
def test_a_pipe_in_place_of_a_file(repo: Repo, inside: Path, name: str) -> None:
    (inside / name).unlink(missing_ok=True)
    os.mkfifo(inside / name)
    refused(repo, f"{name} is not a regular file")


@pytest.mark.parametrize(
    ("name", "content"),
    [("HEAD", b"junk\n"), ("index", b"DIRC junk"), ("refs/heads/main", b"junk\n"), ("refs/heads/main", b"1" * 40)],
)
def test_junk_in_a_file(repo: Repo, inside: Path, name: str, content: bytes) -> None:
    (inside / name).write_bytes(content)
    refused(repo, ".")


def test_a_commit_without_its_tree(repo: Repo, inside: Path) -> None:
    tree = repo.git("rev-parse", "HEAD^{tree}")
    (inside / "objects" / tree[:2] / tree[2:]).unlink()
    refused(repo, "not in this clone")


def test_a_folder_without_its_tree_is_not_an_empty_folder(repo: Repo, inside: Path) -> None:
    tree = repo.git("rev-parse", "HEAD:sub")
    (inside / "objects" / tree[:2] / tree[2:]).unlink()
    with pytest.raises(GitUnusable), opened(repo.path / "sub") as git:
        git.diff("HEAD")


@pytest.mark.parametrize(
    ("config", "saying"),
    [
        ("[core]\n\tbare = true\n", "bare"),
        ("[core] bare # yes\n", "bare"),
        ("[core]\n\trepositoryformatversion = 2\n", "newer than 1"),
        ("[core]\n\trepositoryformatversion = 1\n[Extensions]\n\tRefStorage = reftable\n", "reftable"),
        ('[core]\nrepositoryformatversion = "1" ; one\n[extensions]\nfuture\n', "future"),
    ],
)
def test_a_format_that_we_do_not_read(repo: Repo, inside: Path, config: str, saying: str) -> None:
    (inside / "config").write_text(config)
    refused(repo, saying)


def test_a_pointer_to_nowhere(repo: Repo, inside: Path) -> None:
    inside.rename(repo.path / "moved")
    inside.write_text("gitdir: ../nowhere\n")
    refused(repo, "points to")
    inside.write_bytes(b"gitdir: a\0b\n")
    refused(repo, ".")
    inside.write_text("hello\n")
    refused(repo, "neither")


def test_an_answer_that_takes_too_long(repo: Repo, inside: Path) -> None:
    os.mkfifo(inside / "objects" / "pack" / "pack-1.idx")
    (inside / "objects" / "pack" / "pack-1.pack").write_bytes(zlib.compress(b""))
    with pytest.raises(GitUnusable, match=r"longer than 0\.5 seconds"):
        Git.open(repo.path, timeout=0.5)


def test_a_temporary_folder_inside_the_audited_tree(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(repo.path / "sub"))
    refused(repo, "TMPDIR")
