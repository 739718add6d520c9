"""From observations to findings: folding, fingerprints, confidence, subsumption and order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest

from checker import engine
from checker.collect.facts import Facts
from checker.engine import Verdict
from checker.model.finding import fingerprint
from checker.model.observation import Observation, Place, Pointer
from checker.model.report import Outcome
from checker.model.rule import Confidence, Family, Severity
from tests.findings import bound
from tests.observed import Fact, bad, good, judged, run, shows, yielding


class TestFindings:
    def test_a_finding_is_made_of_rule_and_observation(self) -> None:
        (finding,) = judged(bad(evidence="seen")).findings
        assert (finding.rule, finding.clauses, finding.category, finding.type) == (
            "rule-a",
            ("2.1",),
            Family.API,
            "evidence",
        )
        assert (finding.title, finding.evidence, finding.recommendation) == ("GET /a is bad", "seen", "R")
        assert (finding.where.path, finding.where.lines, finding.subject) == ("a.yaml", None, "GET /a")

    def test_lines_of_a_place_are_shown_as_they_are(self) -> None:
        verdict = judged(bad(place=Place("a.py", (3, 3))), bad("b", place=Place("a.py", (3, 9))))
        assert [finding.where.lines for finding in verdict.findings] == ["3", "3-9"]

    def test_a_pointer_is_turned_into_lines(self) -> None:
        place = Place("a.yaml", pointer=("paths", "/a"))
        (finding,) = judged(bad(place=place), lines={("a.yaml", ("paths", "/a")): (4, 8)}).findings
        assert finding.where.lines == "4-8"

    def test_a_pointer_without_lines_leaves_them_out(self) -> None:
        (finding,) = judged(bad(place=Place("a.yaml", pointer=("x",)))).findings
        assert finding.where.model_dump() == {"path": "a.yaml"}

    def test_only_pointers_of_findings_are_looked_up(self) -> None:
        asked: list[Mapping[str, Sequence[Pointer]]] = []

        def locate(wanted: Mapping[str, Sequence[Pointer]]) -> dict[tuple[str, Pointer], tuple[int, int]]:
            asked.append(wanted)
            return {}

        fine = Observation("ok", ok=True, place=Place("a.yaml", pointer=("fine",)))
        wrong = bad(
            place=Place("a.yaml", pointer=("bad",)), also=(Place("b.yaml", pointer=("also",)), Place("c.py", (1, 1)))
        )
        engine.run([bound()], {"rule-a": shows}, Facts({}, {Fact: Fact((fine, wrong, wrong))}), locate, contain=False)
        assert asked == [{"a.yaml": [("bad",)], "b.yaml": [("also",)]}]

    def test_text_of_the_repo_never_breaks_the_engine(self) -> None:
        odd = "\ud800 \udcff \x00 \u202e"
        (finding,) = judged(bad(odd, path=odd, evidence=odd)).findings
        assert len(finding.fingerprint) == 16


class TestFolding:
    def test_one_cause_is_one_finding(self) -> None:
        component = Place("a.yaml", pointer=("components",))
        seen = [bad(f"GET /{n}", place=component, cause="#/Error", also=(Place("a.yaml", (n, n)),)) for n in (1, 2, 3)]
        verdict = judged(*seen, good())
        (finding,) = verdict.findings
        assert verdict.examined == 4
        assert finding.title == "GET /1 is bad (and 2 more like it)"
        assert finding.subject == "#/Error"
        assert [place.lines for place in finding.also] == ["1", "2", "3"]

    def test_places_are_named_once(self) -> None:
        again = Place("b.yaml", (2, 2))
        (finding,) = judged(bad(cause="c", also=(again,)), bad("b", cause="c", also=(again, Place("a.yaml")))).findings
        assert (finding.where.path, [place.path for place in finding.also]) == ("a.yaml", ["b.yaml"])

    def test_the_same_cause_in_two_files_is_two_defects(self) -> None:
        verdict = judged(bad(path="v1.yaml", cause="#/Error"), bad(path="v2.yaml", cause="#/Error"))
        assert [finding.where.path for finding in verdict.findings] == ["v1.yaml", "v2.yaml"]
        assert len({finding.fingerprint for finding in verdict.findings}) == 2

    def test_without_a_cause_nothing_folds(self) -> None:
        assert len(judged(bad(), bad()).findings) == 2

    def test_a_cause_that_reads_like_a_position_does_not_fold_others(self) -> None:
        assert len(judged(bad("x"), bad("y", cause="0")).findings) == 2

    def test_a_good_observation_with_the_cause_is_not_named(self) -> None:
        fine = Observation("GET /fine", ok=True, place=Place("fine.yaml"), cause="c")
        (finding,) = judged(fine, bad(cause="c")).findings
        assert finding.also == ()

    def test_the_surest_observation_decides(self) -> None:
        (finding,) = judged(bad(cause="c", confidence=Confidence.LOW), bad("b", cause="c")).findings
        assert (finding.confidence, finding.severity) == (Confidence.HIGH, Severity.CRITICAL)


class TestFingerprint:
    def test_it_is_made_of_rule_path_subject_and_ordinal(self) -> None:
        (finding,) = judged(bad()).findings
        assert finding.fingerprint == fingerprint("rule-a", "a.yaml", "GET /a", 0)
        parts = [("a", "b", "c", 0), ("a", "b", "c", 1), ("a", "bc", "", 0), ("ab", "", "c", 0)]
        assert len({fingerprint(*words) for words in parts}) == 4

    def test_it_stays_when_all_else_changes(self) -> None:
        plain = judged(bad()).findings[0].fingerprint
        moved = bad(place=Place("a.yaml", (7, 9)), message="other words", evidence="other", confidence=Confidence.LOW)
        graver = bound(clauses=("3.3",), severity=Severity.INFO, recommendation="other", title="other")
        assert judged(good(), moved, rule=graver).findings[0].fingerprint == plain

    def test_equals_are_numbered_apart(self) -> None:
        marks = [finding.fingerprint for finding in judged(bad(), bad("b"), bad(), bad(path="c")).findings]
        assert marks[0] == fingerprint("rule-a", "a.yaml", "GET /a", 0)
        assert marks[2] == fingerprint("rule-a", "a.yaml", "GET /a", 1)
        assert marks[3] == fingerprint("rule-a", "c", "GET /a", 0)
        assert len(set(marks)) == 4

    def test_a_cause_that_reads_like_a_subject_is_numbered_too(self) -> None:
        marks = {finding.fingerprint for finding in judged(bad("x"), bad("y", cause="x")).findings}
        assert len(marks) == 2

    def test_it_does_not_hang_on_the_order_of_unequal_subjects(self) -> None:
        seen = [bad(f"GET /{n}", place=Place("a.yaml", (n, n))) for n in range(1, 6)]
        assert {one.fingerprint for one in judged(*seen).findings} == {
            one.fingerprint for one in judged(*reversed(seen)).findings
        }


class TestConfidence:
    @pytest.mark.parametrize(
        ("rule", "observation", "confidence", "severity"),
        [
            ("high", None, "high", "critical"),
            ("high", "medium", "medium", "minor"),
            ("high", "low", "low", "info"),
            ("medium", None, "medium", "minor"),
            ("medium", "high", "medium", "minor"),
            ("medium", "low", "low", "info"),
            ("low", "high", "low", "info"),
        ],
    )
    def test_it_may_only_fall_and_caps_severity(
        self, rule: str, observation: str | None, confidence: str, severity: str
    ) -> None:
        own = Confidence(observation) if observation else None
        (finding,) = judged(bad(confidence=own), rule=bound(confidence=Confidence(rule))).findings
        assert (finding.confidence.value, finding.severity.value) == (confidence, severity)

    def test_a_cap_never_raises(self) -> None:
        (finding,) = judged(bad(confidence=Confidence.MEDIUM), rule=bound(severity=Severity.INFO)).findings
        assert finding.severity == Severity.INFO


def two(larger: Sequence[Observation], smaller: Sequence[Observation], **words: Any) -> tuple[Verdict, Verdict]:
    """Rule a subsumes rule b."""
    rule_a = bound("rule-a", subsumes=("rule-b",), severity=Severity.MINOR, clauses=("2.10",))
    rule_b = bound("rule-b", severity=words.pop("severity", Severity.MAJOR), clauses=("2.9", "2.10"))

    def check_a() -> Iterator[Observation]:
        yield from larger

    def check_b() -> Iterator[Observation]:
        yield from smaller

    first, second = run([(rule_a, check_a), (rule_b, check_b)], contain=False)
    return first, second


class TestSubsumption:
    def test_the_smaller_finding_moves_into_the_larger(self) -> None:
        larger, smaller = two(
            [bad(place=Place("a.yaml", (1, 1)))], [bad(place=Place("a.yaml", (5, 6)), also=(Place("z", (1, 1)),))]
        )
        (finding,) = larger.findings
        assert (finding.severity, finding.clauses) == (Severity.MAJOR, ("2.9", "2.10"))
        assert [(place.path, place.lines) for place in finding.also] == [("a.yaml", "5-6"), ("z", "1")]
        assert (smaller.findings, smaller.outcome, smaller.reason) == ((), Outcome.FAILED, "1 shown under rule-a")

    def test_the_fingerprint_is_the_larger_ones(self) -> None:
        larger, _ = two([bad()], [bad()])
        assert larger.findings[0].fingerprint == fingerprint("rule-a", "a.yaml", "GET /a", 0)

    def test_the_place_itself_is_not_repeated(self) -> None:
        larger, _ = two([bad()], [bad()])
        assert larger.findings[0].also == ()

    def test_another_subject_or_path_stays(self) -> None:
        larger, smaller = two([bad()], [bad("GET /b"), bad(path="b.yaml"), bad()])
        assert [finding.subject for finding in smaller.findings] == ["GET /b", "GET /a"]
        assert (len(larger.findings), smaller.reason) == (1, "1 shown under rule-a")

    def test_no_finding_of_the_larger_is_lost(self) -> None:
        larger, smaller = two([bad(), bad(), bad("GET /c")], [bad()])
        assert len(larger.findings) == 3
        assert (larger.findings[0].severity, larger.findings[1].severity) == (Severity.MAJOR, Severity.MINOR)
        assert smaller.findings == ()

    def test_severity_and_confidence_stay_true_to_each_other(self) -> None:
        larger, _ = two([bad(confidence=Confidence.LOW)], [bad()])
        assert (larger.findings[0].severity, larger.findings[0].confidence) == (Severity.MAJOR, Confidence.HIGH)

    def test_a_lesser_one_changes_no_severity(self) -> None:
        larger, _ = two([bad()], [bad()], severity=Severity.INFO)
        assert larger.findings[0].severity == Severity.MINOR

    def test_good_observations_swallow_nothing(self) -> None:
        _, smaller = two([good("GET /a")], [bad()])
        assert (len(smaller.findings), smaller.reason) == (1, "")

    def test_a_rule_that_is_not_asked_swallows_nothing(self) -> None:
        one = bound("rule-a", subsumes=("rule-z",))
        assert len(judged(bad(), rule=one).findings) == 1

    def test_two_rules_may_swallow_from_one(self) -> None:
        rules = [bound("rule-a", subsumes=("rule-c",)), bound("rule-b", subsumes=("rule-c",)), bound("rule-c")]
        seen = {"rule-a": (bad("x"),), "rule-b": (bad("y"),), "rule-c": (bad("x"), bad("y"), bad("z"))}
        checks = {name: yielding(observations) for name, observations in seen.items()}
        _, _, third = engine.run(rules, checks, Facts({}, {}), lambda _: {}, contain=False)
        assert [finding.subject for finding in third.findings] == ["z"]
        assert third.reason == "1 shown under rule-a; 1 shown under rule-b"


def test_findings_are_ordered_by_gravity_then_place() -> None:
    verdict = judged(
        bad("d", path="b", confidence=Confidence.LOW),
        bad("c", place=Place("b", (10, 10))),
        bad("b", place=Place("b", (9, 9))),
        bad("a", path="a", confidence=Confidence.MEDIUM),
    )
    assert [finding.subject for finding in sorted(verdict.findings, key=lambda one: one.order)] == ["b", "c", "a", "d"]
