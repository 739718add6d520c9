"""Custom rules: tried on their own fixtures, taken from the revision whose policy rules, refused where they are wrong."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from checker.audit import audit
from checker.model.report import Outcome, Report
from checker.toml_source import ConfigurationError
from checker.trial import tried
from checker.workplace import Request
from tests import child
from tests.scratch import FIXTURES, commit, git

ACME = FIXTURES / "custom" / "acme"
WAIVER = """[[waivers]]
rule = "acme-clock"
paths = ["src"]
reason = "until the clock module is there"
owner = "api-team"
approved_by = "platform-team"
expires = 2026-12-31
"""
EXTRA = '[rules]\nextra = ["policy/checker-rules"]\n'


def repository(folder: Path, source: str = "from datetime import datetime\n\nAT = datetime.now()\n") -> Path:
    (folder / "src").mkdir(parents=True)
    (folder / "src" / "orders.py").write_text(source)
    (folder / "checker.toml").write_text(EXTRA)
    (folder / "policy" / "checker-rules").mkdir(parents=True)
    for file in (*ACME.glob("*.toml"), *ACME.glob("*.yml")):
        shutil.copy(file, folder / "policy" / "checker-rules")
    return folder


def report(folder: Path, *only: str, base: str | None = None) -> Report:
    return audit(Request(folder, ("common",), only=only, base=base, contain=False)).report


def found(one: Report) -> list[tuple[str, str, str | None]]:
    return [(finding.rule, finding.where.path, finding.where.lines) for finding in one.findings]


def test_the_fixtures_hold() -> None:
    trial = tried(ACME)
    assert [case for case in trial.cases if case.problem] == []
    assert len(trial.cases) == 15


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    shutil.copytree(ACME, tmp_path / "rules")
    (tmp_path / "rules" / "fixtures" / "acme-clock" / "fail-now" / "repo" / "src" / "orders.py").write_text("A = 1\n")
    shutil.rmtree(tmp_path / "rules" / "fixtures" / "acme-slo" / "pass-there")
    done = child.inside("rules", "test", str(tmp_path / "rules"), "--format", "json")
    assert done.code == 1, done.err
    problems = {
        f"{one['rule']}/{one['case']}": one["problem"] for one in json.loads(done.out)["cases"] if not one["ok"]
    }
    assert set(problems) == {"acme-clock/fail-now", "acme-slo/pass-…"}
    assert problems["acme-clock/fail-now"].startswith("passed, not failed")
    assert child.inside("rules", "test", str(ACME)).code == 0
    assert child.inside("rules", "test", str(tmp_path / "none")).code == 2


def test_custom_rules_are_asked_beside_ours(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    one = report(folder)
    assert {
        ("acme-clock", "src/orders.py", "3"),
        ("acme-licence", "src/orders.py", None),
        ("acme-slo", ".", None),
    } <= set(found(one))
    assert any("custom rules were asked" in note for note in one.notes)
    assert found(report(folder, "acme-clock")) == [("acme-clock", "src/orders.py", "3")]


def test_a_custom_rule_is_explained_where_it_rules(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    done = child.checker("explain", "acme-clock", cwd=folder)
    assert (done.code, "cannot be tested at midnight" in done.out) == (0, True)
    assert child.checker("explain", "acme-clock").code == 2


def test_the_rules_of_the_base_rule(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    git(folder, "init", "-q", "-b", "main")
    base = commit(folder, "base")
    (folder / "policy" / "checker-rules" / "acme-clock.toml").unlink()
    (folder / "checker.toml").write_text("")
    loosened = report(folder, "acme-clock", base=base)
    assert found(loosened) == [("acme-clock", "src/orders.py", "3")]


def test_a_new_rule_counts_once_it_is_in_the_base(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    (folder / "checker.toml").write_text("")
    git(folder, "init", "-q", "-b", "main")
    base = commit(folder, "base")
    (folder / "checker.toml").write_text(
        EXTRA
        + '[[waivers]]\nrule = "acme-clock"\npaths = ["src"]\nreason = "r"\nowner = "a"\napproved_by = "b"\nexpires = 2026-12-31\n'
    )
    one = report(folder, base=base)
    assert not any(finding.rule.startswith("acme") for finding in one.findings)
    assert any("count once they are in the base: acme-clients, acme-clock" in note for note in one.notes)


def test_a_waiver_hides_a_custom_finding(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    (folder / "checker.toml").write_text(EXTRA + WAIVER)
    one = report(folder, "acme-clock")
    assert [result.outcome for result in one.results if result.rule == "acme-clock"] == [Outcome.WAIVED]


def test_the_digest_of_the_rules_tells_of_them(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    with_custom = report(folder, "acme-clock").rules_sha256
    (folder / "checker.toml").write_text("")
    assert report(folder, "change-size").rules_sha256 != with_custom


@pytest.mark.parametrize(
    ("was", "becomes", "said"),
    [
        ('id = "acme-clock"', 'id = "pagination"', "is one of ours"),
        ('id = "acme-clock"', 'id = "acme-licence"', "exists twice"),
        ("forbid =", "forbidden =", "unknown key 'check.forbidden'"),
        ("\\bdatetime", "(a+)+datetime", "could take forever"),
        ("\\bdatetime", "(datetime", "not a regular expression"),
        ('unless = "# clock"', "present = true", "name one of"),
        ('title = "Time', 'standing = true\ntitle = "Time', "is not for custom rules"),
        ('files = ["src/**/*.py"]', "files = []", "files"),
    ],
)
def test_a_wrong_rule_is_refused(was: str, becomes: str, said: str, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    file = folder / "policy" / "checker-rules" / "acme-clock.toml"
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, becomes))
    with pytest.raises(ConfigurationError, match=said):
        report(folder)


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("language: cobol\nrule: {pattern: a}\n", "language 'cobol'"),
        ("language: python\nfix: x\nrule: {pattern: a}\n", "'fix' is not for"),
        ("language: python\nfiles: ['**']\nrule: {pattern: a}\n", "says which"),
        ("language: python\n", "no pattern of ast-grep"),
        ("a: [\n", "acme-print.yml"),
        (None, "no acme-print.yml beside it"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str | None, said: str, tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    file = folder / "policy" / "checker-rules" / "acme-print.yml"
    file.unlink() if pattern is None else file.write_text(pattern)
    with pytest.raises(ConfigurationError, match=said):
        report(folder)


def test_a_pattern_that_the_engine_refuses_is_said(tmp_path: Path) -> None:
    folder = repository(tmp_path / "repo")
    (folder / "policy" / "checker-rules" / "acme-print.yml").write_text(
        "language: python\nrule: {kind: no_such_kind}\n"
    )
    (result,) = [one for one in report(folder, "acme-print").results if one.rule == "acme-print"]
    assert (result.outcome, "refused" in result.reason) == (Outcome.UNAVAILABLE, True)
    assert found(report(folder, "acme-clock")) == [("acme-clock", "src/orders.py", "3")]


def test_a_folder_without_rules_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("")
    (tmp_path / "checker.toml").write_text('[rules]\nextra = ["nowhere"]\n')
    with pytest.raises(ConfigurationError, match="without rules"):
        report(tmp_path)


@pytest.mark.parametrize("name", ["outside", "../rules", "outside/../../rules"])
def test_no_rule_comes_from_outside_the_tree(name: str, tmp_path: Path) -> None:
    shutil.copytree(ACME, tmp_path / "rules")
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "outside").symlink_to(tmp_path / "rules")
    (folder / "checker.toml").write_text(f'[rules]\nextra = ["{name}"]\n')
    with pytest.raises(ConfigurationError, match="without rules"):
        report(folder)


class TestParametersAndClauses:
    RULE = (ACME / "acme-clients.toml").read_text("utf-8")

    def test_the_policy_sets_them_and_a_wrong_one_is_refused(self, tmp_path: Path) -> None:
        folder = repository(tmp_path / "repo", "import httpx\n")
        (folder / "checker.toml").write_text(EXTRA + '[params.acme-clients]\nmodules = ["httpx"]\n')
        assert found(report(folder, "acme-clients")) == [("acme-clients", "src/orders.py", "1")]
        for wrong, said in (("modles = ['a']", "no parameter 'modles'"), ("most = 'two'", "valid integer")):
            (folder / "checker.toml").write_text(EXTRA + f"[params.acme-clients]\n{wrong}\n")
            with pytest.raises(ConfigurationError, match=said):
                report(folder, "acme-clients")

    def test_a_value_is_words_and_no_expression(self, tmp_path: Path) -> None:
        folder = repository(tmp_path / "repo", "import httpx\n")
        (folder / "checker.toml").write_text(EXTRA + '[params.acme-clients]\nmodules = [".*"]\n')
        assert found(report(folder, "acme-clients")) == []

    @pytest.mark.parametrize(
        ("old", "new", "said"),
        [
            ('clauses = ["3.33", "2.21"]', 'clauses = ["3.999"]', "no standard has a clause '3.999'"),
            ("most = 1", "least = 1", "parameter 'least' is used nowhere"),
            ("most = 1", "", "parameter 'most' has no default"),
            ("{{modules}}\\b", "({{modules}})+", "a repeat of a parameter could take forever"),
            ("most = 1", "most = true", "params.most"),
        ],
    )
    def test_what_cannot_be_meant_is_refused(self, tmp_path: Path, old: str, new: str, said: str) -> None:
        folder = repository(tmp_path / "repo")
        assert old in self.RULE
        (folder / "policy" / "checker-rules" / "acme-clients.toml").write_text(self.RULE.replace(old, new))
        with pytest.raises(ConfigurationError, match=said):
            report(folder, "acme-clients")
