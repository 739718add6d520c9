"""Outputs as agents really write them: encodings, dashes, aliases, loose data, evidence of every kind."""

from __future__ import annotations

import pytest

from checker.collect.data_parsed import Malformed
from checker.collect.files import Unreadable
from checker.collect.outputs import kinds, loose
from checker.collect.outputs.checkpoints import words
from checker.collect.outputs.evidence import measured
from checker.collect.outputs.markdown import blocks, sections
from checker.collect.outputs.number_words import in_digits
from checker.collect.outputs.recorded import acts_of, in_log
from checker.collect.outputs.text import readable
from checker.collect.outputs.work import _queue_of, lock_of, moment
from checker.model.observation import Place
from checker.model.outputs.approval import meaning
from checker.model.outputs.evidence import Figure, Figures, Measure, Statement, hold
from checker.model.outputs.fields import agent, is_blank, key, percent, placeholders, take, whole
from checker.model.outputs.overlap import overlap
from checker.model.outputs.results import ended
from checker.model.outputs.runs import cited

LOCK = "owner: AGENT-2\ntask_id: WBS-3.1\nscope_paths:\n  - **/apps/backend/**\nstart_time: 2026-11-21T11:40:00Z\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_lock_is_read_in_any_encoding(encoding: str, end: str) -> None:
    lock = lock_of("l", LOCK.replace("\n", end).replace("-", "‑").encode(encoding))
    assert (lock.owner, lock.task, lock.missing, lock.broken) == ("AGENT-2", "WBS-3.1", (), "")
    assert lock.scopes == ("**/apps/backend/**",)
    assert any("hyphens" in said for said in lock.assumed)


def test_latin_text_is_read_and_said() -> None:
    assert readable("a", "Prüfung".encode("cp1252")) == ("Prüfung", ("read as windows-1252",))


@pytest.mark.parametrize("data", [b"\x00\x01\x02\x03\xff\xfe\x00", b"PK\x03\x04\x00\x00\x00\x08"])
def test_binary_is_refused(data: bytes) -> None:
    with pytest.raises(Unreadable):
        readable("a", data)


@pytest.mark.parametrize("text", ['{"owner": ', "", "[1, 2]", "just words"])
def test_what_holds_no_fields_is_malformed(text: str) -> None:
    with pytest.raises(Malformed):
        loose.pairs(text)


@pytest.mark.parametrize("value", [[], 1, None, "text", {"a": {"b": []}}, [[]], True])
def test_wrong_types_everywhere_make_no_reader_crash(value: object) -> None:
    assert list(kinds.by_value(value)) == []
    assert take(value, "owner") is None
    assert whole(value) in (None, 1)
    assert percent(value) in (None, 1.0)


def test_a_queue_survives_what_is_no_record() -> None:
    queue = _queue_of(
        "q", b'[1]\n{"id": [], "owner": {}, "status": 7, "deps": {"a": 1}}\nnull\n\n# comment\n{"id": "x"'
    )
    assert [line for line, _ in queue.broken] == [1, 3, 6]
    assert queue.tasks[0].status == "7"


def test_names_of_fields_and_agents() -> None:
    assert {key("Start-Time"), key("startTime"), key("**start time**")} == {"start_time"}
    assert {agent("agent_2"), agent("Agent 2"), agent(" AGENT-2 ")} == {"AGENT-2"}
    found = take({"wbs_id": "WBS-1"}, "task_id", "wbs_id")
    assert found is not None
    assert found.alias == "'wbs_id' read as 'task_id'"


@pytest.mark.parametrize(
    "text", ["TBD", "- tbd.", "{{summary}}", "[PLACEHOLDER]", "", "…", "to be added", "Assuming pass"]
)
def test_template_text_says_nothing(text: str) -> None:
    assert is_blank(text)


@pytest.mark.parametrize("text", ["none", "No pending tasks.", "0", "[link](https://example.com)"])
def test_short_answers_say_something(text: str) -> None:
    assert not is_blank(text)


def test_placeholders_in_code_are_left_alone() -> None:
    assert list(placeholders("a\n```\n<your name>\n```\n`{{x}}` <your name>")) == [(5, "<your name>")]


