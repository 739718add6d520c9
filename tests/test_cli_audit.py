"""`checker audit` as a user calls it: bad input ends in one clear line and the promised exit code."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests import backend
from tests.backend import BAD, ONLY, held_back, results
from tests.child import AS_OF, ROOT, Done, audit, checker, refused, report
from tests.scratch_git import Repo


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return backend.folder(tmp_path / "bad")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return backend.anchored(tmp_path / "repo")


class TestRefused:
    """Exit 2: usage and configuration."""

    def test_a_missing_path(self, tmp_path: Path) -> None:
        assert refused(audit(tmp_path / "gone")) == f"{tmp_path / 'gone'}: no such folder"

    def test_a_file(self, bad: Path) -> None:
        assert refused(audit(bad / "openapi.yaml")) == f"{bad / 'openapi.yaml'}: not a folder"

    def test_broken_toml(self, bad: Path) -> None:
        (bad / "checker.toml").write_text("a = 1\nb = = 2\n")
        assert refused(audit(bad)).startswith("checker.toml:2: not TOML: Invalid value")

    @pytest.mark.parametrize("option", ["--only", "--skip"])
    def test_an_unknown_rule(self, bad: Path, option: str) -> None:
        assert (
            refused(audit(bad, option, "paginatio"))
            == f"{option}: no rule or family 'paginatio'; did you mean 'pagination'?"
        )

    def test_an_unknown_rule_in_the_configuration(self, bad: Path) -> None:
        (bad / "checker.toml").write_text("\n[params.paginatio]\na = 1\n")
        assert refused(audit(bad)) == "checker.toml:2: unknown rule 'paginatio'; did you mean 'pagination'?"

    def test_an_unknown_standard(self, bad: Path) -> None:
        message = "unknown standard 'backend-codr'; did you mean 'backend-coder'?"
        assert refused(audit(bad, "--standard", "backend-codr")) == f"--standard: {message}"
        (bad / "checker.toml").write_text('standards = [\n  "backend-codr"]\n')
        assert refused(audit(bad)) == f"checker.toml:2: {message}"

    def test_two_standards_that_contradict_each_other(self, bad: Path) -> None:
        said = refused(audit(bad, "--standard", "backend-engineer", "--standard", "backend-coder"))
        assert "backend-coder asks" in said
        assert "backend-engineer asks" in said
        assert "[resolve]" in said

    @pytest.mark.parametrize("value", ["yesterday", "2026-13-01", "", "9999-12-31T23:59:59Z"])
    def test_a_time_that_is_none(self, bad: Path, value: str) -> None:
        assert refused(checker("audit", bad, "--as-of", value)).startswith(
            f"--as-of: {value!r} is not an ISO 8601 time"
        )

    @pytest.mark.parametrize(
        "words", [("--profile", "fast"), ("--fail-on", "grave"), ("--format", "xml"), ("--nonsense",)]
    )
    def test_an_option_that_is_none(self, bad: Path, words: tuple[str, ...]) -> None:
        done = audit(bad, *words)
        assert (done.code, done.out) == (2, "")
        assert done.err.splitlines()[-1].startswith("Error: ")

    @pytest.mark.parametrize("value", ["json", "json:", "xml:/tmp/x", ":x", "JSON:/tmp/x"])
    def test_an_output_that_is_none(self, bad: Path, value: str) -> None:
        assert "give FORMAT:PATH with a FORMAT of agent, " in refused(audit(bad, "--output", value))

    def test_an_output_to_a_missing_folder_before_anything_is_looked_at(self, bad: Path, tmp_path: Path) -> None:
        said = refused(audit(bad, "--output", f"json:{tmp_path}/gone/a.json"))
        assert said == f"--output 'json:{tmp_path}/gone/a.json': no folder {tmp_path}/gone"

    def test_an_output_that_is_a_folder_leaves_nothing_behind(self, bad: Path, tmp_path: Path) -> None:
        (tmp_path / "out" / "a.json").mkdir(parents=True)
        done = audit(bad, "--output", f"json:{tmp_path}/out/a.json")
        assert (done.code, done.err) == (2, f"Error: {tmp_path}/out/a.json cannot be written: Is a directory\n")
        assert os.listdir(tmp_path / "out") == ["a.json"]

    def test_an_unknown_command(self) -> None:
        assert refused(checker("audt")) == "no command 'audt'. Did you mean 'audit'?"

    def test_a_baseline_that_is_none(self, bad: Path, tmp_path: Path) -> None:
        assert "baseline cannot be read: No such file" in refused(audit(bad, "--baseline", tmp_path / "gone.json"))
        (tmp_path / "b.json").write_text("[]")
        assert "not a report of this tool" in refused(audit(bad, "--baseline", tmp_path / "b.json"))

    def test_what_the_repo_writes_cannot_draw_on_the_terminal(self, bad: Path) -> None:
        (bad / "checker.toml").write_text('[params]\n"\\u001b[2J\\n" = 1\n')
        assert refused(audit(bad)).startswith("checker.toml:2: params.\\x1b[2J\\n: Input should be a valid table")


class TestUnseen:
    """Exit 3: something asked could not be looked at, or there was nothing to look at."""

    @pytest.mark.parametrize("with_git", [False, True])
    def test_an_empty_repo(self, tmp_path: Path, with_git: bool) -> None:
        top = tmp_path / "empty"
        top.mkdir()
        if with_git:
            Repo(top)
        done = audit(top, "--format", "json")
        assert (done.code, done.json["status"]) == (3, "blocked")
        assert audit(top, "--allow-unavailable").code == 3

    def test_a_repo_with_a_base_and_nothing_for_any_rule(self, tmp_path: Path) -> None:
        """The rules that guard the judgement have subjects here, and say nothing about a backend."""
        repo = Repo(tmp_path / "repo")
        repo.write("README", "hello\n")
        repo.commit()
        done = audit(repo.path, "--base", "HEAD", "--only", "pagination", "--only", "config", "--format", "json")
        assert results(done.json)["config-changed"] == "passed"
        assert (done.code, done.json["status"]) == (3, "blocked")

    def test_history_that_is_cut_off(self, repo: Repo, tmp_path: Path) -> None:
        repo.write("openapi.yaml", BAD.replace("Orders", "Shops"))
        repo.commit("second")
        repo.git("switch", "-q", "main")
        repo.write("other.py")
        repo.commit("third")
        clone = tmp_path / "clone"
        repo.git("clone", "-q", "--depth", "1", "--no-single-branch", f"file://{repo.path}", str(clone))
        repo.git("switch", "-q", "change", cwd=clone)
        done = audit(clone, "--format", "json", "--base", "origin/main", "--only", "config-changed")
        assert done.code == 3
        assert results(done.json)["config-changed"] == "unavailable"
        assert any(note.startswith("shallow clone: ") for note in done.json["notes"])
        (reason,) = [one["reason"] for one in done.json["results"] if one["rule"] == "config-changed"]
        assert "git fetch --unshallow" in reason

    def test_git_that_is_damaged(self, repo: Repo) -> None:
        (repo.path / ".git" / "HEAD").write_text("nonsense\n")
        done = audit(repo.path, "--format", "json", "--only", "config-changed", "--only", "pagination")
        assert (done.code, results(done.json)) == (1, {"config-changed": "unavailable", "pagination": "failed"})
        assert any(note.startswith("git: ") for note in done.json["notes"])

    @held_back
    @pytest.mark.parametrize("with_git", [False, True])
    def test_an_unreadable_contract(self, bad: Path, with_git: bool) -> None:
        if with_git:
            Repo(bad)
        (bad / "openapi.yaml").chmod(0)
        done = audit(bad, "--format", "json")
        assert done.code == 3
        assert results(done.json)["pagination"] == "unavailable"


class TestNotes:
    """Exit 0 or 1: looked at, with a note."""

    def test_no_configuration_and_no_git(self, bad: Path) -> None:
        made = report(bad)
        assert [one["name"] for one in made["standards"]] == ["common"]
        assert "no configuration: standard common, everything found by itself" in made["notes"]
        assert "not a git repository, so no history and no base" in made["notes"]
        assert made["profile"] == "static"

    def test_a_link_out_is_listed(self, bad: Path) -> None:
        (bad / "up").symlink_to("../..")
        assert any(note.startswith("up links out of the tree") for note in report(bad, *ONLY)["notes"])

    def test_flags_that_change_the_exit_code_are_said(self, bad: Path) -> None:
        done = audit(bad, *ONLY, "--fail-on", "never", "--allow-unavailable", "--format", "json")
        assert (done.code, done.json["status"]) == (0, "blocked")
        assert (
            "given: --fail-on never --allow-unavailable (changes the exit code, not the status)" in done.json["notes"]
        )

    def test_so_is_a_policy_that_never_fails(self, bad: Path) -> None:
        (bad / "checker.toml").write_text('fail_on = "never"\n')
        done = audit(bad, *ONLY, "--format", "json")
        assert (done.code, done.json["status"]) == (0, "blocked")
        assert "given: fail_on = never (changes the exit code, not the status)" in done.json["notes"]

    def test_rules_from_elsewhere_are_not_passed_over_in_silence(self, bad: Path) -> None:
        (bad / "checker.toml").write_text('[rules]\nextra = ["policy"]\n')
        assert "policy: [rules] extra names a folder without rules" in refused(audit(bad, *ONLY))


def test_profiles_that_execute_are_consented_to_by_the_caller_alone(bad: Path) -> None:
    (bad / "checker.toml").write_text('profile = "nightly"\n')
    assert refused(audit(bad)).startswith("checker.toml:1: unknown key 'profile'")
    (bad / "checker.toml").write_text(f'[app]\nstart = ["touch", "{bad}/started"]\nreset = ["touch", "{bad}/reset"]\n')
    audit(bad)
    assert sorted(os.listdir(bad)) == ["checker.toml", "openapi.yaml"]


def test_the_verdict_is_bound_to_what_was_read(repo: Repo) -> None:
    clean = report(repo.path, *ONLY)["subject"]
    assert (clean["commit"], clean["tree"], clean["dirty"]) == (
        repo.git("rev-parse", "HEAD"),
        repo.git("rev-parse", "HEAD^{tree}"),
        False,
    )
    repo.write("new.py")
    dirty = report(repo.path, *ONLY)["subject"]
    assert (dirty["dirty"], dirty["tree"]) == (True, repo.added_tree())


def test_it_runs_from_anywhere(bad: Path) -> None:
    here: Done = checker(
        "audit", ".", "--as-of", AS_OF, *ONLY, "--format", "json", cwd=bad, env={"PYTHONPATH": str(ROOT)}
    )
    assert here.json == report(bad, *ONLY)


def test_what_took_longest_is_said_beside_the_report(bad: Path) -> None:
    done = audit(bad, *ONLY, "--profile-time", "--format", "json")
    lines = [line.split() for line in done.err.splitlines()]
    assert all(line[1] == "s" and line[2] in ("fact", "rule") for line in lines)
    assert {"ContractFiles", "pagination"} <= {line[3] for line in lines}
    times = [float(line[0]) for line in lines]
    assert times == sorted(times, reverse=True)
    assert done.json["tool"] == "backend-checker"
