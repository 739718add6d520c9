"""The suite about itself: a skip without a reason fails it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("skip", "code"),
    [
        ("pytest.skip()", 1),
        ('pytest.skip("no PostgreSQL here")', 0),
        ("raise pytest.skip.Exception('')", 1),
    ],
)
def test_a_skip_without_a_reason_fails_the_suite(skip: str, code: int, tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    test = f"import pytest\n\n\ndef test_one():\n    {skip}\n\n\ndef test_two():\n    pass\n"
    (tmp_path / "test_it.py").write_text(test, "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stdout
    assert ("SKIPPED WITHOUT A REASON" in done.stdout) == bool(code)


def test_a_mark_without_a_reason_fails_the_suite(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).with_name("conftest.py"), tmp_path)
    (tmp_path / "test_it.py").write_text("import pytest\n\n\n@pytest.mark.skip\ndef test_one(): ...\n", "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 1
