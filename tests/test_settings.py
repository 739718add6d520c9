"""The configuration: what judges comes from the base, what describes from the head, and what is wrong is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checker import catalog, settings
from checker.catalog import bind
from checker.checks import CHECKS
from checker.model.rule import Severity
from checker.model.settings import Description, DescriptionChange, same_person
from checker.model.unavailable import NotApplicable, Unavailable
from checker.settings import Settings
from checker.toml_source import ConfigurationError

KNOWN = catalog.load()
TODAY = date(2026, 11, 21)
INTERFACE = (Path(__file__).parent / "data" / "interface.toml").read_text("utf-8")
Files = Mapping[str, str]


def load(head: Files, base: Files | None = None, fork: Files | Unavailable | None = None) -> Settings:
    """Settings from files by name; a base without a fork of its own is the fork."""
    before = fork if fork is not None else base
    ruling = base.get if base is not None else None
    return settings.load(head.get, ruling, before.get if isinstance(before, Mapping) else before, KNOWN, TODAY)


def own(text: str) -> Files:
    return {"checker.toml": text}


def waiver(**words: Any) -> str:
    values = {
        "rule": "pagination",
        "paths": ["a.yaml"],
        "reason": "r",
        "owner": "api-team",
        "approved_by": "security-team",
        "expires": date(2027, 1, 31),
    }
    shown = {
        key: str(value) if isinstance(value, date) else repr(value)
        for key, value in {**values, **words}.items()
        if value
    }
    return "[[waivers]]\n" + "\n".join(f"{key} = {value}" for key, value in shown.items()) + "\n"


class TestInterface:
    def test_the_published_block_loads_whole(self) -> None:
        loaded = load(own(INTERFACE))
        policy, description = loaded.policy, loaded.description
        assert policy.standards == ("backend-engineer", "backend-coder")
        assert policy.fail_on == Severity.MAJOR
        assert policy.params == {"pagination": {"max_page_size": 100}}
        assert policy.resolve == {"error-envelope.schema": "backend-engineer"}
        assert (policy.waivers[0].rule, policy.waivers[0].expires, policy.waivers[0].max_hits) == (
            "cors-wildcard",
            date(2027, 1, 31),
            1,
        )
        assert policy.public[0].operation == "POST /login"
        assert policy.commands["test_output"] == ("python", "-m", "pytest")
        assert (policy.proofs.keys[0].role, policy.rules.extra) == ("ci", ("policy/checker-rules",))
        assert description.layout.openapi == ("specs/openapi.yaml",)
        assert description.layout.outputs == ("docs/agent-out/**",)
        assert (description.app.ready, description.app.env, description.app.workdir) == (
            "/health",
            {"APP_ENV": "test"},
            ".",
        )
        assert (description.database.engine, description.database.url_env) == ("postgresql", "DATABASE_URL")

    def test_it_loads_the_same_from_pyproject(self) -> None:
        nested = re.sub(r"(?m)^(\[+)", r"\1tool.checker.", INTERFACE)
        shared = {"pyproject.toml": f"[tool.checker]\n{nested}"}
        assert load(shared).policy == load(own(INTERFACE)).policy
        assert load(shared).description == load(own(INTERFACE)).description

    def test_it_binds(self) -> None:
        loaded = load(own(INTERFACE))
        bound = {rule.id: rule for rule in bind(KNOWN, CHECKS, loaded.binding(loaded.policy.standards))}
        assert bound["pagination"].params["max_page_size"] == 100


class TestWhere:
    def test_nothing_means_defaults_and_a_note(self) -> None:
        loaded = load({})
        assert (loaded.policy.standards, loaded.description) == ((), Description())
        assert "no configuration: standard common, everything found by itself" in loaded.notes

    def test_pyproject_without_our_table_is_not_ours(self) -> None:
        for text in (
            '[tool.ruff]\nline-length = 1\n[tool."checker"]\n',
            "[project]\nname = 'tool'\n",
            "not toml at all [",
        ):
            assert load({"pyproject.toml": text}).policy.standards == ()

    def test_pyproject_is_read_where_checker_toml_is_absent(self) -> None:
        loaded = load({"pyproject.toml": '[tool.checker]\nstandards = ["common"]\n'})
        assert (loaded.policy.standards, loaded.policy_source.path) == (("common",), "pyproject.toml")

    def test_two_configurations_are_refused(self) -> None:
        both = {"checker.toml": "", "pyproject.toml": "[tool.checker]\nfail_on = 'never'\n"}
        with pytest.raises(
            ConfigurationError,
            match=r"^checker.toml: pyproject.toml holds \[tool.checker\] as well; keep one",
        ):
            load(both)

    def test_an_empty_table_beside_checker_toml_is_no_second_one(self) -> None:
        assert (
            load({"checker.toml": "fail_on = 'info'", "pyproject.toml": "[tool.checker]\n"}).policy.fail_on
            == Severity.INFO
        )

    @pytest.mark.parametrize("name", ["checker.toml", "pyproject.toml"])
    def test_broken_toml_is_refused(self, name: str) -> None:
        with pytest.raises(ConfigurationError, match=f"^{name}:2: not TOML"):
            load({name: "[tool.checker]\na = = 1\n"})

    def test_a_mistake_in_the_shared_file_has_its_line(self) -> None:
        with pytest.raises(ConfigurationError, match=r"^pyproject.toml:3: unknown key 'fail_onn'"):
            load({"pyproject.toml": "\n[tool.checker]\nfail_onn = 'x'\n"})


LAX = own('standards = ["common"]\nfail_on = "never"\n[layout]\nopenapi = ["easy.yaml"]\n')
STRICT = own('standards = ["backend-coder"]\n[layout]\nopenapi = ["real.yaml"]\n')


class TestAnchor:
    def test_policy_is_the_bases_and_description_the_heads(self) -> None:
        loaded = load(LAX, STRICT)
        assert (loaded.policy.standards, loaded.policy.fail_on) == (("backend-coder",), Severity.MAJOR)
        assert loaded.description.layout.openapi == ("easy.yaml",)
        assert loaded.proposed is not None
        assert loaded.proposed.fail_on == "never"
        assert loaded.notes == ("the working tree proposes another policy; it counts once it is in the base",)

    def test_the_same_policy_is_proposed_by_nobody(self) -> None:
        loaded = load(own('# words\nstandards = ["backend-coder"]\n'), STRICT)
        assert (loaded.proposed, loaded.notes) == (None, ())

    def test_a_base_without_configuration_means_defaults(self) -> None:
        loaded = load(LAX, {})
        assert (loaded.policy.standards, loaded.policy.fail_on) == ((), Severity.MAJOR)
        assert loaded.proposed is not None

    def test_a_policy_that_the_head_deletes_rules_still(self) -> None:
        loaded = load({}, STRICT)
        assert loaded.policy.standards == ("backend-coder",)
        assert "no configuration" not in " ".join(loaded.notes)

    def test_a_policy_that_moves_to_the_other_file_rules_still(self) -> None:
        loaded = load({"pyproject.toml": "[tool.checker]\nfail_on = 'never'\n"}, STRICT)
        assert loaded.policy.fail_on == Severity.MAJOR

    def test_without_a_base_the_trees_own_rules_with_a_note(self) -> None:
        loaded = load(LAX)
        assert (loaded.policy.fail_on, loaded.proposed) == ("never", None)
        assert loaded.notes == ("not anchored: no base revision, so the policy is the working tree's own",)

    def test_a_broken_policy_in_the_base_is_refused_and_named(self) -> None:
        with pytest.raises(ConfigurationError, match=r"^checker.toml:1: not TOML: .* \(at the base revision\)$"):
            load(STRICT, own("a = = 1"))
        with pytest.raises(ConfigurationError, match=r"^checker.toml:1: unknown key 'zzz' \(at the base revision\)$"):
            load(STRICT, own("zzz = 1"))

    def test_a_broken_proposal_is_refused_now_not_when_it_rules(self) -> None:
        with pytest.raises(
            ConfigurationError, match=r"^checker.toml:2: unknown rule 'paginatio'; did you mean 'pagination'\?$"
        ):
            load(own(waiver(rule="paginatio")), STRICT)
        with pytest.raises(ConfigurationError, match=r"^checker.toml:1: not TOML"):
            load(own("a = = 1"), STRICT)


class TestDescription:
    def change(self, loaded: Settings) -> DescriptionChange:
        found = loaded.description_change()
        assert isinstance(found, DescriptionChange)
        return found

    def test_it_is_compared_with_where_the_change_began(self) -> None:
        """What moved on the base since then is no change of the head's."""
        began = own('[layout]\nopenapi = ["a.yaml"]\n')
        change = self.change(load(began, own('[layout]\nopenapi = ["b.yaml"]\n'), fork=began))
        assert change.base == change.head

    def test_each_table_has_its_line(self) -> None:
        change = self.change(load(own('\n[layout]\nopenapi = ["a"]\n\n[app]\nready = "/"\n'), {}))
        assert {name: place.lines for name, place in change.places.items()} == {
            "layout": (2, 2),
            "app": (5, 5),
            "database": None,
        }

    def test_without_a_base_nothing_can_be_said(self) -> None:
        assert isinstance(load(LAX).description_change(), NotApplicable)

    def test_history_that_is_cut_off_is_unavailable(self) -> None:
        shallow = Unavailable("shallow")
        assert load(LAX, STRICT, fork=shallow).description_change() is shallow

    def test_a_description_that_was_broken_is_unavailable(self) -> None:
        found = load(LAX, STRICT, fork=own("a = = 1")).description_change()
        assert isinstance(found, Unavailable)
        assert found.reason.endswith("(where the change began)")


