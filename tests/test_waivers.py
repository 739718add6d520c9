"""Waivers: what each hides, how much of it, and what becomes of those that hide nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest

from checker import catalog, settings, waivers
from checker.catalog import Catalog
from checker.engine import Verdict
from checker.model.finding import Finding
from checker.model.report import Outcome
from checker.waivers import Waived
from tests.findings import bound, finding, verdict
from tests.test_settings import waiver

TODAY = date(2026, 11, 21)


def apply(verdicts: Sequence[Verdict], text: str, head: str | None = None) -> Waived:
    """With `text` as the policy of the base, and `head` (or the same) as the tree's."""
    standing = {"checker.toml": text if head is None else head}
    ruling = {"checker.toml": text}
    known = catalog.load()
    loaded = settings.load(standing.get, ruling.get, ruling.get, known, TODAY)
    return waivers.apply(verdicts, loaded, known, TODAY)


def failed(*findings: Finding) -> Verdict:
    return verdict("failed", findings or [finding("pagination")], bound("pagination"))


def left(waived: Waived) -> list[str]:
    return [one.subject for each in waived.verdicts for one in each.findings]


class TestHiding:
    def test_a_finding_is_hidden_and_kept(self) -> None:
        waived = apply([failed()], waiver())
        assert left(waived) == []
        assert [one.subject for one in waived.findings] == ["GET /a"]
        assert waived.verdicts[0].outcome == Outcome.WAIVED
        assert waived.verdicts[0].examined == 1
        (use,) = waived.ledger.uses
        assert (use.state, use.hits, use.rule, use.expires) == ("used", 1, "pagination", "2027-01-31")
        assert (use.where.path, use.where.lines) == ("checker.toml", "1")

    def test_by_fingerprint_only_that_one(self) -> None:
        first, second = finding("pagination"), finding("pagination", subject="GET /b")
        waived = apply([failed(first, second)], waiver(paths=None, fingerprint=second.fingerprint, max_hits=9))
        assert left(waived) == ["GET /a"]
        assert waived.verdicts[0].outcome == Outcome.FAILED

    def test_waived_only_when_every_bad_observation_is(self) -> None:
        many = [finding("pagination", subject=f"GET /{n}") for n in range(3)]
        assert apply([failed(*many)], waiver(max_hits=2)).verdicts[0].outcome == Outcome.FAILED
        assert apply([failed(*many)], waiver(max_hits=3)).verdicts[0].outcome == Outcome.WAIVED

    def test_at_most_max_hits_the_gravest_first(self) -> None:
        minor = finding("pagination", subject="a", severity="minor")
        late, early = finding("pagination", subject="b", lines="9"), finding("pagination", subject="c", lines="2")
        waived = apply([failed(minor, late, early)], waiver(max_hits=2))
        assert left(waived) == ["a"]
        assert waived.ledger.uses[0].hits == 2

    def test_one_hit_is_all_where_nothing_is_said(self) -> None:
        everything = waiver(paths=["**"])
        waived = apply([failed(*(finding("pagination", subject=f"GET /{n}") for n in range(5)))], everything)
        assert (len(left(waived)), len(waived.findings)) == (4, 1)

    def test_two_waivers_do_not_hide_the_same_finding(self) -> None:
        two = [finding("pagination"), finding("pagination", subject="GET /b")]
        waived = apply([failed(*two)], waiver() + waiver(reason="other"))
        assert left(waived) == []
        assert [use.hits for use in waived.ledger.uses] == [1, 1]

    def test_equal_findings_are_two(self) -> None:
        twins = [finding("pagination"), finding("pagination")]
        assert len(left(apply([failed(*twins)], waiver()))) == 1

    def test_another_rule_stays_open(self) -> None:
        other = verdict("failed", [finding("status-codes")], bound("status-codes"))
        waived = apply([failed(), other], waiver(paths=["**"], max_hits=99))
        assert [one.outcome for one in waived.verdicts] == [Outcome.WAIVED, Outcome.FAILED]

    @pytest.mark.parametrize(
        ("pattern", "hidden"), [("a.yaml", 1), ("*.yaml", 1), ("**", 1), (".", 1), ("b.yaml", 0), ("A.yaml", 0)]
    )
    def test_paths_are_globs(self, pattern: str, hidden: int) -> None:
        assert len(apply([failed()], waiver(paths=[pattern])).findings) == hidden

    def test_every_place_of_a_finding_must_be_named(self) -> None:
        spread = finding("pagination", also=["app/orders.py", "secret/pay.py"])
        assert left(apply([failed(spread)], waiver(paths=["a.yaml", "app/**"]))) == ["GET /a"]
        assert left(apply([failed(spread)], waiver(paths=["a.yaml", "app/**", "secret"]))) == []

    def test_a_finding_at_the_root_can_be_named(self) -> None:
        assert left(apply([failed(finding("pagination", path="."))], waiver(paths=["."]))) == []


class TestStates:
    def state(self, waived: Waived) -> tuple[str, int]:
        return waived.ledger.uses[0].state, len(waived.findings)

    def test_on_its_last_day_a_waiver_holds(self) -> None:
        assert self.state(apply([failed()], waiver(expires=TODAY))) == ("used", 1)

    def test_after_that_it_hides_nothing(self) -> None:
        assert self.state(apply([failed()], waiver(expires=date(2026, 11, 20)))) == ("expired", 0)

    def test_approved_by_its_owner_it_hides_nothing(self) -> None:
        assert self.state(apply([failed()], waiver(approved_by="@API-Team"))) == ("unused", 0)

    def test_without_a_finding_it_is_unused(self) -> None:
        assert self.state(apply([verdict("passed", rule=bound("pagination"))], waiver())) == ("unused", 0)

    def test_a_proposed_one_hides_nothing(self) -> None:
        waived = apply([failed()], "", head=waiver())
        assert self.state(waived) == ("proposed", 0)
        assert waived.ledger.uses[0].where.lines == "1"

    def test_one_that_the_change_removes_hides_still_and_is_known_to_leave(self) -> None:
        waived = apply([failed()], waiver(), head="")
        assert self.state(waived) == ("used", 1)
        assert waived.ledger.leaving == waived.ledger.uses

    def test_only_rules_that_came_to_a_verdict_count_as_decided(self) -> None:
        outcomes = ["passed", "failed", "not_applicable", "unavailable", "error"]
        seen = [verdict(outcome, rule=bound(f"rule-{outcome.replace('_', '-')}")) for outcome in outcomes]
        assert apply(seen, "").ledger.decided == {"rule-passed", "rule-failed", "rule-not-applicable"}

    def test_a_waiver_under_an_old_name_hides_the_rule_of_today(self, monkeypatch: pytest.MonkeyPatch) -> None:
        known = catalog.load()
        renamed = known.rules["pagination"].model_copy(update={"aliases": ("paging",)})
        older = Catalog({**known.rules, "pagination": renamed}, known.standards, known.planned, known.sha256)
        monkeypatch.setattr(catalog, "load", lambda: older)
        waived = apply([failed()], waiver(rule="paging"))
        assert (left(waived), waived.ledger.uses[0].rule) == ([], "pagination")


def test_what_no_waiver_names_is_untouched() -> None:
    seen: list[Any] = [failed(), verdict("unavailable")]
    assert apply(seen, "").verdicts == tuple(seen)
