"""Pointers to lines: the lines that are named hold the member, all of it, and nothing beside it."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.collect import data_lines_yaml
from checker.collect.data_lines import locate
from checker.collect.data_parsed import Malformed
from checker.collect.data_text import parse
from checker.model.observation import Pointer

PROPERTY = settings(max_examples=150, deadline=None, database=None)

WORDS = st.text("abcxyzåяß漢", min_size=1, max_size=6)
SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.text("ab \n#:'\"", max_size=30)


def containers(keys: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    values = st.recursive(
        SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4), max_leaves=25
    )
    return st.lists(values, max_size=4) | st.dictionaries(keys, values, max_size=4)


def pointers_of(value: Any, pointer: Pointer = ()) -> list[tuple[Pointer, Any]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    below = [each for key, child in members for each in pointers_of(child, (*pointer, str(key)))]
    return [(pointer, value), *below]


def all_of(text: str) -> dict[Pointer, tuple[int, int]]:
    return locate(text, [pointer for pointer, _ in pointers_of(parse(text).value)])


def cut(text: str, span: tuple[int, int]) -> str:
    return "\n".join(text.split("\n")[span[0] - 1 : span[1]])


def is_nested(spans: dict[Pointer, tuple[int, int]]) -> bool:
    outer = {pointer: spans[pointer[:-1]] for pointer in spans if pointer}
    return all(outer[at][0] <= spans[at][0] <= spans[at][1] <= outer[at][1] for at in outer)


@pytest.fixture(params=["c", "python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as installed, once as where libyaml is missing."""
    if request.param == "python":
        monkeypatch.setattr(data_lines_yaml, "_LOADER", yaml.SafeLoader)


@PROPERTY
@given(containers(st.text(max_size=8)), st.booleans())
def test_the_lines_of_json_hold_exactly_the_member(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, indent=1, ensure_ascii=ascii_only)
    spans, values = all_of(text), dict(pointers_of(value))
    assert spans.keys() == values.keys()
    assert spans[()] == (1, text.count("\n") + 1)
    for pointer, member in pointers_of(value)[1:]:
        lines = cut(text, spans[pointer]).removesuffix(",")
        if isinstance(values[pointer[:-1]], dict):
            assert json.loads(f"{{{lines}}}") == {pointer[-1]: member}
        else:
            assert json.loads(lines) == member


@PROPERTY
@given(containers(WORDS), st.sampled_from([10, 80]), st.sampled_from(["\n", "\r\n"]))
def test_the_lines_of_a_yaml_block_hold_exactly_the_member(value: Any, width: int, end: str) -> None:
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=False, allow_unicode=True, width=width)
    text = text.replace("\n", end) + f"{end}# the end{end}{end}"
    spans, values = all_of(text), dict(pointers_of(value))
    assert spans.keys() == values.keys()
    assert spans[()] == (1, text.count("\n") - 3)
    for pointer, member in pointers_of(value)[1:]:
        lines = re.sub(r"^(?:- | )*", lambda dashes: " " * len(dashes[0]), cut(text, spans[pointer]))
        if isinstance(values[pointer[:-1]], dict):
            assert parse(lines).value == {pointer[-1]: member}
        elif not isinstance(member, list):
            assert parse(lines).value == member


@PROPERTY
@given(containers(st.text(max_size=150)), st.sampled_from([None, True, False]), st.sampled_from([10, 80]))
def test_every_pointer_of_any_yaml_is_found_inside_its_parent(value: Any, flow: bool | None, width: int) -> None:
    text = "# yaml\n" + yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=flow, width=width)
    spans = all_of(text)
    assert spans.keys() == dict(pointers_of(value)).keys()
    assert is_nested(spans)
    assert spans[()] == (2, len(text.rstrip().split("\n")))


@PROPERTY
@given(containers(WORDS))
def test_json_and_yaml_agree_that_the_first_line_holds_the_key(value: Any) -> None:
    texts = json.dumps(value, indent=2, ensure_ascii=False), yaml.dump(value, allow_unicode=True, sort_keys=False)
    for pointer, _ in pointers_of(value)[1:]:
        for text in texts:
            first = cut(text, (locate(text, [pointer])[pointer][0],) * 2)
            assert pointer[-1].isdigit() or pointer[-1] in first


@PROPERTY
@given(containers(WORDS), st.data())
def test_asking_for_less_finds_the_same(value: Any, data: st.DataObject) -> None:
    dumped = yaml.dump([value, {"anchored": "&a"}, value], Dumper=yaml.CSafeDumper)
    text = data.draw(st.sampled_from([json.dumps([value, value], indent=1), dumped]))
    spans = all_of(text)
    some = data.draw(st.lists(st.sampled_from(sorted(spans)), max_size=5))
    assert locate(text, [*some, ("nowhere",), ("0", "nowhere", "0")]) == {pointer: spans[pointer] for pointer in some}


