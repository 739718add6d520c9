"""The catalogue: it loads whole, its clauses are gapless, and whoever binds it wrongly is told where."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from checker import catalog
from checker.catalog import Binding, Catalog, bind, clause_order, selected
from checker.checks import CHECKS
from checker.collect import COLLECTORS
from checker.collect.changes import Base
from checker.collect.files import Root
from checker.injection import facts_named
from checker.model.base import Frozen
from checker.model.observation import Check, Observation
from checker.model.report import WaiverLedger
from checker.model.rule import BoundRule, Family, Rule, Severity, Standard
from checker.model.settings import Description, DescriptionChange, Policy
from checker.probe.git import Git
from checker.toml_source import ConfigurationError, parse

ROOT = Path(__file__).resolve().parent.parent
KNOWN = catalog.load()
CLAUSES = {
    "agent-2": (0, 46),
    "backend-developer": (1, 48),
    "backend-engineer": (2, 45),
    "backend-coder": (3, 40),
    "backend-agent": (4, 21),
}
GIVEN = {Root, Git, Base, Policy, Description, DescriptionChange, WaiverLedger}


class TestShipped:
    @pytest.mark.parametrize("name", sorted(CLAUSES))
    def test_the_clauses_of_a_standard_are_gapless(self, name: str) -> None:
        first, count = CLAUSES[name]
        assert [clause.id for clause in KNOWN.standards[name].clauses] == [f"{first}.{n}" for n in range(1, count + 1)]

    def test_there_are_six_standards(self) -> None:
        assert set(KNOWN.standards) == {*CLAUSES, "common"}

    def test_common_asks_what_two_standards_ask(self) -> None:
        ids = {clause.id for name in CLAUSES for clause in KNOWN.standards[name].clauses}
        for clause in KNOWN.standards["common"].clauses:
            assert set(clause.from_) <= ids, clause.id
            assert len({origin.partition(".")[0] for origin in clause.from_}) >= 2, clause.id

    def test_only_common_borrows_clauses(self) -> None:
        assert not [clause.id for name in CLAUSES for clause in KNOWN.standards[name].clauses if clause.from_]

    def test_a_quote_has_at_most_25_words(self) -> None:
        assert not [
            c.id
            for s in KNOWN.standards.values()
            for c in s.clauses
            if len(c.quote.split()) > 25 or not c.quote.strip()
        ]

    def test_a_standard_names_its_document(self) -> None:
        for name in CLAUSES:
            assert re.fullmatch(r"[0-9a-f]{64}", KNOWN.standards[name].sha256), name
            assert KNOWN.standards[name].source

    def test_one_standard_gives_one_parameter_one_value(self) -> None:
        for standard in KNOWN.standards.values():
            seen: dict[tuple[str, str], Any] = {}
            for use in (use for clause in standard.clauses for use in clause.rules):
                for name, value in use.with_.items():
                    assert seen.setdefault((use.use, name), value) == value, (standard.name, use.use, name)

    def test_a_rule_is_either_written_or_planned(self) -> None:
        assert set(KNOWN.rules).isdisjoint(KNOWN.planned), "take it out of rules/planned.toml"

    def test_no_name_means_two_rules(self) -> None:
        names = [
            *{*KNOWN.rules, *KNOWN.planned},
            *(alias for rule in KNOWN.rules.values() for alias in rule.aliases),
            *Family,
        ]
        assert len(names) == len(set(names))

    def test_a_file_is_called_as_its_rule_and_lies_in_its_family(self) -> None:
        for file in (ROOT / "rules" / "catalog").glob("*/*.toml"):
            assert KNOWN.rules[file.stem].family.value == file.parent.name

    def test_a_standard_is_called_as_its_file(self) -> None:
        assert {file.stem for file in (ROOT / "rules" / "standards").glob("*.toml")} == set(KNOWN.standards)

    def test_what_a_rule_subsumes_exists_and_does_not_swallow_back(self) -> None:
        for rule in KNOWN.rules.values():
            for name in rule.subsumes:
                assert name in {*KNOWN.rules, *KNOWN.planned}, f"{rule.id} subsumes {name}"
                assert name not in KNOWN.rules or rule.id not in _swallowed(name)

    def test_every_rule_is_asked_by_somebody(self) -> None:
        asked = {
            use.use for standard in KNOWN.standards.values() for clause in standard.clauses for use in clause.rules
        }
        assert [rule.id for rule in KNOWN.rules.values() if not rule.standing and rule.id not in asked] == []

    def test_only_what_guards_the_judgement_stands_by_itself(self) -> None:
        assert {rule.family for rule in KNOWN.rules.values() if rule.standing} == {Family.CONFIG}

    @pytest.mark.parametrize("name", sorted(KNOWN.standards))
    def test_each_standard_binds_alone(self, name: str) -> None:
        assert bind(KNOWN, CHECKS, Binding((name,), {}, {}, parse("checker.toml", "")))

    def test_the_digest_is_of_everything(self) -> None:
        assert re.fullmatch(r"[0-9a-f]{64}", KNOWN.sha256)


def _swallowed(name: str) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        for one in KNOWN.rules[waiting.pop()].subsumes:
            if one not in found and one in KNOWN.rules:
                waiting.append(one)
            found.add(one)
    return found


class TestRegistries:
    def test_every_fact_that_is_asked_for_is_made_by_somebody(self) -> None:
        for name, function in [*CHECKS.items(), *((fact.__name__, made) for fact, made in COLLECTORS.items())]:
            assert facts_named(function) <= {*COLLECTORS, *GIVEN}, name

    def test_a_fact_is_collected_or_given_not_both(self) -> None:
        assert GIVEN.isdisjoint(COLLECTORS)

    def test_no_two_collectors_wait_for_each_other(self) -> None:
        done: set[type] = set(GIVEN)
        waiting = dict(COLLECTORS)
        while ready := [fact for fact, made in waiting.items() if facts_named(made) <= done]:
            done.update(ready)
            for fact in ready:
                del waiting[fact]
        assert not waiting, "these wait in a circle"

    def test_a_collector_makes_the_fact_it_is_listed_under(self) -> None:
        for fact, made in COLLECTORS.items():
            assert made.__annotations__["return"] == fact.__name__

    def test_every_collector_is_listed(self) -> None:
        facts, listed = {fact.__name__ for fact in COLLECTORS}, {made.__name__ for made in COLLECTORS.values()}
        assert {name for name, returns in _functions("collect/*.py") if returns in facts} == listed

    def test_every_check_is_listed(self) -> None:
        found = [name for name, returns in _functions("checks/*/*.py") if returns == "Iterator[Observation]"]
        assert sorted(found) == sorted(check.__name__ for check in CHECKS.values())

    @pytest.mark.parametrize("name", ["checks", "collect"])
    def test_a_registry_is_literal_and_sorted(self, name: str) -> None:
        tree = ast.parse((ROOT / "checker" / name / "__init__.py").read_text("utf-8"))
        (registry,) = [node.value for node in tree.body if isinstance(node, ast.AnnAssign)]
        assert isinstance(registry, ast.Dict)
        keys = [ast.unparse(key).strip("'") for key in registry.keys if key is not None]
        assert len(keys) == len(registry.keys)
        assert keys == sorted(keys)
        assert all(isinstance(value, ast.Name) for value in registry.values)
        assert {type(node) for node in tree.body} <= {ast.Expr, ast.Import, ast.ImportFrom, ast.AnnAssign}


def _functions(files: str) -> Iterator[tuple[str, str]]:
    """The public functions of some modules, with what they return."""
    for file in (ROOT / "checker").glob(files):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns:
                yield node.name, ast.unparse(node.returns)


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
