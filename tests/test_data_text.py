"""Text to values: equal to the parsers that everybody uses, and nothing that a hostile file may do goes through."""

from __future__ import annotations

import contextlib
import gc
import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from checker.collect import data_yaml
from checker.collect.data_parsed import MAX_DEPTH, Malformed
from checker.collect.data_text import parse

PROPERTY = settings(max_examples=200, deadline=None, database=None)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4), max_leaves=25
)
CONTAINERS = st.lists(VALUES, max_size=4) | st.dictionaries(st.text(), VALUES, max_size=4)


class Reference(yaml.CSafeLoader):
    """PyYAML's safe loader, but for dates, and for `=` and `<<` as values, on which it gives up."""


for _name in ("timestamp", "value", "merge"):
    Reference.add_constructor(f"tag:yaml.org,2002:{_name}", lambda _, node: node.value)


def same(left: Any, right: Any) -> bool:
    """Equal in type as well: 1, 1.0 and True are three values."""
    return repr(left) == repr(right)


@pytest.fixture(params=["c", "python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once as installed, once as where libyaml is missing."""
    if request.param == "python":
        monkeypatch.setattr(data_yaml, "_LOADER", yaml.SafeLoader)


@PROPERTY
@given(CONTAINERS, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_json_is_read_as_the_standard_library_wrote_it(value: Any, ascii_only: bool, indent: int | str | None) -> None:
    parsed = parse(json.dumps(value, ensure_ascii=ascii_only, indent=indent))
    assert same(parsed.value, value)
    assert (parsed.syntax, parsed.duplicates, parsed.documents) == ("json", (), 1)


@PROPERTY
@given(VALUES, st.sampled_from([None, True, False]), st.booleans())
def test_yaml_is_read_as_pyyaml_wrote_it(value: Any, flow: bool | None, unicode: bool) -> None:
    text = yaml.dump(value, Dumper=yaml.CSafeDumper, default_flow_style=flow, allow_unicode=unicode, sort_keys=False)
    parsed = parse("# a comment, so that it is never JSON\n" + text)
    assert same(parsed.value, value)
    assert (parsed.syntax, parsed.duplicates, parsed.documents) == ("yaml", (), 1)


PLAIN = """
0 00 07 08 09 010 0o14 012345678912345678 -0 +1 -1 1_000 _1 1_ 0b101 0b 0b2 0x1F 0xg 0X1f -0x1 +0b1 0_
1:30 1:60 190:20:30 -1:30 01:30 1:3:5.5 190:20:30.15 12:30:45 1: 12e3 1e5 1.5e5 1.5e+5 1.e+5 1. .5 .5e-3 . .. ._1
-.5 +.5 1_0.5 .inf .Inf .INF -.inf +.inf .nan .NaN .NAN nan inf Infinity NaN 1.2.3 1,000
true True TRUE tRUE false yes Yes YES no No NO on On ON off Off OFF y n Y N null Null NULL ~ nULL = <<
2001-01-01 2001-1-1 2001-12-14t21:59:43.10-05:00 2001-12-14T21:59:43Z 2001-99-99 2001-01-01x 20010101
object string 200 2XX v1 /v1 a#b a:b http://x.y -a - !x !!str !!int
"""


@pytest.mark.parametrize("text", PLAIN.split())
def test_plain_scalars_are_resolved_as_pyyaml_resolves_them(text: str, loader: None) -> None:
    compare_with_reference(f"- {text}\n- '{text}'\n- \"{text}\"\n- k: {text}\n- ! {text}\n")


@PROPERTY
@given(st.text("0123456789_-+.:exobnafltruyNIF~=<", max_size=12))
def test_any_short_plain_scalar_is_resolved_as_pyyaml_resolves_it(text: str) -> None:
    compare_with_reference(f"a: {text}\n")


def compare_with_reference(text: str) -> None:
    try:
        expected = yaml.load(text, Loader=Reference)
    except (yaml.YAMLError, ValueError, IndexError):
        with pytest.raises(Malformed):
            parse(text)
    else:
        assert same(parse(text).value, expected)


DOCUMENTS = [
    "a: |\n  one\n  two\n\nb: >-\n  folded\n  text\n\n# end\n",
    "plain: one\n  two\n\n  three\nquoted: 'it''s\n  long'\ndouble: \"tab\\t\\u00e9 \\\n  joined\"\n",
    "{a: [1, 2, {b: c}], 'd': \"e\", f: }",
    "[a, b: c, {d}, [], {}]",
    "- - a\n  - b\n-\n  - c\n- x: 1\n  y:\n  - 2\n",
    "base: &base {a: 1, b: 2}\nmore: &more {b: 3, c: 4}\nboth: {<<: [*base, *more], d: 5}\n",
    "base: &base {a: 1, b: 2}\nnext: &next\n  <<: *base\n  b: 7\nlast:\n  a: 0\n  <<: *next\n",
    "a: &a {x: 1}\nb: &b {x: 2}\nc:\n  <<: *a\n  <<: *b\n",
    "a: {<<: {b: 1}, c: 2}\nd: {'<<': 1}\ne: {! <<: {f: 1}}\n",
    "a: &x 12\nb: *x\nc: &y [1]\nd: *y\n",
    "a: !!str 12\nb: !!int '12'\nc: !!float 1\nd: !!bool 'yes'\ne: !!null ''\nf: !!seq [a]\ng: !!map {h: i}\n",
    "%YAML 1.1\n---\na: 1\n...\n",
    "? a\n? b\n: c\n",
    "---\n",
    "'ключ': значение\n\"\\u0446\": 😀\n",
    "a: 1\r\nb: |\r\n  c\r\n  d\r\n",
    "# only this\n--- text\n",
]


@pytest.mark.parametrize("text", DOCUMENTS)
def test_documents_are_read_as_pyyaml_reads_them(text: str, loader: None) -> None:
    parsed = parse(text)
    assert same(parsed.value, yaml.load(text, Loader=Reference))
    assert (parsed.syntax, parsed.documents) == ("yaml", 1)


def test_keys_are_the_text_of_the_source(loader: None) -> None:
    text = "200: a\n0x10: b\ntrue: c\nnull: d\n~: e\n1.0: f\n2001-01-01: g\nno: h\n!!int 7: i\n=: j\n"
    assert list(parse(text).value) == ["200", "0x10", "true", "null", "~", "1.0", "2001-01-01", "no", "7", "="]
    assert parse("a: &k 0x1F\n*k : b\n&l 0x20 : c\nd: *l\n").value == {"a": 31, "0x1F": "b", "0x20": "c", "d": 32}
    assert parse("?\n: a\n").value == {"": "a"}


def test_a_local_tag_counts_for_nothing_and_constructs_nothing(loader: None) -> None:
    text = "a: !Ref Name\nb: !Sub '12'\nc: !n 12\nd: !reference [x, y]\ne: !If {k: v}\nf: !none\n"
    expected = {"a": "Name", "b": "12", "c": 12, "d": ["x", "y"], "e": {"k": "v"}, "f": None}
    assert same(parse(text).value, expected)


def test_types_beyond_json_stay_plain(loader: None) -> None:
    text = "a: !!binary aGk=\nb: !!set {x, y}\nc: !!omap [x: 1]\nd: !!timestamp 2001-01-01\ne: 2001-01-01\n"
    plain = {"x": None, "y": None}
    assert parse(text).value == {"a": "aGk=", "b": plain, "c": [{"x": 1}], "d": "2001-01-01", "e": "2001-01-01"}


def test_aliases_share_one_object(loader: None) -> None:
    value = parse("a: &a {k: [1]}\nb: *a\nc: {<<: *a}\nd: &a 2\ne: *a\n").value
    assert value["a"] is value["b"]
    assert value["c"]["k"] is value["a"]["k"]
    assert value["e"] == 2


def test_tabs_between_tokens_are_blanks() -> None:
    assert parse("a:\tb\nc: d\t# comment\ne: 'f\tg'\n").value == {"a": "b", "c": "d", "e": "f\tg"}


def test_a_byte_order_mark_is_skipped(loader: None) -> None:
    assert parse('\ufeff{"a": 1}') == parse('{"a": 1}')
    assert parse("\ufeffa: 1\n") == parse("a: 1\n")
    assert parse("\ufeff# c\n--- {a: 1}\n").value == {"a": 1}


@pytest.mark.parametrize("text", ['{"a": [1, {"b": "c"}]}', '\r\n\t{\r\n\t"a"\t:\r\n[1,{"b":"c"}]}\r\n'])
def test_json_with_any_blanks_is_json(text: str) -> None:
    assert parse(text).syntax == "json"
    assert parse(text).value == {"a": [1, {"b": "c"}]}


def test_what_is_not_quite_json_is_read_as_yaml() -> None:
    assert parse("{a: 1}").syntax == "yaml"
    assert parse('{"a": 1,}') == parse('{"a": 1} # comment')
    assert parse('{"a": 1}\n---\n{"a": 2}\n').documents == 2


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_first_of_many_documents_is_the_value(count: int, loader: None) -> None:
    parsed = parse("".join(f"---\na: {number}\n" for number in range(count)))
    assert (parsed.value, parsed.documents) == ({"a": 0}, count)


DUPLICATES = [
    ('{"a": 1, "b": 2, "a": 3}', {"a": 3, "b": 2}, [("a",)]),
    ('[{"x": {"a": 1, "a": 2, "a": 3}}]', [{"x": {"a": 3}}], [("0", "x", "a")]),
    ('{"a": {"b": 1, "b": 2}, "a": {"c": 1, "c": 2}}', {"a": {"c": 2}}, [("a",), ("a", "c")]),
    ('{"x": {"b": 1, "b": 2}, "y": {"b": 1, "b": 2}}', {"x": {"b": 2}, "y": {"b": 2}}, [("x", "b"), ("y", "b")]),
]


@pytest.mark.parametrize("prefix", ["", "# yaml\n"])
@pytest.mark.parametrize(("text", "value", "pointers"), DUPLICATES)
def test_repeated_keys_are_told_and_the_last_wins(text: str, value: Any, pointers: list[Any], prefix: str) -> None:
    parsed = parse(prefix + text)
    assert (parsed.value, list(parsed.duplicates)) == (value, pointers)


def test_repeated_keys_of_yaml_alone(loader: None) -> None:
    assert parse("200: a\n'200': b\n").duplicates == (("200",),)
    assert parse("a: &a {k: 1, k: 2}\nb: *a\n").duplicates == (("a", "k"),)
    assert parse("a: &a {k: 1}\nb: &b {k: 2}\nc: {<<: *a, <<: *b, k: 3}\n").duplicates == ()
    assert parse("a: &a {k: 1}\nc: {<<: *a, k: 3, k: 4}\n").duplicates == (("c", "k"),)


@PROPERTY
@given(CONTAINERS)
def test_a_repeated_key_is_found_beside_any_value(value: Any) -> None:
    text = json.dumps([value, {"deep": [{"twice": 1, "other": value}]}])
    where = ("1", "deep", "0", "twice")
    assert parse(text).duplicates == ()
    assert parse(text.replace('"deep": [{', '"deep": [{"twice": 1, ')).duplicates == (where,)
    assert parse(text.replace('"twice": 1', '"twice": 1, "twice": 1')).duplicates == (where,)


MALFORMED = [
    ("", None, "empty"),
    (" \t\r\n \n", None, "empty"),
    ("\ufeff", None, "empty"),
    ("# a comment\n", None, "empty"),
    ('{\n"a": 1\n"b": 2}', 3, "',' delimiter"),
    ('{\n"a": [1, 2\n', 2, "neither JSON"),
    ('{"a": 1,\n"b": "\\ud800\\udc00",\n"c" 1}', 3, "neither JSON"),
    ("{a: 1,\nb: [}", 2, "neither JSON"),
    ("a: 1\nb: [1, 2\nc: 3\n", 3, "not YAML"),
    ("a:\n\tb: 'open\n", 2, "not YAML"),
    ('{"a": 1,\n "b": NaN}', 2, "NaN is not a JSON number"),
    ('["NaN",\n"\\"",\n-Infinity]', 3, "-Infinity is not a JSON number"),
    ('{"a":\n' + "9" * 5000 + "}", 2, "digits"),
    ("a:\n  b: " + "9" * 5000, 2, "digits"),
    ("a:\n  b: 1" + ":59" * 500_000, 2, "digits"),
    ("a: 1\nb: *" + "n" * 999, 2, "has no anchor"),
    ("a: 1\nb: !" + "h" * 999 + "!x", 2, "undefined tag handle"),
    ("a: &a\n  b: *a\n", 2, "&a contains itself"),
    ("- &a [1,\n {b: [*a]}]\n", 2, "&a contains itself"),
    ("&a\nb:\n  <<: *a\n", 3, "&a contains itself"),
    ("a: 1\n? [b, c]\n: d\n", 2, "plain keys"),
    ("a: 1\n? {b: c}\n: d\n", 2, "plain keys"),
    ("a: &a [1]\n*a : d\n", 2, "plain keys"),
    ("a: 1\nb: {<<: 2}\n", 2, "merge key"),
    ("a: 1\nb: {<<: [{c: 1}, 2]}\n", 2, "merge key"),
    ("a: 1\nb: !!python/object/apply:os.system ['true']\n", 2, "python/object/apply"),
    ("a: 1\nb: !<tag:example.com,2000:x> y\n", 2, "tag:example.com"),
    ("a: 1\nb: !!str [x]\n", 2, "does not belong here"),
    ("a: 1\nb: !!int x\n", 2, "not of the type int"),
    ("a: 1\nb: !!int ''\n", 2, "not of the type int"),
    ("a: 1\nb: !!bool maybe\n", 2, "not of the type bool"),
    ("a: 1\n--- [\n", 2, "not YAML"),
    ("".join(f"%TAG !t{n}! x\n" for n in range(1001)) + "---\n", None, "1000 %TAG directives"),
]


@pytest.mark.parametrize(("text", "line", "words"), MALFORMED, ids=[repr(text[:30]) for text, _, _ in MALFORMED])
def test_malformed_text_is_refused_with_its_line(text: str, line: int | None, words: str, loader: None) -> None:
    with pytest.raises(Malformed) as caught:
        parse(text)
    assert caught.value.line == line
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("junk", ["\x00", "\x01", "\x1b", "\x7f", "\x9f", "\ud800", "\uffff"])
@pytest.mark.parametrize("text", ["a: 1\nb: x{}y\n", "[1,\n'{}']", "%PDF\n{}{}"])
def test_binary_junk_is_refused_with_its_line(text: str, junk: str, loader: None) -> None:
    with pytest.raises(Malformed, match=f"U\\+{ord(junk):04X}") as caught:
        parse(text.replace("{}", junk))
    assert caught.value.line == 2


@PROPERTY
@given(st.text(max_size=60) | st.text("[]{}:,-&*ab<!|>'\"#?% \n\t", max_size=60))
def test_any_text_is_either_read_or_malformed(text: str) -> None:
    line = None
    try:
        json.dumps(parse(text).value)
    except Malformed as refused:
        line = refused.line
    assert line is None or 1 <= line <= text.count("\n") + 1


LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 30)
)
MERGES = f"m: &m {{{', '.join(f'k{n}' for n in range(3000))}}}\n" + "".join(f"m{n}: {{<<: *m}}\n" for n in range(3000))
CHAIN = "m0: &m0 {k0: 0}\n" + "".join(f"m{n}: &m{n} {{<<: *m{n - 1}, k{n}: 0}}\n" for n in range(1, 190)) * 300


@pytest.mark.parametrize("bomb", [LAUGHS, MERGES, CHAIN], ids=["billion laughs", "merges", "merges of merges"])
def test_bombs_are_refused_before_they_go_off(bomb: str, loader: None) -> None:
    with pytest.raises(Malformed, match="unfold to more than 5000000 values"):
        parse(bomb)


def test_the_limit_of_unfolded_values_is_the_callers(loader: None) -> None:
    text = "a: &a [1, 2, 3]\nb: [*a, *a]\n" + "c: [1, 2, 3, 4, 5, 6, 7, 8, 9]\n"
    with pytest.raises(Malformed, match="more than 10 values") as caught:
        parse(text, max_nodes=10)
    assert caught.value.line == 2
    assert parse(text, max_nodes=11).value["b"] == [[1, 2, 3], [1, 2, 3]]
    assert parse("[1, 2, 3] # no alias, no bomb", max_nodes=2).value == [1, 2, 3]


SHAPES = [("[", "]"), ('{"a":', "}"), ("{a: ", "}"), ("- ", ""), ('[{"a":[', "]}]"), ("[[],", "]")]


@pytest.mark.parametrize(("opening", "closing"), SHAPES)
@pytest.mark.parametrize("closed", [True, False])
def test_a_hundred_thousand_levels_are_refused(opening: str, closing: str, closed: bool, loader: None) -> None:
    with pytest.raises(Malformed, match="deeper than 200 levels") as caught:
        parse(opening * 100_000 + "1" + closing * 100_000 * closed)
    assert caught.value.line == 1


@pytest.mark.parametrize("prefix", ["", "# yaml\n"])
def test_the_limit_of_levels_is_exact(prefix: str, loader: None) -> None:
    assert repr(parse(prefix + "[\n" * MAX_DEPTH + "1" + "]" * MAX_DEPTH).value).count("[") == MAX_DEPTH
    with pytest.raises(Malformed) as caught:
        parse(prefix + '[[], "[[",\n' * MAX_DEPTH + "1" + "]" * MAX_DEPTH)
    assert caught.value.line == MAX_DEPTH + prefix.count("\n")


def test_levels_are_counted_through_aliases(loader: None) -> None:
    def chain(length: int) -> str:
        return "- &a0 [x]\n" + "".join(f"- &a{n} [*a{n - 1}]\n" for n in range(1, length))

    assert len(parse(chain(MAX_DEPTH - 1)).value) == MAX_DEPTH - 1
    with pytest.raises(Malformed, match="deeper than 200 levels") as caught:
        parse(chain(MAX_DEPTH))
    assert caught.value.line == MAX_DEPTH


def test_a_deep_neighbour_does_not_deepen_an_anchor(loader: None) -> None:
    deep = "[" * 150 + "]" * 150
    assert len(parse(f"- {deep}\n- &a [[x]]\n- {'[' * 150}*a{']' * 150}\n").value) == 3
    for inside in (f"x, {deep}, &c [y]", f"&c {deep}, [y]", f"[x], &c [{deep[1:-1]}]"):
        with pytest.raises(Malformed, match="deeper than 200 levels"):
            parse(f"- &a [{inside}]\n- &b [*a, [z]]\n- {'[' * 50}*b{']' * 50}\n")


@pytest.mark.parametrize("text", ["[" + "[], " * 9999 + "1]", "- []\n" * 9999, "- []\n" * 9999 + "- ["])
@pytest.mark.parametrize("enabled", [True, False])
def test_the_collector_rests_while_text_is_parsed_and_is_left_as_it_was(text: str, enabled: bool) -> None:
    runs, before = gc.get_stats()[0]["collections"], gc.isenabled()
    (gc.enable if enabled else gc.disable)()
    with contextlib.suppress(Malformed):
        parse(text)
    after = gc.isenabled()
    (gc.enable if before else gc.disable)()
    assert after is enabled
    assert gc.get_stats()[0]["collections"] - runs <= 2
