"""The engine: facts in, results out; one defect is one finding, and nothing examined is never a pass."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from checker import engine
from checker.collect.facts import Facts
from checker.engine import Verdict
from checker.model.base import Frozen
from checker.model.finding import fingerprint
from checker.model.observation import Check, Observation, Place, Pointer
from checker.model.report import Outcome
from checker.model.rule import BoundRule, Confidence, Family, Page, Rule, Severity
from checker.model.unavailable import NotApplicable, Unavailable

PAGE = Page.model_validate(dict.fromkeys(("what", "why", "pass", "fail", "mend", "false_positives"), "x"))


@dataclass(frozen=True)
class Fact:
    """What checks ask for here: the observations that they shall make."""

    seen: tuple[Observation, ...]


@dataclass(frozen=True)
class Other:
    """A fact that is never there."""


def bound(name: str = "rule-a", **words: Any) -> BoundRule:
    clauses, severity = words.pop("clauses", ("2.1",)), words.pop("severity", Severity.CRITICAL)
    params = words.pop("params", {})
    whole = {
        "id": name,
        "title": "T",
        "family": Family.API,
        "confidence": Confidence.HIGH,
        "recommendation": "R",
        "page": PAGE,
    }
    return BoundRule(
        rule=Rule(severity=severity, **{**whole, **words}), severity=severity, clauses=clauses, params=params
    )


def shows(fact: Fact) -> Iterator[Observation]:
    yield from fact.seen


def judged(
    *seen: Observation, rule: BoundRule | None = None, lines: Mapping[Any, tuple[int, int]] | None = None
) -> Verdict:
    """The verdict of one rule over the observations."""
    one = rule or bound()
    (verdict,) = engine.run([one], {one.id: shows}, Facts({}, {Fact: Fact(seen)}), lambda _: lines or {}, contain=False)
    return verdict


def bad(subject: str = "GET /a", path: str = "a.yaml", **words: Any) -> Observation:
    return Observation(
        subject, ok=False, place=words.pop("place", Place(path)), **{"message": f"{subject} is bad", **words}
    )


def good(subject: str = "GET /ok") -> Observation:
    return Observation(subject, ok=True, place=Place("a.yaml"))


def run(pairs: Sequence[tuple[BoundRule, Check]], facts: Facts | None = None, **words: Any) -> tuple[Verdict, ...]:
    checks = {rule.id: check for rule, check in pairs}
    return engine.run([rule for rule, _ in pairs], checks, facts or Facts({}, {}), lambda _: {}, **words)


class TestOutcomes:
    def test_all_good_is_passed_with_the_number_of_subjects(self) -> None:
        verdict = judged(good("a"), good("b"))
        assert (verdict.outcome, verdict.examined, verdict.findings) == (Outcome.PASSED, 2, ())

    def test_one_bad_is_failed_and_the_good_ones_are_counted(self) -> None:
        verdict = judged(good(), bad(), good("c"))
        assert (verdict.outcome, verdict.examined, len(verdict.findings)) == (Outcome.FAILED, 3, 1)

    def test_nothing_examined_is_not_a_pass(self) -> None:
        verdict = judged()
        assert (verdict.outcome, verdict.examined, verdict.reason) == (Outcome.NOT_APPLICABLE, 0, "nothing to examine")

    def test_a_missing_fact_is_unavailable_with_its_reason(self) -> None:
        facts = Facts({}, {Fact: Unavailable("no look")})
        (verdict,) = run([(bound(), shows)], facts, contain=False)
        assert (verdict.outcome, verdict.reason, verdict.examined) == (Outcome.UNAVAILABLE, "no look", 0)

    def test_a_fact_that_is_not_of_this_repo_is_not_applicable(self) -> None:
        (verdict,) = run([(bound(), shows)], Facts({}, {Fact: NotApplicable("no API")}), contain=False)
        assert (verdict.outcome, verdict.reason) == (Outcome.NOT_APPLICABLE, "no API")

    def test_observations_made_before_the_fact_went_missing_do_not_count(self) -> None:
        def half(fact: Fact) -> Iterator[Observation]:
            yield from fact.seen
            raise Unavailable("the rest cannot be seen")

        (verdict,) = run([(bound(), half)], Facts({}, {Fact: Fact((good(), good()))}))
        assert (verdict.outcome, verdict.examined) == (Outcome.UNAVAILABLE, 0)

    def test_the_result_names_rule_clauses_and_family(self) -> None:
        result = judged(good(), rule=bound(clauses=("2.1", "3.4"))).result
        assert (result.rule, result.clauses, result.category) == ("rule-a", ("2.1", "3.4"), Family.API)


class TestContainment:
    def test_a_crash_is_an_error_and_takes_nobody_down(self) -> None:
        def broken(fact: Fact) -> Iterator[Observation]:
            yield good()
            raise ZeroDivisionError("first line\nsecond line")

        facts = Facts({}, {Fact: Fact((good(),))})
        first, second = run([(bound("rule-a"), broken), (bound("rule-b"), shows)], facts)
        assert (first.outcome, first.examined, first.reason) == (Outcome.ERROR, 0, "ZeroDivisionError: first line")
        assert "second line" in first.trace
        assert "Traceback" in first.trace
        assert second.outcome == Outcome.PASSED

    def test_a_crash_before_the_first_observation_is_the_same(self) -> None:
        def no_generator(fact: Fact) -> Iterator[Observation]:
            raise RecursionError

        (verdict,) = run([(bound(), no_generator)], Facts({}, {Fact: Fact(())}))
        assert verdict.outcome == Outcome.ERROR

    def test_a_collector_that_crashes_is_an_error_of_the_rules_that_ask(self) -> None:
        def collect() -> Fact:
            raise KeyError("x")

        facts = Facts({Fact: collect}, {})
        first, second = run([(bound("rule-a"), shows), (bound("rule-b"), shows)], facts)
        assert (first.outcome, second.outcome) == (Outcome.ERROR, Outcome.ERROR)

    def test_tests_turn_it_off(self) -> None:
        def broken(fact: Fact) -> Iterator[Observation]:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            run([(bound(), broken)], Facts({}, {Fact: Fact(())}), contain=False)

    def test_an_observation_that_cannot_be_shown_is_an_error_too(self) -> None:
        facts = Facts({}, {Fact: Fact((bad(place=Place("a", (0, 0))),))})
        first, second = run([(bound("rule-a"), shows), (bound("rule-b"), _yielding([good()]))], facts)
        assert (first.outcome, first.findings, second.outcome) == (Outcome.ERROR, (), Outcome.PASSED)

    @pytest.mark.parametrize("wrong", [KeyboardInterrupt, SystemExit])
    def test_an_interruption_is_nobodys_error(self, wrong: type[BaseException]) -> None:
        def interrupted(fact: Fact) -> Iterator[Observation]:
            raise wrong

        with pytest.raises(wrong):
            run([(bound(), interrupted)], Facts({}, {Fact: Fact(())}))


class TestFacts:
    def test_a_fact_is_collected_once(self) -> None:
        calls = []

        def collect() -> Fact:
            calls.append(1)
            return Fact((good(),))

        run([(bound("rule-a"), shows), (bound("rule-b"), shows)], Facts({Fact: collect}, {}), contain=False)
        assert calls == [1]

    @pytest.mark.parametrize("missing", [Unavailable("u"), NotApplicable("n")])
    def test_a_miss_is_remembered(self, missing: Exception) -> None:
        calls = []

        def collect() -> Fact:
            calls.append(1)
            raise missing

        facts = Facts({Fact: collect}, {})
        verdicts = run([(bound("rule-a"), shows), (bound("rule-b"), shows)], facts, contain=False)
        assert calls == [1]
        assert len({(verdict.outcome, verdict.reason) for verdict in verdicts}) == 1

    def test_collectors_are_given_facts_too_and_degrade_alike(self) -> None:
        def collect(other: Other | Unavailable) -> Fact:
            return Fact((bad(evidence=str(other)),))

        def never() -> Other:
            raise Unavailable("gone")

        (verdict,) = run([(bound(), shows)], Facts({Fact: collect, Other: never}, {}), contain=False)
        assert verdict.findings[0].evidence == "gone"

    def test_a_plain_fact_of_a_collector_makes_its_fact_unavailable(self) -> None:
        def collect(other: Other) -> Fact:
            return Fact(())

        (verdict,) = run([(bound(), shows)], Facts({Fact: collect}, {Other: Unavailable("gone")}), contain=False)
        assert (verdict.outcome, verdict.reason) == (Outcome.UNAVAILABLE, "gone")

    def test_a_check_that_names_the_miss_degrades(self) -> None:
        def lenient(fact: Fact, other: Other | Unavailable) -> Iterator[Observation]:
            yield Observation("x", ok=isinstance(other, Unavailable), place=Place("."))

        (verdict,) = run([(bound(), lenient)], Facts({}, {Fact: Fact(()), Other: Unavailable("u")}), contain=False)
        assert verdict.outcome == Outcome.PASSED

    def test_only_the_named_miss_is_taken(self) -> None:
        def lenient(other: Other | Unavailable) -> Iterator[Observation]:
            yield good()

        (verdict,) = run([(bound(), lenient)], Facts({}, {Other: NotApplicable("n")}), contain=False)
        assert verdict.outcome == Outcome.NOT_APPLICABLE

    def test_later_facts_do_not_reach_back(self) -> None:
        facts = Facts({}, {Fact: Fact(())})
        more = facts.given({Other: Other()})
        assert more.get(Other) == Other()
        with pytest.raises(KeyError):
            facts.get(Other)

    def test_params_reach_the_check_as_their_model(self) -> None:
        class Params(Frozen):
            most: int = 3

        def limited(fact: Fact, params: Params) -> Iterator[Observation]:
            yield Observation("x", ok=False, place=Place("."), message=f"most {params.most}")

        limited.__annotations__["params"] = Params
        (verdict,) = run([(bound(params={"most": 7}), limited)], Facts({}, {Fact: Fact(())}), contain=False)
        assert verdict.findings[0].title == "most 7"

    def test_what_a_check_needs_is_known_without_running_it(self) -> None:
        assert engine.needs(shows, Fact)
        assert not engine.needs(shows, Other)


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
        checks = {name: _yielding(observations) for name, observations in seen.items()}
        _, _, third = engine.run(rules, checks, Facts({}, {}), lambda _: {}, contain=False)
        assert [finding.subject for finding in third.findings] == ["z"]
        assert third.reason == "1 shown under rule-a; 1 shown under rule-b"


def _yielding(observations: Sequence[Observation]) -> Check:
    def check() -> Iterator[Observation]:
        yield from observations

    return check


def test_verdicts_come_in_the_order_of_the_rules() -> None:
    rules = [bound(name) for name in ("rule-c", "rule-a", "rule-b")]
    verdicts = run([(rule, _yielding([good()])) for rule in rules], contain=False)
    assert [verdict.bound.id for verdict in verdicts] == ["rule-c", "rule-a", "rule-b"]


def test_findings_are_ordered_by_gravity_then_place() -> None:
    verdict = judged(
        bad("d", path="b", confidence=Confidence.LOW),
        bad("c", place=Place("b", (10, 10))),
        bad("b", place=Place("b", (9, 9))),
        bad("a", path="a", confidence=Confidence.MEDIUM),
    )
    assert [finding.subject for finding in sorted(verdict.findings, key=lambda one: one.order)] == ["b", "c", "a", "d"]
