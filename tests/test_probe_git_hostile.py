"""Repositories that set traps: nothing of theirs runs, nothing of theirs is written, and the answers are right."""

from __future__ import annotations

import hashlib
import os
import shlex
from pathlib import Path

import pytest

from checker.model.git import Change
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
def marker(tmp_path: Path) -> Path:
    """Exists once something of the repository has run."""
    return tmp_path / "marker"


@pytest.fixture
def trap(tmp_path: Path, marker: Path) -> str:
    """A program that leaves the marker, as git would be told of it."""
    place = tmp_path / "trap"
    place.write_text(f"#!/bin/sh\ntouch {shlex.quote(str(marker))}\n")
    place.chmod(0o755)
    return str(place)


def ask_everything(repo: Repo) -> None:
    """Call every method, and see that the answers are those of a repository without traps."""
    with opened(repo.path) as git:
        head = git.head
        assert head == repo.git("rev-parse", "HEAD")
        assert git.changed_in_worktree() == ["a.py"]
        assert git.untracked() == ["new.py"]
        assert git.dirty
        assert [change.path for change in git.diff("HEAD")] == ["a.py", "new.py"]
        assert git.diff("HEAD")[0] == Change("M", "a.py", None, ((1, 1),))
        contents = dict(git.blobs(entry.blob for entry in git.content()))
        assert b"print('evil')\n" in contents.values()
        assert git.tree() != repo.git("rev-parse", "HEAD^{tree}")
        assert git.show("HEAD", "a.py") == b"print('good')\n"
        assert len(git.ls_tree("HEAD")) == len(git.tracked())
        assert git.log("HEAD", 5)[-1].paths == ("a.py", "sub/b.py")
        assert git.merge_base("HEAD", "main") == head
        assert git.upstream_base({"CHECKER_BASE": "main"}) == head


def edit(repo: Repo) -> None:
    """Edit one file, touch another, add a third; the old times make stock git look at them, and rewrite its index."""
    repo.write("a.py", "print('evil')\n")
    repo.write("new.py")
    for name in ("a.py", "sub/b.py"):
        os.utime(repo.path / name, (1_700_000_000, 1_700_000_000))


# Each: settings, attributes, and the everyday command that falls into the trap, which proves that it is one.
TRAPS = {
    "fsmonitor": ({"core.fsmonitor": "{trap}"}, "", "status"),
    "clean filter": ({"filter.x.clean": "{trap}"}, "*.py filter=x", "status"),
    "smudging process": ({"filter.x.process": "{trap}", "filter.x.required": "true"}, "*.py filter=x", "status"),
    "external diff": ({"diff.external": "{trap}"}, "", "diff"),
    "diff driver": ({"diff.x.command": "{trap}"}, "*.py diff=x", "diff"),
    "text conversion": ({"diff.x.textconv": "{trap}"}, "*.py diff=x", "diff"),
    "included file": ({"include.path": "{included}"}, "", "status"),
    "conditional include": ({"includeIf.gitdir:/.path": "{included}"}, "", "status"),
    "hooks elsewhere": ({"core.hooksPath": "{hooks}"}, "", "update-index --refresh -q"),
    "attributes elsewhere": ({"core.attributesFile": "{attributes}", "filter.x.clean": "{trap}"}, "", "status"),
    "alias": ({"alias.st": "!{trap}"}, "", "st"),
    "signature program": ({"log.showSignature": "true", "gpg.program": "{trap}"}, "", "log"),
}


@pytest.mark.parametrize("name", TRAPS)
def test_no_setting_runs_anything(repo: Repo, marker: Path, trap: str, tmp_path: Path, name: str) -> None:
    settings, attributes, command = TRAPS[name]
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    (hooks / "post-index-change").symlink_to(trap)
    (tmp_path / "included").write_text(f"[core]\n\tfsmonitor = {trap}\n")
    (tmp_path / "attributes").write_text("*.py filter=x\n")
    places = {
        "trap": trap,
        "hooks": str(hooks),
        "included": str(tmp_path / "included"),
        "attributes": str(tmp_path / "attributes"),
    }
    if name == "signature program":
        sign_with_nonsense(repo)
    for key, value in settings.items():
        repo.git("config", key, value.format(**places))
    (repo.path / ".git" / "info" / "attributes").write_text(attributes)
    edit(repo)
    repo.git(*command.split(), check=False)
    assert marker.exists(), "the trap does not work"
    marker.unlink()
    ask_everything(repo)
    assert not marker.exists()


