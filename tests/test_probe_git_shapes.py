"""Repositories of every shape: unborn, detached, SHA-256, linked, bare, shallow, borrowing, nested."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.model.git import Change, TrackedEntry
from checker.probe.git import Git, GitUnusable
from tests.scratch_git import Repo, opened


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def test_before_the_first_commit(repo: Repo) -> None:
    repo.write("a")
    repo.write("b")
    repo.git("add", "a")
    git = opened(repo.path)
    assert (git.head, git.branch, git.resolve("HEAD")) == (None, "main", None)
    assert ([entry.path for entry in git.tracked()], git.untracked(), git.changed_in_worktree()) == (
        ["a"],
        ["b"],
        ["a"],
    )
    assert (git.dirty, git.upstream_base({})) == (True, None)
    repo.commit()
    assert git.tree() == repo.git("rev-parse", "HEAD^{tree}")


def test_an_empty_repository_is_clean(repo: Repo) -> None:
    git = opened(repo.path)
    assert (git.dirty, git.tree()) == (False, repo.git("hash-object", "-t", "tree", "--stdin"))


def test_a_detached_head(repo: Repo) -> None:
    commit = repo.commit()
    repo.git("checkout", "-q", "--detach")
    git = opened(repo.path)
    assert (git.head, git.branch) == (commit, None)


def test_a_sha256_repository(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo", "--object-format=sha256")
    repo.write("a")
    commit = repo.commit()
    git = opened(repo.path)
    assert len(commit) == 64
    assert (git.head, git.dirty, git.tree()) == (commit, False, repo.git("rev-parse", "HEAD^{tree}"))
    repo.write("b")
    git = opened(repo.path)
    assert git.tree() == repo.added_tree()
    assert git.diff("HEAD") == [Change("A", "b", None, ((1, 1),))]


def test_a_linked_worktree(repo: Repo, tmp_path: Path) -> None:
    repo.write("a")
    repo.commit()
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    (tmp_path / "linked" / "a").write_text("changed\n")
    git = opened(tmp_path / "linked")
    assert (git.branch, git.top, git.changed_in_worktree()) == ("side", tmp_path / "linked", ["a"])
    assert not opened(repo.path).dirty


def test_a_worktree_of_a_bare_repository(repo: Repo, tmp_path: Path) -> None:
    repo.write("a")
    commit = repo.commit()
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "hub.git"))
    repo.git("worktree", "add", "-q", "--detach", str(tmp_path / "linked"), cwd=tmp_path / "hub.git")
    git = opened(tmp_path / "linked")
    assert (git.head, git.dirty) == (commit, False)


@pytest.mark.parametrize("inside", ["", "refs", "objects/info"])
def test_a_bare_repository_is_unusable(tmp_path: Path, inside: str) -> None:
    Repo(tmp_path / "bare.git", "--bare")
    with pytest.raises(GitUnusable, match="bare repository"):
        Git.open(tmp_path / "bare.git" / inside)


def test_a_shallow_clone_says_so(repo: Repo, tmp_path: Path) -> None:
    repo.write("a")
    repo.commit("first")
    head = repo.commit("second")
    repo.git("clone", "-q", "--depth=1", f"file://{repo.path}", str(tmp_path / "shallow"))
    git = opened(tmp_path / "shallow")
    assert (git.shallow, git.head, git.dirty) == (True, head, False)
    assert [commit.subject for commit in git.log("HEAD", 9)] == ["second"]


def test_objects_borrowed_through_relative_alternates_are_found(repo: Repo, tmp_path: Path) -> None:
    repo.write("a")
    head = repo.commit()
    repo.git("clone", "-q", "--shared", ".", str(tmp_path / "middle"))
    repo.git("clone", "-q", "--shared", ".", str(tmp_path / "last"), cwd=tmp_path / "middle")
    (tmp_path / "middle/.git/objects/info/alternates").write_text("../../../repo/.git/objects\n")
    (tmp_path / "last/.git/objects/info/alternates").write_text("# comment\n../../../middle/.git/objects\n")
    git = opened(tmp_path / "last")
    assert (git.head, git.dirty) == (head, False)


def test_a_repository_whose_path_has_line_breaks_and_quotes(tmp_path: Path) -> None:
    repo = Repo(tmp_path / 'new\nline "quoted" \\ back')
    repo.write("a")
    assert opened(repo.path / "").tracked() == []
    head = repo.commit()
    assert opened(repo.path).head == head


def test_a_submodule_is_named_and_not_entered(repo: Repo, tmp_path: Path) -> None:
    inner = Repo(tmp_path / "inner")
    inner.write("x")
    commit = inner.commit()
    repo.git("submodule", "--quiet", "add", str(inner.path), "lib")
    repo.commit()
    (repo.path / "lib" / "x").write_text("changed\n")
    git = opened(repo.path)
    assert TrackedEntry("lib", "160000", commit) in git.tracked()
    assert (git.dirty, git.untracked()) == (False, [])
    assert git.tree() == repo.git("rev-parse", "HEAD^{tree}")
    assert git.show("HEAD", "lib") is None
    repo.write("new")
    assert opened(repo.path).tree() == repo.added_tree()
    assert (opened(repo.path / "lib").prefix, opened(repo.path / "lib").changed_in_worktree()) == ("", ["x"])


def test_files_of_a_repository_inside_are_files(repo: Repo) -> None:
    repo.write("a")
    repo.commit()
    nested = Repo(repo.path / "vendor" / "nested")
    nested.write("deep/x", "hidden?\n")
    nested.commit()
    git = opened(repo.path)
    assert git.untracked() == ["vendor/nested/deep/x"]
    assert git.show("HEAD", "a") == b"text\n"
    entry = next(entry for entry in git.content() if entry.path == "vendor/nested/deep/x")
    assert dict(git.blobs([entry.blob])) == {entry.blob: b"hidden?\n"}