JSON = """\
{
  "openapi": "3.1.0", "info":
    {"title": "x",
     "version": "1"},
  "a\\"\\u00e9b": [1, [], {},
    [2,
     3]
  ],
  "twice": {"old": 1},
  "empty": {
  },
  "twice": {"new": [
    "]", "}"]}
}

"""


@pytest.mark.parametrize("prefix", ["", "\ufeff", "\ufeff\n \t\r\n"])
def test_lines_of_json(prefix: str) -> None:
    expected = {
        (): (1, 14),
        ("openapi",): (2, 2),
        ("info",): (2, 4),
        ("info", "version"): (4, 4),
        ('a"éb',): (5, 8),
        ('a"éb', "0"): (5, 5),
        ('a"éb', "2"): (5, 5),
        ('a"éb', "3"): (6, 7),
        ('a"éb', "3", "1"): (7, 7),
        ("empty",): (10, 11),
        ("twice",): (12, 13),
        ("twice", "new", "1"): (13, 13),
    }
    missing = [("twice", "old"), ("a",), ('a"éb', "4"), ('a"éb', "00"), ('a"éb', "-1"), ("openapi", "0"), ("empty", "")]
    down = prefix.count("\n")
    found = locate(prefix + JSON, [*expected, *missing])
    assert found == {pointer: (first + down, last + down) for pointer, (first, last) in expected.items()}


YAML = """\
# a comment
base: &base      # 2
  one: 1
  two:
    - x

    # between
    - y: |
        text

        more

# below the block

list:
- &item
  three: >-
    folded
    text
-
- *item
- plain
  on two lines
merged:
  <<: [*base, {four: 4,
    one: none}]
  five: {a: 1, b,
    c: [d: e
    , f]}
again: *base
? long key
:
  - six
null:
200:
'quoted': "a
  b"
one: &name 1
five: 5
one: last
# the end

...
---
other: document
"""