def sign_with_nonsense(repo: Repo) -> None:
    """Give HEAD a signature, so that showing it calls the program that verifies."""
    body = repo.git("cat-file", "commit", "HEAD")
    head, _, rest = body.partition("\n\n")
    signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n abcd\n -----END PGP SIGNATURE-----"
    signed = f"{head}\n{signature}\n\n{rest}\n"
    repo.git("reset", "-q", "--soft", repo.git("hash-object", "-t", "commit", "-w", "--stdin", stdin=signed.encode()))


def test_every_hook_at_once_stays_silent(repo: Repo, marker: Path, trap: str) -> None:
    for name in ("post-index-change", "reference-transaction", "pre-auto-gc", "fsmonitor-watchman", "post-checkout"):
        (repo.path / ".git" / "hooks").mkdir(exist_ok=True)
        (repo.path / ".git" / "hooks" / name).symlink_to(trap)
    edit(repo)
    repo.git("update-index", "--refresh", "-q", check=False)
    assert marker.exists()
    marker.unlink()
    ask_everything(repo)
    assert not marker.exists()


def test_the_environment_of_the_caller_is_not_obeyed(
    repo: Repo, marker: Path, trap: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "user").write_text(f"[core]\n\tfsmonitor = {trap}\n[diff]\n\texternal = {trap}\n")
    settings = {"GIT_EXTERNAL_DIFF": trap, "GIT_PAGER": trap, "GIT_EDITOR": trap, "GIT_SSH_COMMAND": trap}
    places = {"GIT_DIR": "/nowhere", "GIT_INDEX_FILE": "/nowhere", "GIT_CONFIG_GLOBAL": str(tmp_path / "user")}
    counted = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.fsmonitor", "GIT_CONFIG_VALUE_0": trap}
    for key, value in (settings | places | counted).items():
        monkeypatch.setenv(key, value)
    edit(repo)
    ask_everything(repo)
    assert not marker.exists()


