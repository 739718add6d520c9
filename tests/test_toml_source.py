"""Our TOML: every key has its line, and every mistake is one sentence that points at it."""

from __future__ import annotations

from datetime import date

import pytest

from checker import toml_source
from checker.model.base import Frozen
from checker.model.settings import Configuration
from checker.toml_source import ConfigurationError, nearest, parse

TEXT = '''# comment with [brackets] and a = 1 and """
standards = [
  "backend-engineer",  # ["not", "nested"]
  "a = 'b'",
]
layout.openapi = ["specs/openapi.yaml"]
text = """
[not.a.table]
fail_on = "no"
"""
literal = \'\'\'
[[waivers]]
\'\'\' # """
matrix = [
  ["x", "y"],
  [
    "z",
  ],
]

[params."error-envelope"]
schema = { type = "object", properties = { code = 1 } }
'quoted key' = 1.5
"esc\\u0061ped" = 2027-01-31

[[waivers]]
rule = "first"
paths = ["a",
  "b"]

[[waivers]]

rule = "second"
[[waivers.notes]]
said = 1
[[waivers.notes]]
said = 2

[[waivers]]
[[waivers.notes]]
said = 3
[resolve]
"error-envelope.schema" = "backend-engineer"
inline = [{ a = 1 }, { a = 2 },
 { b = 3 }]
last = true
'''

LINES = {
    ("standards",): 2,
    ("standards", 0): 3,
    ("standards", 1): 4,
    ("standards", 2): 2,
    ("layout",): 6,
    ("layout", "openapi"): 6,
    ("text",): 7,
    ("literal",): 11,
    ("matrix", 0): 15,
    ("matrix", 0, 1): 15,
    ("matrix", 1): 16,
    ("matrix", 1, 0): 17,
    ("params",): 21,
    ("params", "error-envelope"): 21,
    ("params", "error-envelope", "schema", "properties", "code"): 22,
    ("params", "error-envelope", "quoted key"): 23,
    ("params", "error-envelope", "escaped"): 24,
    ("waivers",): 26,
    ("waivers", 0): 26,
    ("waivers", 0, "paths", 1): 29,
    ("waivers", 0, "absent"): 26,
    ("waivers", 1, "rule"): 33,
    ("waivers", 1, "notes", 0): 34,
    ("waivers", 1, "notes", 1, "said"): 37,
    ("waivers", 2): 39,
    ("waivers", 2, "notes", 0, "said"): 41,
    ("resolve", "error-envelope.schema"): 43,
    ("inline",): None,
    ("resolve", "inline", 0, "a"): 44,
    ("resolve", "inline", 1): 44,
    ("resolve", "inline", 2, "b"): 45,
    ("resolve", "last"): 46,
    ("not",): None,
    ("fail_on",): None,
}


@pytest.mark.parametrize(("keys", "line"), LINES.items(), ids=str)
def test_a_key_has_its_line(keys: tuple[str | int, ...], line: int | None) -> None:
    assert parse("checker.toml", TEXT).line(keys) == line


def test_lines_end_where_toml_says() -> None:
    """A form feed or a line separator inside a string ends no line; CRLF ends one."""
    text = 'a = "\u2028\x85"\r\nb = 1 # \u2028\r\nc = 2\r\n'
    source = parse("checker.toml", text)
    assert [source.line([key]) for key in "abc"] == [1, 2, 3]


def test_long_strings_may_end_in_quotes() -> None:
    source = parse("checker.toml", 'a = """x"""""\nb = \'\'\'y\'\'\'\'\'\nc = """\\""""\nd = 1\n')
    assert source.values["a"] == 'x""'
    assert [source.line([key]) for key in "abcd"] == [1, 2, 3, 4]


SHARED = """[project]
name = "x"
standards = ["no"]

[tool.checker]
standards = ["common"]

[[tool.checker.waivers]]
rule = "pagination"
"""


def test_a_prefix_steps_into_its_table() -> None:
    source = parse("pyproject.toml", SHARED, ("tool", "checker"))
    assert source.values["standards"] == ["common"]
    assert (source.line(["standards"]), source.line(["waivers", 0, "rule"]), source.line(["absent"])) == (6, 9, 5)


def test_an_absent_prefix_is_empty() -> None:
    assert parse("pyproject.toml", "[tool.other]\na = 1\n", ("tool", "checker")).values == {}


