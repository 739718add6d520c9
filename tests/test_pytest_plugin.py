"""The pytest plugin: rules of a family as tests, judged in a process of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.fake_secrets import fake

ROOT = Path(__file__).resolve().parent.parent


def pytest_in(folder: Path, *words: str, **around: str) -> subprocess.CompletedProcess[str]:
    plugin = ["-p", "no:checker", "-p", "checker.pytest_plugin"]  # by its module, whether it is installed or not
    argv = [sys.executable, "-P", "-m", "pytest", *plugin, "-p", "no:cacheprovider", "-q", *words]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **around}
    return subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_a_broken_rule_is_a_failed_test(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", "utf-8")
    (tmp_path / "app.py").write_text(f'TOKEN = "{fake("github-pat")}"\n', "utf-8")
    done = pytest_in(tmp_path, "--checker", "secrets", "-rfs")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAILED checker::secret-in-tree" in done.stdout or "checker::secret-in-tree" in done.stdout
    assert "app.py:1" in done.stdout
    assert "more: checker explain secret-in-tree" in done.stdout
    assert fake("github-pat") not in done.stdout


def test_without_the_option_nothing_is_added(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", "utf-8")
    done = pytest_in(tmp_path)
    assert "1 passed" in done.stdout


def test_an_unknown_family_is_a_usage_error(tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own():\n    pass\n", "utf-8")
    done = pytest_in(tmp_path, "--checker", "secret")
    assert done.returncode == 4
    assert "no rule or family 'secret'" in done.stderr


def test_what_the_tests_load_does_not_reach_the_judge(tmp_path: Path) -> None:
    (tmp_path / "conftest.py").write_text("import checker.audit\nchecker.audit.audit = lambda request: None\n", "utf-8")
    (tmp_path / "checker.py").write_text("raise SystemExit(0)\n", "utf-8")
    (tmp_path / "app.py").write_text(f'TOKEN = "{fake("github-pat")}"\n', "utf-8")
    done = pytest_in(tmp_path, "--checker", "secret-in-tree", "--import-mode=importlib")
    assert done.returncode == 1, done.stdout + done.stderr


def test_no_module_of_the_project_stands_in_for_ours(tmp_path: Path) -> None:
    (tmp_path / "pydantic.py").write_text("raise SystemExit('taken over')\n", "utf-8")
    (tmp_path / "app.py").write_text(f'TOKEN = "{fake("github-pat")}"\n', "utf-8")
    done = pytest_in(tmp_path, "--checker", "secret-in-tree", PYTHONPATH=f":.:{ROOT}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "checker::secret-in-tree" in done.stdout
