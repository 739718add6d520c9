"""The catalogue as it ships: it loads whole, its clauses are gapless, and its registries are literal and complete."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from checker import catalog
from checker.catalog import Binding, bind, params_model
from checker.checks import CHECKS
from checker.collect import COLLECTORS
from checker.collect.changes import Base
from checker.collect.files import Root
from checker.injection import facts_named
from checker.model.custom import CustomRules
from checker.model.execution import CacheFolder, Execution
from checker.model.imported import Imported
from checker.model.outputs.work import AsOf
from checker.model.report import WaiverLedger
from checker.model.rule import Family
from checker.model.settings import Description, DescriptionChange, Policy
from checker.probe.git import Git
from checker.toml_source import parse

ROOT = Path(__file__).resolve().parent.parent
KNOWN = catalog.load()
CLAUSES = {
    "agent-2": (0, 46),
    "backend-developer": (1, 48),
    "backend-engineer": (2, 45),
    "backend-coder": (3, 40),
    "backend-agent": (4, 21),
}
MAKERS = {"histories", "judged_records"}  # make a fact's value for a collector, from another revision's files
GIVEN = {
    Root,
    Git,
    Base,
    AsOf,
    CacheFolder,
    CustomRules,
    Execution,
    Imported,
    Policy,
    Description,
    DescriptionChange,
    WaiverLedger,
}


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
        standing = {rule.id for rule in KNOWN.rules.values() if rule.standing and rule.family is not Family.CONFIG}
        assert standing == {"gate-loosened", "source-parsed", "suppression-added"}

    @pytest.mark.parametrize("name", sorted(KNOWN.standards))
    def test_each_standard_binds_alone(self, name: str) -> None:
        assert bind(KNOWN, CHECKS, Binding((name,), {}, {}, parse("checker.toml", "")))

    @pytest.mark.parametrize("name", sorted(KNOWN.standards))
    def test_what_a_standard_asks_is_understood_by_the_checks(self, name: str) -> None:
        for bound in bind(KNOWN, CHECKS, Binding((name,), {}, {}, parse("checker.toml", ""))):
            model = params_model(CHECKS[bound.id])
            known = {field.alias or field_name for field_name, field in model.model_fields.items()} if model else set()
            assert set(bound.params) <= known, bound.id
            if model is not None:
                model.model_validate(bound.params)

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


def facts() -> dict[str, type]:
    """The type behind each name in the list of collectors: what its collector returns."""
    return {name: get_type_hints(made)["return"] for name, made in COLLECTORS.items()}


class TestRegistries:
    def test_every_fact_that_is_asked_for_is_made_by_somebody(self) -> None:
        for name, function in [*CHECKS.items(), *COLLECTORS.items()]:
            assert facts_named(function) <= {*facts().values(), *GIVEN}, name

    def test_a_fact_is_collected_or_given_not_both(self) -> None:
        assert GIVEN.isdisjoint(facts().values())

    def test_no_two_collectors_wait_for_each_other(self) -> None:
        done: set[type] = set(GIVEN)
        waiting = {fact: COLLECTORS[name] for name, fact in facts().items()}
        while ready := [fact for fact, made in waiting.items() if facts_named(made) <= done]:
            done.update(ready)
            for fact in ready:
                del waiting[fact]
        assert not waiting, "these wait in a circle"

    def test_a_collector_makes_the_fact_it_is_listed_under(self) -> None:
        assert [name for name, fact in facts().items() if fact.__name__ != name] == []

    def test_every_collector_is_listed(self) -> None:
        listed = {made.__name__ for made in COLLECTORS.values()}
        assert {name for name, returns in _functions("collect/**/*.py") if returns in COLLECTORS} - MAKERS == listed

    def test_every_check_is_listed(self) -> None:
        found = [name for name, returns in _functions("checks/*/*.py") if returns == "Iterator[Observation]"]
        assert sorted(found) == sorted(check.__name__ for check in CHECKS.values())

    @pytest.mark.parametrize("name", ["checks", "collect"])
    def test_a_registry_is_literal_and_sorted(self, name: str) -> None:
        tree = ast.parse((ROOT / "checker" / name / "__init__.py").read_text("utf-8"))
        (registry,) = [node.value for node in tree.body if isinstance(node, ast.Assign)]
        assert isinstance(registry, ast.Call)
        listed = registry.args[1]
        assert isinstance(listed, ast.Dict)
        keys = [ast.unparse(key).strip("'") for key in listed.keys if key is not None]
        assert len(keys) == len(set(keys)) == len(listed.keys)
        assert keys == sorted(keys)
        assert all(isinstance(value, ast.Constant) for value in listed.values)
        assert {type(node) for node in tree.body} <= {ast.Expr, ast.ImportFrom, ast.Assign}

    def test_a_family_that_is_not_asked_is_not_loaded(self, tmp_path: Path) -> None:
        (tmp_path / "openapi.json").write_text(
            '{"openapi": "3.1.0", "info": {"title": "t", "version": "1"}, "paths": {}}'
        )
        script = (
            "import sys, pathlib; from checker.audit import audit; from checker.workplace import Request;"
            f"audit(Request(pathlib.Path({str(tmp_path)!r}), only=('api',)));"
            "print([name for name in sys.modules if name.startswith('checker.checks.')])"
        )
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT)
        assert "checker.checks.api.pagination'" in done.stdout
        assert not re.search(r"checks\.(migrations|outputs|proofs|runtime|schema|secrets)", done.stdout)


def _functions(files: str) -> Iterator[tuple[str, str]]:
    """The public functions of some modules, with what they return."""
    for file in (ROOT / "checker").glob(files):
        for node in ast.parse(file.read_text("utf-8")).body:
            if isinstance(node, ast.FunctionDef) and not node.name.startswith("_") and node.returns:
                yield node.name, ast.unparse(node.returns)
