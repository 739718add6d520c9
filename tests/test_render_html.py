"""The HTML report read as a tree: what it opens with, what it holds, and that nothing in it acts but what is ours."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from checker import catalog
from checker.model.finding import Where
from checker.model.report import ProofState
from checker.model.rule import Severity
from checker.model.surroundings import Excerpt, Surroundings
from checker.render import html, summary, verdict
from checker.render.order import settled
from tests.page import Element, earlier, embedded, everything, judged, read
from tests.sample_report import crowded, empty, finding, ready, sample
from tests.test_render_hostile import ATTACKS, poisoned

SECTIONS = [
    "summary",
    "unseen",
    "findings",
    "migrations",
    "standards",
    "proofs",
    "claims",
    "accepted",
    "questions",
    "about",
]


def full() -> Element:
    return read(html.render(judged(), everything()))


def section(root: Element, name: str) -> Element:
    return root.one("section", id=name)


def words(element: Element) -> str:
    return " ".join(element.spaced.split())


def test_it_opens_with_the_verdict_and_its_reasons_then_what_was_not_looked_at() -> None:
    root = read(html.render(sample()))
    body = root.one("body")
    assert words(body.all("h1")[0]) == verdict.sentence(sample())
    told = [words(one) for one in body.one("ul", class_="reasons").all("li")]
    assert told == [f"because {reason}" for reason in verdict.reasons(sample())]
    assert [one.attributes["id"] for one in body.all("section")] == SECTIONS
    facts = words(body.one("header", class_="top"))
    for said in ("rework", "54 of 100", "static", "backend-engineer", sample().subject.commit, sample().subject.tree):
        assert str(said) in facts


def test_what_was_not_looked_at_stands_with_its_reason() -> None:
    text = words(section(full(), "unseen"))
    for said in ("migration-rollback unavailable", "git fetch --unshallow", "schema-drift error", "RecursionError"):
        assert said in text
    assert "Not asked in this run: 2 rules" in text
    assert "needs --profile agent 1 migration-roundtrip" in text
    waiting = sum(one.state == "planned" for one in catalog.load().standards["backend-engineer"].clauses)
    assert bool(re.search(r"No rule yet: \d+ clauses", text)) == bool(waiting)
    assert "Nothing was examined." in words(section(read(html.render(empty())), "unseen"))
    assert "Every rule that was asked came to a verdict." in words(section(read(html.render(ready())), "unseen"))


@pytest.mark.parametrize("report", [sample(), ready(), empty(), crowded(60), judged()], ids=str)
def test_the_summary_has_at_most_fifteen_lines(report: object) -> None:
    assert isinstance(report, type(sample()))
    lines = summary.lines(report)
    assert 3 <= len(lines) <= summary.MOST == 15
    assert lines[0] == f"{verdict.sentence(report)}."
    assert lines[-1].startswith("Next: ")
    assert [words(one) for one in read(html.render(report)).one("ol", class_="summary").all("li")] == list(lines)


def test_a_long_summary_counts_the_rules_that_it_leaves_out() -> None:
    many = tuple(finding(f"rule-{number}", "a.py", str(number + 1)) for number in range(40))
    lines = summary.lines(sample().model_copy(update={"findings": many}))
    assert len(lines) == 15
    named = sum(line.startswith("major rule-") for line in lines)
    assert f"And {40 - named} more rules with findings." in lines


def test_every_finding_is_there_without_a_script() -> None:
    root = full()
    shown = root.all("details", class_="finding")
    assert len(shown) == len(judged().findings)
    for one in shown:
        assert "hidden" not in one.attributes
        assert words(one).startswith(str(one.attributes["data-severity"]))
    pagination = [one for one in shown if one.attributes["data-file"] == "openapi.yaml"]
    assert all(one.attributes["data-clause"] == "2.19 3.13" for one in pagination)
    assert all(one.attributes["data-standard"] == "backend-coder backend-engineer" for one in pagination)
    assert [one.attributes["data-since"] for one in pagination] == ["known", "new"]
    assert all("hidden" in one.attributes for one in root.all(class_="js"))


def test_a_finding_has_its_evidence_places_fingerprint_and_lines() -> None:
    root = full()
    secret, pagination = root.all("details", class_="finding")[0], root.all("details", data_file="openapi.yaml")[0]
    text = words(secret)
    for said in ("AKIA…(redacted)", "app/legacy/settings.py:3", "docs/setup.md", judged().findings[0].fingerprint):
        assert said in text
    assert "not shown: what stands there is, or may be, a secret" in text
    lines = pagination.all("span", class_="l")
    assert [one.attributes["data-n"] for one in lines][:4] == ["85", "86", "87", "88"]
    assert "hit" not in str(lines[2].attributes["class"])
    assert "hit" in str(lines[3].attributes["class"])
    assert lines[0].text == "line 85 <b>"
    assert "24 more lines of it not shown" in words(pagination)


def test_a_rule_says_how_to_mend_it_why_and_who_asks() -> None:
    group = full().one("article", data_rule="pagination")
    text = words(group)
    assert "Mend: Take a cursor and a limit" in text
    assert "A list without pages answers with everything there is." in text
    assert re.search(r"backend-engineer 2\.19, (must|should)", text)
    assert "checker explain pagination" in text


def test_other_rules_are_not_quoted() -> None:
    root = read(html.render(sample(), everything()))
    assert root.all("blockquote") == []
    assert "made with other rules than those of this version" in words(section(root, "standards"))
    assert root.all(class_="chain") == []


def test_choices_of_the_filters_count_their_findings() -> None:
    form = full().one("form", id="filters")
    options = {
        str(one.attributes["name"]): [words(option) for option in one.all("option")] for one in form.all("select")
    }
    assert list(options) == ["rule", "family", "severity", "file", "clause", "standard", "since"]
    assert options["severity"] == ["all", "critical (1)", "major (3)", "minor (1)", "info (1)"]
    assert "pagination (2)" in options["rule"]
    assert options["clause"][1:3] == ["1.9 (1)", "1.14 (1)"]
    assert "backend-engineer (3)" in options["standard"]


def test_pictures_say_in_words_what_they_show() -> None:
    root = full()
    for one in root.all("svg"):
        hidden = one.attributes.get("aria-hidden") == "true"
        assert hidden or (one.attributes.get("role") == "img" and one.attributes.get("aria-label"))
    told = [str(one.attributes["aria-label"]) for one in root.all("svg", role="img")]
    assert told == [
        (
            "Score, and critical and major findings, over time. 2026-11-01: score 92, 1 critical or major; "
            "2026-11-11: score 38, 4 critical or major; 2026-11-21: score 54, 4 critical or major"
        ),
        "Migrations of alembic. 4 revisions; with findings: 0003_email.py (1)",
        (
            "Locks while 0003_email.py goes up. public.users: AccessShareLock from statement 1 to the end, nobody waits; "
            "public.orders: ShareLock from statement 2 to the end, others wait"
        ),
    ]


def test_clauses_are_counted_by_what_the_run_made_of_them() -> None:
    table = section(full(), "standards").all("table", class_="figures")[0]
    for row in table.one("tbody").all("tr"):
        numbers = [int(cell.text) for cell in row.all("td", class_="n")]
        assert sum(numbers[:-1]) == numbers[-1] > 30


def test_a_comparison_names_what_is_new_and_gone() -> None:
    text = words(section(full(), "comparison"))
    assert "Comparison with the report of 2026-11-11" in text
    assert "New: 1 finding major pagination GET /invoices/{id}/lines returns a list" in text
    assert "Gone: 1 finding major versioned-paths GET /ping carries no version openapi.yaml:12" in text
    assert "Not quite alike" not in text
    other = earlier()[1].model_copy(update={"profile": "gate"})
    text = words(section(read(html.render(judged(), Surroundings(earlier=(other,)))), "comparison"))
    assert "Not quite alike: profile gate became static." in text


def test_proofs_can_be_verified_by_a_command_that_is_copied() -> None:
    root = read(
        html.render(
            judged().model_copy(update={"proofs": (ProofState(type="t", state="valid", path="a b/$(x).jsonl"),)})
        )
    )
    assert root.one("section", id="proofs").all("code")[0].text == "checker verify 'a b/$(x).jsonl'"
    proofs = words(section(full(), "proofs"))
    assert "checker verify .checker/proofs/test_output.intoto.jsonl" in proofs
    assert "checker prove build_output" in proofs
    handoff = next(one for one in full().all("div", class_="chain") if words(one).startswith("handoff"))
    assert "2 of 3 still to come" in words(handoff)
    assert "test_output valid, captured" in words(handoff)
    merge = next(one for one in full().all("div", class_="chain") if words(one).startswith("merge"))
    assert "asks for trust rerun or more" in words(merge)
    assert "test_output valid, captured: too little trust" in words(merge)
    assert all("short" in str(one.attributes["class"]) for one in merge.all("li"))


def test_questions_for_a_person_can_be_filled_in() -> None:
    form = full().one("form", id="answers")
    (question,) = form.all("fieldset", data_clause="2.27")
    assert "Is the runbook usable at night?" in words(question)
    assert [one.attributes["value"] for one in question.all("input")] == ["yes", "no", "does not apply"]
    assert len(question.all("textarea")) == 1


def test_waivers_suppressions_and_claims_stand_in_tables() -> None:
    root = full()
    accepted = words(section(root, "accepted"))
    for said in (
        "cors-wildcard used public read-only API app/public/** api-team security-team 2027-01-31 1",
        "noqa: S608",
    ):
        assert said in accepted
    assert "coverage 82% contradicted docs/runs/1/report.md:12 coverage.xml" in words(section(root, "claims"))


def test_the_report_is_carried_whole() -> None:
    assert embedded(read(html.render(judged(), everything()))) == settled(judged()).as_json()


def test_only_our_own_style_and_script_may_act() -> None:
    root = full()
    policy = root.one("meta", http_equiv="Content-Security-Policy").attributes["content"] or ""
    (style,) = root.all("style")
    data, script = root.all("script")
    assert data.attributes == {"type": "application/json", "id": "report"}
    assert script.attributes == {}
    assert policy == (
        f"default-src 'none'; style-src {digest(style.text)}; script-src {digest(script.text)}; base-uri 'none'; "
        "form-action 'none'"
    )
    ours(root)


def digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def ours(root: Element) -> None:
    """Nothing loads, nothing is obeyed, and a link leads into the page."""
    for one in root.all():
        assert one.tag not in {"img", "iframe", "object", "embed", "link", "base", "audio", "video", "source", "use"}
        for name, value in one.attributes.items():
            assert not name.startswith("on")
            assert name not in {"style", "src", "srcset", "action", "formaction", "xlink:href", "background", "srcdoc"}
            assert name != "href" or str(value).startswith("#")


def test_ids_are_unique_and_links_lead_somewhere() -> None:
    twice = judged().model_copy(update={"findings": (*judged().findings, judged().findings[0])})
    strange = twice.findings[1].model_copy(update={"fingerprint": 'x" y'})
    root = read(html.render(twice.model_copy(update={"findings": (*twice.findings, strange)}), everything()))
    ids = [one.attributes["id"] for one in root.all() if "id" in one.attributes]
    assert len(set(ids)) == len(ids)
    for one in root.all("a"):
        assert str(one.attributes["href"]).removeprefix("#") in ids
    for one in root.all():
        for name in ("aria-labelledby", "for"):
            assert one.attributes.get(name) is None or one.attributes[name] in ids


@pytest.mark.parametrize("attack", ATTACKS, ids=range(len(ATTACKS)))
def test_nothing_of_the_repository_acts(attack: str) -> None:
    report = poisoned(attack)
    benign = {(one.tag, name) for one in full().all() for name in one.attributes}
    around = Surroundings(
        excerpts={one.where: Excerpt(1, (attack, attack), (1, 1)) for one in report.findings if one.where.lines},
        withheld={one.where: attack for one in report.findings if not one.where.lines},
        histories=everything().histories,
        earlier=(report.model_copy(update={"findings": ()}),),
        read=True,
    )
    root = read(html.render(report, around))
    ours(root)
    assert {(one.tag, name) for one in root.all() for name in one.attributes} <= benign
    assert len(root.all("script")) == 2
    assert root.all("script")[1].text == full().all("script")[1].text
    assert embedded(root) == settled(report).as_json()


def test_the_same_report_gives_the_same_bytes() -> None:
    assert html.render(judged(), everything()) == html.render(judged(), everything())


def test_five_thousand_findings_stay_a_page_of_sane_size() -> None:
    page = html.render(crowded(5000))
    assert len(page) < 7_000_000
    root = read(page)
    assert len(root.all("details", class_="finding")) == 5000
    assert root.one("body").attributes["class"] == "many"
    assert len(root.all()) < 5000 * 20
    assert not any("open" in one.attributes for one in root.all("details", class_="finding"))


def test_a_place_that_is_the_whole_tree_says_so() -> None:
    report = sample().model_copy(update={"findings": (finding("run-report", ".", severity=Severity.MAJOR),)})
    (one,) = section(read(html.render(report)), "findings").all("span", class_="where")
    assert one.text == "the whole tree"
    assert Where(path=".") == report.findings[0].where