@pytest.mark.parametrize(
    ("text", "number"), [("82%", 82), ("82,5 %", 82.5), (82, 82), ("~90 percent", 90), ("120%", None), (True, None)]
)
def test_percentages(text: object, number: float | None) -> None:
    assert percent(text) == number


def test_headings_of_every_form() -> None:
    text = "# One #\n\nTwo\n---\n\n```\n# not\n```\n**Three:**\n## 4. Four\n### Five\nbody\n## Six\n"
    assert [(one.title, one.level) for one in sections(text)] == [
        ("One", 1), ("Two", 2), ("Three", 7), ("Four", 2), ("Five", 3), ("Six", 2),
    ]  # fmt: skip
    assert next(one for one in sections(text) if one.title == "Four").body == "### Five\nbody"
    assert [(one.language, one.lines) for one in blocks("```json\n{}\n```\n~~~\nopen")] == [
        ("json", (1, 3)),
        ("", (4, 5)),
    ]


def test_ids_and_ranges() -> None:
    assert [one.id for one in cited("NT-2.1, TD-0290 - TD-0329 and WBS-003")] == [
        "NT-2.1",
        "TD-0290",
        "TD-0329",
        "WBS-003",
    ]


@pytest.mark.parametrize(
    "text", ["2026-11-21T11:40:00Z", "2026-11-21 11:40:00 UTC", "2026-11-21T12:40:00+01:00", 1795261200]
)
def test_times_are_utc(text: object) -> None:
    found = moment(text)
    assert found is not None
    assert f"{found:%H:%M}" == "11:40"


@pytest.mark.parametrize("text", ["yesterday", "", None, [], True, "9999-99-99", 5])
def test_what_is_no_time(text: object) -> None:
    assert moment(text) is None


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("apps/**", "apps/backend/*.py", True), ("apps/web/**", "apps/backend/**", False), ("**/tests/**", "apps/**", True),
        ("apps/a*.py", "apps/*b.py", True), ("apps/a.py", "apps/b.py", False), ("apps", "apps/x/y", True), ("**", "x", True),
        ("/apps/?.py", "apps/ab.py", False),
    ],
)  # fmt: skip
def test_globs_overlap(one: str, other: str, same: bool) -> None:
    assert overlap(one, other) is overlap(other, one) is same


OPTIONS = {"A": "Approve", "B": "Changes", "D": "Skip"}


@pytest.mark.parametrize(
    ("answer", "means"),
    [
        ("Approve.", "approved"), ("  LGTM!! ", "approved"), ("Let’s go", "approved"), ("A", "approved"), ("(a)", "approved"),
        ("ok", "ambiguous"), ("Sure!", "ambiguous"), ("b", "rejected"), ("B) Changes", "rejected"), ("D", "rejected"),
        ("no", "rejected"), ("wait...", "rejected"), ("yes but fix the tests", "unknown"), ("C", "unknown"),
        ("___", "unanswered"), (None, "unanswered"),
    ],
)  # fmt: skip
def test_what_an_answer_means(answer: str | None, means: str) -> None:
    assert meaning(answer, words(), OPTIONS) == means


def figures(path: str, text: str) -> dict[str, float]:
    return {one.measure: round(one.value, 2) for one in measured(path, text, "")}


