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


def test_workers_share_one_audit(tmp_path: Path) -> None:
    """An audit leaves a line in a log that stands in for the checker on the module path of its child."""
    (tmp_path / "app.py").write_text(f'TOKEN = "{fake("github-pat")}"\n', "utf-8")
    for number in range(6):
        (tmp_path / f"test_{number}.py").write_text("def test_own():\n    pass\n", "utf-8")
    log = tmp_path / "audits"
    counted = tmp_path / "counted.py"
    counted.write_text(
        "from checker import pytest_plugin\naudited = pytest_plugin._audited\n\n\ndef once(config, asked):\n"
        f"    open({str(log)!r}, 'a').write('x')\n    return audited(config, asked)\n\n\npytest_plugin._audited = once\n",
        "utf-8",
    )
    words = ("-p", "counted", "-p", "xdist", "-n", "3", "--checker", "secrets")
    done = pytest_in(tmp_path, *words, PYTHONPATH=f"{ROOT}:{tmp_path}")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "1 failed, 7 passed" in done.stdout
    assert "app.py:1" in done.stdout
    assert log.read_text("ascii") == "x"
    wrong = pytest_in(tmp_path, "-p", "xdist", "-n", "2", "--checker", "secret")
    assert wrong.returncode == 4
    assert "no rule or family 'secret'" in wrong.stdout + wrong.stderr


def test_a_name_that_a_terminal_would_obey_is_shown(tmp_path: Path) -> None:
    (tmp_path / "a\x1b[31m\n.py").write_text(f'TOKEN = "{fake("github-pat")}"\n', "utf-8")
    done = pytest_in(tmp_path, "--checker", "secret-in-tree")
    assert done.returncode == 1, done.stdout + done.stderr
    assert "\x1b" not in done.stdout
    assert r"a\x1b[31m" in done.stdout or r"a\u001b[31m" in done.stdout, done.stdout
