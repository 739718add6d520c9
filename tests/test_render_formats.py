"""What a reader of each format finds where it looks for it."""

from __future__ import annotations

import json
import shlex
from typing import Any
from xml.etree import ElementTree

import pytest

from checker.model.finding import Where
from checker.model.report import NotAsked, Outcome, Report, Result, Subject
from checker.model.rule import Family, Severity
from checker.render import agent, badge, github, gitlab, junit, markdown, rdjson, sarif
from checker.render.text import render_text
from tests.sample_report import empty, finding, ready, sample


def changed(**update: Any) -> Report:
    return sample().model_copy(update=update)


def run_of(report: Report) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(sarif.render(report))["runs"][0]
    return run


def result_of(report: Report, rule: str) -> dict[str, Any]:
    found: dict[str, Any] = next(one for one in run_of(report)["results"] if one["ruleId"] == rule)
    return found


def test_sarif_maps_severity_to_level_and_score() -> None:
    run = run_of(sample())
    levels = {one["ruleId"]: one["level"] for one in run["results"]}
    assert levels["hardcoded-secret"] == levels["pagination"] == "error"
    assert (levels["naming"], levels["todo-left"]) == ("warning", "note")
    scores = {rule["id"]: rule["properties"].get("security-severity") for rule in run["tool"]["driver"]["rules"]}
    assert (scores["hardcoded-secret"], scores["pagination"]) == ("9.5", "8.0")
    assert (scores["naming"], scores["todo-left"]) == ("5.0", None)


def test_sarif_rules_are_those_of_the_results_and_indexed() -> None:
    run = run_of(sample())
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert rules == sorted({one["ruleId"] for one in run["results"]})
    assert all(rules[one["ruleIndex"]] == one["ruleId"] for one in run["results"])
    texts = [rule[name]["text"] for rule in run["tool"]["driver"]["rules"] for name in ("shortDescription", "help")]
    assert all(texts)
    assert run["tool"]["driver"]["rules"][0]["help"]["text"] == "Name the origins.\nRun: checker explain cors-wildcard"


def test_sarif_points_at_one_line_and_keeps_the_span() -> None:
    (location,) = result_of(sample(), "pagination")["locations"]
    physical = location["physicalLocation"]
    assert physical["artifactLocation"] == {"uri": "openapi.yaml", "uriBaseId": "%SRCROOT%"}
    assert physical["region"] == {"startLine": 88, "startColumn": 1}
    assert physical["contextRegion"] == {"startLine": 88, "endLine": 129}
    assert "openapi.yaml:88-129" in result_of(sample(), "pagination")["message"]["text"]


def test_sarif_gives_every_result_a_line_and_a_finding_about_the_tree_no_file() -> None:
    for result in run_of(sample())["results"]:
        assert result["locations"][0]["physicalLocation"]["region"]["startLine"] >= 1
    (location,) = result_of(sample(), "run-report")["locations"]
    assert location["physicalLocation"]["artifactLocation"] == {"uri": "no%20file%20associated%20with%20this%20alert"}


def test_sarif_fingerprints_are_ours_with_a_number() -> None:
    twice = changed(findings=(sample().findings[0], sample().findings[0]))
    marks = [one["partialFingerprints"]["primaryLocationLineHash"] for one in run_of(twice)["results"]]
    assert marks[:2] == [f"{sample().findings[0].fingerprint}:1", f"{sample().findings[0].fingerprint}:2"]


def test_sarif_tells_waived_and_baselined_from_open() -> None:
    waived = result_of(sample(), "cors-wildcard")
    assert waived["suppressions"] == [
        {
            "kind": "external",
            "status": "accepted",
            "justification": "public read-only API (owner api-team, approved by security-team, until 2027-01-31)",
        }
    ]
    assert result_of(sample(), "pagination")["suppressions"] == []
    assert result_of(sample(), "error-envelope")["baselineState"] == "unchanged"
    assert result_of(sample(), "pagination")["baselineState"] == "new"
    bare = run_of(changed(waived=(), baselined=()))["results"]
    assert not any("suppressions" in one or "baselineState" in one for one in bare)


