"""The words of a verdict: what makes a run ready or blocked, and what it was not asked."""

from __future__ import annotations

from typing import Any

import pytest

from checker.model.report import NotAsked, Outcome, Report, Result
from checker.model.rule import PROFILES, Severity
from checker.render import RENDERERS, verdict
from checker.render.text import render_text
from tests.sample_report import empty, finding, ready, sample


def made(**changed: Any) -> Report:
    return ready().model_copy(update={"not_asked": (), **changed})


def not_asked(*reasons: str) -> tuple[NotAsked, ...]:
    waits = {f"needs --profile {name}": name for name in PROFILES}
    return tuple(
        NotAsked(rule=f"rule-{position}", profile=waits.get(reason), reason=reason)
        for position, reason in enumerate(reasons)
    )


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ((), "READY (static)"),
        (("needs --profile gate",), "READY (static; 1 rule not asked, add --profile gate)"),
        (("needs --profile gate",) * 14, "READY (static; 14 rules not asked, add --profile gate)"),
        (("needs --profile agent",), "READY (static; 1 rule not asked, add --profile agent)"),
        (("needs --profile agent", "needs --profile gate"), "READY (static; 2 rules not asked, add --profile gate)"),
        (("needs --profile nightly", "needs --profile gate"), "READY (static; 2 rules not asked, add --profile gate)"),
        (("needs --profile nightly",), "READY (static; 1 rule not asked, add --profile nightly)"),
        (("not named by --only", "--skip api"), "READY (static; 2 rules not asked)"),
        (
            ("--skip api", "needs --profile gate", "needs --profile gate"),
            "READY (static; 3 rules not asked, add --profile gate for 2 of them)",
        ),
    ],
)
def test_sentence_says_what_was_not_asked(reasons: tuple[str, ...], said: str) -> None:
    assert verdict.sentence(made(not_asked=not_asked(*reasons))) == said


def test_sentence_of_the_sample() -> None:
    assert verdict.sentence(sample()) == (
        "BLOCKED (static; 2 rules not asked, add --profile gate): "
        "1 critical, 3 major, 1 minor, 1 info, 1 unavailable, 1 error"
    )
    assert verdict.reasons(sample()) == (
        "1 critical and 3 major findings are open",
        "1 rule could not be looked at: migration-rollback",
        "1 rule broke the checker itself: schema-drift",
    )


def test_ready_run_says_its_minor_findings_and_gives_no_reason() -> None:
    report = made(findings=(finding("naming", "a.py", severity=Severity.MINOR),))
    assert verdict.sentence(report) == "READY (static): 1 minor"
    assert verdict.reasons(report) == ()


def test_run_that_examined_nothing_says_so() -> None:
    assert verdict.sentence(empty()) == "BLOCKED (gate): nothing was examined"
    assert verdict.reasons(empty()) == ("nothing was examined",)
    assert verdict.tally(empty()) == "0 rules; 0 subjects examined"


def test_baselined_findings_are_a_reason_for_a_blocked_run() -> None:
    report = made(status="blocked", baselined=(finding("pagination", "a.yaml"),))
    assert verdict.sentence(report) == "BLOCKED (static): 1 major in the baseline"
    assert verdict.reasons(report) == ("1 major finding is in the baseline, which changes the exit code only",)


def test_report_that_calls_itself_ready_against_its_content_is_not_believed() -> None:
    for changed in (
        {"findings": (finding("pagination", "a.yaml"),)},
        {"results": (*ready().results, Result(rule="x", outcome=Outcome.UNAVAILABLE, reason="no git"))},
        {"results": ()},
    ):
        report = made(**changed)
        assert verdict.is_blocked(report)
        assert verdict.sentence(report).startswith("BLOCKED (static): ")
        assert verdict.reasons(report)[-1].startswith("the report calls itself ready all the same")


def test_blocked_report_without_a_visible_reason_stays_blocked() -> None:
    assert verdict.sentence(made(status="blocked")) == "BLOCKED (static)"
    assert verdict.reasons(made(status="blocked")) == ("the report says blocked and holds nothing that shows why",)


def test_reason_names_five_rules_and_counts_the_rest() -> None:
    results = tuple(Result(rule=f"rule-{one}", outcome=Outcome.UNAVAILABLE, reason="no tool") for one in range(7))
    reasons = verdict.reasons(made(status="blocked", results=(*ready().results, *results)))
    assert reasons == ("7 rules could not be looked at: rule-0, rule-1, rule-2, rule-3, rule-4 and 2 more",)


def test_tally_counts_every_outcome() -> None:
    assert verdict.tally(sample()) == (
        "11 rules: 1 passed, 6 failed, 1 not applicable, 1 unavailable, 1 error, 1 waived; 530 subjects examined"
    )


def test_a_baseline_that_sets_nothing_apart_stands_beside_the_verdict() -> None:
    note = "baseline: b.json is not in the base revision, nothing is set apart; merge it there first"
    blocked = sample().model_copy(update={"notes": (note,)})
    assert verdict.reasons(blocked) == (*verdict.reasons(sample()), note)
    assert verdict.reasons(ready().model_copy(update={"notes": (note,)})) == ()


@pytest.mark.parametrize("fmt", ["text", "markdown", "summary"])
def test_what_examined_nothing_has_no_score(fmt: str) -> None:
    nothing = RENDERERS[fmt](empty()).decode()
    assert "no score" in nothing
    assert "of 100" not in nothing
    assert "of 100" in RENDERERS[fmt](ready()).decode()
    assert "<dt>Score</dt><dd>none: nothing was examined</dd>" in RENDERERS["html"](empty()).decode()


def test_rules_that_share_a_reason_share_a_line() -> None:
    results = tuple(
        Result(rule=f"rule-{number}", outcome=Outcome.UNAVAILABLE, reason="nothing to run" if number else "other")
        for number in range(7)
    )
    report = ready().model_copy(update={"status": "blocked", "results": results})
    lines = RENDERERS["text"](report).decode().splitlines()
    assert [line for line in lines if line.startswith("unavailable ")] == [
        "unavailable rule-0: other",
        "unavailable 6 rules (rule-1, rule-2, rule-3, rule-4 and 2 more): nothing to run",
    ]
    assert "rule-6): nothing to run" in render_text(report, colour=False, verbose=1)
