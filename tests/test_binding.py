"""Binding: standards, parameters and conflicts settled once, and whoever binds wrongly is told where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from checker.catalog import Binding, Catalog, bind, clause_order, selected
from checker.model.base import Frozen
from checker.model.observation import Check, Observation
from checker.model.rule import BoundRule, Family, Rule, Severity, Standard
from checker.toml_source import ConfigurationError, parse


class Params(Frozen):
    """Parameters of the rule that these tests make up."""

    schema_: str = "free"
    most: int | None = None


def limited(params: Params) -> Iterator[Observation]:
    yield from ()


def bare() -> Iterator[Observation]:
    yield from ()


CHECKED: dict[str, Check] = {"rule-a": limited, "rule-b": bare, "rule-c": bare}


def made_up() -> Catalog:
    """Three rules; `left` and `right` disagree on a parameter of rule-a, `both` asks what `left` asks."""
    page = dict.fromkeys(("what", "why", "pass", "fail", "mend", "false_positives"), "x")
    words = {"title": "T", "severity": "minor", "confidence": "high", "recommendation": "R", "page": page}
    rules = [
        Rule.model_validate({"id": "rule-a", "family": "api", "params": {"most": 1}, "aliases": ["old-a"], **words}),
        Rule.model_validate({"id": "rule-b", "family": "code", **words}),
        Rule.model_validate({"id": "rule-c", "family": "config", "standing": True, **words}),
    ]
    left = {"use": "rule-a", "with": {"schema_": "l"}}
    right = {"use": "rule-a", "with": {"schema_": "r"}, "severity": "critical", "why": "data loss"}
    standards = [
        _standard("left", [_clause("2.10", [left]), _clause("2.9", [left, {"use": "rule-b"}])]),
        _standard("right", [_clause("3.1", [right])]),
        _standard("both", [_clause("c.1", [left], ["0.1", "3.1"])]),
    ]
    return Catalog(
        {rule.id: rule for rule in rules}, {one.name: one for one in standards}, {"rule-z": Family.API}, "0" * 64
    )


def _standard(name: str, clauses: list[dict[str, Any]]) -> Standard:
    return Standard.model_validate({"name": name, "title": name, "source": name, "clause": clauses})


def _clause(name: str, rules: list[dict[str, Any]], origins: list[str] | None = None) -> dict[str, Any]:
    return {"id": name, "level": "must", "quote": "q", "asks": "a", "rules": rules, "from": origins or []}


def settled(*standards: str, text: str = "", **words: Mapping[str, Any]) -> dict[str, BoundRule]:
    source = parse("checker.toml", text)
    values = source.values if text else words
    binding = Binding(standards, values.get("params", {}), values.get("resolve", {}), source)
    return {rule.id: rule for rule in bind(made_up(), CHECKED, binding)}


class TestBinding:
    def test_clauses_gather_in_the_order_of_their_documents(self) -> None:
        assert settled("left")["rule-a"].clauses == ("2.9", "2.10")
        assert settled("left", "both")["rule-a"].clauses == ("0.1", "2.9", "2.10", "3.1")

    def test_severity_is_the_gravest(self) -> None:
        assert settled("left")["rule-a"].severity == Severity.MINOR
        assert settled("left", "right", resolve={"rule-a.schema_": "left"})["rule-a"].severity == Severity.CRITICAL

    def test_a_rule_that_nobody_asks_is_not_bound_but_guards_are(self) -> None:
        assert set(settled("right")) == {"rule-a", "rule-c"}
        assert settled("right")["rule-c"].clauses == ()

    def test_parameters_come_from_rule_then_standard_then_policy(self) -> None:
        assert settled("left")["rule-a"].params == {"most": 1, "schema_": "l"}
        assert settled("left", params={"rule-a": {"most": 7, "schema_": "mine"}})["rule-a"].params == {
            "most": 7,
            "schema_": "mine",
        }

    def test_an_alias_names_the_rule_for_good(self) -> None:
        assert settled("left", params={"old-a": {"most": 7}})["rule-a"].params["most"] == 7
        resolve = {"old-a.schema_": "right"}
        assert settled("left", "right", resolve=resolve)["rule-a"].params["schema_"] == "r"

    def test_two_standards_that_agree_are_no_conflict(self) -> None:
        assert settled("left", "both")["rule-a"].params["schema_"] == "l"

    @pytest.mark.parametrize(("winner", "value"), [("left", "l"), ("right", "r")])
    def test_resolve_names_the_winner(self, winner: str, value: str) -> None:
        assert settled("left", "right", resolve={"rule-a.schema_": winner})["rule-a"].params["schema_"] == value

    def test_a_conflict_is_refused_naming_both_and_the_line_that_settles_it(self) -> None:
        message = (
            "checker.toml:1: rule-a.schema_: left asks 'l' and right asks 'r'; "
            'name the winner under [resolve], for example "rule-a.schema_" = "left"'
        )
        with pytest.raises(ConfigurationError) as refused:
            settled("left", "right", text='standards = ["left", "right"]')
        assert str(refused.value) == message

    def test_a_winner_that_asks_nothing_settles_nothing(self) -> None:
        with pytest.raises(ConfigurationError, match="left asks 'l' and right asks 'r'"):
            settled("left", "right", resolve={"rule-a.schema_": "both"})

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("\n[params.rul-a]\nmost = 1", "checker.toml:2: unknown rule 'rul-a'; did you mean 'rule-a'?"),
            ("\n[params.rule-z]\nmost = 1", "checker.toml:2: rule 'rule-z' is planned and takes no parameters yet"),
            ("[params.rule-a]\nmos = 1", "checker.toml:2: rule 'rule-a' has no parameter 'mos'; did you mean 'most'?"),
            ("[params.rule-b]\nmost = 1", "checker.toml:2: rule 'rule-b' has no parameter 'most'"),
            ('[params.rule-a]\n\nmost = "x"', "checker.toml:3: parameter rule-a.most: Input should be a valid integer"),
            ('[resolve]\n"rul-a.schema_" = "left"', "checker.toml:2: unknown rule in 'rul-a.schema_'; did you mean"),
            (
                '[resolve]\n"rule-a.schema" = "left"',
                "checker.toml:2: rule 'rule-a' has no parameter 'schema'; did you mean",
            ),
            ('[resolve]\n"rule-a" = "left"', "checker.toml:2: rule 'rule-a' has no parameter ''"),
            ('[resolve]\n"rule-a.schema_" = "lef"', "checker.toml:2: unknown standard 'lef'; did you mean 'left'?"),
        ],
    )
    def test_what_is_unknown_is_refused_with_its_line(self, text: str, message: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            settled("left", text=text)
        assert str(refused.value).startswith(message)

    def test_parameters_of_a_rule_that_is_not_asked_are_looked_at_too(self) -> None:
        with pytest.raises(ConfigurationError, match="rule 'rule-b' has no parameter 'most'"):
            settled("right", params={"rule-b": {"most": 1}})

    def test_an_unknown_standard_is_refused_with_its_line(self) -> None:
        source = parse("checker.toml", 'standards = [\n "left",\n "rigt",\n]')
        with pytest.raises(
            ConfigurationError, match=r"^checker.toml:3: unknown standard 'rigt'; did you mean 'right'\?$"
        ):
            bind(made_up(), CHECKED, Binding(("left", "rigt"), {}, {}, source))


class TestSelection:
    def choose(self, only: tuple[str, ...] = (), skip: tuple[str, ...] = ()) -> tuple[list[str], list[tuple[str, str]]]:
        known = made_up()
        bound = bind(known, CHECKED, Binding(("left",), {}, {}, parse("checker.toml", "")))
        asked, left = selected(bound, known, only, skip)
        return [rule.id for rule in asked], [(one.rule, one.reason) for one in left]

    def test_without_a_word_everything_is_asked(self) -> None:
        assert self.choose() == (["rule-a", "rule-b", "rule-c"], [])

    def test_only_and_skip_take_rules_families_and_aliases(self) -> None:
        assert self.choose(only=("api",))[0] == ["rule-a"]
        assert self.choose(only=("old-a", "rule-c"))[0] == ["rule-a", "rule-c"]
        assert self.choose(skip=("old-a", "config"))[0] == ["rule-b"]
        assert self.choose(only=("api", "code"), skip=("code",))[0] == ["rule-a"]

    def test_what_is_left_out_says_why(self) -> None:
        assert self.choose(only=("rule-a",))[1] == [
            ("rule-b", "not named by --only"),
            ("rule-c", "not named by --only"),
        ]
        assert self.choose(skip=("api",))[1] == [("rule-a", "--skip api")]

    @pytest.mark.parametrize("name", ["ap", "rule", "API", "rule-*", ""])
    def test_names_are_exact(self, name: str) -> None:
        for words in ({"only": (name,)}, {"skip": (name,)}):
            with pytest.raises(ConfigurationError, match="no rule or family"):
                self.choose(**words)

    def test_a_near_name_is_offered(self) -> None:
        with pytest.raises(ConfigurationError, match=r"^--only: no rule or family 'rule-aa'; did you mean 'rule-a'\?$"):
            self.choose(only=("rule-aa",))

    def test_a_planned_rule_cannot_be_asked_for_but_may_be_skipped(self) -> None:
        with pytest.raises(ConfigurationError, match=r"^--only: rule 'rule-z' is planned and cannot be asked yet$"):
            self.choose(only=("rule-a", "rule-z"))
        assert self.choose(skip=("rule-z",))[0] == ["rule-a", "rule-b", "rule-c"]


def test_clauses_are_ordered_as_numbers() -> None:
    assert sorted(["2.10", "0.2", "2.9"], key=clause_order) == ["0.2", "2.9", "2.10"]


def test_a_rule_is_found_by_its_alias() -> None:
    known = made_up()
    assert known.rule("old-a") is known.rules["rule-a"]
    assert known.rule("rule-z") is None
    assert {"old-a", "rule-a", "rule-z"} <= set(known.names)
