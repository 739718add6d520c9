"""What an ordinary refactor does to its tests, told apart from what hides a bug: by the source alone, nothing is run."""

from __future__ import annotations

import ast
from collections.abc import Mapping

import pytest

from checker.collect.roles import roles_of
from checker.model.git import TrackedEntry
from checker.model.proof import BaseRun, Signal
from checker.model.settings import Layout
from checker.proofs import brought, mutation, own_helpers
from checker.proofs.additions import only_added
from checker.proofs.decision import weigh
from checker.proofs.gates import load
from checker.proofs.js_run import JsSuite
from checker.proofs.js_weakened import JsSide
from checker.proofs.js_weakened import weakened as js_weakened
from checker.proofs.outdated import in_javascript, outdated, with_helpers
from checker.proofs.pytest_run import Suite
from checker.proofs.revision import Revision
from checker.proofs.runner_settings import configured
from checker.proofs.tests_there import module
from checker.proofs.weakened import Side, weakened

RAN = BaseRun(ran="yes")


def told(test: str, before: str, after: str) -> tuple[Mapping[str, str], frozenset[str]]:
    rest = {"app/other.py": b"def other(a, /, b, *, c=1):\n    return a\n"}
    return outdated({"t": test}, {"app/a.py": before.encode(), **rest}, {"app/a.py": after.encode(), **rest})


@pytest.mark.parametrize(
    ("test", "before", "after"),
    [
        ("a.f(1)", "def f(x): ...", "def f(x, y): ..."),
        ("a.f(1, 2)", "def f(x, y): ...", "def f(x): ..."),
        ("a.f(x=1)", "def f(x): ...", "def f(y): ..."),
        ("a.f(1)", "def f(x): ...", "def f(*, x): ..."),
        ("a.f(1)", "async def f(x): ...", "async def f(x, *, y): ..."),
        ("a.f(x=1)", "def f(x): ...", "def f(x, /): ..."),
        ("store.put(1)", "class S:\n def put(self, x): ...", "class S:\n def put(self, x, y): ..."),
        ("S()", "class S:\n def __init__(self): ...", "class S:\n def __init__(self, x): ..."),
        ("S(1)", "@dataclass\nclass S:\n x: int", "@dataclass\nclass S:\n x: int\n y: int"),
    ],
)
def test_a_call_that_no_source_could_answer(test: str, before: str, after: str) -> None:
    why, gone = told(test, before, after)
    assert "with other arguments than it takes" in why["t"]
    assert not gone


@pytest.mark.parametrize(
    ("test", "before", "after"),
    [
        ("a.f(1)", "def f(x): ...", ""),
        ("s.put(1)", "class S:\n def put(self, x): ...", "class S:\n def get(self): ..."),
        (
            "assert bill.tax == 1",
            "class B:\n def __init__(self):\n  self.tax = 1",
            "class B:\n def __init__(self): ...",
        ),
        ("client.get('/orders/7')", "@app.get('/orders/{id}')\ndef one(id): ...", ""),
        ("assert body['tax'] == 1", "def f():\n return {'tax': 1, 'sum': 2}", "def f():\n return {'sum': 2}"),
        ("assert 'tax' in body", "def f():\n return dict(tax=1)", "def f():\n return dict()"),
        (
            "client.get(f'/api/orders/{x}?full=1')",
            "@r.get('/orders/<int:id>')\ndef one(id): ...",
            "@r.get('/v2')\ndef t(): ...",
        ),
    ],
)
def test_what_is_asked_is_gone(test: str, before: str, after: str) -> None:
    why, gone = told(test, before, after)
    assert why["t"]
    assert gone == {"t"}


@pytest.mark.parametrize(
    ("test", "before", "after"),
    [
        ("a.f(1)", "def f(x): return 1", "def f(x): return 2"),
        ("a.f(1)", "def f(x): ...", "def f(x, y=2): ..."),
        ("a.f(1)", "def f(x): ...", "def f(*args): ..."),
        ("a.f(*all)", "def f(x): ...", "def f(x, y): ..."),
        ("a.f(**all)", "def f(x): ...", "def f(y): ..."),
        ("a.f(1)", "def f(x): ...", "f = make()"),
        ("a.f(1)", "def f(x): ...", "from app.other import other as f"),
        ("a.f(1)", "def f(x): ...", "@wrapped\ndef f(x, y): ..."),
        ("a.f(1)", "def f(x): ...", "def f(x, y): ...\nclass C:\n def f(self, x): ..."),
        ("a.f(1, 2, 3)", "def f(x): ...", "def f(x, y): ..."),
        ("S(1)", "class S(Base):\n x: int", "class S(Base):\n x: int\n y: int"),
        (
            "client.get('/orders/7')",
            "@app.get('/orders/{id}')\ndef one(id): ...",
            "@app.get('/orders/{n}')\ndef one(n): ...",
        ),
        ("client.get('/nothing')", "@app.get('/orders')\ndef one(): ...", ""),
        ("len(x)", "def f(x): ...", ""),
        ("assert body['tax'] == 1", "def f():\n return {'tax': 1}", "tax = 2\ndef f():\n return {'sum': tax}"),
    ],
)
def test_what_the_source_still_answers_for(test: str, before: str, after: str) -> None:
    assert told(test, before, after) == ({}, frozenset())


