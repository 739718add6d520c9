"""What each platform takes at most, kept by a run of thirty thousand findings, the gravest of them first."""

from __future__ import annotations

import json
import re
from xml.etree import ElementTree

import pytest

from checker.model.report import Outcome, Report, Result
from checker.render import agent, github, gitlab, junit, markdown, rdjson, sarif, text
from checker.render.text import render_text
from tests.sample_report import crowded, sample

NUMBER = 30_000


@pytest.fixture(scope="module")
def huge() -> Report:
    return crowded(NUMBER)


def test_sarif_keeps_the_gravest_25000_and_says_how_many_are_left_out(huge: Report) -> None:
    run = json.loads(sarif.render(huge))["runs"][0]
    assert len(run["results"]) == sarif.MOST_RESULTS == 25_000
    ranks = [["critical", "major", "minor", "info"].index(one["properties"]["severity"]) for one in run["results"]]
    assert ranks == sorted(ranks)
    notes = [one["message"]["text"] for one in run["invocations"][0]["toolExecutionNotifications"]]
    assert "5002 more findings are left out of this file: checker audit --format json" in notes
    assert all(len(rule["properties"]["tags"]) <= 20 for rule in run["tool"]["driver"]["rules"])


def test_sarif_rule_has_at_most_twenty_tags() -> None:
    clauses = tuple(f"2.{number}" for number in range(40))
    (one, *rest) = sample().findings
    report = sample().model_copy(update={"findings": (one.model_copy(update={"clauses": clauses}), *rest)})
    rules = json.loads(sarif.render(report))["runs"][0]["tool"]["driver"]["rules"]
    assert max(len(rule["properties"]["tags"]) for rule in rules) == 20


def test_markdown_stays_below_its_limit_and_counts_what_is_missing(huge: Report) -> None:
    written = markdown.render(huge).decode()
    assert 50_000 < len(written) <= markdown.LIMIT < 65_536  # what GitHub takes of a comment
    shown = len(re.findall(r"^- \*\*(?:critical|major|minor|info)\*\*", written, re.MULTILINE))
    left = re.search(r"^\*\*(\d+) findings left out here for length\*\*", written, re.MULTILINE)
    assert left
    assert shown + int(left[1]) == NUMBER
    assert "- **critical** `app/module_0.py:1`" in written
    assert "- **major**" not in written
    assert written.count("<details") == written.count("</details>")


def test_markdown_with_long_values_stays_below_its_limit() -> None:
    results = tuple(Result(rule=f"r-{one}", outcome=Outcome.UNAVAILABLE, reason="@" * 5000) for one in range(500))
    report = sample().model_copy(update={"results": results, "notes": ("<b>`" * 900,) * 900})
    written = markdown.render(report).decode()
    assert len(written) <= markdown.LIMIT
    assert "- and 470 more: `checker audit --format json`" in written


def test_agent_is_short_and_says_how_many_remain(huge: Report) -> None:
    written = agent.render(huge).decode()
    assert len(written) <= agent.LIMIT
    groups = re.findall(r"^\d+\. \[critical\] rule-\d: (\d+) findings with one mend$", written, re.MULTILINE)
    assert sum(map(int, groups)) == NUMBER
    apart = tuple(one.model_copy(update={"rule": f"r{at}"}) for at, one in enumerate(huge.findings[:50]))
    written = agent.render(huge.model_copy(update={"findings": apart})).decode()
    assert len(written) <= agent.LIMIT
    shown = len(re.findall(r"^\d+\. \[\w+\] app/", written, re.MULTILINE))
    assert 10 < shown <= 20
    assert f"\n{50 - shown} more findings: checker audit --format json\n" in written


def test_agent_with_long_values_is_short() -> None:
    findings = tuple(
        one.model_copy(update={"title": "t" * 9000, "evidence": "\x1b" * 9000, "recommendation": f"{number}" * 9000})
        for number, one in enumerate(crowded(40).findings)
    )
    results = tuple(Result(rule="r" * 3000, outcome=Outcome.UNAVAILABLE, reason=f"{n} {'x' * 5000}") for n in range(50))
    report = sample().model_copy(update={"findings": findings, "results": results})
    written = agent.render(report).decode()
    assert len(written) <= agent.LIMIT
    assert "44 more rules without a verdict" in written
    assert "1. [critical] app/module_0.py:1 rule-0" in written


def test_github_gives_ten_of_each_level_and_says_how_many_remain(huge: Report) -> None:
    lines = github.render(huge).decode().splitlines()
    counts = {level: sum(line.startswith(f"::{level} ") for line in lines) for level in ("error", "warning", "notice")}
    assert counts == {"error": 10, "warning": 10, "notice": 10}
    left = NUMBER + len(sample().outcomes(Outcome.UNAVAILABLE, Outcome.ERROR)) - 29
    assert f"{left} more not annotated here" in lines[-1]
    assert all("critical" in line for line in lines if line.startswith("::error "))


def test_github_says_nothing_of_more_when_all_is_annotated() -> None:
    assert "more not annotated" not in github.render(sample()).decode()


def test_text_shows_ten_of_a_rule_and_how_to_see_the_rest(huge: Report) -> None:
    written = text.render(huge).decode()
    assert written.count("\n  critical app/module_") == 30
    assert "  and 9990 more findings of rule-0: add -v, or --format json\n" in written
    assert render_text(huge, colour=False, verbose=1).count(" app/module_") == NUMBER


def test_junit_gives_a_hundred_of_a_rule(huge: Report) -> None:
    root = ElementTree.fromstring(junit.render(huge))
    failure = next(one for one in root.iter("failure") if "rule" not in str(one.get("type")) and one.text)
    assert str(failure.text).count("app/module_") == 100
    assert "9900 more: checker audit --format json" in str(failure.text)
    assert str(failure.get("message")).startswith("10000 findings (2500 critical, 2500 major, 2500 minor, 2500 info)")


def test_code_hosts_get_every_finding_with_a_fingerprint_of_its_own(huge: Report) -> None:
    twins = huge.model_copy(update={"findings": (*huge.findings, *huge.findings[:5])})
    issues = json.loads(gitlab.render(twins))
    assert len({one["fingerprint"] for one in issues}) == len(issues) == NUMBER + 5 + 3
    assert len(json.loads(rdjson.render(twins))["diagnostics"]) == NUMBER + 5 + 3
