"""What git answers about revisions: names, trees, contents, differences, commits, and the base of a change."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from checker.model.git import Change, Commit
from checker.probe.git import Git, GitUnusable
from tests.scratch_git import Repo, opened


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


class Asked:
    """A repository and the answers about it, opened at the first question."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo
        self._git: Git | None = None

    @property
    def git(self) -> Git:
        if self._git is None:
            self._git = Git.open(self.repo.path)
        assert self._git is not None
        return self._git

    def close(self) -> None:
        if self._git is not None:
            self._git.close()


@pytest.fixture
def asked(repo: Repo) -> Iterator[Asked]:
    one = Asked(repo)
    yield one
    one.close()


def test_differences_of_every_kind(repo: Repo, asked: Asked) -> None:
    lines = [f"line {number}\n" for number in range(1, 41)]
    repo.write("edited", "".join(lines))
    repo.write("moved", "".join(f"other {line}" for line in lines))
    repo.write("deleted", "x\ny\n")
    repo.write("retyped", "target")
    repo.write("mode", "m\n")
    repo.write("binary", b"\0" * 40)
    base = repo.commit()
    lines[4:6] = ["new 5\n", "new 6\n", "more\n"]
    del lines[20]
    repo.write("edited", "".join([*lines, "end"]))
    (repo.path / "folder").mkdir()
    repo.git("mv", "moved", "folder/moved")
    repo.write("folder/moved", "first\n" + (repo.path / "folder/moved").read_text())
    (repo.path / "deleted").unlink()
    (repo.path / "retyped").unlink()
    os.symlink("target", repo.path / "retyped")
    (repo.path / "mode").chmod(0o755)
    repo.write("binary", b"\0" * 39 + b"\n")
    repo.write("empty", "")
    repo.write("added", "1\n2\n3")
    head = repo.commit()
    expected = [
        Change("A", "added", None, ((1, 3),)),
        Change("M", "binary"),
        Change("D", "deleted"),
        Change("M", "edited", None, ((5, 7), (41, 41))),
        Change("A", "empty"),
        Change("R", "folder/moved", "moved", ((1, 1),)),
        Change("M", "mode"),
        Change("T", "retyped"),
    ]
    assert asked.git.diff(base, head) == expected
    assert asked.git.diff(base) == expected
    assert asked.git.diff(head) == []
    assert {change.path: change.status for change in asked.git.diff(head, base)}["added"] == "D"


def test_text_that_looks_like_a_patch_is_text(repo: Repo, asked: Asked) -> None:
    patch = "diff --git a/x b/x\n@@ -1 +1,99 @@\n-- a\n++ b\n\\ No newline at end of file\n"
    repo.write("a", "0\n" + patch)
    repo.write("b", "0\n")
    base = repo.commit()
    repo.write("a", patch.replace("99", "98") + "1")
    repo.write("b", "0\n" + patch)
    assert asked.git.diff(base) == [Change("M", "a", None, ((2, 2), (6, 6))), Change("M", "b", None, ((2, 6),))]


def test_a_difference_with_an_unknown_revision_is_refused(repo: Repo, asked: Asked) -> None:
    repo.commit()
    with pytest.raises(GitUnusable, match="'nowhere' is not a commit"):
        asked.git.diff("nowhere")


