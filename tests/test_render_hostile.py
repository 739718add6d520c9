"""No string of an audited repository hides anything, starts a command of a log, or becomes markup."""

from __future__ import annotations

import json
import random
import re
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from checker.model.base import Frozen
from checker.model.finding import Where
from checker.model.report import Locked, LockTimeline, Outcome, Report, Result
from checker.render import RENDERERS
from checker.render.json import dump
from checker.render.layout import WIDTH, cells, filled
from checker.render.markdown import code, prose
from checker.render.places import uri
from checker.render.text import render_text
from checker.render.visible import HIDDEN, clipped, visible
from tests.sample_report import HOSTILE, sample
from tests.test_render import SCHEMAS

ATTACKS = (
    HOSTILE,
    "::error file=x::owned",
    "\n::set-output name=a::b\r\n::add-mask::x",
    "\u00a0::stop-commands::x",
    "##[add-path]/tmp ##vso[task.setvariable variable=x]y",
    "`x` ``y`` ``` @all #1 GH-1 https://evil.example www.evil.example a@b.example :smile: $x$ ~label !1",
    "<script>alert(1)</script><!-- --> </summary></details> &amp; <https://evil.example>",
    "![a](http://evil.example/x.png) [a](javascript:x) [1]: http://x | a | b |\n|---|",
    "\ud800 \udcff \x00 \x07 \x1b]8;;http://evil.example\x07x\x1b]8;;\x07 \x7f \x85 \u2028",
    "\u202eabc\u2066def\u200b\U000e0041\ufeff\ufffe",
    "{0} {1} ]]> %0A %25 --- ***",
    "x" * 5000,
    "日本語" * 400,
    "",
    " ",
    "`",
)
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
_LEAK = re.compile(rf"[{HIDDEN}]")


def poisoned(attack: str) -> Report:
    """The sample with the attack in every field that a repository, or whoever wrote a report, has a hand in."""
    findings = tuple(
        one.model_copy(
            update={
                "rule": (attack if position % 2 else "") or one.rule,
                "title": attack,
                "evidence": attack,
                "recommendation": attack,
                "subject": attack,
                "type": attack,
                "clauses": (attack,),
                "where": Where(path=attack, lines=one.where.lines),
                "also": tuple(Where(path=attack, lines="1") for _ in range(5)),
            }
        )
        for position, one in enumerate(sample().findings)
    )
    results = [
        *sample().results,
        *(Result(rule=attack or "x", outcome=one, reason=attack, examined=1) for one in Outcome),
    ]
    written: dict[str, Any] = {
        "notes": (attack,),
        "lock_timelines": (
            LockTimeline(
                revision=attack,
                path=attack,
                statements=(
                    Locked(sql=attack, locks=((attack, attack),), strong=((attack, attack),)),
                    Locked(sql=attack),
                ),
            ),
        ),
        "tool": attack,
        "version": attack,
        "subject": sample().subject.model_copy(update={"path": attack, "commit": attack, "base": attack}),
        "standards": tuple(one.model_copy(update={"name": attack, "source": attack}) for one in sample().standards),
    }
    for name in ("not_asked", "suppressions", "claims", "manual", "waivers", "proofs"):
        written[name] = tuple(_poisoned(one, attack) for one in getattr(sample(), name))
    known = {"findings": findings, "waived": findings[:2], "baselined": findings[2:4], "results": tuple(results)}
    return sample().model_copy(update={**written, **known})


def _poisoned(one: Frozen, attack: str) -> Frozen:
    free = (
        "rule",
        "reason",
        "engine",
        "marker",
        "claim",
        "question",
        "owner",
        "approved_by",
        "expires",
        "type",
        "path",
    )
    return one.model_copy(update={name: attack for name in free if name in type(one).model_fields})


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
@pytest.mark.parametrize("name", RENDERERS)
def test_nothing_is_hidden_and_no_log_command_starts(name: str, attack: str) -> None:
    text = RENDERERS[name](poisoned(attack)).decode("utf-8")
    assert not _LEAK.search(text)
    assert not re.search(r"##\w*\[", text)
    commands = [line.strip() for line in text.split("\n") if line.strip().startswith("::")]
    assert len(commands) == (9 if name == "github" else 0) or (name == "github" and len(commands) <= 30)


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_github_commands_hold_only_our_properties(attack: str) -> None:
    lines = RENDERERS["github"](poisoned(attack)).decode().splitlines()
    commands = [line for line in lines if line.lstrip().startswith("::")]
    assert commands[-1].startswith("::notice title=checker::")
    for line in commands:
        match = re.fullmatch(r"::(error|warning|notice) ((?:\w+=[^:,]*)(?:,\w+=[^:,]*)*)::(.*)", line)
        assert match, line
        named = [one.partition("=")[0] for one in match[2].split(",")]
        assert set(named) <= {"file", "line", "endLine", "title"}
        assert len(named) == len(set(named))