@pytest.mark.parametrize(
    ("path", "text", "wanted"),
    [
        ("a.log", "=== 41 passed, 2 skipped, 1 warning in 2.31s ===", {"passed": 41, "failed": 0}),
        ("a.log", "\x1b[31m== \x1b[1m1 failed\x1b[0m, 40 passed in 0:01:02 ==\x1b[0m", {}),
        ("a.log", "\x1b[31m=== 1 failed, 40 passed, 2 errors in 9.1s ===\x1b[0m", {"passed": 40, "failed": 3}),
        ("a.log", "      Tests  1 failed | 12 passed (13)", {"passed": 12, "failed": 1}),
        ("a.log", "Tests:       1 failed, 12 passed, 13 total", {"passed": 12, "failed": 1}),
        ("a.log", "  12 passing (31ms)", {"passed": 12, "failed": 0}),
        ("a.log", "# tests 3\n# pass 3\n# fail 0", {"passed": 3, "failed": 0}),
        ("a.log", "TOTAL      120     30    75%", {"coverage": 75}),
        ("a.log", "All files      |   82.1 |    70 |", {"coverage": 82.1}),
        ("lcov.info", "LF:10\nLH:8\nLF:10\nLH:9\n", {"coverage": 85}),
        ("coverage.json", '{"totals": {"percent_covered": 82.5}}', {"coverage": 82.5}),
        ("coverage-summary.json", '{"total": {"lines": {"pct": 90}}}', {"coverage": 90}),
        ("coverage.xml", '<coverage line-rate="0.5" branch-rate="1">', {"coverage": 50}),
        ("j.xml", '<testsuite><testcase/><testcase><error/></testcase><testcase><skipped/></testcase></testsuite>',
         {"passed": 1, "failed": 1}),
        ("j.xml", '<!DOCTYPE x [<!ENTITY a "b">]><testsuite><testcase/></testsuite>', {}),
        ("j.xml", "<testsuite><testcase><system-out><![CDATA[<failure>]]></system-out></testcase></testsuite>",
         {"passed": 1, "failed": 0}),
        ("a.tap", "TAP version 13\n1..3\nok 1 - a\nnot ok 2 - b\nok 3 - c # SKIP x\n", {"passed": 1, "failed": 1}),
        ("a.log", "ℹ tests 5\nℹ pass 4\nℹ fail 1\n", {"passed": 4, "failed": 1}),
        ("a.log", "Ran 41 tests in 1.2s\n\nOK (skipped=1)\n", {"passed": 40, "failed": 0}),
        ("a.log", "Ran 41 tests in 1.2s\n\nFAILED (failures=2, errors=1)\n", {"passed": 38, "failed": 3}),
        ("a.log", "test result: ok. 12 passed; 0 failed; 1 ignored;", {"passed": 12, "failed": 0}),
        ("a.log", "Statements   : 85.71% ( 6/7 )\nLines        : 88.1% ( 6/7 )\n", {"coverage": 88.1}),
        ("lcov.info", "SF:a\nDA:1,1\nDA:2,0\nend_of_record\n", {"coverage": 50}),
        ("c.xml", '<coverage lines-covered="90" lines-valid="100" version="1">', {"coverage": 90}),
        ("c.xml", '<coverage clover="3"><project><metrics statements="100" coveredstatements="77"/>', {"coverage": 77}),
        ("c.xml", '<report name="a"><counter type="LINE" missed="20" covered="80"/></report>', {"coverage": 80}),
        ("jest.json", '{"numFailedTests": 1, "numPassedTests": 10, "success": false}', {"passed": 10, "failed": 1}),
        ("report.json", '{"summary": {"passed": 10, "failed": 1, "total": 11}}', {"passed": 10, "failed": 1}),
        ("j.xml", '<testsuites tests="5" failures="1" errors="0" skipped="1"/>', {"passed": 3, "failed": 1}),
        ("a.log", "I passed the exam in 3 days", {}),
        ("coverage.json", "{", {}),
    ],
)  # fmt: skip
def test_evidence_of_each_kind(path: str, text: str, wanted: dict[str, float]) -> None:
    if "0:01:02" in text:
        wanted = {"passed": 40, "failed": 1}
    assert figures(path, text) == wanted


def state(measure: Measure, value: float, *evidence: float, firm: bool = True) -> str:
    here = Place("a")
    found = tuple(Figure(measure, one, Place(f"{number}.log"), "") for number, one in enumerate(evidence))
    (judged,) = hold([Statement("c", measure, value, here, firm)], Figures(found))
    return judged.state


def test_claims_are_held_against_evidence() -> None:
    assert state("coverage", 82, 82.9) == "confirmed"
    assert state("coverage", 82, 83.5) == "contradicted"
    assert state("passed", 41, 30, 11) == "confirmed"
    assert state("passed", 41, 30, 12) == "contradicted"
    assert state("failed", 0, 0, 1) == "contradicted"
    assert state("failed", 0) == "unverified"


def test_prose_with_one_true_number_is_not_contradicted_by_another() -> None:
    said = [Statement("c", "passed", value, Place("a"), firm=False) for value in (41, 12)]
    judged = hold(said, Figures((Figure("passed", 41, Place("x.log"), ""),)))
    assert [one.state for one in judged] == ["confirmed", "unverified"]


