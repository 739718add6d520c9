"""`--changed`: what the change brings is found, however far from its lines; what was there before is set apart and counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from checker.audit import audit
from checker.cli.audit import audit_command
from checker.model.report import Report
from checker.workplace import Request
from tests.fake_secrets import fake
from tests.scratch import commit, git

OPERATION = """
  /{name}:
    get:
      responses:
        "200": {{description: ok, content: {{application/json: {{schema: {{$ref: "#/components/schemas/{schema}"}}}}}}}}
"""
HEAD = """openapi: 3.1.0
info: {title: t, version: "1"}
components:
  schemas:
    A: {type: object, required: [x], properties: {x: {type: string}}}
paths:"""
APP = """from fastapi import Depends, FastAPI
from .auth import user
app = FastAPI(dependencies=[Depends(user)])


@app.post("/orders")
def create() -> dict:
    return {}
"""
AUTH = "from fastapi.security import HTTPBearer\n\nuser = HTTPBearer()\n"


def judged(root: Path, *only: str, base: str | None = "HEAD") -> Report:
    return audit(Request(root, ("common",), only, base=base, changed=True, contain=False)).report


def begun(root: Path, files: dict[str, str]) -> Path:
    root.mkdir(exist_ok=True)
    git(root, "init", "-q", "-b", "main")
    write(root, files)
    commit(root, "first")
    return root


def write(root: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, "utf-8")


def contract(*operations: str) -> str:
    return HEAD + "".join(OPERATION.format(name=name, schema="A") for name in operations)


class TestWhatIsTakenAway:
    def test_a_line_that_kept_a_statement_safe(self, tmp_path: Path) -> None:
        find = (
            'def find(session, x: str):\n    x = int(x)\n    return session.execute(f"SELECT a FROM t WHERE x = {x}")\n'
        )
        repo = begun(tmp_path, {"app/a.py": find, "app/b.py": find.replace("    x = int(x)\n", "")})
        write(repo, {"app/a.py": find.replace("    x = int(x)\n", "")})
        report = judged(repo, "sql-built")
        assert [one.where.path for one in report.findings] == ["app/a.py"]
        assert [one.where.path for one in report.before] == ["app/b.py"]

    def test_the_tests(self, tmp_path: Path) -> None:
        unit = "from app.price import total\n\n\ndef test_total() -> None:\n    assert total([1, 2]) == 3\n"
        source = "def total(prices: list[int]) -> int:\n    return sum(prices)\n"
        repo = begun(tmp_path, {"app/__init__.py": "", "app/price.py": source, "tests/test_price.py": unit})
        assert judged(repo, "unit-tests").findings == ()
        (repo / "tests" / "test_price.py").unlink()
        assert [one.rule for one in judged(repo, "unit-tests").findings] == ["unit-tests"]

    def test_what_only_moved_down_was_there_before(self, tmp_path: Path) -> None:
        find = 'def find(session, x: str):\n    return session.execute(f"SELECT a FROM t WHERE x = {x}")\n'
        repo = begun(tmp_path, {"app/a.py": find})
        write(repo, {"app/a.py": f'"""Why."""\n\n\n{find}'})
        report = judged(repo, "sql-built")
        assert (report.findings, len(report.before)) == ((), 1)


class TestSecrets:
    def test_old_ones_are_set_apart_and_new_ones_are_not(self, tmp_path: Path) -> None:
        old, new = fake("github-pat", 1), fake("stripe-live", 2)
        repo = begun(tmp_path, {"a.py": f'A = "{old}"\n', "b.py": f'B = "{fake("npm")}"\n'})
        write(repo, {"a.py": f'import os\n\n\nA = "{old}"\nKEY = "{new}"\n'})
        report = judged(repo, "secrets")
        assert [(one.where.path, one.where.lines) for one in report.findings] == [("a.py", "5")]
        assert {one.where.path for one in report.before} == {"a.py", "b.py"}
        assert report.status == "blocked"
        assert f"{len(report.before)} findings were there before" in " ".join(report.notes)

    def test_an_edited_line_with_an_old_secret_is_reported(self, tmp_path: Path) -> None:
        repo = begun(tmp_path, {"a.py": f'A = "{fake("github-pat")}"\n'})
        write(repo, {"a.py": f'A = "{fake("github-pat")}"  # moved\n'})
        assert [one.where.lines for one in judged(repo, "secret-in-tree").findings] == ["1"]

    def test_what_is_staged_and_gone_from_disk_is_the_changes(self, tmp_path: Path) -> None:
        repo = begun(tmp_path, {"a.py": "A = 1\n"})
        write(repo, {"a.py": f'A = "{fake("github-pat")}"\n'})
        git(repo, "add", "-A")
        write(repo, {"a.py": "A = 1\n"})
        assert "is staged" in judged(repo, "secret-in-tree").findings[0].title

    def test_a_file_that_moved_brings_nothing(self, tmp_path: Path) -> None:
        text = f'"""One."""\n\nA = "{fake("github-pat")}"\n' + "".join(f"b{n} = {n}\n" for n in range(30))
        repo = begun(tmp_path, {"a.py": text})
        git(repo, "mv", "a.py", "moved.py")
        report = judged(repo, "secret-in-tree")
        assert (len(report.findings), len(report.before), report.status) == (0, 1, "ready")

    @pytest.mark.parametrize("with_git", [True, False])
    def test_before_the_first_commit_everything_is_the_change(self, tmp_path: Path, with_git: bool) -> None:
        if with_git:
            git(tmp_path, "init", "-q", "-b", "main")
        write(tmp_path, {"a.py": f'A = "{fake("github-pat")}"\n'})
        report = judged(tmp_path, "secret-in-tree")
        assert len(report.findings) == 1
        assert "so everything is the change" in " ".join(report.notes)


class TestTheWholeService:
    def test_what_a_change_breaks_elsewhere_is_the_changes(self, tmp_path: Path) -> None:
        """The guard goes from one line, and the route, which the change leaves alone, stands open."""
        repo = begun(tmp_path, {"app/main.py": APP, "app/auth.py": AUTH})
        before = judged(repo, "route-authentication")
        assert (before.findings, before.before) == ((), ())
        write(repo, {"app/main.py": APP.replace("dependencies=[Depends(user)]", "")})
        assert [one.rule for one in judged(repo, "route-authentication").findings] == ["route-authentication"]

    def test_what_the_service_lacked_before_is_set_apart(self, tmp_path: Path) -> None:
        repo = begun(tmp_path, {"app/main.py": APP, "app/auth.py": AUTH})
        write(repo, {"app/more.py": "LIMIT = 3\n"})
        report = judged(repo, "rate-limiter", "health-route", "spec-present")
        assert not report.findings
        assert {one.rule for one in report.before} >= {"spec-present"}
        assert all("before the change" in one.reason for one in report.results if one.outcome == "failed")

    def test_only_the_operation_that_came_is_reported(self, tmp_path: Path) -> None:
        repo = begun(tmp_path, {"openapi.yaml": contract("a", "b")})
        write(repo, {"openapi.yaml": contract("a", "b", "c")})
        report = judged(repo, "error-responses-documented", "versioned-paths")
        assert report.findings
        assert {one.subject.split()[-1].strip("/") for one in report.findings} <= {"c"}
        assert {one.subject.split()[-1].strip("/") for one in report.before} == {"a", "b"}

    def test_one_more_of_a_kind_is_the_changes(self, tmp_path: Path) -> None:
        """A finding that spread is new: the shared schema got worse for one more operation."""
        repo = begun(tmp_path, {"openapi.yaml": contract("a")})
        write(repo, {"openapi.yaml": "# a remark\n" + contract("a")})
        assert not judged(repo, "api").findings


def test_the_first_line_and_every_format_count_what_is_set_apart(tmp_path: Path) -> None:
    repo = begun(tmp_path, {"a.py": f'A = "{fake("github-pat")}"\n'})
    write(repo, {"b.py": "B = 2\n"})
    words = [str(repo), "--only", "secrets", "--changed", "--base", "HEAD"]
    for fmt in ("text", "agent", "summary", "markdown", "html"):
        done = CliRunner().invoke(audit_command, [*words, "--format", fmt])
        assert done.exit_code == 0, done.output
        assert "from before the change: 1 critical" in done.output
    done = CliRunner().invoke(audit_command, [*words, "--format", "json"])
    assert [one["rule"] for one in json.loads(done.output)["before"]] == ["secret-in-tree"]


def test_a_base_that_cannot_be_judged_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from checker import change_alone
    from checker.model.unavailable import Unavailable

    def refuse(*_: object) -> object:
        raise Unavailable("its contents are not in this clone")

    repo = begun(tmp_path, {"openapi.yaml": contract("a")})
    write(repo, {"b.py": "B = 2\n"})
    monkeypatch.setattr(change_alone, "base_copy", refuse)
    report = judged(repo, "error-responses-documented")
    assert report.findings
    assert "the base could not be judged (its contents are not in this clone)" in " ".join(report.notes)
