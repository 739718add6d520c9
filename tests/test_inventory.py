"""The list of files: what belongs to the repository and nothing else, with or without git."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from checker.collect.files import Root
from checker.collect.inventory import inventory
from checker.model.repo import Inventory, Role
from checker.model.settings import Description, Layout
from checker.model.unavailable import NotApplicable, Unavailable
from checker.probe.git import Git
from tests.backend import held_back
from tests.scratch_git import Repo

NO_GIT = NotApplicable("no git")


def walked(top: Path) -> Inventory:
    return inventory(Root(top), NO_GIT, Description())


def tracked(top: Path) -> Inventory:
    git = Git.open(top)
    assert git is not None
    with git:
        return inventory(Root(top), git, Description())


def paths(found: Inventory) -> list[str]:
    return [file.path for file in found.files]


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.write("app/main.py")
    repo.commit()
    return repo


class TestBoth:
    """What holds whether git lists the files or a walk does."""

    @pytest.fixture(params=["git", "walk"])
    def top(self, request: pytest.FixtureRequest, tmp_path: Path) -> Path:
        top = tmp_path / "top"
        top.mkdir()
        if request.param == "git":
            Repo(top)
        (top / "app.py").write_text("12345")
        return top

    def look(self, top: Path) -> Inventory:
        return tracked(top) if (top / ".git").exists() else walked(top)

    def test_files_have_size_and_role_and_are_sorted(self, top: Path) -> None:
        (top / "tests").mkdir()
        (top / "tests" / "b.py").write_text("")
        (top / "Ä.md").write_text("")
        found = self.look(top)
        assert [(file.path, file.size, file.role) for file in found.files] == [
            ("app.py", 5, Role.RUNTIME),
            ("tests/b.py", 0, Role.TEST),
            ("Ä.md", 0, Role.DOCS),
        ]
        assert found.skipped == ()

    def test_a_link_inside_the_tree_is_a_file(self, top: Path) -> None:
        (top / "link.py").symlink_to("app.py")
        assert self.look(top).by_path["link.py"].symlink

    @pytest.mark.parametrize(
        "target", ["../outside", "/etc/hostname", "nowhere", "link", ".git/config", "ignored.yaml", "."]
    )
    def test_any_other_link_is_named_and_not_followed(self, top: Path, target: str) -> None:
        (top.parent / "outside").write_text("x")
        (top / ".gitignore").write_text("ignored.yaml\n")
        (top / "ignored.yaml").write_text("x")
        (top / "link").symlink_to(target)
        found = self.look(top)
        assert "link" not in paths(found)
        assert found.skipped == ("link links out of the tree, to nothing, or to an ignored file, and was not followed",)

    def test_a_folder_that_links_out_is_not_entered(self, top: Path) -> None:
        (top / "up").symlink_to("..")
        assert paths(self.look(top)) == ["app.py"]

    def test_odd_names_are_names(self, top: Path) -> None:
        names = [b"new\nline", b"\xff.txt", b" ", b"-x", b'"q"', b"\x1b[2J"]
        for name in names:
            (top / os.fsdecode(name)).write_text("x")
        assert set(paths(self.look(top))) == {"app.py", *map(os.fsdecode, names)}

    def test_gitignore_is_honoured(self, top: Path) -> None:
        for path in ("build/a.py", "src/a.log", "src/keep.log", "src/deep/b.log"):
            (top / path).parent.mkdir(exist_ok=True, parents=True)
            (top / path).write_text("x")
        (top / ".gitignore").write_text("build/\n*.log\n")
        (top / "src" / ".gitignore").write_text("!keep.log\n")
        assert paths(self.look(top)) == [".gitignore", "app.py", "src/.gitignore", "src/keep.log"]

    def test_a_role_may_be_told(self, top: Path) -> None:
        (top / "proofs").mkdir()
        (top / "proofs" / "a.py").write_text("")
        found = inventory(Root(top), NO_GIT, Description(layout=Layout(tests=("proofs",))))
        assert found.by_path["proofs/a.py"].role == Role.TEST

    def test_too_many_files_are_said(self, top: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys.modules["checker.collect.inventory"], "MOST_FILES", 1)
        (top / "b").write_text("")
        with pytest.raises(Unavailable, match="more than 1 files; audit a folder of it"):
            self.look(top)

    def test_no_files_is_nothing_to_look_at(self, top: Path) -> None:
        (top / "app.py").unlink()
        with pytest.raises(Unavailable, match="holds no files"):
            self.look(top)


class TestWalk:
    def test_a_pipe_is_named_and_not_opened(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("")
        os.mkfifo(tmp_path / "pipe")
        assert walked(tmp_path).skipped == ("pipe is not a regular file and was not opened",)

    def test_git_directories_are_no_files(self, tmp_path: Path) -> None:
        Repo(tmp_path / "nested").write("a")
        assert paths(walked(tmp_path)) == ["nested/a"]

    @pytest.mark.parametrize("odd", ["link", "pipe", "folder"])
    def test_a_gitignore_that_is_no_file_ignores_nothing(self, tmp_path: Path, odd: str) -> None:
        top = tmp_path / "top"
        top.mkdir()
        (tmp_path / "outside").write_text("*\n")
        (top / "a").write_text("")
        ignore = top / ".gitignore"
        if odd == "link":
            ignore.symlink_to("../outside")
        elif odd == "pipe":
            os.mkfifo(ignore)
        else:
            ignore.mkdir()
        assert paths(walked(top)) == ["a"]

    def test_a_line_that_is_no_pattern_is_passed_over(self, tmp_path: Path) -> None:
        (tmp_path / ".gitignore").write_bytes(b"!\n[\n\\\n\xff\n/\nb\n")
        for name in "ab":
            (tmp_path / name).write_text("")
        assert paths(walked(tmp_path)) == [".gitignore", "a"]

    @held_back
    def test_an_unreadable_folder_is_unavailable(self, tmp_path: Path) -> None:
        (tmp_path / "d").mkdir(mode=0)
        with pytest.raises(Unavailable, match=r"^d: Permission denied; make it readable"):
            walked(tmp_path)

    def test_git_that_cannot_be_asked_is_walked_around(self, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("")
        assert paths(inventory(Root(tmp_path), Unavailable("damaged"), Description())) == ["a"]


class TestGit:
    def test_untracked_files_count_and_ignored_ones_do_not(self, repo: Repo) -> None:
        repo.write("new.py")
        repo.write("old.log")
        repo.write(".gitignore", "*.log\n")
        found = tracked(repo.path)
        assert {file.path: file.tracked for file in found.files} == {
            ".gitignore": False,
            "app/main.py": True,
            "new.py": False,
        }
        assert found.by_path["app/main.py"].blob == repo.git("rev-parse", "HEAD:app/main.py")

    def test_a_tracked_file_counts_though_it_is_ignored(self, repo: Repo) -> None:
        repo.write("secret.env")
        repo.git("add", "-f", "secret.env")
        repo.write(".gitignore", "*.env\n")
        assert "secret.env" in paths(tracked(repo.path))

    def test_a_deleted_file_is_gone(self, repo: Repo) -> None:
        repo.write("b.py")
        repo.git("add", "b.py")
        (repo.path / "app" / "main.py").unlink()
        assert paths(tracked(repo.path)) == ["b.py"]

    def test_a_submodule_is_named_and_not_entered(self, repo: Repo, tmp_path: Path) -> None:
        other = Repo(tmp_path / "other")
        other.write("inner.py")
        other.commit()
        repo.git("submodule", "--quiet", "add", str(other.path), "lib")
        found = tracked(repo.path)
        assert paths(found) == [".gitmodules", "app/main.py"]
        assert found.skipped == ("lib is a submodule and was not entered",)

    def test_below_the_top_only_the_folder_counts(self, repo: Repo) -> None:
        repo.write("other.py")
        repo.commit()
        assert paths(tracked(repo.path / "app")) == ["main.py"]

    def test_a_folder_where_a_file_was_is_named(self, repo: Repo) -> None:
        (repo.path / "app" / "main.py").unlink()
        repo.write("app/main.py/x")
        found = tracked(repo.path)
        assert paths(found) == ["app/main.py/x"]

    def test_an_unmerged_file_is_listed_once(self, repo: Repo) -> None:
        repo.git("switch", "-q", "-c", "other")
        repo.write("app/main.py", "theirs\n")
        repo.commit()
        repo.git("switch", "-q", "main")
        repo.write("app/main.py", "ours\n")
        repo.commit()
        repo.git("merge", "other", check=False)
        assert paths(tracked(repo.path)) == ["app/main.py"]
