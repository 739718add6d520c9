"""What a change takes from its own proof: tests that are not asked any more, places that no mutant reached."""

from __future__ import annotations

from pathlib import Path

import pytest

from checker.proofs.mutation import MOST, mutants, probe
from checker.proofs.outcome import Outcome
from checker.proofs.tests_there import module
from checker.proofs.unasserted import unasserted
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


def test_places_that_the_budget_does_not_reach_are_counted_and_known_functions_come_first(tmp_path: Path) -> None:
    base = "def price(n):\n    return n\n"
    many = "".join(f"def f{one}(a):\n    return a + {one}\n\n\n" for one in range(MOST + 2))
    after = {"app/a.py": many.encode(), "app/z.py": b"def price(n):\n    return n * 3\n"}
    (tmp_path / "app").mkdir()
    for name, text in after.items():
        (tmp_path / name).write_bytes(text)
    seen: list[str] = []

    def run(_: object) -> Outcome:
        seen.append((tmp_path / "app" / "z.py").read_text())
        return Outcome((), 1, "", failed=("t",), passed=("u",))

    done = probe(mutants({"app/z.py": base.encode()}, after), tmp_path, run, lambda _: (), 60.0)
    assert seen[0] == "def price(n):\n    return n + 3"
    assert [(one.kind, one.about.partition(",")[0]) for one in done.signals] == [
        ("mutants-untried", f"3 of {MOST + 3} changed places were not tried")
    ]
    assert probe(mutants({}, {"app/z.py": after["app/z.py"]}), tmp_path, run, lambda _: (), 60.0).signals == ()
    assert probe(mutants({}, after), tmp_path, run, lambda _: (), -1.0).made == 0


@pytest.mark.parametrize(
    "said",
    [
        "# NOQA",
        "# noqa",
        "# flake8: noqa",
        "# ruff: disable[B006]",
        "# ruff: file-ignore[B006]",
        "# ruff: ignore[B006]",
    ],
)
def test_every_way_to_silence_a_linter_is_one(tmp_path: Path, said: str) -> None:
    decision, *told = reasons(tmp_path, {}, {"app/calc.py": f"{said}\n{CALC}"}, "lint_output")
    assert decision != "pass"
    assert any(one.startswith("suppression-added: app/calc.py: 1 more than before") for one in told)


@pytest.mark.parametrize(
    ("test", "decision"),
    [
        ("def test_new():\n    add(1, 2)\n", "review"),
        ("def test_new():\n    assert True\n", "review"),
        ("def test_new():\n    check(add(1, 2))\n\n\ndef check(seen):\n    assert seen == 3\n", "pass"),
        ("import pytest\n\n\ndef test_new():\n    with pytest.raises(TypeError):\n        add(1, '')\n", "pass"),
        ("def test_new(mocker):\n    mocker.seen.assert_called_once()\n", "pass"),
    ],
)
def test_a_new_test_that_asks_nothing_is_told(tmp_path: Path, test: str, decision: str) -> None:
    after = module("tests/test_new.py", f"from app.calc import add\n\n\n{test}".encode())
    found = list(unasserted({}, after.tests, [f"from app.calc import add\n\n\n{test}".encode()]))
    assert bool(found) is (decision == "review")
    if decision == "review":
        source = {"tests/test_new.py": f"from app.calc import add\n\n\n{test}"}
        seen, *told = reasons(tmp_path, {}, {**source})
        assert (seen, told) == (
            "review",
            ["test-empty: tests/test_new.py::test_new asserts nothing; say in it what must hold"],
        )


@pytest.mark.parametrize("place", ["Path('expected/bill.txt')", "Path('expected') / 'bill.txt'"])
def test_an_answer_that_a_test_names_is_the_bases(tmp_path: Path, place: str) -> None:
    test = (
        "from pathlib import Path\n\nfrom app.bill import bill\n\n\n"
        f"def test_bill():\n    assert bill(5) == ({place}).read_text()\n"
    )
    base = {
        "app/bill.py": "def bill(n):\n    return str(n * 3)\n",
        "expected/bill.txt": "15",
        "tests/test_bill.py": test,
    }
    decision, *told = reasons(
        tmp_path, base, {"app/bill.py": base["app/bill.py"].replace("3", "2"), "expected/bill.txt": "10"}
    )
    assert (decision, told[0].partition(",")[0]) == ("review", "base-test-failed: tests/test_bill.py::test_bill")
