"""Who may say what is accepted: the base revision, and nobody in the change under judgement."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import backend
from tests.backend import BAD, ONLY, results, waiver
from tests.child import audit, refused, report
from tests.scratch_git import Repo


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return backend.folder(tmp_path / "bad")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return backend.anchored(tmp_path / "repo")


class TestBase:
    def test_a_revision_that_is_not_there(self, repo: Repo) -> None:
        assert (
            refused(audit(repo.path, "--base", "nowhere"))
            == "--base: no revision 'nowhere' here; fetch it, or name another"
        )

    @pytest.mark.parametrize("revision", ["--upload-pack=x", "", "a\nb"])
    def test_a_revision_that_cannot_be_one(self, repo: Repo, revision: str) -> None:
        assert "cannot be a revision" in refused(audit(repo.path, f"--base={revision}"))

    @pytest.mark.parametrize("variable", ["CHECKER_BASE", "GITHUB_BASE_REF"])
    def test_a_variable_that_names_nothing_here(self, repo: Repo, variable: str) -> None:
        said = refused(audit(repo.path, env={variable: "nowhere"}))
        assert said.startswith(f"base revision: {variable} names 'nowhere'")

    @pytest.mark.parametrize("words", [{"--base": "main"}, {"CHECKER_BASE": "main"}])
    def test_a_base_without_history(self, bad: Path, words: dict[str, str]) -> None:
        ((name, value),) = words.items()
        done = audit(bad, name, value) if name == "--base" else audit(bad, env=words)
        assert (
            refused(done)
            == f"{name}: there is no history to find 'main' in: not a git repository, so no history and no base"
        )

    def test_before_the_first_commit(self, tmp_path: Path) -> None:
        repo = Repo(tmp_path / "new")
        repo.write("openapi.yaml", BAD)
        made = report(repo.path, *ONLY)
        assert made["subject"]["commit"] is None
        assert made["subject"]["tree"]
        assert "no revision 'HEAD' here" in refused(audit(repo.path, "--base", "HEAD"))

    def test_an_orphan_branch_is_judged_by_the_base_it_left(self, repo: Repo) -> None:
        repo.git("checkout", "-q", "--orphan", "fresh")
        repo.write("checker.toml", waiver())
        assert results(report(repo.path, *ONLY, "--base", "main"))["pagination"] == "failed"
        repo.commit("fresh")
        assert results(report(repo.path, *ONLY, "--base", "main"))["pagination"] == "failed"

    def test_head_as_its_own_base_is_said(self, repo: Repo) -> None:
        said = "the base is HEAD itself: its policy rules, and only what is not committed is judged as a change"
        assert said in report(repo.path, "--base", "HEAD")["notes"]
        repo.commit("more")
        assert said not in report(repo.path, "--base", "main")["notes"]


class TestPolicy:
    def look(self, repo: Repo, *words: str, **rest: Any) -> Any:
        return report(repo.path, *ONLY, *words, **rest)

    def test_a_waiver_of_the_change_is_proposed(self, repo: Repo) -> None:
        repo.write("checker.toml", waiver())
        repo.commit("accept it all")
        made = self.look(repo)
        assert (results(made)["pagination"], made["waivers"][0]["state"]) == ("failed", "proposed")
        assert made["waivers"][0]["where"] == {"path": "checker.toml", "lines": "1"}

    def test_a_waiver_of_the_base_hides(self, repo: Repo) -> None:
        repo.git("switch", "-q", "main")
        repo.write("checker.toml", waiver())
        repo.commit("accepted")
        repo.git("update-ref", "refs/remotes/origin/main", "HEAD")
        made = self.look(repo)
        assert (results(made)["pagination"], made["status"]) == ("waived", "ready")
        assert [one["rule"] for one in made["waived"]] == ["pagination"]

    def test_a_stale_branch_is_judged_by_the_policy_of_today(self, repo: Repo) -> None:
        """The base had a waiver when the branch left it, and has none now."""
        repo.git("switch", "-q", "main")
        repo.write("checker.toml", waiver())
        repo.commit("accepted")
        repo.git("switch", "-q", "-C", "change")
        repo.git("switch", "-q", "main")
        repo.write("checker.toml", "")
        repo.commit("no more")
        repo.git("switch", "-q", "change")
        repo.write("new.py")
        repo.commit("change")
        assert results(self.look(repo, "--base", "main"))["pagination"] == "failed"

    def test_what_moved_on_the_base_is_no_change_of_the_heads(self, repo: Repo) -> None:
        repo.git("switch", "-q", "main")
        repo.write("checker.toml", '[layout]\nsource = ["app"]\n')
        repo.commit("described")
        repo.git("switch", "-q", "change")
        repo.write("new.py")
        repo.commit("change")
        made = report(repo.path, "--only", "config-changed", "--base", "main")
        assert results(made) == {"config-changed": "passed"}

    def test_never_failing_must_be_in_the_base(self, repo: Repo) -> None:
        repo.write("checker.toml", 'fail_on = "never"\n')
        assert audit(repo.path, *ONLY).code == 1

    def test_a_proposal_that_would_not_load_is_refused(self, repo: Repo) -> None:
        repo.write("checker.toml", "[params.pagination]\nmax_pages = 1\n")
        assert (
            refused(audit(repo.path))
            == "checker.toml:2: rule 'pagination' has no parameter 'max_pages'; did you mean 'max_page_size'?"
        )

    def test_a_base_that_does_not_load_is_named(self, repo: Repo) -> None:
        repo.write("checker.toml", "a = = 1")
        repo.commit("broken")
        repo.write("checker.toml", "")
        assert refused(audit(repo.path, "--base", "HEAD")).endswith("(at the base revision)")

    def test_below_the_top_the_folders_own_file_rules(self, repo: Repo) -> None:
        repo.git("switch", "-q", "main")
        repo.write("checker.toml", waiver())
        repo.write("backend/openapi.yaml", BAD)
        repo.commit("accepted above")
        made = report(repo.path / "backend", *ONLY, "--base", "main")
        assert (results(made)["pagination"], made["subject"]["tree"]) == (
            "failed",
            repo.git("rev-parse", "HEAD:backend"),
        )
        repo.write("backend/checker.toml", waiver())
        repo.commit("accepted here")
        assert results(report(repo.path / "backend", *ONLY, "--base", "main"))["pagination"] == "waived"

    @pytest.mark.parametrize("target", ["../outside.toml", "nowhere", "checker.toml", "/etc/hostname"])
    def test_a_configuration_that_links_away_is_refused(self, bad: Path, target: str) -> None:
        (bad.parent / "outside.toml").write_text('fail_on = "never"\n')
        (bad / "checker.toml").symlink_to(target)
        assert refused(audit(bad)).startswith("checker.toml: ")

    def test_a_configuration_that_links_inside_is_read_in_the_base_too(self, repo: Repo) -> None:
        repo.git("switch", "-q", "main")
        repo.write("policy/ours.toml", waiver())
        (repo.path / "checker.toml").symlink_to("policy/ours.toml")
        repo.commit("accepted")
        assert results(self.look(repo, "--base", "main"))["pagination"] == "waived"
        repo.write("policy/ours.toml", waiver(reason="other"))
        assert results(self.look(repo, "--base", "HEAD"))["pagination"] == "waived"

    def test_a_project_file_of_others_may_link_away(self, repo: Repo, tmp_path: Path) -> None:
        (tmp_path / "tooling").mkdir()
        (tmp_path / "tooling" / "pyproject.toml").write_text("[tool.checker]\nfail_on = 'never'\n")
        (repo.path / "pyproject.toml").symlink_to("../tooling/pyproject.toml")
        repo.commit("linked")
        made = self.look(repo, "--base", "HEAD")
        assert results(made)["pagination"] == "failed"
        assert any(note.startswith("pyproject.toml links out of the tree") for note in made["notes"])

    @pytest.mark.parametrize("kind", ["folder", "pipe", "binary", "large"])
    def test_a_configuration_that_is_no_file_is_refused(self, bad: Path, kind: str) -> None:
        file = bad / "checker.toml"
        make: dict[str, Callable[[], object]] = {
            "folder": file.mkdir,
            "pipe": lambda: os.mkfifo(file),
            "binary": lambda: file.write_bytes(b"a = 1\n\xff\n"),
            "large": lambda: file.write_bytes(b"#" * (2 << 20)),
        }
        make[kind]()
        said = refused(audit(bad))
        assert said.startswith("checker.toml:2: not utf-8 text" if kind == "binary" else "checker.toml: ")

    def test_what_was_read_at_utf16_is_read_so_in_the_base(self, repo: Repo) -> None:
        repo.write("checker.toml", waiver().encode("utf-16"))
        repo.commit("accepted")
        assert results(self.look(repo, "--base", "HEAD"))["pagination"] == "waived"


class TestBaseline:
    def save(self, path: Path, file: Path) -> None:
        assert audit(path, *ONLY, "--output", f"json:{file}").code == 1

    def test_the_callers_own_sets_apart_and_changes_the_exit_code_only(self, bad: Path, tmp_path: Path) -> None:
        self.save(bad, tmp_path / "b.json")
        done = audit(bad, *ONLY, "--baseline", tmp_path / "b.json", "--format", "json")
        assert (done.code, done.json["status"], done.json["findings"]) == (0, "blocked", [])
        assert len(done.json["baselined"]) == 1
        assert f"given: --baseline {tmp_path / 'b.json'} (changes the exit code, not the status)" in done.json["notes"]

    def test_one_that_the_change_wrote_sets_nothing_apart(self, repo: Repo) -> None:
        self.save(repo.path, repo.path / "b.json")
        repo.commit("known debt, they say")
        done = audit(repo.path, *ONLY, "--baseline", repo.path / "b.json", "--base", "main", "--format", "json")
        assert (done.code, done.json["baselined"]) == (1, [])
        assert any("is not in the base revision, nothing is set apart" in note for note in done.json["notes"])

    def test_one_that_the_change_enlarged_counts_as_the_base_has_it(self, repo: Repo) -> None:
        repo.git("switch", "-q", "main")
        repo.write("b.json", '{"findings": []}')
        repo.commit("no debt")
        repo.git("switch", "-q", "-C", "change")
        self.save(repo.path, repo.path / "b.json")
        assert audit(repo.path, *ONLY, "--baseline", repo.path / "b.json", "--base", "main").code == 1

    def test_one_beside_the_audited_folder_is_the_repositorys_all_the_same(self, repo: Repo) -> None:
        repo.write("backend/openapi.yaml", BAD)
        self.save(repo.path / "backend", repo.path / "b.json")
        repo.commit("known debt, they say")
        assert audit(repo.path / "backend", *ONLY, "--baseline", repo.path / "b.json", "--base", "main").code == 1
        assert audit(repo.path / "backend", *ONLY, "--baseline", repo.path / "b.json", "--base", "HEAD").code == 0

    def test_one_that_links_out_is_the_trees(self, repo: Repo, tmp_path: Path) -> None:
        self.save(repo.path, tmp_path / "b.json")
        (repo.path / "b.json").symlink_to(tmp_path / "b.json")
        repo.commit("known debt, they say")
        assert audit(repo.path, *ONLY, "--baseline", repo.path / "b.json", "--base", "main").code == 1

    def test_without_a_base_it_is_said_that_nothing_anchors_it(self, bad: Path) -> None:
        self.save(bad, bad / "b.json")
        assert "baseline: not anchored in a base revision" in report(bad, *ONLY, "--baseline", bad / "b.json")["notes"]