@pytest.mark.parametrize("verbose", [0, 1])
@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_colour_only_repeats_the_words_and_lines_fit(attack: str, verbose: int) -> None:
    for report in (sample(), poisoned(attack)):
        plain = render_text(report, colour=False, verbose=verbose)
        coloured = render_text(report, colour=True, verbose=verbose)
        assert coloured != plain
        assert _ESCAPE.sub("", coloured) == plain
        places = {visible(f"{one.where.path}:{one.where.lines}") for one in report.findings}
        names = {visible(one.rule) for one in report.findings} | {visible(one.rule) for one in report.results}
        for line in plain.splitlines():
            assert not line.lstrip().startswith("::")
            assert cells(line) <= WIDTH or any(one and one in line for one in places | names), line


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_markdown_holds_no_markup_of_the_repository(attack: str) -> None:
    tokens = (
        MarkdownIt("commonmark")
        .enable(["table", "strikethrough"])
        .parse(RENDERERS["markdown"](poisoned(attack)).decode())
    )
    seen = _flat(tokens)
    html = {one.content.strip() for one in seen if one.type in ("html_block", "html_inline")}
    frame = r"(<details( open)?><summary>(<b>\w+</b>: \d+ findings?|[\w :]+: \d+)</summary>|</details>)"
    assert all(re.fullmatch(frame, one) for one in html), html
    allowed = {
        "heading",
        "inline",
        "paragraph",
        "bullet_list",
        "list_item",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    }
    kinds = {one.type.removesuffix("_open").removesuffix("_close") for one in seen}
    assert kinds <= {*allowed, "strong", "text", "code_inline", "softbreak", "html_block", "html_inline"}
    for one in seen:
        if one.type == "text":
            assert not re.search(r"[@#<>`$~|\\\[\]]|://|www\.|:\w+:", one.content), one.content


def _flat(tokens: list[Token]) -> list[Token]:
    return [one for token in tokens for one in (token, *_flat(token.children or []))]


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_code_span_gives_back_its_text(attack: str) -> None:
    inline = MarkdownIt("commonmark").parse(f"- seen: {code(attack)}")
    spans = [one.content for one in _flat(inline) if one.type == "code_inline"]
    assert spans == ([clipped(attack, 400)] if attack.strip() else [])


def test_prose_keeps_plain_words_plain() -> None:
    assert prose("GET /orders returns a list, without pagination (and 3 more like it)") == (
        "GET `/orders` returns a list, without pagination (and 3 more like it)"
    )
    assert prose("Return `next_cursor`, not a well-known page.") == "Return `next_cursor`, not a well-known page."
    assert prose("`a``b`@all") == "```a``b@all```"


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("see (`a b`), and `c`.", "see (`a b`), and `c`."),
        ("at /orders/{id}, then (foo_bar).", "at `/orders/{id}`, then (`foo_bar`)."),
        ('named "orders_v2", not "an order"', 'named "`orders_v2`", not "an order"'),
        ("`` a`b `` holds a tick", "``a`b`` holds a tick"),
        ("where x=`a b` stands", "where `x=a b` stands"),
        ("a ` b", "a `` ` `` b"),
        (":smile: <b>;", "`:smile`: `<b>`;"),
    ],
)
def test_punctuation_and_blanks_stay_where_they_stood(said: str, written: str) -> None:
    assert prose(said) == written


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_json_keeps_every_character_as_a_value(attack: str) -> None:
    assert json.loads(dump({"value": attack, attack: [attack]})) == {"value": attack, attack: [attack]}
    assert json.loads(RENDERERS["json"](poisoned(attack)))["notes"] == [attack]


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_junit_is_xml_and_holds_the_words(attack: str) -> None:
    root = ElementTree.fromstring(RENDERERS["junit"](poisoned(attack)))
    assert {case.tag for suite in root for case in suite} == {"testcase"}
    assert any(
        clipped(attack, 500).partition("…")[0].strip() in str(one.get("message")) for one in root.iter("skipped")
    )


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
@pytest.mark.parametrize("name", ["gitlab", "rdjson", "sarif"])
def test_json_formats_of_others_stay_valid(name: str, attack: str) -> None:
    errors = jsonschema_rs.validator_for(SCHEMAS[name]).iter_errors(json.loads(RENDERERS[name](poisoned(attack))))
    assert [(error.message[:200], error.instance_path) for error in errors] == []


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\r\nc", r"a\tb\r\nc"),
        ("\x1b[31m", r"\x1b[31m"),
        ("\u202e\U000e0041", r"\u202e\U000e0041"),
        ("caf\udce9", r"caf\xe9"),
        ("\ud800", r"\ud800"),
        ("##[x] ##vso[y] ### [z] ##", r"\x23#[x] \x23#vso[y] ### [z] ##"),
        ("résumé 日本語 🎉", "résumé 日本語 🎉"),
    ],
)
def test_visible(text: str, shown: str) -> None:
    assert visible(text) == shown
    assert visible(shown) == shown


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("app/a b.py", "app/a%20b.py"),
        ("caf\udce9.py", "caf%E9.py"),
        ("résumé.py", "r%C3%A9sum%C3%A9.py"),
        ("http://x", "http%3A//x"),
        ("//evil/x", ".//evil/x"),
        ("pack.zip!a#b?c", "pack.zip%21a%23b%3Fc"),
        ("\ud800", "%5Cud800"),
    ],
)
def test_uri(path: str, expected: str) -> None:
    assert uri(path) == expected


@pytest.mark.parametrize("seed", range(200))
def test_filled_keeps_the_words_and_the_width(seed: int) -> None:
    random_ = random.Random(seed)
    text = "".join(random_.choice("ab 日:x ") for _ in range(random_.randrange(600)))
    lines = filled(text, "  ", "    ", 40)
    assert all(cells(line) <= 40 for line in lines)
    assert all(line.startswith("    ") for line in lines[1:] if line)
    assert not any(line.lstrip().startswith("::a") for line in lines)
    joined = "".join(lines).replace(r":\x3a", "::")
    assert joined.replace(" ", "") == text.replace(" ", "")