def test_a_git_that_the_repository_brings_is_not_run(
    repo: Repo, marker: Path, trap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    (repo.path / "bin").mkdir()
    (repo.path / "bin" / "git").symlink_to(trap)
    (repo.path / ".git" / "info" / "exclude").write_text("bin\n")
    monkeypatch.setenv("PATH", f"{repo.path / 'bin'}:bin:.:{os.environ['PATH']}")
    edit(repo)
    monkeypatch.chdir(repo.path)
    ask_everything(repo)
    assert not marker.exists()


def test_a_git_that_leads_into_the_repository_is_not_run(repo: Repo, marker: Path, trap: str, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (repo.path / "git").write_bytes(Path(trap).read_bytes())
    (repo.path / "git").chmod(0o755)
    (tmp_path / "bin" / "git").symlink_to(repo.path / "git")
    with pytest.raises(GitUnusable, match="leads into the audited tree"):
        Git.open(repo.path, path=str(tmp_path / "bin"))
    assert not marker.exists()


def test_a_missing_object_is_not_fetched(repo: Repo, marker: Path, trap: str, tmp_path: Path) -> None:
    repo.write("a.py", "second\n")
    repo.commit()
    repo.git("config", "uploadpack.allowFilter", "true")
    words = ("clone", "-q", "--filter=blob:none", f"file://{repo.path}", str(tmp_path / "partial"))
    repo.git(*words)
    partial = Repo.adopted(tmp_path / "partial")
    partial.git("config", "remote.origin.uploadpack", trap)
    partial.git("show", "HEAD~1:a.py", check=False)
    assert marker.exists()
    marker.unlink()
    with opened(partial.path) as git:
        assert not git.dirty
        with pytest.raises(GitUnusable, match="not in this clone"):
            git.show("HEAD~1", "a.py")
    assert not marker.exists()


@pytest.mark.parametrize("bit", ["--assume-unchanged", "--skip-worktree"])
def test_a_bit_in_the_index_hides_nothing(repo: Repo, bit: str) -> None:
    repo.git("update-index", bit, "a.py", "sub/b.py")
    edit(repo)
    (repo.path / "sub" / "b.py").unlink()
    assert repo.git("status", "--porcelain") == "?? new.py"
    with opened(repo.path) as git:
        assert git.changed_in_worktree() == ["a.py", "sub/b.py"]
        assert [(change.status, change.path) for change in git.diff("HEAD")] == [
            ("M", "a.py"),
            ("A", "new.py"),
            ("D", "sub/b.py"),
        ]


def test_a_forged_index_hides_nothing(repo: Repo) -> None:
    good = repo.git("rev-parse", "HEAD:a.py")
    os.utime(repo.write("a.py", "print('evil')\n"), (1_700_000_000, 1_700_000_000))
    repo.git("add", "a.py")
    index = repo.path / ".git" / "index"
    forged = index.read_bytes().replace(bytes.fromhex(repo.git("rev-parse", ":a.py")), bytes.fromhex(good))[:-20]
    index.write_bytes(forged + hashlib.sha1(forged).digest())
    assert repo.git("status", "--porcelain") == "", "the forgery does not work"
    with opened(repo.path) as git:
        assert git.changed_in_worktree() == ["a.py"]
        assert git.tree() == repo.added_tree() != repo.git("rev-parse", "HEAD^{tree}")
        assert git.diff("HEAD") == [Change("M", "a.py", None, ((1, 1),))]


# Attributes under which different bytes on disk count as the same content, or a difference as binary.
@pytest.mark.parametrize(
    ("attributes", "committed", "on_disk"),
    [
        ("*.py ident", b'a = "$Id$"\n', b'a = "$Id: "; import evil; b = "$"\n'),
        ("*.py working-tree-encoding=UTF-7", b"a{}\n", b"a+AHsAfQ-\n"),
        ("*.py -diff", b"1\n", b"2\n"),
        ("*.py binary", b"1\n", b"2\n"),
    ],
)
def test_no_attribute_hides_an_edit(repo: Repo, attributes: str, committed: bytes, on_disk: bytes) -> None:
    repo.write(".gitattributes", attributes + "\n")
    repo.write("c.py", committed)
    repo.git("-c", "core.attributesFile=/dev/null", "add", ".gitattributes")
    blob = repo.git("hash-object", "-w", "--no-filters", "--stdin", stdin=committed)
    repo.git("update-index", "--add", "--cacheinfo", f"100644,{blob},c.py")
    repo.git("commit", "-q", "-m", "with attributes")
    repo.write("c.py", on_disk)
    with opened(repo.path) as git:
        assert git.changed_in_worktree() == ["c.py"]
        assert git.diff("HEAD") == [Change("M", "c.py", None, ((1, 1),))]


def test_an_expanded_identifier_is_no_edit(repo: Repo) -> None:
    repo.write(".gitattributes", "*.py ident\n")
    repo.write("c.py", '# $Id$\nx = "$Id$"\n')
    repo.commit()
    (repo.path / "c.py").unlink()
    repo.git("checkout", "-q", "c.py")
    assert "$Id: " in (repo.path / "c.py").read_text()
    with opened(repo.path) as git:
        assert not git.dirty


def test_replacements_and_grafts_are_not_believed(repo: Repo) -> None:
    first = repo.git("rev-parse", "HEAD")
    repo.write("a.py", "second\n")
    second = repo.commit("second")
    lax = repo.git("hash-object", "-w", "--stdin", stdin=b"lax\n")
    repo.git("replace", repo.git("rev-parse", "HEAD:a.py"), lax)
    (repo.path / ".git" / "info" / "grafts").write_text(f"{second}\n")
    assert repo.git("show", "HEAD:a.py") == "lax"
    assert repo.git("rev-list", "--count", "HEAD") == "1"
    with opened(repo.path) as git:
        assert (git.show("HEAD", "a.py"), git.merge_base(first, second), git.dirty) == (b"second\n", first, False)
        assert len(git.log("HEAD", 9)) == 2


def test_a_work_tree_elsewhere_is_not_looked_at(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    repo.git("config", "core.worktree", str(tmp_path / "elsewhere"))
    edit(repo)
    with opened(repo.path) as git:
        assert (git.top, git.changed_in_worktree()) == (repo.path, ["a.py"])


def test_nothing_is_written_into_the_repository(repo: Repo) -> None:
    edit(repo)
    repo.write("twin", "2\n")  # its content is an object of the repo already, whose time stamp git add would renew
    (repo.path / "twin").rename(repo.path / "new.py")
    for place in (repo.path / ".git").rglob("*"):
        if not place.is_symlink():
            os.utime(place, (1_700_000_000, 1_700_000_000))
    before = repo.listing()
    with opened(repo.path) as git:
        git.tree()
        git.tree(lambda path: path != "a.py")
        git.diff("HEAD")
        git.log("HEAD", 5)
        git.show("HEAD", "a.py")
    assert repo.listing() == before
