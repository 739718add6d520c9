"""The engine: facts in, results out; one defect is one finding, and nothing examined is never a pass."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from checker import engine
from checker.collect.facts import Facts
from checker.model.base import Frozen
from checker.model.contract import Api
from checker.model.observation import Observation, Place
from checker.model.report import Outcome
from checker.model.rule import Family
from checker.model.unavailable import NotApplicable, Unavailable
from tests.findings import bound
from tests.observed import Fact, Other, bad, good, judged, run, shows, yielding


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

        facts = Facts({"Fact": collect}, {})
        first, second = run([(bound("rule-a"), shows), (bound("rule-b"), shows)], facts)
        assert (first.outcome, second.outcome) == (Outcome.ERROR, Outcome.ERROR)

    def test_tests_turn_it_off(self) -> None:
        def broken(fact: Fact) -> Iterator[Observation]:
            raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            run([(bound(), broken)], Facts({}, {Fact: Fact(())}), contain=False)

    def test_an_observation_that_cannot_be_shown_is_an_error_too(self) -> None:
        facts = Facts({}, {Fact: Fact((bad(place=Place("a", (0, 0))),))})
        first, second = run([(bound("rule-a"), shows), (bound("rule-b"), yielding([good()]))], facts)
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

        run([(bound("rule-a"), shows), (bound("rule-b"), shows)], Facts({"Fact": collect}, {}), contain=False)
        assert calls == [1]

    @pytest.mark.parametrize("missing", [Unavailable("u"), NotApplicable("n")])
    def test_a_miss_is_remembered(self, missing: Exception) -> None:
        calls = []

        def collect() -> Fact:
            calls.append(1)
            raise missing

        facts = Facts({"Fact": collect}, {})
        verdicts = run([(bound("rule-a"), shows), (bound("rule-b"), shows)], facts, contain=False)
        assert calls == [1]
        assert len({(verdict.outcome, verdict.reason) for verdict in verdicts}) == 1

    def test_collectors_are_given_facts_too_and_degrade_alike(self) -> None:
        def collect(other: Other | Unavailable) -> Fact:
            return Fact((bad(evidence=str(other)),))

        def never() -> Other:
            raise Unavailable("gone")

        (verdict,) = run([(bound(), shows)], Facts({"Fact": collect, "Other": never}, {}), contain=False)
        assert verdict.findings[0].evidence == "gone"

    def test_a_plain_fact_of_a_collector_makes_its_fact_unavailable(self) -> None:
        def collect(other: Other) -> Fact:
            return Fact(())

        (verdict,) = run([(bound(), shows)], Facts({"Fact": collect}, {Other: Unavailable("gone")}), contain=False)
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


def test_verdicts_come_in_the_order_of_the_rules() -> None:
    rules = [bound(name) for name in ("rule-c", "rule-a", "rule-b")]
    verdicts = run([(rule, yielding([good()])) for rule in rules], contain=False)
    assert [verdict.bound.id for verdict in verdicts] == ["rule-c", "rule-a", "rule-b"]


def test_a_collector_that_breaks_is_not_run_again() -> None:
    calls: list[int] = []

    def breaks() -> Api:
        calls.append(1)
        raise ZeroDivisionError("boom")

    facts = Facts({"Api": breaks}, {})
    with pytest.raises(ZeroDivisionError):
        facts.get(Api)
    with pytest.raises(RuntimeError, match="its collector broke"):
        facts.get(Api)
    assert len(calls) == 1
