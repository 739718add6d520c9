"""A rule of high confidence was right most of the time when a person read what it found, and its page says how often."""

from __future__ import annotations

import json

import pytest

from checker import catalog, resources
from checker.model.rule import Confidence
from checker.render import precision

COUNTS = json.loads(resources.text("rules", "precision.json"))
LEAST_SHARE = 0.75


@pytest.mark.parametrize("rule", sorted(COUNTS))
def test_every_rule_that_was_read_is_one(rule: str) -> None:
    assert catalog.load().rule(rule) is not None


@pytest.mark.parametrize("rule", sorted(COUNTS))
def test_high_confidence_is_earned(rule: str) -> None:
    right, wrong = COUNTS[rule]["right"], COUNTS[rule]["wrong"]
    known = catalog.load().rule(rule)
    if known is not None and known.confidence is Confidence.HIGH and right + wrong >= precision.ENOUGH:
        assert right / (right + wrong) >= LEAST_SHARE


def test_the_page_says_the_share() -> None:
    one = COUNTS["sql-built"]
    said = precision.sentence("sql-built")
    assert said.startswith(
        f"Read by eye on public repositories: {one['right']} of {one['right'] + one['wrong']} findings right"
    )
    assert f"{one['mended']} wrong ones that are told apart since" in said


def test_few_and_none_are_said() -> None:
    few = next(name for name, one in COUNTS.items() if one["right"] + one["wrong"] < precision.ENOUGH)
    assert precision.sentence(few).endswith("so the share says little yet.")
    assert precision.sentence("no-such-rule") == "Nobody has read findings of it on public repositories yet."