def test_what_a_fixture_asks_for_is_asked_by_its_tests() -> None:
    tests = module("test_a.py", b"def test_f(shelf):\n    assert shelf.level() == 1\n").tests
    helpers = b"@pytest.fixture\ndef shelf(made):\n    return made\n@pytest.fixture\ndef made():\n    return Shelf()\n"
    (text,) = with_helpers(tests, {"conftest.py": helpers, "tests/other.py": b"def made_otherwise(): ..."}).values()
    assert "Shelf()" in text
    assert "otherwise" not in text
    why, _ = told(text, "class Shelf:\n def __init__(self): ...", "class Shelf:\n def __init__(self, size): ...")
    assert "calls Shelf with other arguments" in why["t"]


def test_javascript_is_told_by_what_is_gone() -> None:
    asked = {"t": ["sub", "expectOk"]}
    assert "asks for sub" in in_javascript(asked, [b"export function sub(a) {}"], [b"export const add = 1"])["t"]
    assert in_javascript(asked, [b"export function sub(a) {}"], [b"export const sub = () => 1"]) == {}
    assert in_javascript(asked, [b"import { sub } from 'x'"], [b""]) == {}


@pytest.mark.parametrize(
    ("kinds", "decision"),
    [
        (["base-test-outdated"], "review"),
        (["base-test-outdated", "test-removed"], "review"),
        (["base-test-outdated", "test-dropped"], "block"),
        (["base-test-outdated", "skip-added"], "block"),
        (["base-test-outdated", "base-test-failed", "test-removed"], "block"),
        (["base-test-failed", "test-replaced"], "review"),
        (["base-test-failed", "helper-extended", "config-extended"], "review"),
        (["base-test-failed", "helper-changed"], "block"),
        (["test-replaced"], "pass"),
        (["helper-loosened"], "review"),
        (["something-new"], "block"),
    ],
)
def test_the_rule(kinds: list[str], decision: str) -> None:
    about = {
        "base-test-outdated": "a.py::t, as the base has it, asks for x, which is gone",
        "test-dropped": "a.py::t is gone, and",
    }
    signals = [Signal(kind=one, about=about.get(one, "a.py::t")) for one in kinds]
    assert weigh(signals, RAN, load().decision).decision == decision
    if decision == "pass":
        assert weigh(signals, BaseRun(ran="no", why="none ran"), load().decision).decision == "review"


def test_what_another_test_lost_is_not_this_ones() -> None:
    signals = [
        Signal(kind="base-test-outdated", about="a.py::t, as the base has it, asks for x, which is gone"),
        Signal(kind="skip-added", about="a.py::t_of_another"),
    ]
    assert weigh(signals, RAN, load().decision).decision == "review"


@pytest.mark.parametrize(
    ("before", "after", "more"),
    [
        ("import a", "import a\nimport b", True),
        ("from app import f", "from app import g", True),
        ("X = 1", "X = 1\nY = (2, 'b')", True),
        ("def f(): ...", "def f(): ...\n@pytest.fixture\ndef order():\n    return 1", True),
        ("X = 1", "X = 2", False),
        ("def f(): ...", "def f(): pass", False),
        ("def f(): ...", "", False),
        ("", "@pytest.fixture(autouse=True)\ndef g(): ...", False),
        ("", "@pytest.fixture\ndef store(): ...", False),
        ("", "@pytest.fixture(name='store')\ndef g(): ...", False),
        ("def f(): ...", "def f(): ...\ndef f(): pass", False),
        ("", "def pytest_configure(config): ...", False),
        ("", "def setup_module(): ...", False),
        ("", "Y = patch('app.f')", False),
        ("", "app.f = lambda: 1", False),
        ("", "from app import *", False),
    ],
)
def test_what_only_adds(before: str, after: str, more: bool) -> None:
    assert only_added(before, after, {"store"}) is more