YAML_LINES = {
    (): (2, 40),
    ("base",): (2, 11),
    ("base", "one"): (3, 3),
    ("base", "two"): (4, 11),
    ("base", "two", "0"): (5, 5),
    ("base", "two", "1"): (8, 11),
    ("base", "two", "1", "y"): (8, 11),
    ("list",): (15, 23),
    ("list", "0"): (16, 19),
    ("list", "0", "three"): (17, 19),
    ("list", "1"): (20, 20),
    ("list", "2"): (21, 21),
    ("list", "2", "three"): (17, 19),
    ("list", "3"): (22, 23),
    ("merged",): (24, 29),
    ("merged", "one"): (3, 3),
    ("merged", "two", "1", "y"): (8, 11),
    ("merged", "four"): (25, 25),
    ("merged", "five"): (27, 29),
    ("merged", "five", "b"): (27, 27),
    ("merged", "five", "c"): (28, 29),
    ("merged", "five", "c", "0"): (28, 28),
    ("merged", "five", "c", "0", "d"): (28, 28),
    ("merged", "five", "c", "1"): (29, 29),
    ("again",): (30, 30),
    ("again", "two", "0"): (5, 5),
    ("long key",): (31, 33),
    ("long key", "0"): (33, 33),
    ("null",): (34, 34),
    ("200",): (35, 35),
    ("quoted",): (36, 37),
    ("one",): (40, 40),
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_lines_of_yaml(end: str, loader: None) -> None:
    missing = [("merged", "<<"), ("list", "4"), ("other",), ("base", "four"), ("merged", "six"), ("one", "0")]
    assert locate(YAML.replace("\n", end), [*YAML_LINES, *missing]) == YAML_LINES
    for pointer, span in YAML_LINES.items():
        assert locate(YAML.replace("\n", end), [pointer]) == {pointer: span}


EXAMPLES = [
    ("a: 1\nb:\n\tc: 2\n", ("a",), None),
    ("{\n  a: 1,\n  b: [x,\n    y]}\n", ("b",), (3, 4)),
    ('{\n "a": 1,\n "b": 2,\n}\n', ("b",), (3, 3)),
    ('{\n\t"a": 1,\n\t"b": 2\n}\n', ("b",), (3, 3)),
    ('{"a": 1}\n---\n{"b": 1}\n', ("a",), (1, 1)),
    ('{"a": 1}\n---\n{"b": 1}\n', ("b",), None),
    ("a: &a {x: 1}\nb: &b\n  x: 2\nc:\n  <<: *a\n  <<: *b\n", ("c", "x"), (3, 3)),
    ("a: &a {x: 1}\nb: &b\n  x: 2\nc:\n  <<: [*a, *b]\n", ("c", "x"), (1, 1)),
    ("a: &a {x: 1}\nb: &b\n  <<: *a\n  y: 2\nc:\n  <<: *b\n  z: 1\n", ("c", "x"), (1, 1)),
    ("a: &a {x: 1}\nb:\n  x: 0\n  <<: *a\n", ("b", "x"), (3, 3)),
    ("a: &l\n- {x: 1}\n- {y: 2}\nb:\n  <<: *l\n", ("b", "y"), (3, 3)),
    ("a: &l [{x: 1}]\nb: {<<: *l}\n", ("b", "0"), None),
    ("a: &k key\n*k : 1\n", ("key",), (2, 2)),
    ("s: {t: &k key}\n*k : 1\n", ("key",), (2, 2)),
    ("s: {&k key: 1}\n*k : 1\n", ("key",), (2, 2)),
    ("s: {t: &a {x: 1}}\nb: *a\n", ("b", "x"), (1, 1)),
    ("a: &a {x: 1}\nb: &a\n  x: 2\nc: *a\n", ("c", "x"), (3, 3)),
    ("a: &a {x: 1}\nb: &a 1\nc: *a\n", ("c", "x"), None),
    ("{<<: 1, '<<': 2}", ("<<",), (1, 1)),
    ("--- !tag\n&x\na: 1\n", (), (1, 3)),
    ("\n\n--- >\n text\n\n# end\n", (), (3, 4)),
    ("---\n", (), (1, 1)),
    ("# c\n---\n\n---\na: 1\n", (), (2, 2)),
    ("? \n? \n# end\n", ("",), (2, 2)),
    ("".join(f"%TAG !a{n}! b\n" for n in range(1001)) + "--- {a: 1}\n", ("a",), None),
    ("\ufeff# c\na: 1\n", ("a",), (2, 2)),
    ("a: '\u2028'\nb: \u0085\nc: 1\n", ("c",), (3, 3)),
    ('{"a": "\u2028",\n"b": 😀\n}'.replace("😀", '"😀"'), ("b",), (2, 2)),
    ("a: 😀\nb: 2\n", ("b",), (2, 2)),
    ("a:\n  b:\n  - c\n  -\n# end\nd: 1\n", ("a",), (1, 4)),
    ("a:\n  b: {x: 1,\n    y: 2\n    }\n# end\n", ("a",), (1, 4)),
    ("a:\n  ? x\n# end\n", ("a",), (1, 2)),
    ("a:\n  ? x\n# end\n", ("a", "x"), (2, 2)),
    ('? "x\n  y"\n# end\n', ("x y",), (1, 2)),
    ("a:\n  {? ,\n  b: 1}\n", ("a", ""), (2, 2)),
    ("a:\n  b: &x\n    c: 1\n# end\nd: 1\n", ("a",), (1, 3)),
    ('{"a":\n[1}}', ("a", "0"), None),
    ("a:\n  b: *nowhere\n", ("a", "b"), (2, 2)),
    ("a: 1\n? [x]\n: 2\n", ("a",), None),
    ("a: 1\nb: \x00\n", ("a",), None),
    ("a: \ud800\n", ("a",), None),
    ("", (), None),
    ('{"a": 1', ("a",), None),
    ('["\n"]', (), (1, 2)),
]


@pytest.mark.parametrize(("text", "pointer", "lines"), EXAMPLES)
def test_lines_of_one_pointer(text: str, pointer: Pointer, lines: tuple[int, int] | None, loader: None) -> None:
    assert locate(text, [pointer]) == ({} if lines is None else {pointer: lines})


def test_a_closing_bracket_ends_its_collection(loader: None) -> None:
    text = "a: {b: [1\n ],\n c: 2\n }\n"
    ends = {(): 4, ("a",): 4, ("a", "b"): 2, ("a", "b", "0"): 1, ("a", "c"): 3}
    assert {pointer: last for pointer, (_, last) in all_of(text).items()} == ends


def test_nothing_asked_is_nothing_found() -> None:
    assert locate('{"a": 1}', []) == {}


@pytest.mark.parametrize("opening", ["[", '{"0":', "- ", "{0: ", "0: &a {0: "])
def test_a_hundred_thousand_levels_are_survived(opening: str, loader: None) -> None:
    for pointer in ((), ("0",) * 100_000):
        assert locate(opening * 100_000, [pointer]) == {}


def test_merges_of_merges_are_searched_once(loader: None) -> None:
    text = "m0: &m0 {x: 1}\n" + "".join(f"m{n}: &m{n} {{<<: [*m{n - 1}, *m{n - 1}]}}\n" for n in range(1, 100))
    assert locate(text, [("m99", "x"), ("m99", "y")]) == {("m99", "x"): (1, 1)}


@PROPERTY
@given(st.text("[]{}:,-&*ab<!|>'\"#?% \n\t0", max_size=60))
def test_what_is_read_is_found(text: str) -> None:
    try:
        value = parse(text).value
    except Malformed:
        assert all(1 <= first <= last for first, last in locate(text, [(), ("a",), ("0",)]).values())
        return
    wanted = [pointer for pointer, _ in pointers_of(value)]
    found = locate(text, wanted)
    assert found.keys() == set(wanted)
    assert all(1 <= first <= last <= text.rstrip().count("\n") + 1 for first, last in found.values())
