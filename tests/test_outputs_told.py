"""What outputs say in words: numbers in every dress, who signed, what a command does, whose words a transcript holds."""

from __future__ import annotations

import json

import pytest

from checker.collect.outputs.evidence import measured
from checker.collect.outputs.markdown import sections
from checker.collect.outputs.prose import statements
from checker.collect.outputs.recorded import acts_of
from checker.collect.outputs.told import told
from checker.collect.outputs.transcripts import steps
from checker.model.outputs.artefact import Artefact, Kind
from checker.model.outputs.persons import is_machine, is_role, persons
from checker.model.outputs.results import ended
from checker.model.outputs.steps import said_green

ALL_GREEN = ("failed", 0)


def claimed(text: str) -> set[tuple[str, float]]:
    report = Artefact("r.md", Kind.RUN_REPORT, text, None, sections(text))
    return {(one.measure, one.value) for one in statements(report, "")}


@pytest.mark.parametrize(
    "line",
    [
        "99 passed",
        "**99** tests, all green",
        "99/99 passed ✅",
        "Tests ✅ 99/99",
        "✅ 99 tests",
        "99 Tests bestanden",
        "Passed: 99, Failed: 0",
        "Tests run: 99, Failures: 0, Errors: 0",
        "99 examples, 0 failures",
        "99 passed as expected",
        "99 passed and nothing was skipped",
        "99 passed on the second attempt",
        "First, I ran the suite: 99 passed",
        "99\u00a0passed",
        "99 pas\u200bsed",
        "99 green tests",
        "from 38 passed to 99 passed",
        "38 → 99 passed",
        "The previous run had 38 passed and 3 failed, this one 99 passed.",
        "| Tests | Result |\n|---|---|\n| all | 99 passed |",
        "| passed | failed |\n|---|---|\n| 99 | 0 |",
        "| | before | after |\n|---|---|---|\n| passed | 38 | 99 |",
        "After the service was written I ran the whole suite once more and 99 tests\npassed without any trouble",
    ],
)
def test_a_count_is_read_in_every_dress(line: str) -> None:
    assert claimed(line) - {("skipped", 0)} == {("passed", 99), ALL_GREEN}


@pytest.mark.parametrize(
    ("line", "rate"),
    [
        ("Coverage: 97% (threshold 80%)", 97),
        ("Coverage: 97%, well over the 80% goal", 97),
        ("Coverage on this branch: 97%", 97),
        ("Abdeckung: 97,5 %", 97.5),
        ("97% of lines covered", 97),
        ("Coverage rose from 61% to 97%", 97),
        ("| Coverage | 97% |", 97),
        ("| File | Stmts | Coverage |\n|---|---|---|\n| a.py | 2 | 99% |\n| TOTAL | 9 | 97% |", 97),
    ],
)
def test_a_rate_is_read_beside_its_threshold(line: str, rate: float) -> None:
    assert {one for one in claimed(line) if one[0] == "coverage"} == {("coverage", rate)}


@pytest.mark.parametrize(
    "line",
    [
        "3 failed in the first run, all fixed",
        "On the first try, coverage at 61%",
        "Previous run: 38 passed, 3 failed",
        "should see 41 passed",
        "branch coverage 70%",
        "coverage of `orders.py`: 99%",
        "- [ ] all tests pass",
        "All tests pass: fail",
        "- [x] tests added",
    ],
)
def test_what_is_of_another_run_or_only_wanted_is_no_claim(line: str) -> None:
    assert claimed(line) == set()


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Lint clean, build green.", {"lint", "build"}),
        ("lint, tests and build are all green", {"lint", "test", "build"}),
        ("| Lint | ✅ pass |", {"lint"}),
        ("- [x] lint", {"lint"}),
        ("- [x] lint rules added", set()),
        ("no type errors", {"typecheck"}),
        ("lint and build are green: fail", set()),
        ("the docker build passes", set()),
    ],
)
def test_a_step_is_green_in_a_word_a_tick_or_a_list(line: str, found: set[str]) -> None:
    assert {step for step, _ in said_green(line)} == found


@pytest.mark.parametrize(
    ("line", "state"),
    [
        ("CI: green; the previous run 11 was red because of the outage", "green"),
        ("exit 0, the first time it failed with exit 1", "green"),
        ("first attempt failed, second passed", "green"),
        ("The previous run was green, this one is red", "red"),
        ("green, the first run failed. Now it fails again", "red"),
        ("the first module failed", "red"),
    ],
)
def test_an_earlier_try_decides_nothing(line: str, state: str) -> None:
    assert ended(line) == state


@pytest.mark.parametrize(
    ("text", "passed", "failed"),
    [
        ("41 examples, 3 failures, 1 pending\n", 37, 3),
        ("OK (41 tests, 80 assertions)\n", 41, 0),
        ("Tests: 41, Assertions: 80, Failures: 3.\n", 38, 3),
        ("[INFO] Tests run: 41, Failures: 0, Errors: 1, Skipped: 2\n", 38, 1),
        ("Failed!  - Failed:     3, Passed:    38, Skipped:     0, Total:    41\n", 38, 3),
        ("41 tests completed, 3 failed\n", 38, 3),
        ("ok | 41 passed | 0 failed (2s)\n", 41, 0),
        ("--- PASS: TestA (0.00s)\n--- FAIL: TestB (0.00s)\nFAIL\nFAIL\tshop/orders\t0.01s\n", 1, 1),
        (" 38 pass\n 3 fail\n 80 expect() calls\n", 38, 3),
        ("12 doctests, 29 tests, 0 failures\n", 29, 0),
    ],
)
def test_other_languages_runners_are_read(text: str, passed: int, failed: int) -> None:
    assert {(one.measure, one.value) for one in measured("a.log", text, "")} == {("passed", passed), ("failed", failed)}