@pytest.mark.parametrize(
    ("after", "more"),
    [
        ("CASES = [(1, 3)]\nX = 1", True),
        ("CASES = [pytest.param(1, 3, id='a')]\nX = 1", True),
        ("CASES = [(1, f(1))]\nX = 1", False),
        ("CASES = [(1, 2)]", False),
        ("CASES = [(1, 2)]\nX = 1\nstore = 2", False),
    ],
)
def test_what_a_file_of_tests_expects(after: str, more: bool) -> None:
    before = "CASES = [(1, 2)]\nX = 1"
    assert only_added(before, after, {"store"}, values=True) is more
    assert not only_added(before, after, {"store"})


def side(tests: str, source: Mapping[str, str], helpers: str = "") -> Side:
    judging = {"tests/test_a.py": tests.encode(), "tests/conftest.py": helpers.encode()}
    return Side(
        Suite(judging, configured(lambda _: None), ()), judging, {path: text.encode() for path, text in source.items()}
    )


def kinds(base: Side, head: Side) -> list[str]:
    return [one.kind for one in weakened(base, head)]


TWO = "def test_f():\n    assert f(1) == 2\n    assert g(1) == 2\n"
OLD = "def test_f():\n    assert f(1) == 2\n"


@pytest.mark.parametrize(
    ("new", "seen"),
    [
        ("def test_g():\n    assert f(1) == 3\n", ["test-replaced"]),
        ("@pytest.mark.parametrize('x', [1])\ndef test_g(x):\n    assert f(x) == 3\n", ["test-replaced"]),
        ("@pytest.mark.skip\ndef test_g():\n    assert f(1) == 3\n", ["test-removed"]),
        ("@pytest.mark.slow\ndef test_g():\n    assert f(1) == 3\n", ["test-removed"]),
        ("def test_g():\n    assert f(1) == 3\ndef test_h():\n    assert f(2) == 3\n", ["test-replaced"]),
        ("def test_g():\n    f(1)\n", ["test-dropped", "test-empty", "test-removed"]),
        ("def test_g():\n    assert h(1) == 3\n", ["test-dropped", "test-removed"]),
    ],
)
def test_a_test_in_the_place_of_another(new: str, seen: list[str]) -> None:
    assert kinds(side(OLD, {}), side(new, {})) == seen


@pytest.mark.parametrize(
    ("new", "seen"),
    [
        ("def test_a():\n    assert f(1) == 3\ndef test_b():\n    assert g(1) == 3\n", "test-replaced"),
        ("def test_a():\n    assert f(1) == 3\ndef test_b():\n    assert f(2) == 3\n", "test-removed"),
        ("def test_a():\n    assert f(g(1)) == 3\n", "test-removed"),
    ],
)
def test_a_test_that_is_split(new: str, seen: str) -> None:
    assert kinds(side(TWO, {}), side(new, {}))[-1] == seen


def test_a_fixture_that_a_fixture_asks_for_is_not_put_before() -> None:
    helpers = "@pytest.fixture\ndef client(store):\n    return store\n"
    more = helpers + "\n@pytest.fixture\ndef {}():\n    return 1\n"
    assert kinds(side(OLD, {}, helpers), side(OLD, {}, more.format("other"))) == ["helper-extended"]
    assert kinds(side(OLD, {}, helpers), side(OLD, {}, more.format("store"))) == ["helper-changed"]


CHECK = "def assert_same(a, b):\n    assert a == b, 'not the same'\n"


@pytest.mark.parametrize(
    ("source", "seen"),
    [
        ({"app/asserts.py": CHECK.replace("==", "is not")}, 1),
        ({"app/asserts.py": ""}, 1),
        ({"app/asserts.py": CHECK.replace("not the same", "differ")}, 0),
        ({"app/asserts.py": CHECK + "X = 1\n"}, 0),
        ({"app/asserts.py": CHECK.replace("==", "is not"), "app/a.py": "assert_same(1, 1)"}, 0),
    ],
)
def test_a_helper_among_the_source(source: dict[str, str], seen: int) -> None:
    tests = module("test_a.py", b"def test_f():\n    assert_same(f(1), 2)\n").tests.values()
    head = {path: text.encode() for path, text in source.items()}
    assert len(list(own_helpers.loosened({"app/asserts.py": CHECK.encode()}, head, tests))) == seen


@pytest.mark.parametrize(
    ("before", "after", "seen"),
    [
        ("x = 1  # noqa: E501", "x = 1  # noqa", ["suppression-widened"]),
        ("x = 1  # noqa: E501", "x = 1  # noqa: E501, B006", ["suppression-widened"]),
        ("x = 1  # type: ignore[arg-type]", "x = 1  # type: ignore", ["suppression-widened"]),
        ("x = 1  # noqa: E501 a long line", "x = 1  # noqa: E501 a very long line", []),
        ("x = 1  # noqa", "x = 1  # noqa: E501", []),
        ("x = 1  # noqa: E501", "y = 1  # noqa: E501", []),
        ("x = 1", "x = 1  # noqa: E501", ["suppression-added"]),
    ],
)
def test_a_suppression_that_reaches_further(before: str, after: str, seen: list[str]) -> None:
    assert kinds(side(OLD, {"a.py": before}), side(OLD, {"a.py": after})) == seen


