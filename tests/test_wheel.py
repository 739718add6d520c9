"""What ships: the wheel, installed where the checkout is not, knows its rules and audits."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from tests.scratch import FIXTURES

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `checker` command of a wheel in a virtual environment that sees our dependencies, but not the checkout."""
    scratch = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(scratch / "dist"), str(ROOT)]
    subprocess.run(build, check=True, capture_output=True)
    (wheel,) = (scratch / "dist").glob("*.whl")
    home = scratch / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    (site / "dependencies.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", "utf-8")
    python = home / "bin" / "python"
    install = [
        str(python),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--ignore-installed",
        "--no-warn-script-location",
        str(wheel),
    ]
    subprocess.run(install, check=True, capture_output=True, env=_environment())
    return home / "bin" / "checker"


def test_the_wheel_holds_the_data_trees(checker: Path) -> None:
    where = _run(checker.parent / "python", "-c", "import checker; print(checker.__file__)")
    package = Path(where.stdout.strip()).parent
    assert str(package).startswith(str(checker.parent.parent)), where.stdout
    for tree in ("rules", "reports"):
        shipped = sorted(
            file.relative_to(package / "_data" / tree)
            for file in (package / "_data" / tree).rglob("*")
            if file.is_file()
        )
        here = sorted(file.relative_to(ROOT / tree) for file in (ROOT / tree).rglob("*") if file.is_file())
        assert shipped == here


def test_the_wheel_lists_its_rules(checker: Path) -> None:
    listed = json.loads(_run(checker, "rules", "--format", "json").stdout)
    here = {file.stem for file in (ROOT / "rules" / "catalog").rglob("*.toml")}
    assert {rule["rule"] for rule in listed["rules"]} == here


def test_the_wheel_audits(checker: Path, tmp_path: Path) -> None:
    done = _run(
        checker,
        "audit",
        "--format",
        "json",
        "--standard",
        "backend-coder",
        str(FIXTURES / "rules/pagination/fail-array/repo"),
        code=1,
    )
    report = json.loads(done.stdout)
    assert "pagination" in {finding["rule"] for finding in report["findings"]}


def _run(*command: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [str(part) for part in command], capture_output=True, text=True, env=_environment(), cwd="/", check=False
    )
    assert done.returncode == code, done.stderr
    return done


def _environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LANG": "C.UTF-8"}