def test_prose_that_tells_of_more_than_was_measured_hides_behind_no_true_number() -> None:
    said = [Statement("c", "passed", value, Place("a"), firm=False) for value in (41, 57)]
    elsewhere = Statement("c", "passed", 120, Place("a"), firm=False, apart=True)
    judged = hold([*said, elsewhere], Figures((Figure("passed", 41, Place("x.log"), ""),)))
    assert [one.state for one in judged] == ["confirmed", "contradicted", "unverified"]


@pytest.mark.parametrize(
    ("number", "source", "means"),
    [(41, "41 passed", "confirmed"), (44, "41 passed, 3 skipped", "unverified"), (45, "41 passed, 3 skipped", "contradicted"),
     (30, "41 passed", "unverified")],
)  # fmt: skip
def test_no_more_tests_ran_than_there_were(number: int, source: str, means: str) -> None:
    (judged,) = hold(
        [Statement("c", "ran", number, Place("a"), firm=False)],
        Figures((Figure("passed", 41, Place("x.log"), source),)),
    )
    assert judged.state == means


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("all forty-one tests", "all 41 tests"), ("one hundred and sixty tests", "160 tests"), ("Two hundred tests", "200 tests"),
        ("the two tests I added", "the two tests I added"), ("a hundredfold", "a hundredfold"), ("twelve", "12"),
        ("the eighteenth test", "the eighteenth test"), ("two hundred and three", "203"), ("ninety-six percent", "96 percent"),
    ],
)  # fmt: skip
def test_counts_in_words(text: str, read: str) -> None:
    assert in_digits(text) == read


@pytest.mark.parametrize("words", ["psql ", "curl -X POST ", ".sql ", "| a=b", "docker -a b ", "drop table "])
def test_a_command_of_any_length_is_read_in_one_pass(words: str) -> None:
    assert acts_of(words * 10_000) == ()
    assert acts_of(f"psql -c 'select 1 {words * 2_000}; DROP TABLE a'") == ("write",)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("$ pytest -q\n41 passed\nexit code: 0\n", [("pytest -q", 0)]),
        ("> jest\n  ✓ should return 404 for a route that is not there\n", [("jest", None)]),
        ("$ ruff check .\nAll checks passed!\n$ mypy src\nFound 2 errors in 1 file (checked 4 source files)\n",
         [("ruff check .", 0), ("mypy src", 1)]),
        ("All checks passed!\n", [("ruff check", 0)]),
        ('{"command": "npm test", "exit_code": 1}', [("npm test", 1)]),
        ("command: npm test\nreturn code: 2\n", [("npm test", 2)]),
        ("user@host:~/app$ npm run build\nProcess exited with code 1\n", [("npm run build", 1)]),
        ("words\nthat say nothing\n", []),
    ],
)  # fmt: skip
def test_commands_in_logs(text: str, wanted: list[tuple[str, int | None]]) -> None:
    assert [(one.command, one.code) for one in in_log("a.log", text, "")] == wanted


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("CI: 41 passed, 0 failed", "green"), ("failed at first, then passed", "green"), ("passed, then failed", "red"),
        ("exit code 1", "red"), ("no failures", "green"), ("n/a, no database", "absent"), ("nothing said", ""),
        ("fails closed when the token is absent", "green"), ("❌ lint", "red"), ("✅", "green"),
    ],
)  # fmt: skip
def test_how_a_line_says_that_something_ended(line: str, state: str) -> None:
    assert ended(line) == state


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("kubectl apply -f k8s/", ("deploy",)), ("kubectl get pods", ()), ("terraform plan", ()),
        ("alembic upgrade head --sql", ()),
        ("alembic upgrade head", ("migrate",)), ("git push --dry-run", ()), ("git push origin x", ("push",)), ("git status", ()),
        ("psql -c 'select 1'", ()), ("psql -c 'DROP TABLE a'", ("write",)), ("npm publish", ("publish",)), ("npm test", ()),
        ("curl -X POST http://localhost:8000/v1/orders", ()), ("git branch --show-current", ()), ("git switch -c x", ("branch",)),
    ],
)  # fmt: skip
def test_what_a_command_does(command: str, kinds: tuple[str, ...]) -> None:
    assert acts_of(command) == kinds
