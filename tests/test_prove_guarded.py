"""What a hard-headed reviewer tried: to read the key, to outlive the run, to bring the judge along, to walk around an anchor."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from checker.gating import verify
from checker.model.proof import Proof
from checker.model.unavailable import Unavailable
from checker.probe.network import own_processes
from checker.proofs import gates, imports, keys
from checker.proving import prove
from checker.workplace import Request
from tests.proved_project import Project, quick_gates
from tests.scratch import commit, git

HERE = Path(__file__).resolve().parent.parent
only_confined = pytest.mark.skipif(not own_processes(), reason="this kernel gives no process namespace")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    quick = quick_gates()
    monkeypatch.setattr(gates, "load", lambda: quick)
    return Project(tmp_path)


def proved(project: Project, kind: str = "test_output") -> Proof:
    return prove(kind, Request(path=project.root, base=project.base, environment={})).proof


def decided(project: Project, kind: str = "test_output") -> tuple[str, str]:
    run = proved(project, kind).predicate.checker
    return run.decision, "\n".join(run.reasons)


def write(project: Project, path: str, text: str) -> Path:
    file = project.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(textwrap.dedent(text).lstrip("\n"))
    return file


class TestWhatRunsSeesNothingElse:
    @only_confined
    def test_the_environment_of_its_parents_holds_a_key_that_it_cannot_read(
        self, project: Project, tmp_path: Path
    ) -> None:
        taken = tmp_path / "taken"
        write(
            project,
            "tests/test_takes.py",
            f"""
            import glob


            def test_takes():
                found = b""
                for file in glob.glob("/proc/[0-9]*/environ"):
                    try:
                        found += open(file, "rb").read()
                    except OSError:
                        pass
                open({str(taken)!r}, "wb").write(found)
                assert found.count(b"PATH") > 0
            """,
        )
        words = [sys.executable, "-m", "checker", "prove", "test_output", str(project.root), "--base", project.base]
        environment = {**os.environ, "PYTHONPATH": str(HERE), "CHECKER_SIGNING_KEY": project.keys["ci"].read_text()}
        subprocess.run([*words, "--confined"], env=environment, check=True, capture_output=True)
        assert b"PATH" in taken.read_bytes()
        assert b"PRIVATE KEY" not in taken.read_bytes()

    @only_confined
    def test_nothing_outlives_it(self, project: Project, tmp_path: Path) -> None:
        beat = tmp_path / "beat"
        write(
            project,
            "app/calc.py",
            f"""
            import os
            import time


            def add(a, b):
                return a + b


            def sub(a, b):
                return a - b


            if os.fork() == 0:
                os.setsid()
                for number in range(3):
                    os.close(number)
                until = time.time() + 20
                while time.time() < until:
                    open({str(beat)!r}, "w").write(str(time.time()))
                    time.sleep(0.01)
                os._exit(0)
            """,
        )
        decided(project)
        last = beat.read_text()
        subprocess.run([sys.executable, "-c", "import time; time.sleep(0.3)"], check=True)
        assert beat.read_text() == last

    def test_the_proof_says_whether_it_was_so(self, project: Project) -> None:
        assert proved(project, "build_output").predicate.checker.confined is bool(own_processes())

    def test_it_can_be_demanded(self, project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("checker.proving.own_processes", tuple)
        with pytest.raises(Unavailable, match="processes of its own"):
            prove("build_output", Request(path=project.root, base=project.base, environment={}), confined=True)
        notes = prove("build_output", Request(path=project.root, base=project.base, environment={})).notes
        assert any("could read the environment of its parents" in note for note in notes)


class TestKeys:
    @pytest.mark.parametrize("ignored", [False, True])
    def test_a_key_inside_the_repository_is_refused(self, project: Project, ignored: bool) -> None:
        inside = project.root / ("local/key.pem" if ignored else "key.pem")
        inside.parent.mkdir(exist_ok=True)
        shutil.copy(project.keys["local"], inside)
        inside.chmod(0o600)
        project.keys["local"] = inside
        with pytest.raises(keys.KeyRefused, match="inside the repository"):
            project.prove("build_output")

    def test_a_link_to_one_outside_is_one_inside(self, project: Project) -> None:
        link = project.root / "key.pem"
        link.symlink_to(project.keys["local"])
        project.keys["local"] = link
        with pytest.raises(keys.KeyRefused, match="inside the repository"):
            project.prove("build_output")


class TestTheJudgeIsNotBroughtAlong:
    @pytest.mark.parametrize("tracked", [True, False])
    def test_an_interpreter_of_the_tree_judges_nothing(self, project: Project, tracked: bool) -> None:
        python = write(project, "venv/bin/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        if tracked:
            git(project.root, "add", "-f", "venv")
            git(project.root, "commit", "-qm", "venv")
        assert proved(project).predicate.checker.interpreter["path"] == sys.executable

    def test_one_that_is_ignored_as_environments_are_does(self, project: Project) -> None:
        write(project, ".git/info/exclude", "venv/\n")
        python = write(project, "venv/bin/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        run = proved(project, "build_output").predicate.checker
        assert run.interpreter["path"] == str(python)
        assert run.left_out == ("venv is the environment that is installed here, bound by nothing",)

    def test_the_described_one_is_refused_where_it_is_of_the_tree(self, project: Project) -> None:
        write(
            project, "checker.toml", (project.root / "checker.toml").read_text() + '\n[app]\npython = "tools/python"\n'
        )
        python = write(project, "tools/python", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
        python.chmod(0o755)
        project.base = commit(project.root, "base with a tool")
        with pytest.raises(Unavailable, match="part of the tree that is judged"):
            proved(project)

    def test_an_entry_point_in_the_tree_loads_nothing(self, project: Project) -> None:
        write(project, "calc-1.dist-info/METADATA", "Metadata-Version: 2.1\nName: calc\nVersion: 1\n")
        write(project, "calc-1.dist-info/entry_points.txt", "[pytest11]\npytest_cov = app.plug\nanyio = app.plug\n")
        write(project, "app/plug.py", "raise SystemExit(3)\n")
        assert decided(project)[0] != "block"  # loaded, it would have ended the run

    @pytest.mark.parametrize("path", ["difflib.py", "src/coverage/__init__.py", "pytest_cov/__init__.py"])
    def test_a_module_before_one_of_the_runners_asks_a_person(self, project: Project, path: str) -> None:
        write(project, path, '"""Ours."""\n')
        decision, reasons = decided(project, "build_output")
        assert (decision, f"runner-shadowed: {path}" in reasons) == ("review", True)

    def test_a_package_in_the_tree_that_holds_runners_asks_a_person(self, project: Project) -> None:
        write(project, "web/node_modules/vitest/vitest.mjs", "process.exit(0)\n")
        decision, reasons = decided(project, "build_output")
        assert (decision, "runner-changed: web/node_modules" in reasons) == ("review", True)


class TestWhatNoRunSees:
    def test_a_link_that_leads_out_asks_a_person_when_it_is_new(self, project: Project) -> None:
        (project.root / "app" / "fast.py").symlink_to("../../outside.py")
        decision, reasons = decided(project)
        assert (decision, "unseen: link app/fast.py leads out" in reasons) == ("review", True)
        project.base = commit(project.root, "the link is known")
        write(project, "app/more.py", "LIMIT = 3\n")
        assert decided(project)[0] == "pass"

    def test_a_pointer_and_a_submodule_ask_a_person(self, project: Project) -> None:
        write(project, "app/rates.csv", "version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 5\n")
        inner = project.root / "vendor" / "fast"
        inner.mkdir(parents=True)
        git(inner, "init", "-q", "-b", "main")
        (inner / "fast.py").write_text("FAST = True\n")
        commit(inner, "inner")
        git(project.root, "add", "vendor/fast")
        decision, reasons = decided(project, "build_output")
        assert decision == "review"
        assert "app/rates.csv is a Git LFS pointer" in reasons
        assert "submodule vendor/fast" in reasons

    def test_code_among_the_records_asks_a_person(self, project: Project) -> None:
        write(project, "docs/runs/fast.py", "def sub(a, b):\n    return 0\n")
        decision, reasons = decided(project)
        assert (decision, "code-in-records: docs/runs/fast.py" in reasons) == ("review", True)

    def test_compiled_code_asks_a_person(self, project: Project) -> None:
        (project.root / "app" / "fast.pyc").write_bytes(b"\0\1\2")
        assert "code-unreadable: app/fast.pyc" in decided(project)[1]


def test_tests_that_are_dropped_before_the_code_is_broken_ask_a_person(project: Project) -> None:
    write(project, "tests/test_calc.py", "def test_sum():\n    assert sum([1]) == 1\n")
    decision, reasons = decided(project)
    assert (decision, "test-dropped: tests/test_calc.py::test_sub is gone" in reasons) == ("review", True)


@pytest.mark.parametrize(
    ("mark", "decision"),
    [
        ("skip", "review"),
        ("xfail(strict=False)", "review"),
        ('skipif("sys.platform == \'win32\'", reason="there")', "pass"),
    ],
)
def test_a_test_that_is_never_asked_any_more_asks_a_person(project: Project, mark: str, decision: str) -> None:
    file = project.root / "tests" / "test_calc.py"
    file.write_text(file.read_text().replace("def test_sub(", f"@pytest.mark.{mark}\ndef test_sub("))
    assert decided(project)[0] == decision


def test_a_test_under_another_name_is_not_dropped(project: Project) -> None:
    file = project.root / "tests" / "test_calc.py"
    file.write_text(file.read_text().replace("def test_sub(", "def test_difference("))
    assert decided(project)[0] == "pass"


def test_what_the_policys_own_words_leave_out_need_not_run(project: Project) -> None:
    words = (project.root / "checker.toml").read_text().replace('"pytest"]', '"pytest", "-m", "not slow"]')
    write(project, "checker.toml", words)
    write(project, "pyproject.toml", '[tool.pytest.ini_options]\npythonpath = ["."]\nmarkers = ["slow: takes long"]\n')
    slow = "import pytest\n\n\n@pytest.mark.slow\ndef test_slow():\n    assert len([1]) == 2\n"
    write(project, "tests/test_slow.py", slow)
    project.base = commit(project.root, "a slow test")
    write(project, "app/more.py", "LIMIT = 3\n")
    assert decided(project) == ("pass", "")
    file = project.root / "tests" / "test_calc.py"
    file.write_text(file.read_text().replace("def test_sub(", "@pytest.mark.slow\ndef test_sub("))
    write(
        project, "app/calc.py", "def add(a, b):\n    return a + b\n\n\ndef sub(a, b):\n    return 0 if a == b else 7\n"
    )
    decision, reasons = decided(project)
    assert (decision, "narrowed: tests/test_calc.py::test_sub has the mark slow" in reasons) == ("block", True)


def test_coverage_omits_what_the_base_omits_and_nothing_else(project: Project) -> None:
    unused = "".join(f"def f{number}(x):\n    y = x + {number}\n    return y\n\n\n" for number in range(20))
    write(project, "app/legacy/old.py", unused)
    settings = '[tool.pytest.ini_options]\npythonpath = ["."]\n\n[tool.coverage.run]\nomit = ["app/legacy/*"{0}]\n'
    write(project, "pyproject.toml", settings.format(""))
    project.base = commit(project.root, "something old")
    write(project, "app/more.py", "LIMIT = 3\n")
    write(project, "tests/test_more.py", "from app.more import LIMIT\n\n\ndef test_limit():\n    assert LIMIT == 3\n")
    assert decided(project, "coverage_report")[0] == "pass"
    write(project, "app/new/more.py", unused)
    write(project, "pyproject.toml", settings.format(', "app/new/*"'))
    assert decided(project, "coverage_report")[0] == "block"


def test_a_cut_chain_under_another_name_is_seen_against_its_anchor(project: Project, tmp_path: Path) -> None:
    project.prove("build_output")
    write(project, "app/more.py", "LIMIT = 3\n")
    project.prove("build_output")
    base = commit(project.root, "with proofs")
    copy = tmp_path / "copy.intoto.jsonl"
    copy.write_bytes(project.bundle().read_bytes().splitlines(keepends=True)[0])
    (judged,) = verify([copy], (), Request(path=project.root, base=base, environment={})).judged
    assert (judged.state, judged.reason.partition(";")[0]) == ("untrusted", "chain: cut")
    shutil.copy(copy, project.root / ".checker" / "proofs" / "another.intoto.jsonl")
    done = project.gate()
    assert all("another" not in (one.path or "") for one in done.proofs)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("from app.calc import rounded\n", "imports rounded from app.calc, which has none"),
        ("from app.nowhere import add\n", "imports from app.nowhere, which is not there"),
        ("import app.nowhere\n", "imports app.nowhere, which is not there"),
        ("from .nowhere import add\n", "imports from app.nowhere, which is not there"),
        ("from . import nowhere\n", "imports nowhere from app, which has none"),
        ("try:\n    from app.nowhere import add\nexcept ImportError:\n    add = None\n", ""),
        ("from app import calc\nfrom .calc import sub\nimport app.calc\nimport yaml\nfrom yaml import nothing\n", ""),
    ],
)
def test_imports_of_own_modules_that_lead_nowhere(project: Project, text: str, said: str) -> None:
    write(project, "app/user.py", text)
    decision, reasons = decided(project, "build_output")
    assert decision == ("review" if said else "pass"), reasons
    assert said in reasons


def test_a_module_that_makes_its_names_may_have_any() -> None:
    made = {
        "app/__init__.py": b"",
        "app/lazy.py": b"def __getattr__(name):\n    return 1\n",
        "app/user.py": b"from app.lazy import anything\n",
    }
    assert imports.broken(made, made) == frozenset()
    assert imports.broken({**made, "app/lazy.py": b"X = 1\n"}, made) == {
        "app/user.py imports anything from app.lazy, which has none"
    }