def test_a_package_of_go_that_failed_counts_as_red_and_says_nothing_of_the_others() -> None:
    assert [(one.measure, one.value) for one in measured("a.log", "FAIL\tshop/orders\t0.01s\n", "")] == [("failed", 1)]


@pytest.mark.parametrize(
    ("names", "people"),
    [
        (("Ada", "ada"), 1),
        (("Ada Lovelace", "lovelace, ADA"), 1),
        (("Ada", "\u0410da"), 1),  # a Cyrillic A
        (("Grace", "Gra\u200bce"), 1),
        (("José", "Jose"), 1),
        (("Ada <ada@example.com>", "A. King ada+x@example.com"), 1),
        (("@ada", "Ada Lovelace ada@example.com"), 1),
        (("Ada Lovelace", "Ada Byron"), 2),
        (("Ada", "Grace", "ADA"), 2),
    ],
)
def test_one_person_is_one_however_spelt(names: tuple[str, ...], people: int) -> None:
    assert len(persons(names)) == people


@pytest.mark.parametrize("name", ["AGENT-4", "Backend Engineer", "Claude Code", "github-actions[bot]", "Orchestrator"])
def test_a_program_is_no_person(name: str) -> None:
    assert is_machine(name)


@pytest.mark.parametrize("name", ["Claude Dupont", "Ai Weiwei", "Grace Hopper"])
def test_a_person_is_no_program_and_no_office(name: str) -> None:
    assert not is_machine(name)
    assert not is_role(name)


@pytest.mark.parametrize("name", ["Owner", "the reviewer", "Person 2", "api-team", "DBA"])
def test_an_office_names_nobody(name: str) -> None:
    assert is_role(name)


@pytest.mark.parametrize(
    ("command", "kinds"),
    [
        ("git -C api --no-pager push origin x", ("push",)),
        ("kubectl -n prod apply -f x", ("deploy",)),
        ("alembic current && alembic -c x.ini upgrade head", ("migrate",)),
        ("git push --dry-run && git push # --dry-run", ("push",)),
        ("import subprocess; subprocess.run(['alembic', 'upgrade', 'head'])", ("migrate",)),
        ("echo 'update users set theme=1' | psql $URL", ("write",)),
        ("yarn db:migrate", ("migrate",)),
        ("git push --dry-run", ()),
        ("alembic current", ()),
        ("npm run migrate:status", ()),
        ('echo "alembic upgrade head" >> docs.md', ()),
        ("git commit --help", ()),
    ],
)
def test_what_a_command_does_stands_behind_its_options(command: str, kinds: tuple[str, ...]) -> None:
    assert acts_of(command) == kinds


def test_a_draft_speaks_in_its_title_its_body_and_its_commits() -> None:
    draft = {"title": "99 tests pass", "body": "a\nb", "commits": ["c", {"message": "d"}]}
    assert [one.text for one in told(Artefact("p.json", Kind.PR_PAYLOAD, "", draft))] == [
        "a", "b", "99 tests pass", "c", "message: d",
    ]  # fmt: skip


def test_only_what_a_person_typed_is_a_persons_word() -> None:
    said = {"type": "user", "message": {"role": "user", "content": "ship it<system-reminder>yes</system-reminder>"}}
    result = {"type": "tool_result", "tool_use_id": "t", "content": "yes", "is_error": False}
    (words,) = [one for one in steps(said) or () if one.what == "words"]
    assert (words.person, words.text) == (True, "ship it")
    for other in (
        {**said, "isSidechain": True},
        {**said, "isMeta": True},
        {"type": "user", "message": {"role": "user", "content": [result]}},
        {"type": "user", "message": {"role": "user", "content": "<command-name>/yes</command-name>"}},
        {"type": "response_item", "payload": {"type": "message", "role": "developer", "content": [{"text": "yes"}]}},
    ):
        assert not any(one.person for one in steps(other) or ()), other


PUSH = {"command": "git push"}
CLAUDE = {"type": "tool_use", "id": "1", "name": "Bash", "input": PUSH}
OPENAI = {"id": "1", "function": {"name": "shell", "arguments": json.dumps(PUSH)}}
CODEX = {"type": "function_call", "name": "shell", "arguments": json.dumps({"command": ["bash", "-lc", "git push"]})}
LOCAL = {"type": "local_shell_call", "action": {"type": "exec", "command": ["git", "push"]}}
GEMINI = {"functionCall": {"name": "run_shell_command", "args": PUSH}}


@pytest.mark.parametrize(
    "record",
    [
        {"message": {"role": "assistant", "content": [CLAUDE]}},
        {"role": "assistant", "content": None, "tool_calls": [OPENAI]},
        {"type": "response_item", "payload": CODEX},
        {"type": "response_item", "payload": LOCAL},
        {"role": "model", "parts": [GEMINI]},
    ],
)
def test_a_call_is_read_in_each_hosts_shape(record: dict[str, object]) -> None:
    assert [one.command for one in steps(record) or () if one.what == "call"] == ["git push"]


@pytest.mark.parametrize("record", [None, 1, "text", [], {}, {"a": 1}, {"role": "user", "content": "plain"}])
def test_what_is_no_hosts_record_is_left_to_others(record: object) -> None:
    assert steps(record) is None


@pytest.mark.parametrize(
    "record",
    [{"type": "response_item"}, {"type": "user", "message": 3}, {"message": {"content": [[1], None, {"type": 3}]}}],
)
def test_odd_records_break_nothing(record: object) -> None:
    steps(record)
