"""Chains of records: what two branches append comes together, and what is dropped, cut or moved is seen."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest

from checker.gating import pass_gate
from checker.proofs import bundle, keys
from checker.proofs.anchors import parsed
from checker.proofs.chain import Head, above, newest
from checker.proofs.judging import Judged
from checker.proofs.newest import newest_of
from checker.workplace import Request
from tests.proved_project import Project, reasons
from tests.scratch import commit, git
from tests.test_proof_envelope import proof


class Branches:
    """One key's bundle, as two branches have it: `common` records first, then two of one branch and one of the other."""

    def __init__(self, folder: Path) -> None:
        keys.create(folder / "key.pem")
        self.root, self.signer = folder / "repo", keys.signer(str(folder / "key.pem"))
        self.root.mkdir()
        self.name = bundle.name_of(self.signer)
        self.common = self.append("FAILED", "PASSED")
        self.ours = self.append("FAILED", "PASSED")[len(self.common) :]
        (self.root / self.name).write_bytes(self.common)
        self.theirs = self.append("PASSED")[len(self.common) :]

    def append(self, *results: str) -> bytes:
        for result in results:
            bundle.append(self.root, self.signer, partial(proof, result=result))
        return (self.root / self.name).read_bytes()

    def merged(self) -> bytes:
        """As `git merge` leaves it where both sides are kept."""
        (self.root / self.name).write_bytes(self.common + self.ours + self.theirs)
        return self.append("PASSED")

    def broken(self, data: bytes) -> list[str]:
        return [one.broken for one in bundle.read(self.name, data) if one.broken]


@pytest.fixture
def branches(tmp_path: Path) -> Branches:
    return Branches(tmp_path)


def test_what_two_branches_appended_comes_together(branches: Branches) -> None:
    both = branches.common + branches.ours + branches.theirs
    assert branches.broken(both) == branches.broken(branches.common + branches.theirs + branches.ours) == []
    whole = branches.merged()
    assert branches.broken(whole) == []
    last = bundle.read(branches.name, whole)[-1]
    assert last.follows == (4, 3), "the new record names both ends"
    for anchor in (branches.common, branches.common + branches.ours, branches.common + branches.theirs, both):
        assert bundle.cut(whole, bundle.head(anchor)) is None


@pytest.mark.parametrize("dropped", range(5))
def test_after_a_merge_nothing_can_be_dropped(branches: Branches, dropped: int) -> None:
    lines = branches.merged().splitlines(keepends=True)
    assert "chain: " in branches.broken(b"".join([*lines[:dropped], *lines[dropped + 1 :]]))[0]


@pytest.mark.parametrize("order", [(1, 0, 2), (0, 2, 1), (0, 1, 1), (0, 1, 2, 0)])
def test_records_keep_their_order(branches: Branches, order: Sequence[int]) -> None:
    lines = (branches.common + branches.ours).splitlines(keepends=True)
    assert branches.broken(b"".join(lines[one] for one in order))


def test_an_end_beside_the_last_line_is_anchored_as_well(branches: Branches) -> None:
    both = branches.common + branches.ours + branches.theirs
    anchor = bundle.head(both)
    assert len(anchor.also) == 1
    more = Branches.append(branches, "PASSED", "PASSED")
    assert "is not the one that was anchored" in str(bundle.cut(more + b"{}\n", anchor))
    told = {"heads": {branches.name: {"records": 5, "sha256": anchor.sha256, "also": list(anchor.also)}}}
    assert parsed(json.dumps(told)) == {branches.name: anchor}
    assert parsed(json.dumps({"heads": {"a": {"records": 1, "sha256": "0"}}})) == {"a": Head(1, "0")}


def test_what_follows_is_newer() -> None:
    parents = [(), (0,), (1,), (1,), (2, 3)]
    assert newest(parents, {0, 2, 3}) == {2, 3}
    assert newest(parents, range(5)) == {4}
    assert above(parents, {3}) == {0, 1}


class TestOfAProject:
    """Honest work side by side is no dropped chain, and a rewritten history is one."""

    @pytest.fixture
    def project(self, tmp_path: Path) -> Project:
        return Project(tmp_path)

    def _appended(self, project: Project, *results: str) -> None:
        for result in results:
            bundle.append(project.root, keys.signer(str(project.keys["local"])), partial(proof, result=result))

    def test_the_base_goes_on_with_the_same_key(self, project: Project) -> None:
        self._appended(project, "PASSED")
        commit(project.root, "main")
        git(project.root, "checkout", "-qb", "work")
        self._appended(project, "PASSED")
        commit(project.root, "work")
        git(project.root, "checkout", "-q", "main")
        self._appended(project, "PASSED", "PASSED")
        project.base = commit(project.root, "main goes on")
        git(project.root, "checkout", "-q", "work")
        assert "chain:" not in reasons(project.gate("G3"))
        project.bundle().unlink()
        assert "was anchored and is gone" in reasons(project.gate("G3"))

    @pytest.mark.parametrize("kept", [True, False])
    def test_a_note_of_another_branch(self, project: Project, kept: bool) -> None:
        git(project.root, "checkout", "-qb", "other")
        self._appended(project, "FAILED")
        at = commit(project.root, "other work")
        head = bundle.head(project.bundle().read_bytes())
        name = bundle.name_of(keys.signer(str(project.keys["local"])))
        note = {"heads": {name: {"records": head.records, "sha256": head.sha256}}}
        git(project.root, "notes", "--ref", "checker", "add", "-m", json.dumps(note), at)
        git(project.root, "checkout", "-q", "main")
        if not kept:
            git(project.root, "branch", "-qD", "other")
        done = project.gate("G3")
        assert ("was anchored and is gone" in reasons(done)) is not kept, "a commit on no branch was rewritten away"
        assert any("about another branch" in one for one in done.notes) is kept

    def test_a_base_that_was_put_in_the_place_of_another(self, project: Project, tmp_path: Path) -> None:
        first = project.base
        (project.root / "notes.md").write_text("later\n")
        project.base = commit(project.root, "main goes on")
        request = Request(path=project.root, base="main")
        moved = "does not follow"
        assert moved not in reasons(pass_gate("G3", request, since=first))
        tree = git(project.root, "rev-parse", "HEAD^{tree}")
        git(project.root, "reset", "-q", "--hard", git(project.root, "commit-tree", tree, "-m", "a base of my own"))
        done = pass_gate("G3", request, since=project.base)
        assert moved in reasons(done)
        assert any("who may write in .git may move it" in one for one in done.notes)
        assert not any("may move it" in one for one in project.gate("G3").notes), "an id cannot be moved"

    def test_of_ends_side_by_side_the_one_that_does_not_hold_counts(self, project: Project) -> None:
        self._appended(project, "PASSED")
        first = project.bundle().read_bytes()
        project.bundle().unlink()
        self._appended(project, "FAILED")
        records = bundle.read("a", first + project.bundle().read_bytes())
        assert [one.follows for one in records] == [(), ()]
        passed = Judged("a:1", "build_output", "valid", "captured", "")
        told = [passed, Judged("a:2", "build_output", "failed", "captured", "")]
        assert newest_of("build_output", told, {"a": records}).state == "failed"