def test_commits(repo: Repo, asked: Asked) -> None:
    repo.write("a")
    first = repo.commit("first: it's\n\nBody.\n\nSigned-off-by: Ada <ada@example.com>\nTask: T-1")
    repo.git("checkout", "-q", "-b", "side")
    repo.write(b"s\n\xe9")
    side = repo.commit("side")
    repo.git("checkout", "-q", "main")
    repo.git("mv", "a", "b")
    main = repo.commit("moved")
    repo.git("merge", "-q", "--no-ff", "--no-commit", "side")
    repo.write("b", "evil merge\n")
    merge = repo.commit("merge")
    empty = repo.commit("empty")
    time = "2026-11-01T12:00:00Z"

    def made(one: str, parents: tuple[str, ...], subject: str, *paths: str, trailers: str = "") -> Commit:
        return Commit(one, parents, "Ada", "ada@example.com", time, subject, trailers, paths, time)

    expected = {
        empty: made(empty, (merge,), "empty"),
        merge: made(merge, (main, side), "merge", "b"),
        main: made(main, (first,), "moved", "a", "b"),
        side: made(side, (first,), "side", "s\n\udce9"),
        first: made(first, (), "first: it's", "a", trailers="Signed-off-by: Ada <ada@example.com>\nTask: T-1"),
    }
    listed = asked.git.log("HEAD", 10)
    assert {commit.id: commit for commit in listed} == expected
    assert [commit.id for commit in listed][::4] == [empty, first]
    assert [commit.id for commit in asked.git.log("HEAD", 2)] == [empty, merge]
    assert [commit.id for commit in asked.git.log(f"{merge}..HEAD", 10)] == [empty]
    assert asked.git.log("HEAD..HEAD", 10) == []
    assert asked.git.merge_base("main", "side") == side
    assert asked.git.merge_base(main, side) == first


def test_commits_below_a_folder_are_all_listed_and_its_name_is_no_pattern(repo: Repo) -> None:
    repo.write("a*/x")
    repo.commit("first")
    repo.git("checkout", "-q", "-b", "side")
    repo.write("a*/x", "side\n")
    repo.commit("dropped by the merge")
    repo.git("checkout", "-q", "main")
    repo.write("ab/x")
    repo.commit("beside")
    repo.git("merge", "-q", "-s", "ours", "-m", "merge", "side")
    listed = opened(repo.path / "a*").log("HEAD", 9)
    assert {commit.subject: commit.paths for commit in listed} == {
        "first": ("x",),
        "dropped by the merge": ("x",),
        "merge": (),
    }


def test_unrelated_histories_have_no_merge_base(repo: Repo, asked: Asked) -> None:
    repo.commit("one")
    repo.git("checkout", "-q", "--orphan", "other")
    repo.commit("two")
    assert asked.git.merge_base("main", "other") is None


def test_names_of_revisions(repo: Repo, asked: Asked) -> None:
    commit = repo.commit()
    repo.git("tag", "-a", "-m", "x", "v1")
    repo.git("pack-refs", "--all")
    git = asked.git
    assert {git.resolve(name) for name in ("HEAD", "main", "v1", "refs/tags/v1", commit, commit[:10], "@")} == {commit}
    assert [git.resolve(name) for name in ("nowhere", "HEAD~1", "HEAD^{tree}", "0" * 40)] == [None] * 4


@pytest.mark.parametrize("rev", ["--help", "-n1", "--output=owned", "", "HEAD\nmain", "a\0b"])
def test_what_could_be_an_option_is_no_revision(repo: Repo, asked: Asked, rev: str) -> None:
    repo.commit()
    git = asked.git
    for ask in (git.resolve, git.ls_tree, git.diff, lambda one: git.show(one, "a"), lambda one: git.log(one, 1)):
        with pytest.raises(GitUnusable, match="cannot be a revision"):
            ask(rev)
    with pytest.raises(GitUnusable, match="cannot be a revision"):
        git.merge_base("HEAD", rev)
    assert not (repo.path / "owned").exists()


def test_contents_are_read_in_order_once_and_up_to_a_limit(repo: Repo, asked: Asked) -> None:
    repo.write("small", "s\n")
    repo.write("empty", "")
    repo.write("large", b"\0blob\n" * 1000)
    repo.commit()
    ids = [repo.git("rev-parse", f"HEAD:{name}") for name in ("small", "large", "empty")]
    assert list(asked.git.blobs([*ids, ids[0]], limit=100)) == [(ids[0], b"s\n"), (ids[1], None), (ids[2], b"")]
    assert list(asked.git.blobs(ids))[1] == (ids[1], b"\0blob\n" * 1000)
    assert list(asked.git.blobs([])) == []


@pytest.mark.parametrize("wrong", ["0" * 40, "HEAD", "-x", "a b"])
def test_a_content_that_is_not_there_is_refused(repo: Repo, asked: Asked, wrong: str) -> None:
    repo.commit()
    with pytest.raises(GitUnusable):
        list(asked.git.blobs([wrong]))