@pytest.mark.parametrize("text", ["\n[tool]\nchecker = 3\n", "\ntool = 3\n", "\n[[tool.checker]]\na = 1\n"])
def test_a_prefix_that_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"^pyproject.toml:[23]: \[tool.checker\] is not a table$"):
        parse("pyproject.toml", text, ("tool", "checker"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a = 1\nb = = 2\n", "checker.toml:2: not TOML: Invalid value"),
        ("a = 1\na = 2\n", "checker.toml:2: not TOML: Cannot overwrite a value"),
        ("a = 1\n\nb = [\n1,\n", "checker.toml:5: not TOML: "),
        ('a = """\n', "checker.toml:2: not TOML: "),
        ("a = 2027-02-31\n", "checker.toml:1: not TOML: Invalid date or datetime"),
        ("a = " + "1" * 5000, "checker.toml: not TOML: a number with too many digits"),
        ("a = " + "[" * 5000, "checker.toml: not TOML: nested too deeply"),
        ("a = " + "{b=" * 5000, "checker.toml: not TOML: nested too deeply"),
        ("a = 1\x00\n", "checker.toml:1: not TOML: "),
    ],
    ids=lambda text: repr(text[:20]),
)
def test_what_is_not_toml_is_refused_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        parse("checker.toml", text)
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


def test_another_revision_is_said() -> None:
    with pytest.raises(ConfigurationError, match=r"^checker.toml:1: .* \(at the base revision\)$"):
        parse("checker.toml", "a = = 1", revision=" (at the base revision)")
    source = parse("checker.toml", "\nfail_on = 3", revision=" (at the base revision)")
    with pytest.raises(ConfigurationError, match=r"^checker.toml:2: fail_on.*, got 3 \(at the base revision\)$"):
        toml_source.load(Configuration, source)


WAIVER = '[[waivers]]\nrule = "a"\npaths = ["a"]\nreason = "r"\nowner = "o"\napproved_by = "p"\nexpires = 2027-01-31\n'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('standard = ["common"]', "checker.toml:1: unknown key 'standard'; did you mean 'standards'?"),
        ("zzz = 1", "checker.toml:1: unknown key 'zzz'"),
        ('[layout]\nopenap = ["a"]', "checker.toml:2: unknown key 'layout.openap'; did you mean 'openapi'?"),
        (WAIVER + 'reson = "x"', "checker.toml:8: unknown key 'waivers.0.reson'; did you mean 'reason'?"),
        (
            '[[waivers]]\nrule = "a"\nreson = "x"',
            "checker.toml:3: unknown key 'waivers.0.reson'; did you mean 'reason'?",
        ),
        (
            '[[proofs.keys]]\nid = "a"\nrol = "ci"',
            "checker.toml:3: unknown key 'proofs.keys.0.rol'; did you mean 'role'?",
        ),
        ('[[waivers]]\nrule = "a"', "checker.toml:1: 'waivers.0.reason' is missing"),
        (WAIVER + WAIVER.replace("reason", "#"), "checker.toml:8: 'waivers.1.reason' is missing"),
        (
            'fail_on = "grave"',
            "checker.toml:1: fail_on: Input should be 'critical', 'major', 'minor' or 'info', got 'grave'",
        ),
        ('standards = "common"', "checker.toml:1: standards: Input should be a valid array, got 'common'"),
        ('standards = ["a",\n 3]', "checker.toml:2: standards.1: Input should be a valid string, got 3"),
        ('[database]\nengine = "oracle"', "checker.toml:2: database.engine: Input should be 'postgresql', "),
        ("[params]\npagination = 3", "checker.toml:2: params.pagination: Input should be a valid table, got 3"),
        (
            WAIVER + "max_hits = 0",
            "checker.toml:8: waivers.0.max_hits: Input should be greater than or equal to 1, got 0",
        ),
        (WAIVER.replace("2027-01-31", '"soon"'), "checker.toml:7: waivers.0.expires: Input should be a valid date"),
        (
            WAIVER + 'fingerprint = "0123456789abcdef"',
            "checker.toml:1: waivers.0: a waiver names its target by paths or by",
        ),
        ("layout = 1", "checker.toml:1: layout: Input should be a valid table"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, message: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        toml_source.load(Configuration, parse("checker.toml", text))
    assert str(refused.value).startswith(message)
    assert "\n" not in str(refused.value)


class Nested(Frozen):
    """A model whose validation sees what was written, however long."""

    a: int


def test_what_was_seen_is_shown_short() -> None:
    with pytest.raises(ConfigurationError) as refused:
        toml_source.load(Nested, parse("x.toml", f'a = "{"x" * 5000}"'))
    assert len(str(refused.value)) < 200


def test_values_are_plain() -> None:
    loaded = toml_source.load(Configuration, parse("checker.toml", WAIVER))
    assert loaded.waivers[0].expires == date(2027, 1, 31)


def test_the_nearest_name_is_near() -> None:
    assert nearest("pagnation", ["pagination", "spec-valid"]) == "; did you mean 'pagination'?"
    assert nearest("qqqq", ["pagination"]) == ""
