"""What git answers about ordinary repositories of every shape, compared with what stock git says."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

import pytest

from checker.model.git import Change, TrackedEntry
from checker.probe.git import Git, GitUnusable
from tests.scratch_git import Repo, opened


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def paths(entries: list[TrackedEntry]) -> list[str]:
    return [entry.path for entry in entries]


def test_outside_git_there_is_none(tmp_path: Path) -> None:
    assert Git.open(tmp_path) is None


def test_a_clean_repository(repo: Repo) -> None:
    repo.write("a.py", "one\n")
    repo.write("sub/b.sh", "two\n").chmod(0o755)
    commit = repo.commit()
    git = opened(repo.path)
    assert (git.head, git.branch, git.shallow, git.top, git.prefix) == (commit, "main", False, repo.path, "")
    blobs = [repo.git("rev-parse", "HEAD:a.py"), repo.git("rev-parse", "HEAD:sub/b.sh")]
    entries = [TrackedEntry("a.py", "100644", blobs[0]), TrackedEntry("sub/b.sh", "100755", blobs[1])]
    assert git.tracked() == git.content() == git.ls_tree("HEAD") == entries
    assert (git.untracked(), git.changed_in_worktree(), git.dirty) == ([], [], False)
    assert git.tree() == repo.git("rev-parse", "HEAD^{tree}")
    assert dict(git.blobs(blobs)) == {blobs[0]: b"one\n", blobs[1]: b"two\n"}


def test_every_kind_of_edit_is_seen_and_the_tree_is_what_git_add_makes(repo: Repo) -> None:
    for name in (
        "edited",
        "deleted",
        "staged",
        "mode",
        "to-link",
        "to-folder",
        "folder/to-file",
        "unstaged",
        "same",
        "pipe",
        "to-folder.x",
        "to-folder0",
    ):
        repo.write(name, f"{name}\n")
    repo.write("swapped", "same")
    os.symlink("same", repo.path / "link")
    repo.write(".gitignore", "ignored\n")
    repo.commit()
    repo.write("edited", "EDITED\n")
    repo.write("staged", "one\n")
    repo.git("rm", "-q", "--cached", "unstaged")
    repo.git("add", "staged")
    repo.write("staged", "two\n")
    (repo.path / "mode").chmod(0o755)
    for name in ("deleted", "to-link", "to-folder", "link", "pipe", "swapped"):
        (repo.path / name).unlink()
    os.symlink("same", repo.path / "swapped")
    os.symlink("edited", repo.path / "to-link")
    os.symlink("elsewhere", repo.path / "link")
    os.mkfifo(repo.path / "pipe")
    repo.write("to-folder/inner")
    shutil.rmtree(repo.path / "folder")
    repo.write("folder", "now a file\n")
    repo.write("intended")
    repo.git("add", "-N", "intended")
    repo.write("new/file")
    repo.write("ignored")
    git = opened(repo.path)
    changed = "deleted edited folder/to-file intended link mode pipe staged swapped to-folder to-link unstaged"
    assert git.changed_in_worktree() == changed.split()
    assert git.untracked() == ["folder", "new/file", "to-folder/inner", "unstaged"]
    (repo.path / "pipe").unlink()
    assert git.tree() == repo.added_tree()
    contents = dict(git.blobs(entry.blob for entry in git.content()))
    assert contents[next(entry.blob for entry in git.content() if entry.path == "edited")] == b"EDITED\n"


def test_an_edit_of_equal_size_and_time_is_seen(repo: Repo) -> None:
    place = repo.write("a", "good\n")
    repo.commit()
    before = place.stat()
    place.write_text("evil\n")
    os.utime(place, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert opened(repo.path).changed_in_worktree() == ["a"]


def test_a_staged_change_that_the_disk_takes_back_is_dirty_with_heads_tree(repo: Repo) -> None:
    repo.write("a", "one\n")
    repo.commit()
    repo.write("a", "two\n")
    repo.git("add", "a")
    repo.write("a", "one\n")
    git = opened(repo.path)
    assert (git.dirty, git.changed_in_worktree(), git.tree()) == (True, ["a"], repo.git("rev-parse", "HEAD^{tree}"))


def test_part_of_the_tree(repo: Repo) -> None:
    repo.write("app/a")
    repo.commit()
    wanted = repo.git("rev-parse", "HEAD^{tree}")
    repo.write(".checker/proof", "x\n")
    git = opened(repo.path)
    assert git.tree() != wanted
    assert git.tree(lambda path: not path.startswith(".checker/")) == wanted
    assert git.tree(lambda path: False) == repo.git("hash-object", "-t", "tree", "--stdin")


def test_names_that_break_line_readers(repo: Repo) -> None:
    hard = [
        b'quo"te',
        b"new\nline",
        b"tab\there",
        b" space ",
        "ünï".encode(),
        b"latin\xe9",
        b"-dash",
        b":(top)x",
        b"a\\b",
    ]
    for name in hard:
        repo.write(b"dir/" + name, b"1\n2\n")
    base = repo.commit()
    expected = sorted(f"dir/{name.decode('utf-8', 'surrogateescape')}" for name in hard)
    git = opened(repo.path)
    assert sorted(paths(git.tracked())) == sorted(paths(git.ls_tree(base))) == expected
    assert not git.dirty
    assert [git.show(base, path) for path in expected] == [b"1\n2\n"] * len(expected)
    for name in hard:
        repo.write(b"dir/" + name, b"1\nnew\n2\n")
        repo.write(b"other" + name)
    git = opened(repo.path)
    assert git.changed_in_worktree() == expected
    assert git.untracked() == sorted(f"other{path[4:]}" for path in expected)
    assert git.tree() == repo.added_tree()
    changes = {change.path: change for change in git.diff(base)}
    assert [changes[path] for path in expected] == [Change("M", path, None, ((2, 2),)) for path in expected]


def test_symbolic_links_are_tracked_and_never_followed(repo: Repo, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_text("x\n")
    repo.write("real/secret", "x\n")
    os.symlink("real", repo.path / "alias")
    repo.commit()
    git = opened(repo.path)
    assert not git.dirty
    assert git.show("HEAD", "alias") == b"real"
    shutil.rmtree(repo.path / "real")
    os.symlink(outside, repo.path / "real")
    git = opened(repo.path)
    assert (git.changed_in_worktree(), git.untracked()) == (["real/secret"], ["real"])
    assert git.tree() == repo.added_tree()


def test_a_root_below_the_top(repo: Repo) -> None:
    repo.write("app/a", "1\n")
    repo.write("other/b", "1\n")
    base = repo.commit("first")
    repo.write("other/b", "2\n")
    repo.commit("elsewhere")
    repo.write("app/a", "2\n")
    repo.write("app/deep/c")
    repo.write("other/new")
    git = opened(repo.path / "app")
    assert (git.top, git.prefix) == (repo.path, "app/")
    assert (paths(git.tracked()), git.changed_in_worktree(), git.untracked()) == (["a"], ["a"], ["deep/c"])
    assert git.tree() == repo.added_tree("app/")
    assert [(change.status, change.path) for change in git.diff(base)] == [("M", "a"), ("A", "deep/c")]
    assert git.show(base, "a") == b"1\n"
    assert git.show(base, "../other/b") is None
    assert [(commit.subject, commit.paths) for commit in git.log("HEAD", 9)] == [("first", ("a",))]


def test_a_root_that_git_has_never_seen(repo: Repo) -> None:
    repo.commit()
    (repo.path / "empty").mkdir()
    git = opened(repo.path / "empty")
    assert (git.tracked(), git.untracked(), git.dirty) == ([], [], False)
    assert git.tree() == repo.git("hash-object", "-t", "tree", "--stdin")


def test_an_unresolved_merge(repo: Repo) -> None:
    repo.write("a", "base\n")
    repo.commit()
    repo.git("checkout", "-q", "-b", "side")
    repo.write("a", "side\n")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.write("a", "main\n")
    repo.commit()
    repo.git("merge", "side", check=False)
    git = opened(repo.path)
    assert [(entry.path, entry.stage) for entry in git.tracked()] == [("a", 1), ("a", 2), ("a", 3)]
    assert git.changed_in_worktree() == ["a"]
    assert git.tree() == repo.added_tree()
    (repo.path / "a").unlink()
    assert opened(repo.path).content() == []


def test_line_endings_that_the_attributes_ask_for_are_no_change(repo: Repo) -> None:
    repo.write(".gitattributes", "*.bat text eol=crlf\n*.auto text=auto\n")
    repo.write("run.bat", "a\nb\n")
    repo.commit()
    (repo.path / "run.bat").unlink()
    repo.git("checkout", "-q", "run.bat")
    assert (repo.path / "run.bat").read_bytes() == b"a\r\nb\r\n"
    assert not opened(repo.path).dirty
    blob = repo.git("hash-object", "-w", "--stdin", stdin=b"x\r\n")
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},c.auto")
    repo.git("commit", "-q", "-m", "carriage returns inside")
    repo.write("c.auto", b"x\r\ny\r\n")
    repo.write("run.bat", b"a\r\nc\r\n")
    git = opened(repo.path)
    assert git.changed_in_worktree() == ["c.auto", "run.bat"]
    assert git.tree() == repo.added_tree()


def test_what_a_large_file_pointer_names_is_no_change(repo: Repo) -> None:
    content = b"large\n" * 1000
    digest = hashlib.sha256(content).hexdigest()
    repo.write("big.bin", f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {len(content)}\n")
    repo.commit()
    repo.write("big.bin", content)
    git = opened(repo.path)
    assert (git.dirty, git.tree()) == (False, repo.git("rev-parse", "HEAD^{tree}"))
    repo.write("big.bin", content[:-1] + b"!")
    assert opened(repo.path).changed_in_worktree() == ["big.bin"]


def test_executable_bits_count_where_the_file_system_has_them(repo: Repo) -> None:
    place = repo.write("a")
    repo.commit()
    place.chmod(0o755)
    assert opened(repo.path).diff("HEAD") == [Change("M", "a")]
    repo.git("config", "core.fileMode", "no")
    assert not opened(repo.path).dirty


def test_modes_of_old_are_no_change(repo: Repo) -> None:
    repo.write("a")
    repo.git("add", "a")
    entry = b"100664 a\0" + bytes.fromhex(repo.git("rev-parse", ":a"))
    tree = repo.git("hash-object", "-t", "tree", "-w", "--stdin", "--literally", stdin=entry)
    repo.git("reset", "-q", repo.git("commit-tree", "-m", "old", tree))
    git = opened(repo.path)
    assert (git.dirty, git.tree()) == (False, tree)


def test_git_missing_is_said(repo: Repo) -> None:
    with pytest.raises(GitUnusable, match="install git"):
        Git.open(repo.path, path="/nonexistent")


def test_closing_takes_everything_away(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "scratch"))
    (tmp_path / "scratch").mkdir()
    with Git.open(repo.path) or pytest.fail("no git") as git:
        assert len(list((tmp_path / "scratch").iterdir())) == 1
        assert git.tracked() == []
    assert list((tmp_path / "scratch").iterdir()) == []
    (repo.path / ".git" / "HEAD").write_text("nonsense\n")
    with pytest.raises(GitUnusable):
        Git.open(repo.path)
    assert list((tmp_path / "scratch").iterdir()) == []


def test_what_cannot_be_read_is_not_clean(repo: Repo) -> None:
    place = repo.write("a")
    repo.commit()
    place.chmod(0)
    if os.access(place, os.R_OK):
        pytest.skip("this user reads everything")
    git = opened(repo.path)
    assert git.changed_in_worktree() == ["a"]
    with pytest.raises(GitUnusable, match="cannot read a"):
        git.tree()
    place.chmod(0o644)
    repo.write("closed/x")
    (repo.path / "closed").chmod(0)
    with pytest.raises(GitUnusable, match="closed"):
        opened(repo.path).untracked()
    (repo.path / "closed").chmod(0o755)