def test_a_content_under_a_false_name_is_refused(repo: Repo, asked: Asked) -> None:
    repo.write("policy", "strict\n")
    repo.commit()
    blob = repo.git("rev-parse", "HEAD:policy")
    place = repo.path / ".git" / "objects" / blob[:2] / blob[2:]
    place.chmod(0o644)
    place.write_bytes(zlib.compress(b"blob 4\0lax\n"))
    assert repo.git("show", "HEAD:policy") == "lax"
    with pytest.raises(GitUnusable, match="other content than its name says"):
        asked.git.show("HEAD", "policy")


def test_a_file_at_a_revision(repo: Repo, asked: Asked) -> None:
    repo.write("folder/a", "old\n")
    old = repo.commit()
    repo.write("folder/a", "new\n")
    repo.commit()
    git = asked.git
    assert (git.show(old, "folder/a"), git.show("HEAD", "folder/a")) == (b"old\n", b"new\n")
    assert [git.show(old, path) for path in ("folder", "folder/b", "/etc/passwd", "../x", "..", "", "a\0b")] == [
        None
    ] * 7
    assert git.show(old, "./folder//a") == b"old\n"
    with pytest.raises(GitUnusable, match="larger than 3 bytes"):
        git.show(old, "folder/a", 3)


class TestUpstreamBase:
    """INTERFACE, Policy: CHECKER_BASE, else the CI's target branch, else the merge base with origin/HEAD, else none."""

    @pytest.fixture
    def history(self, repo: Repo, tmp_path: Path) -> dict[str, str]:
        """A clone with `main` at the fork, `origin/main` one ahead of it, and two commits of its own on `work`."""
        ids = {"fork": repo.commit("fork")}
        repo.git("clone", "-q", ".", str(tmp_path / "origin"))
        origin = Repo.adopted(tmp_path / "origin")
        ids["tip"] = origin.commit("tip")
        repo.git("remote", "add", "origin", str(origin.path))
        repo.git("fetch", "-q", "origin")
        repo.git("remote", "set-head", "origin", "main")
        repo.git("checkout", "-q", "-b", "work")
        ids["first"] = repo.commit("first")
        ids["head"] = repo.commit("second")
        repo.git("branch", "local-only", ids["first"])
        return ids

    @pytest.mark.parametrize(
        ("env", "expected"),
        [
            ({}, "fork"),
            ({"CHECKER_BASE": "", "GITHUB_BASE_REF": ""}, "fork"),
            ({"CHECKER_BASE": "HEAD~1", "GITHUB_BASE_REF": "main"}, "first"),
            ({"GITHUB_BASE_REF": "main"}, "tip"),
            ({"GITHUB_BASE_REF": "local-only"}, "first"),
            ({"SYSTEM_PULLREQUEST_TARGETBRANCH": "refs/heads/main"}, "tip"),
            ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "{fork}"}, "fork"),
            ({"CI_MERGE_REQUEST_TARGET_BRANCH_NAME": "main", "CI_MERGE_REQUEST_DIFF_BASE_SHA": "f" * 40}, "tip"),
        ],
    )
    def test_in_order(self, history: dict[str, str], asked: Asked, env: dict[str, str], expected: str) -> None:
        given = {name: value.format(**history) for name, value in env.items()}
        assert asked.git.upstream_base(given) == history[expected]

    @pytest.mark.parametrize("variable", ["CHECKER_BASE", "GITHUB_BASE_REF", "CI_MERGE_REQUEST_DIFF_BASE_SHA"])
    def test_a_base_that_is_named_and_absent_is_not_passed_over(
        self, history: dict[str, str], asked: Asked, variable: str
    ) -> None:
        with pytest.raises(GitUnusable, match=f"{variable} names 'absent'"):
            asked.git.upstream_base({variable: "absent"})

    def test_an_option_is_no_base(self, history: dict[str, str], asked: Asked) -> None:
        with pytest.raises(GitUnusable, match="cannot be a revision"):
            asked.git.upstream_base({"CHECKER_BASE": "--all"})

    def test_without_a_remote_there_is_none(self, repo: Repo, asked: Asked) -> None:
        repo.commit()
        assert asked.git.upstream_base({}) is None
