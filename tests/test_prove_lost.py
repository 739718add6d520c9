"""What a change takes from its own proof: tests that are not asked any more, places that no mutant reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.proving import prove
from checker.workplace import Request
from tests.scratch import commit, git

CALC = "def add(a, b):\n    return a + b\n"
ASKED = "from app.calc import add\n\n\ndef test_add():\n    assert add(1, 2) == 3\n"
BASE = {
    "checker.toml": '[commands]\ntest_output = ["python", "-m", "pytest"]\nlint_output = ["ruff", "check", "."]\n',
    "pyproject.toml": "[project]\nname = 'x'\nversion = '1'\n[tool.pytest.ini_options]\npythonpath = ['.']\n",
    "app/__init__.py": "",
    "app/calc.py": CALC,
    "tests/test_calc.py": ASKED,
}
FLAGS = """import pytest

from app import flags


@pytest.mark.skipif(not flags.FAST, reason='slow')
def test_rate():
    assert flags.RATE == 19
"""
EXTRA = (
    "import pytest\n\nextra = pytest.importorskip('app.extra')\n\n\ndef test_half():\n    assert extra.half(4) == 2\n"
)


def reasons(
    root: Path, base: dict[str, str], change: dict[str, str | None], kind: str = "test_output"
) -> tuple[str, ...]:
    """What a proof of a change says; None takes a file away."""
    for name, text in [*BASE.items(), *base.items()]:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    git(root, "init", "-q", "-b", "main")
    revision = commit(root, "base")
    for name, new in change.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(new) if new is not None else (root / name).unlink()
    run = prove(kind, Request(path=root, base=revision, environment={})).proof.predicate.checker
    return (run.decision, *run.reasons)


@pytest.mark.parametrize(
    ("base", "change", "name"),
    [
        (
            {"app/flags.py": "FAST = True\nRATE = 19\n", "tests/test_rate.py": FLAGS},
            {"app/flags.py": "FAST = False\nRATE = 7\n"},
            "tests/test_rate.py::test_rate",
        ),
        (
            {"app/extra.py": "def half(a):\n    return a / 2\n", "tests/test_extra.py": EXTRA},
            {"app/extra.py": None},
            "tests/test_extra.py::test_half",
        ),
    ],
)
def test_source_that_stops_a_test_is_told(
    tmp_path: Path, base: dict[str, str], change: dict[str, str | None], name: str
) -> None:
    decision, *told = reasons(tmp_path, base, change)
    assert (decision, f"test-unasked: {name} passed on the base and is not asked on this source" in told) == (
        "review",
        True,
    )


def test_a_test_that_was_skipped_before_is_nothing_new(tmp_path: Path) -> None:
    base = {"app/flags.py": "FAST = False\nRATE = 19\n", "tests/test_rate.py": FLAGS}
    assert reasons(tmp_path, base, {"app/flags.py": "FAST = False\nRATE = 7\n"}) == ("pass",)