class TestWaivers:
    @pytest.mark.parametrize(
        ("words", "message"),
        [
            ({"rule": "paginatio"}, "checker.toml:2: unknown rule 'paginatio'; did you mean 'pagination'?"),
            (
                {"rule": "waiver-expired"},
                "checker.toml:2: rule 'waiver-expired' guards the judgement itself and cannot be waived",
            ),
            (
                {"expires": date(2027, 5, 21)},
                "checker.toml:7: expires 2027-05-21 is more than 180 days ahead; 2027-05-20 is the latest",
            ),
            (
                {"fingerprint": "0123456789abcdef"},
                "checker.toml:1: waivers.0: a waiver names its target by paths or by fingerprint",
            ),
            ({"paths": None}, "checker.toml:1: waivers.0: a waiver names its target by paths or by fingerprint"),
            ({"paths": None, "fingerprint": "0123"}, "checker.toml:7: waivers.0.fingerprint: "),
            ({"reason": None}, "checker.toml:1: 'waivers.0.reason' is missing"),
            ({"owner": None}, "checker.toml:1: 'waivers.0.owner' is missing"),
            ({"approved_by": None}, "checker.toml:1: 'waivers.0.approved_by' is missing"),
            ({"expires": None}, "checker.toml:1: 'waivers.0.expires' is missing"),
            ({"max_hits": -1}, "checker.toml:8: waivers.0.max_hits: "),
        ],
    )
    def test_a_waiver_that_is_none_is_refused(self, words: dict[str, Any], message: str) -> None:
        with pytest.raises(ConfigurationError) as refused:
            load(own(waiver(**words)))
        assert str(refused.value).startswith(message)

    def test_the_longest_waiver_and_one_that_ended_are_taken(self) -> None:
        loaded = load(
            own(waiver(expires=date(2027, 5, 20)) + waiver(expires=date(2020, 1, 1)) + waiver(rule="cors-wildcard"))
        )
        assert len(loaded.policy.waivers) == 3

    def test_new_ones_are_proposed_and_known_ones_are_not(self) -> None:
        loaded = load(own(waiver() + waiver(reason="new")), own(waiver()))
        assert [one.reason for one in loaded.policy.waivers] == ["r"]
        assert [one.reason for one in loaded.proposed_waivers] == ["new"]

    def test_without_a_base_none_is_proposed(self) -> None:
        assert load(own(waiver())).proposed_waivers == ()

    def test_a_longer_end_is_another_waiver(self) -> None:
        loaded = load(own(waiver(expires=date(2027, 3, 1))), own(waiver()))
        assert [str(one.expires) for one in loaded.proposed_waivers] == ["2027-03-01"]
        assert not loaded.stands(loaded.policy.waivers[0])

    def test_its_place_is_in_the_file_as_it_stands(self) -> None:
        head = {"pyproject.toml": "\n\n[[tool.checker." + waiver().removeprefix("[[")}
        loaded = load(head, own(waiver() + waiver(reason="gone")))
        kept, gone = loaded.policy.waivers
        assert (loaded.place(kept).path, loaded.place(kept).lines) == ("pyproject.toml", "3")
        assert (loaded.place(gone).path, loaded.place(gone).lines) == ("checker.toml", None)


@pytest.mark.parametrize("other", ["api-team", "@api-team", " API-Team ", "api team", "api_team", "ＡＰＩ-team"])
def test_one_person_is_known_under_every_spelling(other: str) -> None:
    assert same_person("api-team", other)


@pytest.mark.parametrize("other", ["api-team-2", "security-team", "apis-team"])
def test_others_are_others(other: str) -> None:
    assert not same_person("api-team", other)