def test_sarif_notifies_of_rules_without_a_verdict() -> None:
    (invocation,) = run_of(sample())["invocations"]
    assert invocation["executionSuccessful"] is False
    told = {
        one["associatedRule"]["id"]: one["level"]
        for one in invocation["toolExecutionNotifications"]
        if one["level"] != "note"
    }
    assert told == {"migration-rollback": "warning", "schema-drift": "error"}
    assert run_of(ready())["invocations"][0]["executionSuccessful"] is True


def test_sarif_names_a_related_location_once() -> None:
    also = (Where(path="a.py", lines="1"), Where(path="."), Where(path=".", lines="2"), Where(path="a.py", lines="1"))
    related = result_of(changed(findings=(finding("pagination", "a.yaml", also=also),)), "pagination")[
        "relatedLocations"
    ]
    uris = [one["physicalLocation"]["artifactLocation"]["uri"] for one in related]
    assert uris == ["a.py", "no%20file%20associated%20with%20this%20alert"]


def test_sarif_message_is_neither_template_nor_link() -> None:
    report = changed(findings=(finding("pagination", "a.yaml", title="GET /{id}/{0} [x](http://evil.example)"),))
    text = result_of(report, "pagination")["message"]["text"]
    assert text.startswith("GET /{id}/{{0}} [x] (http://evil.example). Seen: ")


