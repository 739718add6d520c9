"""The verdict: what makes a run ready is a fact that no flag changes, and the exit code says the gravest thing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from checker import gate
from checker.engine import Verdict
from checker.model.finding import Finding
from checker.model.report import Outcome, Report, Subject
from checker.model.rule import Family, Severity
from tests.findings import bound, finding, verdict

PASSED = verdict("passed")


def report(*verdicts: Verdict, baselined: Sequence[Finding] = (), waived: Sequence[Finding] = ()) -> Report:
    rest: dict[str, Any] = {
        "version": "0",
        "subject": Subject(path="."),
        "standards": (),
        "rules_sha256": "",
        "profile": "static",
        "as_of": "2026-11-21T00:00:00Z",
    }
    return gate.report(verdicts=verdicts, waived=waived, baselined=baselined, **rest)


def bad(severity: str, name: str = "rule-b", **words: Any) -> Verdict:
    return verdict("failed", [finding(name, severity=severity)], bound(name, **words))


class TestStatus:
    @pytest.mark.parametrize(
        ("verdicts", "status"),
        [
            ([PASSED], "ready"),
            ([PASSED, bad("minor")], "ready"),
            ([PASSED, bad("info")], "ready"),
            ([bad("minor")], "ready"),
            ([PASSED, bad("major")], "blocked"),
            ([PASSED, bad("critical")], "blocked"),
            ([PASSED, verdict("unavailable")], "blocked"),
            ([PASSED, verdict("error")], "blocked"),
            ([PASSED, verdict("not_applicable")], "ready"),
            ([verdict("waived")], "ready"),
            ([verdict("not_applicable")], "blocked"),
            ([], "blocked"),
        ],
    )
    def test_the_law(self, verdicts: list[Verdict], status: str) -> None:
        assert report(*verdicts).status == status

    def test_known_debt_blocks_like_new_debt(self) -> None:
        assert report(PASSED, baselined=[finding()]).status == "blocked"
        assert report(PASSED, baselined=[finding(severity="minor")]).status == "ready"

    def test_what_was_waived_does_not(self) -> None:
        assert report(PASSED, waived=[finding()]).status == "ready"

    def test_what_guards_the_judgement_is_no_examination_of_the_backend(self) -> None:
        guard = verdict("passed", rule=bound("guard", family=Family.CONFIG, standing=True, clauses=()), examined=3)
        nothing = verdict("not_applicable")
        assert report(guard, nothing).status == "blocked"
        assert gate.exit_code(report(guard, nothing), Severity.MAJOR, False) == 3
        assert report(guard, PASSED).examined == 1

    def test_asked_alone_it_is_what_was_examined(self) -> None:
        guard = verdict("passed", rule=bound("guard", family=Family.CONFIG, standing=True, clauses=()), examined=3)
        assert (report(guard).status, report(guard).examined) == ("ready", 3)


class TestRecommendation:
    @pytest.mark.parametrize(
        ("verdicts", "said"),
        [
            ([PASSED], "accept"),
            ([PASSED, bad("minor", escalates=True)], "accept"),
            ([bad("major")], "rework"),
            ([PASSED, verdict("unavailable")], "rework"),
            ([], "rework"),
            ([bad("major", escalates=True)], "escalate"),
            ([bad("major"), bad("minor", "rule-c", escalates=True)], "rework"),
            ([bad("major"), bad("critical", "rule-c", escalates=True)], "escalate"),
            ([verdict("unavailable", rule=bound("rule-c", escalates=True))], "rework"),
        ],
    )
    def test_it_follows_what_is_open(self, verdicts: list[Verdict], said: str) -> None:
        assert report(*verdicts).recommendation == said

    def test_known_debt_that_asks_for_a_person_asks_still(self) -> None:
        known = [finding("rule-c")]
        assert (
            report(verdict("failed", rule=bound("rule-c", escalates=True)), baselined=known).recommendation
            == "escalate"
        )


class TestScore:
    @pytest.mark.parametrize(
        ("severities", "score"),
        [
            ([], 100),
            (["info"], 100),
            (["minor"], 98),
            (["major"], 92),
            (["critical"], 80),
            (["critical", "major", "minor", "info"], 70),
            (["critical"] * 6, 0),
        ],
    )
    def test_points_are_taken_for_open_findings(self, severities: list[str], score: int) -> None:
        many = [finding(subject=str(n), severity=severity) for n, severity in enumerate(severities)]
        assert report(verdict("failed", many)).score == score

    def test_waived_and_known_findings_cost_nothing(self) -> None:
        assert report(PASSED, waived=[finding()], baselined=[finding()]).score == 100


class TestOrder:
    def test_findings_gravest_first_and_results_by_rule(self) -> None:
        made = report(bad("minor", "rule-c"), bad("critical", "rule-b"), PASSED)
        assert [one.severity.value for one in made.findings] == ["critical", "minor"]
        assert [one.rule for one in made.results] == ["rule-a", "rule-b", "rule-c"]

    def test_it_never_hangs_on_the_order_of_the_verdicts(self) -> None:
        verdicts = [bad("minor", "rule-c"), bad("major", "rule-b"), PASSED, bad("major", "rule-d")]
        assert report(*verdicts) == report(*reversed(verdicts))


ERROR, UNSEEN, MAJOR = verdict("error"), verdict("unavailable", rule=bound("rule-u")), bad("major")


class TestExitCode:
    @pytest.mark.parametrize(
        ("verdicts", "code"),
        [
            ([PASSED], 0),
            ([MAJOR], 1),
            ([PASSED, UNSEEN], 3),
            ([], 3),
            ([verdict("not_applicable")], 3),
            ([ERROR, PASSED], 4),
            ([MAJOR, UNSEEN], 1),
            ([ERROR, MAJOR, UNSEEN], 4),
            ([bad("minor"), UNSEEN], 3),
        ],
    )
    def test_the_gravest_wins(self, verdicts: list[Verdict], code: int) -> None:
        assert gate.exit_code(report(*verdicts), Severity.MAJOR, False) == code

    @pytest.mark.parametrize("severity", list(Severity))
    @pytest.mark.parametrize("least", [*Severity, None])
    def test_fail_on_names_the_least_severity(self, severity: Severity, least: Severity | None) -> None:
        code = gate.exit_code(report(bad(severity.value)), least, False)
        assert code == (1 if least is not None and severity.rank <= least.rank else 0)

    def test_never_still_tells_what_was_not_seen(self) -> None:
        assert gate.exit_code(report(MAJOR, UNSEEN), None, False) == 3
        assert gate.exit_code(report(MAJOR, ERROR), None, False) == 4

    def test_unavailable_may_be_allowed_but_nothing_examined_may_not(self) -> None:
        assert gate.exit_code(report(PASSED, UNSEEN), Severity.MAJOR, True) == 0
        assert gate.exit_code(report(UNSEEN), Severity.MAJOR, True) == 3
        assert gate.exit_code(report(PASSED, UNSEEN, ERROR), Severity.MAJOR, True) == 4

    def test_known_debt_does_not_fail_the_run(self) -> None:
        assert gate.exit_code(report(PASSED, baselined=[finding()]), Severity.INFO, False) == 0

    def test_a_blocked_run_never_exits_0_by_itself(self) -> None:
        for verdicts in ([MAJOR], [UNSEEN, PASSED], [ERROR], [], [bad("critical"), UNSEEN]):
            made = report(*verdicts)
            assert made.status == "blocked"
            assert gate.exit_code(made, Severity.MAJOR, False) != 0

    def test_the_codes_are_the_published_ones(self) -> None:
        codes = (gate.READY, gate.NOT_READY, gate.USAGE, gate.NOT_LOOKED_AT, gate.BROKEN, gate.INTERRUPTED)
        assert codes == (0, 1, 2, 3, 4, 130)


def test_outcomes_are_the_published_ones() -> None:
    assert set(Outcome) == {"passed", "failed", "not_applicable", "unavailable", "error", "waived"}
