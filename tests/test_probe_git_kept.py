"""What is read once: contents that a comparison kept, and folders in which nothing differs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scratch_git import Repo, opened

NAMES = ("a/b/c.py", "a/b/d.py", "a/e.py", "a.b", "a-b/f", "g/h/i/j", "k")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo(tmp_path / "repo")
    for name in NAMES:
        made.write(name, name)
    made.commit()
    return made


@pytest.mark.parametrize(
    ("gone", "more"),
    [
        (("a/b/c.py",), ("a/b/new",)),
        (("a/b/c.py", "a/b/d.py"), ("x/y/z", "k/l")),
        (("g/h/i/j",), ("g/h/i/j/m",)),
        (NAMES, ()),
    ],
)
def test_a_tree_is_what_git_makes_of_it(repo: Repo, gone: tuple[str, ...], more: tuple[str, ...]) -> None:
    for name in (*gone, *(one for one in ("k", "g/h/i/j") if any(each.startswith(one + "/") for each in more))):
        (repo.path / name).unlink(missing_ok=True)
    for name in more:
        repo.write(name, "new")
    found = opened(repo.path).tree(lambda path: path != "a/e.py")
    repo.git("add", "-A")
    repo.git("rm", "-q", "--cached", "--ignore-unmatch", "a/e.py")
    assert found == repo.git("write-tree")


def test_kept_contents_are_those_that_were_compared(repo: Repo) -> None:
    git = opened(repo.path)
    git.keep_contents(1 << 20)
    assert git.weight == sum(map(len, NAMES))
    repo.write("k", "changed after it was looked at")
    blobs = {entry.path: entry.blob for entry in git.content()}
    assert dict(git.blobs(blobs.values())) == {blob: path.encode() for path, blob in blobs.items()}
    assert dict(git.blobs([blobs["k"]], 0)) == {blobs["k"]: None}


def test_what_differs_from_its_id_is_not_kept(repo: Repo) -> None:
    before = opened(repo.path).content()
    status = os.stat(repo.path / "k")
    repo.write("k", "K")
    os.utime(repo.path / "k", ns=(status.st_atime_ns, status.st_mtime_ns))
    git = opened(repo.path)
    git.keep_contents(1 << 20)
    assert git.weight
    (old,) = [entry.blob for entry in before if entry.path == "k"]
    (new,) = [entry.blob for entry in git.content() if entry.path == "k"]
    assert dict(git.blobs([old, new])) == {old: b"k", new: b"K"}


def test_no_more_is_kept_than_there_is_room_for(repo: Repo) -> None:
    git = opened(repo.path)
    git.keep_contents(9)
    assert git.weight
    assert sum(map(len, git._now.files.kept.values())) <= 9
    assert len(dict(git.blobs(entry.blob for entry in git.content()))) == len(NAMES)