@pytest.mark.parametrize(
    ("body", "empty"),
    [
        ("expect(sum(1, 1)).toBe(2)", False),
        ("sum(1, 1)", True),
        ("expect(true).toBe(true)", True),
        ("verifySum(1, 1)", False),
        ("request.get('/').then(done())", False),
    ],
)
def test_a_new_test_of_javascript_that_asks_nothing(body: str, empty: bool) -> None:
    def of(text: str) -> JsSide:
        files = {"a.test.js": text.encode()}
        return JsSide(JsSuite(files), files, {}, {}, {})

    seen = js_weakened(of(""), of(f"test('one', () => {{ {body} }});"), lint=False)
    assert [one.kind for one in seen] == ["test-empty"] * empty


JS = "import { sub } from './a.js';\ntest('takes', () => { expect(sub(3, 1)).toBe(2); });\n"


@pytest.mark.parametrize(
    ("new", "seen"),
    [
        (JS.replace("'takes'", "'takes less'").replace("toBe(2)", "toEqual(1)"), ["test-replaced"]),
        (JS.replace("'takes'", "'takes less'").replace("sub(3", "add(3"), ["test-removed"]),
        (JS.replace("test('takes'", "test.skip('takes less'"), ["test-removed"]),
        (JS.replace("{ sub }", "{ add, sub }"), ["helper-extended"]),
        ("const { sub } = require('./a.js');\n" + JS.partition("\n")[2], ["helper-extended"]),
        (JS.replace("test(", "jest.mock('./a.js');\ntest("), ["helper-changed"]),
        (JS.replace("test(", "import('./patch.js');\ntest("), ["helper-changed"]),
        (JS.replace("test(", "const sub = () => 2;\ntest("), ["helper-changed"]),
    ],
)
def test_what_a_refactor_does_to_javascript(new: str, seen: list[str]) -> None:
    def of(text: str) -> JsSide:
        files = {"a.test.js": text.encode()}
        return JsSide(JsSuite(files), files, {}, {}, {})

    assert [one.kind for one in js_weakened(of(JS), of(new), lint=False)] == seen


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("RATES = {'a': 7, 'b': 19}", ["7 became 8", "7 became 6", "19 became 20", "19 became 18"]),
        ("LIMIT = 30", []),
        ("def f(x):\n    return x * Decimal('0.19')", ["Mult", "'0.19' became '10.19'"]),
        ("LIMIT = 2 * 60", ["Mult", "2 became 3", "60 became 61"]),
        ("if __name__ == '__main__':\n    run(3)", []),
        ("BY = {'a': lambda x: x * 2}", ["Mult", "2 became 3"]),
        ("def f(x):\n    return x * 1.19", ["Mult", "1.19 became 2.38"]),
        ("def f(x):\n    return sorted(x, key=lambda one: one.id)", ["the answer became None"] * 2),
        ("class A:\n    x: int = 3", []),
    ],
)
def test_what_is_computed_otherwise(source: str, said: list[str]) -> None:
    made = list(mutation.mutants({}, {"a.py": source.encode()}))
    assert sorted(one.said.partition(": ")[2] for one in made) == sorted(said)
    for one in made:
        assert ast.parse(one.source)


@pytest.mark.parametrize(
    ("path", "asks", "seen"),
    [
        ("vendor/sums.py", "from vendor.sums import total", True),
        ("app/vendor/sums/deep.py", "import sums.deep", True),
        ("app/vendor/sums.py", "from app.calc import add", False),
        ("node_modules/x/y.py", "import os", False),
        ("app/testing/rates.py", "from app.testing.rates import RATES", True),
        ("tests/builders.py", "from app.calc import add", False),
        ("tests/test_sums.py", "from vendor.sums import total", False),
    ],
)
def test_new_code_that_lies_where_nothing_is_changed(path: str, asks: str, seen: bool) -> None:
    files = {"app/a.py": asks, path: "def total(lines):\n    return 0\n"}
    head = revision(files)
    assert [one.kind for one in brought.signals({}, revision({"app/a.py": asks}), head) if one.kind == "unjudged"] == [
        "unjudged"
    ] * seen


def revision(files: Mapping[str, str]) -> Revision:
    entries = tuple(TrackedEntry(path, "100644", f"{len(text):040x}") for path, text in sorted(files.items()))
    return Revision(entries, {path: text.encode() for path, text in files.items()}, roles_of(Layout()))