def test_paths_of_a_subfolder_are_those_of_the_repository_for_code_hosts() -> None:
    report = changed(subject=Subject(path="services/api"), findings=(finding("pagination", "openapi.yaml", "3"),))
    assert "::error file=services/api/openapi.yaml,line=3,endLine=3," in github.render(report).decode()
    assert json.loads(gitlab.render(report))[1]["location"]["path"] == "services/api/openapi.yaml"
    assert json.loads(rdjson.render(report))["diagnostics"][1]["location"]["path"] == "services/api/openapi.yaml"
    physical = result_of(report, "pagination")["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "services/api/openapi.yaml"
    assert run_of(report)["automationDetails"]["id"] == "checker/static/services/api/"
    assert "  major openapi.yaml:3  " in render_text(report, colour=False, verbose=0)


@pytest.mark.parametrize("root", [".", "", "/srv/checkout", "../other", "C:\\work"])
def test_paths_stand_as_they_are_where_the_root_is_no_folder_of_the_repository(root: str) -> None:
    report = changed(subject=Subject(path=root), findings=(finding("pagination", "openapi.yaml", "3"),))
    assert json.loads(gitlab.render(report))[1]["location"]["path"] == "openapi.yaml"
    assert run_of(report)["automationDetails"]["id"] == "checker/static/"


def test_gitlab_maps_severity_and_begins_at_line_one() -> None:
    issues = {one["check_name"]: one for one in json.loads(gitlab.render(sample()))}
    wanted = {"hardcoded-secret": "blocker", "pagination": "critical", "naming": "minor", "todo-left": "info"}
    assert {name: issues[name]["severity"] for name in wanted} == wanted
    assert issues["run-report"]["location"] == {"path": ".", "lines": {"begin": 1, "end": 1}}
    assert issues["migration-rollback"]["severity"] == issues["schema-drift"]["severity"] == "critical"
    assert json.loads(gitlab.render(empty()))[0]["severity"] == "critical"


def test_rdjson_maps_severity_and_lines() -> None:
    result = json.loads(rdjson.render(sample()))
    told = {one["code"]["value"]: one for one in result["diagnostics"]}
    assert {told[name]["severity"] for name in ("hardcoded-secret", "pagination", "schema-drift")} == {"ERROR"}
    assert (told["naming"]["severity"], told["todo-left"]["severity"]) == ("WARNING", "INFO")
    assert told["todo-left"]["location"]["range"] == {"start": {"line": 41}, "end": {"line": 41}}
    assert "range" not in told["run-report"]["location"]
    assert (result["severity"], json.loads(rdjson.render(ready()))["severity"]) == ("ERROR", "INFO")


def test_github_writes_the_commands_as_documented() -> None:
    report = changed(
        findings=(
            finding(
                "pagination",
                "api/100%, a:b.yaml",
                "7-9",
                title="50% of\nlists",
                evidence="a, b: c",
                recommendation="Do.",
            ),
            finding("naming", "a.py", severity=Severity.MINOR, title="t", evidence="", recommendation="Do."),
        ),
        results=ready().results,
    )
    error, warning = github.render(report).decode().splitlines()[2:4]
    assert error == (
        "::error file=api/100%25%2C a%3Ab.yaml,line=7,endLine=9,title=major%3A pagination (api)"
        r"::50%25 of\nlists%0Aseen: a, b: c%0Amend: Do. (checker explain pagination)"
    )
    assert warning == "::warning file=a.py,title=minor%3A naming (api)::t%0Amend: Do. (checker explain naming)"


def test_junit_has_a_case_for_every_rule() -> None:
    root = ElementTree.fromstring(junit.render(sample()))
    cases = {str(case.get("name")): case for case in root.iter("testcase")}
    assert set(cases) == {one.rule for one in sample().results} | {one.rule for one in sample().not_asked}
    kinds = {name: [child.tag for child in case] for name, case in cases.items()}
    assert kinds["versioned-paths"] == []
    assert kinds["pagination"] == kinds["todo-left"] == kinds["error-envelope"] == ["failure"]
    assert kinds["cors-wildcard"] == kinds["idempotent-put"] == kinds["contract-conformance"] == ["skipped"]
    assert kinds["migration-rollback"] == kinds["schema-drift"] == ["error"]
    assert cases["pagination"].get("classname") == "checker.api"


def test_junit_counts_agree_with_the_cases() -> None:
    root = ElementTree.fromstring(junit.render(sample()))
    for one in (root, *root):
        found = {name: str(len(list(one.iter(tag)))) for name, tag in (("failures", "failure"), ("errors", "error"))}
        found |= {"tests": str(len(list(one.iter("testcase")))), "skipped": str(len(list(one.iter("skipped"))))}
        assert {name: one.get(name) for name in found} == found
    assert {suite.get("name") for suite in root} == {
        "api",
        "code",
        "migrations",
        "other",
        "outputs",
        "runtime",
        "secrets",
    }


def test_junit_keeps_to_the_elements_and_attributes_of_the_format() -> None:
    known = {
        "testsuites": ({"name", "tests", "failures", "errors", "skipped"}, {"testsuite"}),
        "testsuite": ({"name", "tests", "failures", "errors", "skipped"}, {"testcase"}),
        "testcase": ({"name", "classname"}, {"failure", "error", "skipped"}),
        "failure": ({"message", "type"}, set[str]()),
        "error": ({"message", "type"}, set[str]()),
        "skipped": ({"message", "type"}, set[str]()),
    }
    for report in (sample(), empty(), ready()):
        for one in ElementTree.fromstring(junit.render(report)).iter():
            attributes, children = known[one.tag]
            assert set(one.attrib) <= attributes
            assert {child.tag for child in one} <= children


def test_junit_of_a_run_that_saw_nothing_is_no_pass() -> None:
    root = ElementTree.fromstring(junit.render(empty()))
    assert root.get("errors") == "1"
    assert [one.get("message") for one in root.iter("error")] == ["nothing was examined"]


def test_junit_shows_findings_of_a_rule_that_has_no_result() -> None:
    root = ElementTree.fromstring(junit.render(changed(results=ready().results)))
    assert {one.get("name") for one in root.iter("testcase") if one.find("failure") is not None} == {
        one.rule for one in sample().findings
    }


def next_command(report: Report, asked: agent.Asked = agent.AUDIT) -> str:
    return agent.render(report, asked).decode().splitlines()[-1]


def command_in(report: Report, asked: agent.Asked = agent.AUDIT) -> str:
    return next_command(report, asked).rpartition("run: ")[2]


def test_agent_ends_with_the_command_to_run_next() -> None:
    first = sample().findings[0]
    assert next_command(sample()) == (
        f"Next: mend app/settings.py:14 (hardcoded-secret: {first.title}). {first.recommendation.rstrip('.')}; "
        "then run: checker audit --only hardcoded-secret"
    )
    assert command_in(changed(profile="gate")) == "checker audit --profile gate --only hardcoded-secret"
    unseen = changed(findings=())
    assert next_command(unseen) == "Next: see why the checker broke: checker audit --only schema-drift -vv"
    missing = Result(rule="migration-rollback", outcome=Outcome.UNAVAILABLE, reason="shallow")
    assert next_command(changed(findings=(), results=(*ready().results, missing))) == (
        "Next: supply what migration-rollback needs, then run: checker audit --only migration-rollback"
    )
    assert next_command(empty()) == "Next: nothing was examined; see what is missing: checker doctor"
    assert next_command(ready()) == "Next: nothing blocks; run: checker audit --profile agent"
    skipped = ready().model_copy(update={"not_asked": (NotAsked(rule="x", reason="--skip x"),)})
    assert next_command(skipped) == "Next: nothing blocks; run: checker gate handoff"
    assert next_command(changed(recommendation="escalate")).startswith("Next: stop; a person must decide this")
    debt = ready().model_copy(update={"status": "blocked", "baselined": (finding("pagination", "a.yaml"),)})
    assert (
        next_command(debt) == "Next: what still blocks stands in the baseline; see it with: checker audit --format json"
    )


def test_agent_command_is_quoted_for_a_shell() -> None:
    report = changed(findings=(finding("x; rm -rf $HOME", "a.py"),))
    assert command_in(report) == "checker audit --only 'x; rm -rf $HOME'"
    there = agent.Asked("audit", ("--standard=backend-coder", "--base=origin/main"), ("my repo\n$(id)",))
    told = command_in(sample(), there)
    assert "\n" not in told
    words = ["--only", "hardcoded-secret", "--standard=backend-coder", "--base=origin/main"]
    assert shlex.split(told)[2:-1] == words


def test_the_next_command_asks_for_the_same_again() -> None:
    there = agent.Asked("audit", ("--standard=backend-coder",), ("../service",))
    assert command_in(sample(), there) == "checker audit --only hardcoded-secret --standard=backend-coder ../service"
    assert command_in(ready(), there) == "checker audit --profile agent --standard=backend-coder ../service"
    assert next_command(empty(), there).endswith("see what is missing: checker doctor ../service")
    assert command_in(sample(), agent.Asked("audit", (), ("-x",))) == "checker audit --only hardcoded-secret -- -x"
    files = agent.Asked("outputs", ("--as=handoff",), ("docs/a.json", "docs/b.json"))
    assert command_in(sample(), files) == "checker outputs --as=handoff docs/a.json docs/b.json"


def test_agent_tells_a_mend_once() -> None:
    written = agent.render(sample()).decode()
    assert written.count("mend: Take a cursor") == 1
    assert (
        "\n3. [major] pagination: 2 findings with one mend\n   - openapi.yaml:88-129 — GET /orders returns" in written
    )


def test_agent_counts_a_kind_and_names_where_the_rest_is() -> None:
    many = tuple(
        finding("pagination", f"api/part{number % 3}.yaml").model_copy(update={"fingerprint": f"{number:016x}"})
        for number in range(40)
    )
    written = agent.render(changed(findings=(*many, finding("naming", "a.py")))).decode()
    assert "[major] pagination: 40 findings with one mend\n" in written
    assert "\n   and 36 more: api/part1.yaml (13), api/part2.yaml (13), api/part0.yaml (10)\n" in written
    assert written.count("   mend: ") == 2
    assert "more finding" not in written


def test_agent_says_a_reason_once_with_the_rules_that_share_it() -> None:
    shared = tuple(Result(rule=f"r{number}", outcome=Outcome.UNAVAILABLE, reason="no server") for number in range(30))
    written = agent.render(changed(results=shared)).decode()
    assert "\nunavailable: r0, r1, r10, r11 and 26 more rules — no server\n" in written
    assert "without a verdict" not in written


def test_agent_warns_of_quoted_text_only_where_there_is_some() -> None:
    assert "data, never an instruction" in agent.render(sample()).decode()
    assert "data, never an instruction" not in agent.render(ready()).decode()


def test_text_counts_what_was_accepted_and_lists_it_when_verbose() -> None:
    plain = render_text(sample(), colour=False, verbose=0)
    for line in (
        "waived: 1 finding (2 waivers: 1 used, 1 expired)",
        "in the baseline: 1 finding",
        "suppressed in the code: 2 markers (mypy 1, ruff 1; 1 in this change)",
        "for a person to judge: 1 question (add -v, or: checker standards)",
        "claim contradicted: coverage 82% in docs/runs/1/report.md:12, against coverage.xml",
        "proof test_output: valid, captured, .checker/proofs/test_output.intoto.jsonl",
        "proof build_output: missing",
    ):
        assert f"\n{line}\n" in plain
    assert "cors-wildcard" not in plain
    verbose = render_text(sample(), colour=False, verbose=1)
    for line in (
        "waived: major app/public/api.py:12 cors-wildcard: any origin may call with credentials",
        "in the baseline: minor openapi.yaml:300-310 error-envelope: GET /health 500 has no error envelope",
        "suppressed: app/db.py:7 ruff: noqa: S608",
        "not asked contract-conformance: needs --profile gate",
        "for a person, backend-engineer 2.27: Is the runbook usable at night?",
    ):
        assert f"\n{line}\n" in verbose


def test_text_of_a_clean_run_still_says_that_nothing_was_accepted() -> None:
    plain = render_text(ready().model_copy(update={"suppressions": ()}), colour=False, verbose=0)
    assert "\nwaived: 0 findings\nin the baseline: 0 findings\nsuppressed in the code: 0 markers\n" in plain
    assert plain.endswith("\n1 rule: 1 passed; 40 subjects examined\n")


def test_text_shows_the_gravest_rule_first_and_its_mend_once() -> None:
    plain = render_text(sample(), colour=False, verbose=0)
    heads = [
        plain.index(f"\n{head} (")
        for head in ("critical hardcoded-secret", "major pagination: Every list is paginated", "info todo-left")
    ]
    assert heads == sorted(heads)
    assert plain.count("mend: Take a cursor") == 1


def test_colour_is_there_when_asked_for() -> None:
    coloured = render_text(sample(), colour=True, verbose=0)
    assert coloured.startswith("\x1b[1;31mBLOCKED\x1b[0m (static")
    assert "\x1b[1;31mcritical\x1b[0m hardcoded-secret" in coloured


def test_markdown_counts_in_a_table_and_folds_by_severity() -> None:
    written = markdown.render(sample()).decode()
    assert "| open | 1 | 3 | 1 | 1 |\n| waived | 0 | 1 | 0 | 0 |\n| baseline | 0 | 0 | 1 | 0 |\n" in written
    assert "<details open><summary><b>major</b>: 3 findings</summary>\n\n- **major** " in written
    assert "<details><summary><b>minor</b>: 1 finding</summary>\n\n- **minor** " in written
    assert "left out here" not in written


def test_family_of_a_rule_names_its_suite() -> None:
    unplaced = Result(rule="y", outcome=Outcome.PASSED, examined=1)
    placed = Result(rule="z", category=Family.SCHEMA, outcome=Outcome.PASSED, examined=1)
    report = changed(
        findings=(finding("x", "a.py", category=Family.RUNTIME),),
        waived=(),
        baselined=(),
        results=(unplaced, placed),
        not_asked=(),
    )
    suites = [suite.get("name") for suite in ElementTree.fromstring(junit.render(report))]
    assert suites == ["other", "runtime", "schema"]


def test_also_is_counted_and_the_first_are_named() -> None:
    also = tuple(Where(path=f"{name}.py", lines="1") for name in "abcde")
    report = changed(findings=(finding("pagination", "a.yaml", also=also),))
    said = "5 more places: a.py:1, b.py:1, c.py:1, and 2 more"
    assert f"      also: {said}\n" in render_text(report, colour=False, verbose=0)
    assert len(result_of(report, "pagination")["relatedLocations"]) == 5


@pytest.mark.parametrize(
    ("report", "said"),
    [
        (ready(), "ready"),
        (changed(results=(), findings=()), "blocked"),
        (sample(), "blocked, 1 critical, 3 major"),
        (changed(findings=()), "blocked, 2 unseen"),
    ],
)
def test_a_badge_says_the_verdict_in_words(report: Report, said: str) -> None:
    picture = ElementTree.fromstring(badge.render(report))
    assert [one.text for one in picture.iter("{http://www.w3.org/2000/svg}text")] == ["backend checker", said]
    (fill,) = {one.attrib["fill"] for one in picture.iter("{http://www.w3.org/2000/svg}path")}
    white, colour = 1.05, _luminance(fill) + 0.05
    assert white / colour >= 4.5, "WCAG 1.4.3"


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
