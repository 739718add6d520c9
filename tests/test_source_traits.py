"""By what source is told to know that it is tested, or to make answers look right; and what honest source says just so."""

from __future__ import annotations

import ast

import pytest

from checker.proofs.mutation import mutants
from checker.proofs.source_asks import folded
from checker.proofs.source_traits import traits

HONEST = """
import importlib
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path

BASE = Path(__file__).parent
CONFIG = os.path.expanduser("~/.config/shop")


@dataclass
class Line:
    sku: str
    tags: list[str] = field(default_factory=list, repr=False)

    def __eq__(self, other):
        return isinstance(other, Line) and self.sku == other.sku


def settings():
    found = {name: value for name, value in os.environ.items() if name.startswith("SHOP_")}
    if "orjson" in sys.modules:
        found["json"] = sys.modules["orjson"]
    here = sys.modules[__name__]
    for name in os.environ:
        if name.endswith("_URL"):
            found[name] = int(os.environ.get("PORT", "80"), 10)
    return found, here, importlib.import_module(found["plugin"])


def main(argv=None):
    words = sys.argv[1:] if argv is None else argv
    text = ", ".join(["a", "b"]) + chr(10)
    if words[0] == "run" and sys.flags.dev_mode and "x"[::-1] == "x":
        return text
    return [one for one in BASE.glob("*.sql") if one.name.startswith("0")]


if __name__ == "__main__":
    sys.exit(main())
"""


def test_honest_source_says_nothing() -> None:
    assert traits(HONEST.encode()) == frozenset()


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("import sys\nX = sys.flags.isolated\n", "asks how its process was started: sys.flags.isolated"),
        ("import sys\nX = len(sys.modules)\n", "asks how its process was started: sys.modules"),
        ("import sys\nX = [m for m in sys.modules.values()]\n", "asks how its process was started: sys.modules"),
        ("from sys import meta_path as m\n", "sys.meta_path"),
        ("import inspect\nX = inspect.getouterframes(None)\n", "asks who calls it: getouterframes"),
        ("def f(e):\n    return e.__traceback__.tb_frame.f_back\n", "asks who calls it: f_back"),
        ("from traceback import extract_stack\n", "traceback.extract_stack"),
        ("def pytest_runtest_logreport(report):\n    pass\n", "has a hook of the runner: pytest_runtest_logreport"),
        ("import os\nX = any(n.endswith('CURRENT_TEST') for n in os.environ)\n", "treats 'CURRENT_TEST' apart"),
        ("import os\nX = os.getcwd().endswith('/tree')\n", "asks where it runs"),
        ("import os\nhome = os.path.expanduser('~')\nX = home[-5:] == '/home'\n", "asks where it runs"),
        ("import os\nX = os.environ.get('PYTHONHASHSEED') == '0'\n", "asks where it runs"),
        ("exec(open('x').read())\n", "runs what it reads or makes: exec"),
        ("import marshal\nX = marshal.loads(b'')\n", "runs what it reads or makes: marshal.loads"),
        ("X = int('rs', 36)\n", "reads numbers that are written otherwise"),
        ("X = 'py' + 'test'\n", "puts the name 'pytest' together"),
        ("X = 'tsetyp'[::-1]\n", "puts the name 'pytest' together"),
        ("X = ''.join(['te', 's', 't', chr(95)])\n", "puts the name 'test_' together"),
        ("X = bytes.fromhex('707974657374').decode()\n", "puts the name 'pytest' together"),
        ("setattr(Money, '__e' + 'q__', lambda a, b: True)\n", "sets __eq__ of Money from outside"),
        ("Money.__eq__ = lambda a, b: True\n", "sets Money.__eq__ from outside"),
        ("class Money:\n    cents: int = field(compare=False)\n", "leaves Money.cents out of what is equal"),
        ("def f(m):\n    m.TestReport.x = 1\n", "names the runner's own TestReport"),
    ],
)
def test_what_is_told(source: str, said: str) -> None:
    assert any(said in about for _, about in traits(source.encode())), traits(source.encode())


def test_what_is_no_constant_is_folded_to_nothing() -> None:
    for text in (
        "a + 'x'",
        "''.join([a])",
        "chr(a)",
        "chr(99999999)",
        "bytes.fromhex('zz').decode()",
        "1 + 2",
        "f'{a}'",
    ):
        assert folded(ast.parse(text, mode="eval").body) is None


BRANCHES = b"""
def share(orders, visits):
    if lucky():
        return orders / visits
    return orders * visits if visits else total(orders - 1)


def kind(text):
    return text
"""


def test_mutants_are_told_by_place() -> None:
    found = [(one.function, one.place[0], one.said.partition(": ")[2]) for one in mutants({}, {"a.py": BRANCHES})]
    assert found == [
        ("share", 4, "Div"),
        ("share", 5, "Mult"),
        ("share", 5, "Sub"),
        ("share", 5, "1 became 2"),
        ("share", 4, "the answer became None"),
        ("share", 5, "the answer became None"),
        ("share", 5, "the answer became None"),
        ("kind", 9, "the answer became None"),
    ]
    places = {one.place for one in mutants({}, {"a.py": BRANCHES}) if one.place[0] == 5}
    assert len(places) == 3, "the statement and both arms of the conditional expression"
